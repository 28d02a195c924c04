"""Apps, who let them in, their tokens, launches and assertions; the keys by which this house signs."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.ids import new_id
from doorstep.kernel.store import ScopedRow, one_of
from doorstep.registers.apps.rules import Kind


class App(ScopedRow):
    """An app or a system, registered by an administrator; of a secret only the SHA-256 is kept."""

    client_id = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    owner = models.CharField(max_length=100, default="", blank=True)
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    redirect_uris = ArrayField(models.CharField(max_length=500), default=list)
    launch_uri = models.CharField(max_length=500, default="", blank=True)
    scopes = models.TextField()
    jwks = models.JSONField(null=True)
    jwks_uri = models.CharField(max_length=500, default="", blank=True)
    digest = models.CharField(max_length=64, default="", blank=True)
    is_on = models.BooleanField(default=True)
    made_by = models.CharField(max_length=100)

    class Meta:
        constraints = (one_of("kind", Kind, "app_kind"),)
        indexes = (models.Index(fields=("name", "id"), name="app_order"),)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(organisation__in=scope.organisations)


class Authorization(ScopedRow):
    """That an app was let in: by whom, from which post, for whom, for what; the code that began it, and its end.

    It was let in by an ``account`` or by a resident (``holder``), for themselves or a ward; ``session`` is that of the
    staff room or of the portal, and without one it goes on when the person has left. A system's names no person.
    """

    app = models.ForeignKey(App, models.PROTECT, related_name="+")
    account = models.UUIDField(null=True)
    post = models.ForeignKey("staff.Post", models.PROTECT, null=True, related_name="+")
    holder = models.ForeignKey("residents.Resident", models.PROTECT, null=True, related_name="+")
    session = models.UUIDField(null=True)
    resident = models.ForeignKey("residents.Resident", models.PROTECT, null=True, related_name="+")
    encounter = models.CharField(max_length=64, default="", blank=True)
    scopes = models.TextField()
    code = models.CharField(max_length=64, null=True, unique=True)
    code_until = models.DateTimeField(null=True)
    code_used = models.DateTimeField(null=True)
    challenge = models.CharField(max_length=43, default="", blank=True)
    redirect_uri = models.CharField(max_length=500, default="", blank=True)
    nonce = models.CharField(max_length=300, default="", blank=True)
    ended_at = models.DateTimeField(null=True)
    ended = models.CharField(max_length=20, default="", blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(holder__isnull=True) | Q(account__isnull=True, resident__isnull=False),
                name="authorization_one_person",
            ),
        )
        indexes = (
            models.Index(fields=("account", "-id"), name="authorization_person"),
            models.Index(fields=("holder", "-id"), condition=Q(holder__isnull=False), name="authorization_holder"),
            models.Index(fields=("app", "-id"), name="authorization_app"),
        )

    @property
    def of_system(self) -> bool:
        """Whether no person let it in."""
        return self.account is None and self.holder_id is None

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(app__organisation__in=scope.organisations)


class Token(models.Model):
    """An access or refresh token, known by its SHA-256; only ever asked for with its authorization."""

    digest = models.CharField(max_length=64, primary_key=True)
    authorization = models.ForeignKey(Authorization, models.CASCADE, related_name="+")
    refreshes = models.BooleanField(default=False)
    scopes = models.TextField()
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("until",), name="token_until"),)


class Launch(ScopedRow):
    """That a person opens an app from a chart: the opaque value's SHA-256, good once, for minutes."""

    digest = models.CharField(max_length=64, unique=True)
    app = models.ForeignKey(App, models.CASCADE, related_name="+")
    account = models.UUIDField()
    resident = models.ForeignKey("residents.Resident", models.PROTECT, related_name="+")
    encounter = models.CharField(max_length=64, default="", blank=True)
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(app__organisation__in=scope.organisations)


class Assertion(models.Model):
    """A client assertion that was used: its ``jti`` is not taken again while it would still be good."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    app = models.ForeignKey(App, models.CASCADE, related_name="+")
    jti = models.CharField(max_length=64)
    until = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("app", "jti"), name="assertion_once"),)
        indexes = (models.Index(fields=("until",), name="assertion_until"),)


class SigningKey(models.Model):
    """A key pair by which this house signs ID tokens; the private half is sealed."""

    kid = models.CharField(max_length=40, primary_key=True)
    sealed = models.TextField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.kid
