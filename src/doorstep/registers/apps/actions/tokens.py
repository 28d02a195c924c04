"""The token endpoint's writers: tokens for a code, for a refresh token, for a system; their ends.

Who asks is told by what they hold, and not by a session: so these stand under no permission. Each leaves its line in
the trail, with the app and the person. What was used twice ends all that came of it (RFC 9700 §4.14).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.db import transaction

from doorstep.kernel import clock, fence, trail
from doorstep.kernel.call import NOWHERE, Call
from doorstep.registers.apps import rules
from doorstep.registers.apps.models import Assertion, Authorization, Launch, SigningKey, Token
from doorstep.registers.apps.reads import standing
from doorstep.registers.apps.reads.clients import ASKED
from doorstep.registers.apps.rules import scopes
from doorstep.registers.apps.shapes import Client, Given

WHY: Final = "a code or token says whose it is; nobody is signed in here"
KEPT: Final = timedelta(days=90)
"""How long an authorization that has ended stays in the lists of the person and the administrator."""


class Invalid(Exception):
    """RFC 6749 §5.2: the error's code; the text is for the trail."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error = error


def by_code(app: Client, *, code: str, redirect_uri: str, verifier: str) -> Given:
    """Tokens for a code that this app was sent, once. Raises ``Invalid``; a code that comes again ends its tokens."""
    with fence.lifted(WHY):
        with transaction.atomic():
            row = _locked(app, code=rules.digest(code))
            why = _fault_of_code(row, redirect_uri, verifier)
            if row is not None and why == "code again":
                _end(row, "replayed")
            if row is not None and not why:
                row.code_used = clock.now()
                row.save()
                return _issued(row, row.scopes, "apps.token", refresh=_refreshes(row))
        raise Invalid("invalid_grant", why)


def _fault_of_code(row: Authorization | None, redirect_uri: str, verifier: str) -> str:
    if row is None:
        return "code"
    if row.code_used is not None:
        return "code again"
    if row.ended_at is not None or row.code_until is None or row.code_until <= clock.now():
        return "code is over"
    if row.redirect_uri != redirect_uri:
        return "redirect_uri"
    return "" if rules.proves(verifier, row.challenge) else "code_verifier"


def _refreshes(row: Authorization) -> bool:
    words = scopes.read(row.scopes).words
    return "offline_access" in words or "online_access" in words


def by_refresh(app: Client, *, token: str, wanted: str) -> Given:
    """New tokens for a refresh token, which is good once: one that comes again ends the family. Raises ``Invalid``."""
    with fence.lifted(WHY):
        with transaction.atomic():
            found = Token.objects.filter(digest=rules.digest(token), refreshes=True).values("authorization").first()
            row = _locked(app, pk=found["authorization"]) if found else None
            mine = Token.objects.get(digest=rules.digest(token)) if row is not None else None
            if row is not None and mine is not None and mine.used_at is not None:
                _end(row, "replayed")
            elif row is not None and mine is not None and mine.until > clock.now() and row.ended_at is None:
                asked = _narrower(mine.scopes, wanted)
                mine.used_at = clock.now()
                mine.save()
                return _issued(row, asked, "apps.refresh", refresh=True, kept=mine.scopes)
        raise Invalid("invalid_grant", "refresh token")


def _narrower(held: str, wanted: str) -> str:
    """The scopes held, or the part of them that is wanted (RFC 6749 §6)."""
    if not wanted:
        return held
    mine = scopes.read(held)
    part = scopes.given(scopes.read(wanted), mine, scopes.STAFF)
    if not part.clinical and not part.words:
        raise Invalid("invalid_scope", "nothing of it was given")
    return str(part)


def by_system(app: Client, *, wanted: str) -> Given:
    """A token for a system that has proved who it is (SMART Backend Services). Raises ``Invalid``."""
    asked = scopes.given(scopes.read(wanted), app.allowed, scopes.SYSTEM)
    if not asked.clinical:
        raise Invalid("invalid_scope", "no system scope that the app may have")
    with fence.lifted(WHY), transaction.atomic():
        row = Authorization.objects.create(app_id=app.id, scopes=str(asked))
        return _issued(row, row.scopes, "apps.token", refresh=False)


def _locked(app: Client, **which: object) -> Authorization | None:
    rows = Authorization.objects.unscoped(ASKED).select_for_update(of=("self",)).filter(app=app.id, **which)
    row: Authorization | None = rows.select_related("app").first()
    return row


def _issued(row: Authorization, asked: str, action: str, *, refresh: bool, kept: str = "") -> Given:
    """Write the tokens, if the person (or the institution) may still act; the trail says who let in what."""
    call = standing.owner(row)
    if call is None:
        raise Invalid("invalid_grant", "the person's post, account or session has ended")
    now, system = clock.now(), row.of_system
    seconds = rules.SYSTEM_ACCESS if system else rules.ACCESS
    access, again = rules.MARK + secrets.token_urlsafe(32), secrets.token_urlsafe(32) if refresh else ""
    made = [Token(digest=rules.digest(access), authorization=row, scopes=asked, until=now + seconds)]
    if again:
        until = row.created_at + rules.REFRESH
        made.append(
            Token(digest=rules.digest(again), authorization=row, refreshes=True, scopes=kept or asked, until=until)
        )
    Token.objects.bulk_create(made)
    patients = standing.context(call, row.resident_id)[0] if row.resident_id else ()
    _trail(call, row, action, scopes=asked[:500])
    return Given(
        access, int(seconds.total_seconds()), asked, again, row.account or row.holder_id, _profile(call, row, patients),
        row.nonce, patients[0] if patients else "", row.encounter,
    )  # fmt: skip


def _profile(call: Call, row: Authorization, patients: Sequence[str]) -> str:
    """The resource that tells of whoever let the app in (SMART 2.2, ``fhirUser``); of a guardian there is none."""
    if row.account is not None:
        return f"Practitioner/{call.actor.removeprefix('staff:')}"
    itself = row.holder_id is not None and call.actor == f"resident:{call.resident}"
    return f"Patient/{patients[0]}" if itself and patients else ""


def _trail(call: Call, row: Authorization, action: str, **detail: object) -> None:
    named = replace(call, name=f"{call.name}（{row.app.name}）"[:100])
    trail.write(
        named, action, subject=("App", str(row.app_id)), resident=row.resident_id,
        detail={"app": row.app.client_id, "authorization": str(row.pk), **detail},
    )  # fmt: skip


def _end(row: Authorization, why: str) -> None:
    """End an authorization with all its tokens, and say why."""
    if row.ended_at is None:
        row.ended_at, row.ended, row.version = clock.now(), why, row.version + 1
        row.save()
        call = standing.owner(row) or Call(f"app:{row.app.client_id}", "", clock.now(), NOWHERE)
        _trail(call, row, "apps.ended", why=why)


def revoke(app: Client, *, token: str) -> None:
    """End a token of this app's (RFC 7009): of a refresh token the whole family, of an access token itself. What is
    unknown, or another app's, is passed over in silence (§2.2)."""
    with fence.lifted(WHY), transaction.atomic():
        found = Token.objects.filter(digest=rules.digest(token)).values_list("authorization", "refreshes").first()
        row = _locked(app, pk=found[0]) if found else None
        if row is None or found is None:
            return
        if found[1]:
            _end(row, "revoked")
        else:
            Token.objects.filter(digest=rules.digest(token)).delete()


def refused(app: str, action: str, why: str) -> None:
    """A line for what was refused at an endpoint: who tried, and why not."""
    call = Call(f"app:{app[:60]}".replace("\0", ""), "", clock.now(), NOWHERE)
    trail.write(call, action, outcome="refused", detail={"reason": why[:100]})


def forget(call: Call) -> None:
    """Drop what is over: tokens, launches and assertions at once, authorizations after 90 days; keys that sign no more.

    Systems' authorizations go with their token."""
    now = clock.now()
    Token.objects.filter(until__lt=now - timedelta(days=1)).delete()
    Launch.objects.unscoped(ASKED).filter(until__lt=now).delete()
    Assertion.objects.filter(until__lt=now).delete()
    old = Authorization.objects.unscoped(ASKED).exclude(pk__in=Token.objects.values("authorization"))
    old.filter(created_at__lt=now - rules.REFRESH - KEPT).delete()
    old.filter(account__isnull=True, holder__isnull=True, created_at__lt=now - timedelta(days=1)).delete()
    newest = SigningKey.objects.order_by("-since").values_list("since", flat=True).first()
    if newest is not None and newest < now - timedelta(days=1):
        SigningKey.objects.filter(since__lt=newest).delete()
