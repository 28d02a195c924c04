"""Whom a FHIR message comes from and is for: by its header, by the request that it goes on with, by its endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from doorstep.adapters.fhirmessaging.reading import Fault, Message, Party, own
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.rules.facts import MESSAGE_CODES, MESSAGES
from doorstep.record.endpoints.rules.messages import EVENTS, SYSTEM, Way
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.registers.organisations import api as organisations

HOUSE = "whom a message is for is asked beyond its sender's scope"
HEADER = "Bundle.entry[0].resource"


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who sends, and who receives: None where a service knows it, as for an answer to what it asked itself."""

    sender: UUID
    receiver: UUID | None


def addressed(endpoint: Endpoint, message: Message) -> Addressed | Fault:
    """Whom a message comes from and is for, or what is wrong with that."""
    event = EVENTS.get(message.event) if message.system in ("", SYSTEM) else None
    if event is None:
        return own("unknown-event", f"{HEADER}.event", event=message.event)
    if message.first(event.focus) is None:
        return own("no-focus", f"{HEADER}.focus", event=message.event, type=event.focus)
    if not _is_of(endpoint, message.source):
        return own("other-sender", f"{HEADER}.source", sender=message.source.endpoint or message.source.name)
    sender = _sender(endpoint, message.sender)
    if sender is None:
        return own("other-sender", f"{HEADER}.sender", sender=_words(message.sender))
    named = next((party for party in message.receivers if party.identifiers), None)
    if named is not None:
        receiver = _known(named)
        if receiver is None or receiver in (sender, endpoint.organisation_id):
            return own("no-receiver", f"{HEADER}.destination", receiver=_words(named))
        return Addressed(sender, receiver)
    return _unnamed(endpoint, message, sender)


def _unnamed(endpoint: Endpoint, message: Message, sender: UUID) -> Addressed | Fault:
    event = EVENTS[message.event]
    if event.way is Way.ASKS:
        if endpoint.receiver_id is None:
            return own("no-receiver", f"{HEADER}.destination", receiver="—")
        return Addressed(sender, endpoint.receiver_id)
    theirs = {endpoint.organisation_id, *endpoint.speaks_for}
    for asked, answered in _requests(message.conversation, event.request):
        here, there = (answered, asked) if event.way is Way.ANSWERS else (asked, answered)
        if here in theirs:
            return Addressed(here, there)
    return Addressed(sender, None)


def _requests(conversation: str, event: str) -> list[tuple[UUID, UUID]]:
    """Who asked whom in the messages that began a matter, the newest first."""
    rows = Inbound.objects.unscoped(HOUSE).filter(
        key=conversation, kind=event, code__in=MESSAGE_CODES, params__has_key="receiver"
    )
    found = rows.order_by("-id").values_list("params", flat=True)[:20]
    return [(UUID(each["sender"]), UUID(each["receiver"])) for each in found if each.get("receiver")]


def _is_of(endpoint: Endpoint, source: Party) -> bool:
    return not endpoint.application or endpoint.application in (source.endpoint, source.name)


def _sender(endpoint: Endpoint, party: Party) -> UUID | None:
    """The endpoint's institution, or of those that it speaks for the one that is named."""
    if not party.identifiers:
        return endpoint.organisation_id
    found = _known(party)
    return found if found in (endpoint.organisation_id, *endpoint.speaks_for) else None


def _known(party: Party) -> UUID | None:
    return next((found for key in party.identifiers if (found := organisations.source(key)) is not None), None)


def _words(party: Party) -> str:
    return party.name or "、".join(party.identifiers) or party.endpoint or "—"


def onward(organisation: UUID | None) -> UUID | None:
    """The endpoint by which messages go to an institution: its own, or that of the platform that speaks for it."""
    if organisation is None:
        return None
    rows = Endpoint.objects.unscoped(HOUSE).filter(protocol=MESSAGES, direction=Direction.OUT, is_on=True)
    own = Q(organisation=organisation) | Q(speaks_for__contains=[organisation])
    found = sorted(rows.filter(own).values_list("organisation_id", "pk"), key=lambda one: one[0] != organisation)
    return UUID(str(found[0][1])) if found else None


def doors_of(organisation: UUID) -> list[Endpoint]:
    """The endpoints for messages of an institution that are on."""
    rows = Endpoint.objects.unscoped("the door's own").filter(
        organisation_id=organisation, protocol=MESSAGES, direction=Direction.IN, is_on=True
    )
    return list(rows.order_by("id"))
