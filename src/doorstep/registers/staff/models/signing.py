"""What a person signs in with beside the name, where they are signed in, and old passwords that do not come again."""

from __future__ import annotations

from django.db import models

from doorstep.kernel import clock
from doorstep.kernel.ids import new_id


class OfAccount(models.Model):
    """A row that belongs to one account, and is only ever asked for with it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey("staff.Account", models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        abstract = True


class OldPassword(OfAccount):
    """The hash of a password that was used before."""

    password = models.CharField(max_length=128)


class Totp(OfAccount):
    """The generator of one-time codes on a person's telephone: its sealed secret, and the last step that was used."""

    secret = models.CharField(max_length=200)
    last_step = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account",), name="totp_once"),)


class Passkey(OfAccount):
    """A public key of WebAuthn; ``credential`` is the attested credential data, ``uses`` its counter against copies."""

    name = models.CharField(max_length=60)
    key_id = models.BinaryField(max_length=1023)
    credential = models.BinaryField()
    uses = models.BigIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("key_id",), name="passkey_once"),)

    def __str__(self) -> str:
        return self.name


class RecoveryCode(OfAccount):
    """A code on paper, hashed; it opens once, and its row goes with it."""

    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "digest"), name="recovery_code_once"),)


class Session(OfAccount):
    """Where a person is signed in: from what and where, when last seen, by how many factors, last proved when."""

    device = models.CharField(max_length=200, default="", blank=True)
    address = models.CharField(max_length=45)
    seen_at = models.DateTimeField(default=clock.now)
    factors = models.PositiveSmallIntegerField(default=1)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("account", "-seen_at"), name="session_order"),)


class OutsideIdentity(OfAccount):
    """Who an account is at an identity provider of OpenID Connect."""

    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("issuer", "subject"), name="outside_subject_once"),
            models.UniqueConstraint(fields=("issuer", "account"), name="outside_account_once"),
        )
