"""Short messages to those whom a change of their appointment concerns; each once, by the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from doorstep.events.booking import ClinicStopped, ClinicSuspended, OfAppointment, PlaceOffered
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.clock import CHINA
from doorstep.registers.portal import api as portal
from doorstep.resources.booking.reads import appointments as reads
from doorstep.resources.booking.shapes import Booked

ANSWER: Final = "打开“家门口”的“预约”答复，也可以到窗口或打电话确认"
"""How whoever got the message says yes."""


def stopped(call: Call, event: ClinicStopped) -> int:
    """The clinic was stopped; which place is kept instead, and until when. How many telephones were told."""
    row = reads.get(EVERYWHERE, [event.appointment])[event.appointment]
    instead = reads.get(EVERYWHERE, [event.instead]).get(event.instead) if event.instead else None
    text = f"您预约的{_what(row)}停诊（{event.why}），原号已取消，不算爽约。"
    if instead and event.answer_by:
        text += f"已为您保留{_what(instead)}的号，请在{_moment(event.answer_by)}前{ANSWER}，不再另收费。"
    else:
        text += "这个门诊暂时没有空号，请打开“家门口”另约，也可以到窗口或打电话改约。"
    return _send(event, "stopped", row, text)


def suspended(call: Call, event: ClinicSuspended) -> int:
    """The clinic may be stopped; the appointment still stands."""
    row = reads.get(EVERYWHERE, [event.appointment])[event.appointment]
    text = f"您预约的{_what(row)}可能有变动（{event.why}）。您的号仍然保留，如果停诊会再通知您。"
    return _send(event, "suspended", row, text)


def offered(call: Call, event: PlaceOffered) -> int:
    """There is a place for one who waits."""
    row = reads.get(EVERYWHERE, [event.appointment])[event.appointment]
    by = _moment(event.answer_by) if event.answer_by else ""
    text = f"您候补的{_what(row)}有号了，请在{by}前{ANSWER}，过时会让给下一位。"
    return _send(event, "offered", row, text)


def _send(event: OfAppointment, template: str, row: Booked, text: str) -> int:
    values = {"clinic": row.clinic_name, "when": _moment(row.starts)}
    return portal.tell(event.resident, f"booking-{template}-{event.appointment}", template, values, text)


def _what(row: Booked) -> str:
    return f"{row.organisation_name}{row.clinic_name}（{_moment(row.starts)}）"


def _moment(at: datetime) -> str:
    local = at.astimezone(CHINA)
    return f"{local.month}月{local.day}日{local:%H:%M}"
