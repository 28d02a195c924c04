"""What a person does with a message that was set aside: try it again, mend its text, or lay it aside for good."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from doorstep.adapters.cda.tree import encoded
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.access import Permission, may_send_for
from doorstep.record.exchange.actions import conditions, links
from doorstep.record.exchange.actions.intake import apply_safely, take
from doorstep.record.exchange.actions.prepare import read
from doorstep.record.exchange.flow import FLOW, State
from doorstep.record.exchange.models import Message
from doorstep.record.exchange.shapes import Piece, Receipt


class StillWrong(Exception):
    """The mended text cannot be used either; nothing was changed, ``receipt`` says why."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("still wrong")
        self.receipt = receipt


@action(
    Permission.MEND,
    audits="exchange.retry",
    beyond="a record goes in by COPY, and its ids and its person may be known elsewhere",
)
def retry(call: Call, *, message: int) -> Receipt:
    """Try a message that was set aside again, as it was received."""
    row = _locked(call, message, "retry")
    prepared = read(Piece(row.kind, row.origin, reads.raw(row)), row.source_id)
    [receipt] = apply_safely(_sender(call), row.source_id, [prepared], row.channel, again=row.pk)
    about("Message", row.pk, outcome=receipt.state)
    return receipt


@action(
    Permission.MEND,
    audits="exchange.mend",
    beyond="a record goes in by COPY, and its ids and its person may be known elsewhere",
)
def mend(call: Call, *, message: int, text: str) -> Receipt:
    """Use a mended text in the place of a message that was set aside; both are kept. Raises ``StillWrong``."""
    row = _locked(call, message, "mend")
    raw = encoded(text, reads.raw(row)) if row.kind == "cda" else text.encode()
    piece = Piece(row.kind, row.origin, raw)
    with transaction.atomic():
        [receipt] = [r for found in take(_sender(call), row.source_id, [piece], "page") for r in found]
        if receipt.state != "applied":
            raise StillWrong(receipt)
        changed = Message.objects.unscoped("locked above").filter(pk=row.pk)
        changed.update(state=_step("mend"), waits=False)
        Message.objects.unscoped("just made").filter(pk=receipt.message, mends=None).exclude(pk=row.pk).update(
            mends=row
        )
    about("Message", row.pk, by=receipt.message)
    return receipt


@action(Permission.MEND, audits="exchange.dismiss")
def dismiss(call: Call, *, message: int, reason: str) -> None:
    """Lay a message aside for good; it stays readable. Raises ``Refused`` without a reason."""
    row = _locked(call, message, "dismiss")
    if not reason.strip():
        raise Refused(refuse("reason_needed"))
    Message.objects.unscoped("locked above").filter(pk=row.pk).update(state=_step("dismiss"), waits=False)
    about("Message", row.pk, reason=reason.strip()[:500])


def retry_waiting(call: Call, *, source: UUID, limit: int = 500) -> int:
    """Try again all that waits for something else to arrive; returns how many messages could be used now."""
    used, after = 0, 0
    while True:
        last, found = retry_some(call, source=source, after=after, limit=limit)
        used += found
        if last is None:
            return used
        after = last


@action(Permission.SEND, audits="exchange.retry_waiting")
def retry_some(call: Call, *, source: UUID, after: int, limit: int) -> tuple[int | None, int]:
    """Try the next ``limit`` waiting messages after a number: the last seen (None at the end), and how many were used.

    What lacks only things that are known by name, none of which came, is left alone: most wait long, and cost a look.
    """
    demand(may_send_for(call, source))
    waiting = Message.objects.unscoped("the sender's own").filter(source_id=source, state=State.SET_ASIDE, waits=True)
    seen = list(waiting.filter(pk__gt=after).order_by("pk").values_list("pk", "problems")[:limit])
    lacking = {pk: {p["params"]["reference"] for p in problems if p["code"] in rules.WAITING} for pk, problems in seen}
    absent = _absent(set().union(*lacking.values()), source)
    ready = [
        pk for pk, problems in seen if not lacking[pk] or lacking[pk] - absent or len(problems) >= rules.KEPT_PROBLEMS
    ]
    used = 0
    for row in waiting.filter(pk__in=ready).order_by("pk").select_for_update(skip_locked=True, of=("self",)):
        prepared = read(Piece(row.kind, row.origin, reads.raw(row)), source)
        [receipt] = apply_safely(call, source, [prepared], row.channel, again=row.pk)
        used += receipt.state == State.APPLIED
    about("Source", source, used=used)
    return (seen[-1][0] if len(seen) == limit else None), used


def _absent(references: set[str], source: UUID) -> set[str]:
    """Those of the references, by id or by search, that still lead nowhere."""
    searches = {reference for reference in references if "?" in reference}
    return links.absent(references - searches, source) | {r for r in searches if not conditions.leads_on(r, source)}


def _step(name: str) -> State:
    verdict, state = FLOW.step(name, State.SET_ASIDE, None)
    demand(verdict)
    return state


def _locked(call: Call, message: int, move: str) -> Message:
    rows = Message.objects.within(call.scope).select_for_update(of=("self",))
    row: Message | None = rows.filter(pk=message).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Message"))
    verdict, _ = FLOW.step(move, State(row.state), None)
    demand(verdict)
    if move != "dismiss" and not row.size:
        raise Refused(refuse("not_kept"))
    return row


def _sender(call: Call) -> Call:
    """The mender writes for the institution whose message it is; the trail keeps the mender's name."""
    return replace(call, permissions=call.permissions | {Permission.SEND})
