"""Reviewers say of two records whether they are one person's, and may take their word back at any time.

Residents are locked before the doubt, as a merge locks them, so that the two never wait for each other in a ring.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.store import ScopedQuerySet, lock
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import merging, moving
from doorstep.registers.residents.models import Doubt, Judgement, Merge, ResidentIdentifier, ResidentRecord
from doorstep.registers.residents.rules import reviewing
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.rules.reviewing import ANSWERABLE, DIFFERENT, SAME, UNSURE
from doorstep.registers.residents.shapes import Judged


@action(Permission.REVIEW, audits="residents.review", beyond="a person is sought among all of the district")
def judge(call: Call, *, doubt: UUID, expect: int, answer: str, note: str = "") -> Judged:
    """Say of a pair that it is one person (``same``), two (``different``), or that it cannot be told (``unsure``).
    Where that decides, the residents are merged or held apart.

    Raises ``Refused``: ``not_found``; ``stale`` where the pair was decided since; ``review.answer``;
    ``review.settled``; ``review.answered`` for a second answer of one reviewer; and as ``merging.join``, and then
    nothing is changed.
    """
    if answer not in (SAME, DIFFERENT, UNSURE):
        raise Refused(refuse("review.answer"))
    moving.hold(_residents(call, doubt))
    row = lock(Doubt, doubt, scope=call.scope, expect=expect)
    about("Doubt", doubt, answer=answer)
    if row.state not in ANSWERABLE:
        raise Refused(refuse("review.settled"))
    if _standing(row).filter(actor=call.actor).exists():
        raise Refused(refuse("review.answered"))
    made = Judgement.objects.create(
        doubt=row, actor=call.actor, actor_name=call.name, answer=answer, note=note, at=clock.now()
    )
    _turn(call, row, _outcome(row), note)
    return Judged(made.pk, row.state)


@action(Permission.REVIEW, audits="residents.review_withdraw", beyond="a person is sought among all of the district")
def withdraw(call: Call, *, judgement: int) -> UUID:
    """Take one's own answer back; answers the doubt. A merge that rested on it is undone, and the pair is open again.

    A pair that was settled otherwise meanwhile stays as it is. Raises ``Refused``: ``not_found``, ``review.not_yours``,
    ``review.withdrawn``.
    """
    said = Judgement.objects.within(call.scope).filter(pk=judgement).first()
    if said is None:
        raise Refused(refuse("not_found", kind="Judgement"))
    about("Doubt", said.doubt_id)
    if said.actor != call.actor:
        raise Refused(refuse("review.not_yours"))
    merge = _merge(said.doubt_id)
    moving.hold(_residents(call, said.doubt_id) | ({merge.kept_id, merge.gone_id} if merge else set()))
    row = lock(Doubt, said.doubt_id, scope=call.scope)
    before = _outcome(row)
    # The lock decides between two withdrawals of one answer: the second finds it taken back.
    if not _standing(row).filter(pk=judgement).update(withdrawn_at=clock.now()):
        raise Refused(refuse("review.withdrawn"))
    if row.state == before:
        _turn(call, row, _outcome(row), "")
    doubt: UUID = row.pk
    about("Doubt", doubt, withdrawn=judgement)
    return doubt


def _turn(call: Call, row: Doubt, state: str, note: str) -> None:
    """Bring a locked doubt into another state, with what that does to the residents."""
    if state == row.state:
        return
    was, row.state = row.state, state
    row.settled_at = None if state in ANSWERABLE else clock.now()
    row.version += 1
    row.save(update_fields=["state", "settled_at", "version"])
    if state == SAME:
        kept, gone = _order(row)
        merging.join(call, kept, gone, "review", doubt=row.pk, note=note)
    elif was == SAME and (merge := _merge(row.pk)) is not None:
        merging.part(call, merge)
    about("Doubt", row.pk, state=state)


def _order(row: Doubt) -> tuple[UUID, UUID]:
    """Who is kept and who goes: the one with a valid resident ID stays, else the one who was there first."""
    homes = ResidentRecord.objects.unscoped("of a locked doubt").filter(pk__in=(row.left_id, row.right_id))
    one, *others = sorted(set(homes.values_list("resident_id", flat=True)))
    if not others:
        raise Refused(refuse("merge.same"))
    held = ResidentIdentifier.objects.unscoped("of a locked doubt").filter(
        resident__in=(one, others[0]), kind=Kind.RESIDENT_ID.value, trusted=True
    )
    holders = set(held.values_list("resident_id", flat=True))
    return (others[0], one) if holders == {others[0]} else (one, others[0])


def _residents(call: Call, doubt: UUID) -> set[UUID]:
    found = Doubt.objects.within(call.scope).filter(pk=doubt)
    return {home for pair in found.values_list("left__resident_id", "right__resident_id") for home in pair}


def _merge(doubt: UUID) -> Merge | None:
    """The merge that the answers to a doubt brought about, if it still stands; locked."""
    rows = Merge.objects.unscoped("of a doubt within the caller's scope").select_for_update()
    found: Merge | None = rows.filter(doubt=doubt, undone_at__isnull=True).first()
    return found


def _standing(row: Doubt) -> ScopedQuerySet[Any]:
    rows: ScopedQuerySet[Any] = Judgement.objects.unscoped("of a locked doubt")
    return rows.filter(doubt=row, withdrawn_at__isnull=True)


def _outcome(row: Doubt) -> str:
    answers = list(_standing(row).values_list("answer", flat=True))
    return reviewing.outcome(answers, row.needed)
