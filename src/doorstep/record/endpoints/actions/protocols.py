"""How messages leave, by protocol: each is one line in ``PROTOCOLS``, and sends by a function of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from doorstep.adapters.fhirmessaging import client as messages
from doorstep.adapters.fhirmessaging import reading
from doorstep.adapters.fhirmessaging.answering import refusal
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.adapters.mllp import client
from doorstep.record.endpoints.rules.answers import Unanswered, Unreachable, Verdict, judge
from doorstep.record.endpoints.rules.facts import MESSAGES, MLLP
from doorstep.record.endpoints.rules.message_answers import judge as judge_message
from doorstep.record.endpoints.shapes import Endpoint


@dataclass(frozen=True, slots=True)
class Protocol:
    """``control``: by which id the other side knows a message. ``send``: give it over and wait for the answer; raises
    ``Unreachable`` where nothing left, ``Unanswered`` where no answer came. It is called from many threads, and outside
    all transactions. ``judge``: what the answer to a control id comes to."""

    control: Callable[[bytes], str]
    send: Callable[[Endpoint, bytes], bytes]
    judge: Callable[[str, bytes], Verdict]


def control_of(body: bytes) -> str:
    """MSH-10."""
    header = header_of(body)
    return header.control_id if header else ""


def send_by_mllp(endpoint: Endpoint, body: bytes) -> bytes:
    """Send a message over a connection that is kept open, and give back the acknowledgement."""
    facts, out = endpoint.facts, endpoint.out
    address = client.Address(out.host, facts.port, out.secured, out.authority, facts.certificate, facts.key)
    try:
        return CONNECTIONS.ask(address, body, out.patience)
    except client.NotAnswered as why:
        raise Unanswered(why.reason, why.detail) from why
    except client.NotReached as why:
        raise Unreachable(why.reason, why.detail) from why


def message_id(body: bytes) -> str:
    """MessageHeader.id."""
    return reading.read(body).control


def send_by_message(endpoint: Endpoint, body: bytes) -> bytes:
    """Send a FHIR message to another platform's ``$process-message`` and give back its answer; ``to_facility`` is the
    path of its FHIR base."""
    facts, out = endpoint.facts, endpoint.out
    address = messages.Address(
        out.host, facts.port, out.to_facility, out.secured, out.authority, facts.certificate, facts.key, out.credential
    )
    try:
        status, answer = messages.ask(address, body, out.patience)
    except messages.NotAnswered as why:
        raise Unanswered(why.reason, why.detail) from why
    except messages.NotReached as why:
        raise Unreachable(why.reason, why.detail) from why
    if status in messages.AGAIN:
        raise Unanswered("not-answered", f"HTTP {status}")
    return answer if status < 400 else refusal(status, answer)


CONNECTIONS: Final = client.Connections()
PROTOCOLS: Final[dict[str, Protocol]] = {
    MLLP: Protocol(control_of, send_by_mllp, judge),
    MESSAGES: Protocol(message_id, send_by_message, judge_message),
}
