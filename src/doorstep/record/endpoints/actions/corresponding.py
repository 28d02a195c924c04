"""What a service has to say to an institution that is reached by FHIR messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

from doorstep.adapters.fhirmessaging import composing
from doorstep.adapters.fhirmessaging.composing import Correspondent, Json
from doorstep.kernel import fence
from doorstep.kernel.call import Call
from doorstep.record.endpoints.actions.queueing import send
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.reads.addressing import HOUSE, onward
from doorstep.record.endpoints.rules.facts import MESSAGE_CODES
from doorstep.record.endpoints.rules.messages import EVENTS, SYSTEM
from doorstep.registers.organisations import api as organisations

WHY = "where an institution is reached, and what it asked before, lies beyond the scope of who answers it"


def tell(
    call: Call,
    *,
    sender: UUID,
    receiver: UUID,
    event: str,
    matter: str,
    resources: Sequence[Json],
    residents: Iterable[UUID],
    cause: str,
) -> int | None:
    """Queue a message about the first of the resources, in the caller's transaction; its number, None where the
    receiver is not reached by messages.

    ``matter``: the request that it is about (Type/id), as the other side calls it; ``cause``: told once, however often.
    """
    with fence.lifted(WHY):
        key = onward(receiver)
        if key is None:
            return None
        place = Endpoint.objects.unscoped(HOUSE).get(pk=key)
        control = uuid5(key, cause)
        names, codes = organisations.names([sender, receiver]), organisations.usccs([sender, receiver])
        here = Correspondent(names[sender], codes.get(sender, str(sender)), place.application or f"urn:uuid:{sender}")
        there = Correspondent(names[receiver], codes.get(receiver, str(receiver)), _address(place))
        what = composing.Event(event, SYSTEM, EVENTS[event].title)
        bundle = composing.message(control, what, here, there, resources, call.at)
        before = Inbound.objects.unscoped(HOUSE).filter(key=matter, code__in=MESSAGE_CODES).order_by("-id")
        return send(
            call, endpoint=key, cause=cause, key=matter, kind=event, body=composing.encoded(bundle, place.mapping),
            residents=residents, inbound=before.values_list("pk", flat=True).first(), control=str(control),
        )  # fmt: skip


def _address(place: Endpoint) -> str:
    scheme = "https" if place.secured else "http"
    path = place.to_facility.strip("/")
    return f"{scheme}://{place.host}:{place.port}/{path}{'/' if path else ''}$process-message"
