"""Frozen records that leave the room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep.registers.apps.rules import Kind
from doorstep.registers.apps.rules.scopes import Wish, read


@dataclass(frozen=True, slots=True)
class Client:
    """An app as an administrator sees it and as the endpoints ask it; without its secret."""

    id: UUID
    version: int
    client_id: str
    name: str
    owner: str
    organisation: UUID
    kind: Kind
    redirect_uris: tuple[str, ...]
    launch_uri: str
    scopes: str
    jwks: Mapping[str, Any] | None
    jwks_uri: str
    is_on: bool

    @property
    def allowed(self) -> Wish:
        """What it may ask for."""
        return read(self.scopes)


@dataclass(frozen=True, slots=True)
class Facts:
    """What an administrator says of an app."""

    name: str
    owner: str
    organisation: UUID
    kind: Kind
    redirect_uris: tuple[str, ...] = ()
    launch_uri: str = ""
    scopes: str = ""
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a token endpoint answers with; the texts of tokens are told this once."""

    access: str
    seconds: int
    scopes: str
    refresh: str = ""
    subject: UUID | None = None
    profile: str = ""
    nonce: str = ""
    patient: str = ""
    encounter: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A token that is good now: of which app, until when, for what and whom (RFC 7662)."""

    client_id: str
    scopes: str
    until: datetime
    since: datetime
    subject: UUID | None
    patient: str = ""
    encounter: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An authorization in a list: the app, who let it in, for whom, since when and whether it holds."""

    id: UUID
    app: str
    app_id: UUID
    since: datetime
    offline: bool
    ended_at: datetime | None
    ended: str
    scopes: tuple[str, ...] = field(default=())
    person: str = ""
    resident: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app asks at the authorization endpoint."""

    scope: str
    redirect_uri: str
    challenge: str
    state: str = ""
    nonce: str = ""
    launch: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who lets an app in: one who works here (the account), or a resident; and the session in which they do it."""

    session: UUID
    account: UUID | None = None
    resident: UUID | None = None


@dataclass(frozen=True, slots=True)
class Launched:
    """Whose chart an app was opened from."""

    resident: UUID
    encounter: str = ""
