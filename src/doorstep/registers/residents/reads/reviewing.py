"""The queue of doubtful pairs, one pair side by side with what it weighs, and how far reviewers agree.

A pair is judged blind: until the caller has answered, nothing tells what others said of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Count, Exists, OuterRef, Q

from doorstep.kernel import clock
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, cut, key_of
from doorstep.kernel.store import ScopedQuerySet
from doorstep.linkage.model import Score
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import access
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.models import (
    Doubt,
    Judgement,
    Merge,
    RecordMove,
    ResidentAddress,
    ResidentGuardian,
    ResidentIdentifier,
    ResidentName,
    ResidentPhone,
    ResidentRecord,
)
from doorstep.registers.residents.reads.near import unpacked
from doorstep.registers.residents.reads.rule import current, shares
from doorstep.registers.residents.rules import reviewing
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.rules.reviewing import ANSWERABLE, Agreement, Marked
from doorstep.registers.residents.rules.sayings import Saying
from doorstep.registers.residents.shapes import Beside, Compared, Joined, Pair, Queue, Told, Waiting, Weight

MOST: Final = 1000
"""Pairs of a state that are counted one by one."""
MEASURED: Final = 10_000
"""Answers, the newest, over which agreement is measured."""
_VALUES: Final = 6
"""Values of one kind that are shown of a record; a source may send hundreds."""
_PLAIN: Final = frozenset({"name", "address", "guardian", "birth", "sex", "ethnic", "rank", "deceased", "hospital"})
_WHOLE: Final = ("left__residentfacts", "right__residentfacts")
_ORDER: Final = (
    "name", "sex", "birth", "number", "certificate", "insurance", "phone", "address", "guardian", "guardian_phone",
    "rank", "ethnic", "deceased", "passport", "archive", "hospital", "other",
)  # fmt: skip
STATES: Final = ("open", "unsure", "same", "different", "settled")
Values = Mapping[str, Sequence[str]]


@ask(Permission.REVIEW, audits="residents.review_queue")
def queue(call: Call, *, page: Page, state: str = "open", reason: str = "", mine: str = "") -> Queue:
    """Pairs, the newest first: of a ``state`` and ``reason`` (empty: of all), and of these those that the caller has
    still to answer (``mine`` = ``todo``) or has answered (``done``). A fixed number of queries."""
    wanted = Q(state=state) if state else Q()
    wanted &= Q(reason=reason) if reason else Q()
    rows = _doubts(call).filter(wanted & {"todo": Q(mine=False), "done": Q(mine=True)}.get(mine, Q()))
    if page.after:
        rows = rows.filter(pk__lt=key_of(page.after[0]))
    found = list(rows.select_related(*_WHOLE).order_by("-pk")[: page.limit + 1])
    lines = _waiting(found)
    shown = {str(side.resident) for line in lines[: page.limit] for side in (line.left, line.right)}
    about("Doubt", "queue", shown=sorted(shown))
    key = (str(lines[page.limit - 1].id),) if len(lines) > page.limit else None
    return Queue(cut(lines, page, key), _counts(call))


@ask(Permission.REVIEW, audits="residents.review_agreement")
def agreement(call: Call) -> Agreement:
    """How far the first two reviewers of a pair agree, over the newest standing answers within the caller's scope."""
    about("Doubt", "agreement")
    rows = Judgement.objects.within(call.scope).filter(withdrawn_at__isnull=True).order_by("-pk")
    said: dict[UUID, list[str]] = {}
    for doubt, answer in rows.values_list("doubt_id", "answer")[:MEASURED]:
        said.setdefault(doubt, []).insert(0, answer)
    return reviewing.agreement((answers[0], answers[1]) for answers in said.values() if len(answers) > 1)


@ask(Permission.REVIEW, audits="residents.review_pair")
def pair(call: Call, *, doubt: UUID) -> Pair:
    """A pair with all that the two records say, what it weighs today, and what became of it. A fixed number of
    queries. ``Refused`` (not_found) outside the scope."""
    row = _doubts(call).select_related(*_WHOLE).filter(pk=doubt).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Doubt"))
    (waiting,) = _waiting([row])
    about("Doubt", doubt, resident=waiting.left.resident)
    _also(call, doubt=doubt, resident=waiting.right.resident)
    score, weight = _weighed(row)
    told, blind = _told(call, row)
    answers = [t.answer for t in told if t.withdrawn_at is None]
    older, newer = _neighbours(call, doubt)
    return Pair(
        waiting=waiting,
        version=row.version,
        lines=_lines(call, row, score),
        weight=weight,
        answers=tuple(t for t in told if t.mine or not blind),
        merges=_merges(call, row, blind=blind),
        hidden=sum(not t.mine and t.withdrawn_at is None for t in told) if blind else 0,
        more=0 if blind else reviewing.more_needed(answers, row.needed),
        older=older,
        newer=newer,
    )


@ask(Permission.REVIEW, audits="residents.review_pair")
def _also(call: Call, *, doubt: UUID, resident: UUID) -> None:
    """The trail's line about the second resident: whoever asks who saw them finds it."""
    about("Doubt", doubt, resident=resident)


@ask(Permission.REVIEW, audits="residents.review_next")
def following(call: Call, *, doubt: UUID) -> UUID | None:
    """The pair to answer after this one: the next older, else the newest; None where none waits for the caller."""
    about("Doubt", doubt)
    older, _ = _neighbours(call, doubt)
    return older or _todo(call).order_by("-pk").values_list("pk", flat=True).first()


def _doubts(call: Call) -> ScopedQuerySet[Any]:
    """Doubts within the scope with the number of standing answers, and whether the caller's is among them."""
    standing = Q(judgements__withdrawn_at__isnull=True)
    own = Judgement.objects.unscoped("of a doubt within the scope").filter(
        doubt=OuterRef("pk"), actor=call.actor, withdrawn_at__isnull=True
    )
    rows: ScopedQuerySet[Any] = Doubt.objects.within(call.scope)
    return rows.annotate(answered=Count("judgements", filter=standing), mine=Exists(own))


def _todo(call: Call) -> ScopedQuerySet[Any]:
    return _doubts(call).filter(state="open", mine=False)


def _neighbours(call: Call, doubt: UUID) -> tuple[UUID | None, UUID | None]:
    older = _todo(call).filter(pk__lt=doubt).order_by("-pk").values_list("pk", flat=True).first()
    newer = _todo(call).filter(pk__gt=doubt).order_by("pk").values_list("pk", flat=True).first()
    return older, newer


def _counts(call: Call) -> dict[str, int]:
    rows: ScopedQuerySet[Any] = Doubt.objects.within(call.scope)
    return {state: rows.filter(state=state)[: MOST + 1].count() for state in STATES}


def _said(record: ResidentRecord) -> Saying:
    kept = getattr(record, "residentfacts", None)
    return msgspec.convert(kept.said, Saying) if kept is not None else Saying()


def _waiting(rows: Sequence[Any]) -> list[Waiting]:
    called = organisations.names({side.organisation_id for row in rows for side in (row.left, row.right)})
    return [
        Waiting(
            id=row.pk,
            left=_beside(row.left, called),
            right=_beside(row.right, called),
            reason=row.reason,
            detail=row.detail,
            bits=row.bits,
            state=row.state,
            needed=row.needed,
            answered=row.answered,
            mine=row.mine,
            raised_at=row.created_at,
        )
        for row in rows
    ]


def _beside(record: ResidentRecord, called: Mapping[UUID, str]) -> Beside:
    said = _said(record)
    return Beside(
        record=record.pk,
        resident=record.resident_id,
        name=said.name,
        sex=said.sex,
        birth=said.person.birth,
        organisation_name=called.get(record.organisation_id, ""),
        patient_id=record.patient_id or "",
        first_seen=record.first_seen,
        last_seen=record.last_seen,
    )


def _weighed(row: Any) -> tuple[Score | None, Weight | None]:
    sides = [getattr(record, "residentfacts", None) for record in (row.left, row.right)]
    left, right = (unpacked(str(kept.pk), kept.facts) if kept is not None else None for kept in sides)
    if left is None or right is None:
        return None, None
    rule = current(clock.today())
    score = rule.model.score(left, right, shares([left, right]))
    return score, Weight(reviewing.steps(rule.model, score), score.bits, rule.review, rule.link)


def _lines(call: Call, row: Any, score: Score | None) -> tuple[Compared, ...]:
    """What the two records say, kind by kind; numbers as the caller may see them."""
    by_record = _values((row.left, row.right))
    left, right = by_record[row.left_id], by_record[row.right_id]
    parts = {part.comparison: part for part in score.parts} if score else {}
    lines = []
    for key in (key for key in _ORDER if key in left or key in right):
        one, two = left.get(key, ()), right.get(key, ())
        shown = {} if key in _PLAIN else {text: access.shown(text, call.permissions) for text in (*one, *two)}
        # each hospital counts in its own way: what differs there says nothing
        marked = reviewing.beside(one, two, shown) if key != "hospital" else _unmarked(one, two)
        line = Compared(key, *marked)
        part = parts.get(key)
        if part is not None:
            line = replace(line, verdict=reviewing.verdict(part.level, part.name, part.bits), level=part.name)
        lines.append(line)
    return tuple(lines)


def _unmarked(left: Sequence[str], right: Sequence[str]) -> tuple[tuple[Marked, ...], tuple[Marked, ...]]:
    return tuple(((text, False),) for text in left), tuple(((text, False),) for text in right)


def _values(records: Sequence[ResidentRecord]) -> dict[UUID, Values]:
    """By record and kind all that it says."""
    numbers = _said_by(ResidentIdentifier, records, "kind", "value")
    names = _said_by(ResidentName, records, "use", "text")
    phones, addresses = _said_by(ResidentPhone, records, "value"), _said_by(ResidentAddress, records, "text")
    guardians = _said_by(ResidentGuardian, records, "name", "phone")
    found: dict[UUID, Values] = {}
    for record in records:
        key, said = record.pk, _said(record)
        held: dict[str, list[str]] = {}
        for kind, value in numbers[key]:
            held.setdefault(kind, []).append(value)
        lines = {
            # a record without a name is listed under the resident's: that is not its word
            "name": [said.name, *(text for use, text in names[key] if said.name and use != "reading")],
            **_one_each(said),
            "number": [said.resident_id, *held.pop(Kind.RESIDENT_ID.value, ())],
            "certificate": [said.certificate, *held.pop(Kind.BIRTH_CERTIFICATE.value, ())],
            "insurance": [said.insurance, *held.pop(Kind.INSURANCE.value, ())],
            "phone": [said.phone, *(value for (value,) in phones[key])],
            "address": [said.address, *(text for (text,) in addresses[key])],
            "guardian": [name for name, _ in guardians[key]],
            "guardian_phone": [phone for _, phone in guardians[key]],
            **held,
        }
        found[key] = {name: values for name, told in lines.items() if (values := _few(told))}
    return found


def _one_each(said: Saying) -> dict[str, list[str]]:
    """What a record says once, or not at all."""
    sex = said.sex if said.sex in ("1", "2") else ""
    rank = str(said.rank) if said.rank else ""
    told = {"sex": sex, "birth": said.birth or said.person.birth, "rank": rank}
    return {key: [value] for key, value in (told | {"ethnic": said.ethnic, "deceased": said.deceased}).items()}


def _few(told: Sequence[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(filter(None, told)), _VALUES))


def _said_by(model: Any, records: Sequence[ResidentRecord], *columns: str) -> dict[UUID, list[tuple[str, ...]]]:
    """Rows that the records said, by record; a few of each, for a record is looked at by a person."""
    found: dict[UUID, list[tuple[str, ...]]] = {}
    rows = model.objects.unscoped("of two records within the scope")
    for record in records:
        # by resident too: these tables are indexed by it alone
        own = rows.filter(resident=record.resident_id, record=record.pk).order_by("pk")
        found[record.pk] = list(own.values_list(*columns)[: 4 * _VALUES])
    return found


def _told(call: Call, row: Any) -> tuple[tuple[Told, ...], bool]:
    """All answers to a pair in their order, and whether those of others are kept from the caller: as long as it can
    be answered, and the caller has not."""
    rows = Judgement.objects.within(call.scope).filter(doubt=row.pk).order_by("at", "pk")
    told = tuple(
        Told(j.pk, j.actor_name, j.answer, j.note, j.at, j.withdrawn_at, j.actor == call.actor) for j in rows[:100]
    )
    return told, row.state in ANSWERABLE and not row.mine


def _merges(call: Call, row: Any, *, blind: bool) -> tuple[Joined, ...]:
    """The merges of the residents whose the two records were, whoever made them."""
    moved = RecordMove.objects.within(call.scope).filter(record__in=(row.left_id, row.right_id)).order_by("-pk")
    whose = {row.left.resident_id, row.right.resident_id}
    whose |= {each for pair_ in moved.values_list("before_id", "after_id")[:100] for each in pair_}
    wanted = Q(doubt=row.pk) | Q(kept__in=whose, gone__in=whose)
    rows = Merge.objects.within(call.scope).filter(wanted).order_by("pk")
    if blind:
        rows = rows.exclude(doubt=row.pk)
    return tuple(Joined(m.actor_name, m.how, m.note, m.created_at, m.undone_at, m.undone_by) for m in rows[:100])
