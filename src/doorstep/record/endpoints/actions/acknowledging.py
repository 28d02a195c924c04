"""Tells senders in enhanced mode what has become of their messages, by the queue of what goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from doorstep.adapters.hl7v2 import acks
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.adapters.hl7v2.shapes import Header, Problem
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.record.endpoints.actions.queueing import send
from doorstep.record.endpoints.actions.telling import control_of
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.reads import carrying
from doorstep.record.endpoints.reads.words import say
from doorstep.record.endpoints.rules import acknowledging as rules
from doorstep.record.endpoints.rules.facts import MLLP
from doorstep.record.endpoints.rules.outward import Carry
from doorstep.record.endpoints.shapes import Endpoint as Target
from doorstep.registers.residents import api as residents

ORIGINAL: Final = "A"
"""How the code of a message begins that was answered in original mode."""


class Outcome(Protocol):
    """What became of a message."""

    row: Inbound
    reason: str
    place: str
    params: Mapping[str, Any]
    wrote: list[str]


def acknowledge(call: Call, place: Endpoint, outcomes: Iterable[Outcome]) -> None:
    """Queue what senders want to be told, in the caller's transaction: once for each message and code.

    Where no endpoint leads to the sender nothing is sent, and the message's journey says so.
    """
    asked = [each for each in outcomes if place.protocol == MLLP and not each.row.code.startswith(ORIGINAL)]
    targets = carrying(Carry.ANSWERS, [place.organisation_id]) if asked else ()
    for each in asked:
        header = header_of(bytes(each.row.raw), place.charset or None)
        code = rules.code_of(header, each.reason, str(each.params.get("detail", "")))
        if header is None or not code:
            continue
        target = _back(header, targets)
        if target is None:
            each.params = {**each.params, "unanswered": code}
            continue
        cause = f"Acknowledged:{each.row.pk}:{code}"
        control = control_of(target.id, cause)
        patients = [one.removeprefix("Patient/") for one in each.wrote if one.startswith("Patient/")]
        send(
            call, endpoint=target.id, cause=cause, key=each.row.key, kind=f"ACK^{header.trigger}".rstrip("^"),
            body=_body(header, code, each, control), residents=set(residents.residents_of(patients).values()),
            inbound=each.row.pk,
        )  # fmt: skip


def _back(header: Header, targets: Iterable[Target]) -> Target | None:
    """The endpoint by which the sender of a message is reached, of those of its institution."""
    found = [(rules.fits(header, each.out.to_application, each.out.to_facility), each) for each in targets]
    return max((one for one in found if one[0] >= 0), key=lambda one: one[0], default=(-1, None))[1]


def _body(header: Header, code: str, each: Outcome, control: str) -> bytes:
    at = clock.now().astimezone(clock.CHINA)
    if not each.reason:
        return acks.acknowledge(header, code, at=at, control_id=control, accept="AL")
    words = say(each.reason, each.params, "zh-hans")
    words = words if rules.can_say(words, header) else say(each.reason, each.params, "en")
    error = Problem(str(each.params.get("detail") or each.reason), each.place, words)
    return acks.acknowledge(header, code, text=words, error=error, at=at, control_id=control, accept="AL")
