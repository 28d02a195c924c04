"""Why two records were or were not joined: their keys, what they weigh, the rule that decided, the way between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from doorstep.kernel import clock
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.linkage.deciding import TOGETHER
from doorstep.linkage.facts import Facts
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.models import Doubt, ResidentRecord
from doorstep.registers.residents.reads import rule as rules
from doorstep.registers.residents.reads.around import Around, around
from doorstep.registers.residents.reads.history import shown
from doorstep.registers.residents.reads.identity import current
from doorstep.registers.residents.reads.near import unpacked
from doorstep.registers.residents.rules import explaining, reviewing
from doorstep.registers.residents.rules.placing import Near, Rule, Weighed
from doorstep.registers.residents.rules.sayings import Saying
from doorstep.registers.residents.shapes import Beside, Weight

OF_EACH: Final = 20
"""Records of each of two residents that are tried for the pair that speaks most for one person: the first."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A pair on the way from one record to another, and its bits (None: a number, a merge or a person joined it).

    ``refused`` is the rule that forbade the join, ``held`` what stood against what; None for a record that the caller
    may not see.
    """

    left: Beside | None
    right: Beside | None
    bits: float | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """Why two records are one resident's or are not: the keys that they share, what they weigh, the rule that decided
    (``verdict``, with a detail), and the way over other records."""

    left: Beside
    right: Beside
    joined: bool
    keys: tuple[str, ...]
    weight: Weight | None
    verdict: str
    detail: str
    path: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """A record with what is compared of it; None where it was kept in an older form."""

    row: ResidentRecord
    facts: Facts | None

    @property
    def near(self) -> Near | None:
        """The record as the index sees it beside another."""
        row = self.row
        return Near(row.pk, row.resident_id, row.patient_id or str(row.pk), self.facts) if self.facts else None


@ask(Permission.READ, audits="residents.explain")
def explain(call: Call, *, left: UUID, right: UUID) -> Explained:
    """Why two records are one resident's or are not, both within the caller's scope; else ``Refused`` (not_found)."""
    sides = _sides(call.scope, (left, right))
    if left == right or len(sides) < 2:
        raise Refused(refuse("not_found", kind="ResidentRecord"))
    one, two = sides[left], sides[right]
    about("ResidentRecord", left, resident=one.row.resident_id, other=str(right))
    _also(call, record=right, resident=two.row.resident_id)
    rule = rules.current(clock.today())
    told = _besides(call.scope, (left, right))
    said = _doubt(left, right)
    weight = None
    verdict, detail = ("older", "") if said[0] not in explaining.JUDGED else said
    keys: tuple[str, ...] = ()
    if one.facts and two.near:
        weighed, weight = _weighed(one.facts, two.near, rule)
        keys = explaining.shared(one.facts, two.near.facts)
        verdict, detail = explaining.verdict(one.facts, weighed, rule, said, _numbered(one.row, two.row))
    joined = one.row.resident_id == two.row.resident_id
    path = _path(call.scope, left, right, rule)
    return Explained(told[left], told[right], joined, keys, weight, verdict, detail, path)


@ask(Permission.READ, audits="residents.explain")
def _also(call: Call, *, record: UUID, resident: UUID) -> None:
    """The trail's line about the second resident: whoever asks who saw them finds it."""
    about("ResidentRecord", record, resident=resident)


@ask(Permission.READ, audits="residents.explain_pair")
def best_pair(call: Call, *, one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """Of two residents the two records that speak most for one person; ``Refused`` (not_found) where there are none."""
    homes = current(one), current(other)
    about("Resident", homes[0], resident=homes[0], other=str(homes[1]))
    rule = rules.current(clock.today())
    first, second = (_of(call.scope, home) for home in homes)
    if homes[0] == homes[1]:
        second = second[1:]
    if not first or not second:
        raise Refused(refuse("not_found", kind="Resident"))
    frequent = rules.shares([side.facts for side in (*first, *second) if side.facts])
    weighed = [
        (
            rule.model.score(a.facts, b.facts, frequent).bits if a.facts and b.facts else float("-inf"),
            a.row.pk,
            b.row.pk,
        )
        for a in first
        for b in second
        if a.row.pk != b.row.pk
    ]
    _, left, right = max(weighed)
    return left, right


def _of(scope: Scope, resident: UUID) -> list[_Side]:
    rows = shown(scope).filter(resident=resident).order_by("pk")
    return [_side(row) for row in rows.select_related("residentfacts")[:OF_EACH]]


def _sides(scope: Scope, records: Collection[UUID]) -> dict[UUID, _Side]:
    rows = shown(scope).filter(pk__in=records).select_related("residentfacts")
    return {row.pk: _side(row) for row in rows}


def _side(row: ResidentRecord) -> _Side:
    kept = getattr(row, "residentfacts", None)
    return _Side(row, unpacked(row.patient_id or str(row.pk), kept.facts) if kept else None)


def _weighed(one: Facts, two: Near, rule: Rule) -> tuple[Weighed, Weight]:
    score = rule.model.score(one, two.facts, rules.shares([one, two.facts]))
    return Weighed(two, score), Weight(reviewing.steps(rule.model, score), score.bits, rule.review, rule.link)


def _numbered(one: ResidentRecord, two: ResidentRecord) -> bool:
    return any(a.how == "number" and a.against == b.pk for a, b in ((one, two), (two, one)))


def _doubt(left: UUID, right: UUID) -> tuple[str, str]:
    """The state and detail of the doubt about two records that the caller may see; empty where there is none."""
    pair = sorted((left, right))
    rows = Doubt.objects.unscoped("of two records within the scope").filter(left=pair[0], right=pair[1])
    found: tuple[str, str] | None = rows.values_list("state", "detail").first()
    return found or ("", "")


def _besides(scope: Scope, records: Collection[UUID]) -> Mapping[UUID, Beside]:
    """The records that the caller may see, as they say who they are."""
    rows = list(shown(scope).filter(pk__in=records).select_related("residentfacts"))
    called = organisations.names({row.organisation_id for row in rows})
    return {row.pk: _beside(row, called) for row in rows}


def _beside(row: ResidentRecord, called: Mapping[UUID, str]) -> Beside:
    kept = getattr(row, "residentfacts", None)
    said = msgspec.convert(kept.said, Saying) if kept else Saying()
    return Beside(
        row.pk, row.resident_id, said.name, said.sex, said.person.birth, called.get(row.organisation_id, ""),
        row.patient_id or "", row.first_seen, row.last_seen,
    )  # fmt: skip


def _path(scope: Scope, left: UUID, right: UUID, rule: Rule) -> tuple[Hop, ...]:
    """The strongest links between two records, and the rules that broke some of them; empty where they meet at once,
    where no pairs lead from one to the other, or where there are more around them than are looked at."""
    found = around([left], rule)
    place = {each.record: at for at, each in enumerate(found.records)} if found else {}
    if found is None or left not in place or right not in place:
        return ()
    links, refused = _replayed(found, place[left], place[right], rule)
    if len(links) < 2 and not refused:
        return ()
    ids = [each.record for each in found.records]
    told = _besides(scope, {ids[at] for a, b, _ in links for at in (a, b)})
    return tuple(
        Hop(told.get(ids[a]), told.get(ids[b]), None if bits >= TOGETHER else bits, refused.get((a, b), ""))
        for a, b, bits in links
    )


def _replayed(
    found: Around, start: int, end: int, rule: Rule
) -> tuple[list[tuple[int, int, float]], dict[tuple[int, int], str]]:
    """The links of the way, and by which rule some were refused."""
    # scipy takes a tenth of a second and tens of megabytes: it is loaded where somebody asks, and not with every page
    import numpy as np

    from doorstep.linkage import clustering

    codes = {number: code for code, number in enumerate(sorted({f.number for f in found.fixed if f.number}))}
    said: Any = clustering.explain(
        start,
        end,
        np.array([pair.left for pair in found.pairs], dtype=np.int64),
        np.array([pair.right for pair in found.pairs], dtype=np.int64),
        np.array([pair.bits for pair in found.pairs], dtype=np.float64),
        trusted=np.array([codes.get(f.number, -1) for f in found.fixed], dtype=np.int64),
        ranks=np.array([f.rank for f in found.fixed], dtype=np.int64),
        threshold=rule.link,
        bridge=rule.bridge,
    )
    return (
        [(link.left, link.right, link.weight) for link in said.path],
        {(each.link.left, each.link.right): each.constraint for each in said.refusals},
    )
