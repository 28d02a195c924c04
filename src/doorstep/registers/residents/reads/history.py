"""How a resident's records came together: by what each was placed, where it lay before, which merges there were."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from doorstep.kernel import fence
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.store import ScopedQuerySet
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.models import Merge, RecordMove, Resident, ResidentRecord
from doorstep.registers.residents.reads.identity import header
from doorstep.registers.residents.rules.sayings import Saying
from doorstep.registers.residents.shapes import Header

MOST: Final = 200
"""Records, moves and merges that are shown; the head tells how many records there are."""
ONE_PERSON: Final = "merges of a resident within the scope"
BEHIND: Final = """
WITH RECURSIVE behind(id) AS (
  SELECT id FROM residents_resident WHERE id = ANY(%s)
  UNION SELECT r.id FROM behind b JOIN residents_resident r ON r.merged_into_id = b.id
) SELECT id FROM behind
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """A source record with how it came to its resident: by what, with how many bits, and by which other record."""

    record: UUID
    patient_id: str
    organisation_name: str
    name: str
    birth: str
    first_seen: datetime
    last_seen: datetime
    how: str
    bits: float | None
    against: UUID | None


@dataclass(frozen=True, slots=True)
class Went:
    """That a record went from one resident to another; a name outside the caller's scope is empty."""

    record: UUID
    patient_id: str
    organisation_name: str
    before: UUID
    before_name: str
    after: UUID
    after_name: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Merger:
    """A merge of two residents, and whether it was undone; ``records`` is how many it moved."""

    id: UUID
    kept: UUID
    gone: UUID
    gone_name: str
    how: str
    who: str
    note: str
    at: datetime
    records: int
    undone_at: datetime | None
    undone_by: str


@dataclass(frozen=True, slots=True)
class History:
    """How a resident's records came together: the first records, all in number, the newest moves and merges."""

    header: Header
    records: tuple[Placed, ...]
    count: int
    moves: tuple[Went, ...]
    merges: tuple[Merger, ...]


@ask(Permission.READ, audits="residents.history")
def history(call: Call, *, resident: UUID) -> History:
    """How the records of a resident came together; of one who was merged, of whom they were merged into. A fixed
    number of queries. Raises ``Refused`` (not_found) outside the scope."""
    head = header(call.scope, resident)
    about("Resident", head.id, resident=head.id)
    first, count = placed(call.scope, head.id)
    return History(head, first, count, _moves(call, [each.record for each in first]), _merges(call, head.id))


@ask(Permission.READ, audits="residents.merge_seen")
def merge(call: Call, *, resident: UUID, merge: UUID) -> Merger:
    """One merge of the resident; raises ``Refused`` (not_found)."""
    head = header(call.scope, resident)
    about("Merge", merge, resident=head.id)
    found = next((each for each in _merges(call, head.id) if each.id == merge), None)
    if found is None:
        raise Refused(refuse("not_found", kind="Merge"))
    return found


def shown(scope: Scope) -> ScopedQuerySet[Any]:
    """The records that the scope may see: its own, and of residents of whom it has sent one those of every institution
    (as ``identity.records`` has it: a registration by hand is the reader's own word, and opens nothing)."""
    rows: ScopedQuerySet[Any] = ResidentRecord.objects.within(scope)
    if scope.everywhere:
        return rows
    sent = ResidentRecord.objects.unscoped("whether the scope has sent one").filter(
        resident=OuterRef("resident"), organisation__in=scope.organisations, patient_id__isnull=False
    )
    return rows.filter(Q(organisation__in=scope.organisations) | Exists(sent))


def placed(scope: Scope, resident: UUID) -> tuple[tuple[Placed, ...], int]:
    """The first records of a resident that the scope may see, and how many there are."""
    rows = shown(scope).filter(resident=resident)
    found = list(
        rows.order_by("first_seen", "pk").values_list(
            "pk", "patient_id", "organisation_id", "residentfacts__said", "first_seen", "last_seen", "how", "bits",
            "against",
        )[: MOST + 1]
    )  # fmt: skip
    called = organisations.names({row[2] for row in found})
    count = rows.count() if len(found) > MOST else len(found)
    return tuple(_placed(row, called) for row in found[:MOST]), count


def _placed(row: Sequence[Any], called: Mapping[UUID, str]) -> Placed:
    key, patient, organisation, words, first, last, how, bits, against = row
    said = msgspec.convert(words or {}, Saying)
    birth = said.person.birth
    return Placed(key, patient or "", called.get(organisation, ""), said.name, birth, first, last, how, bits, against)


def _moves(call: Call, records: Collection[UUID]) -> tuple[Went, ...]:
    rows = list(
        RecordMove.objects.within(call.scope).filter(record__in=records).order_by("-at", "-pk")
        .values_list("record_id", "record__patient_id", "record__organisation_id", "before_id", "after_id", "how", "at")
        [:MOST]
    )  # fmt: skip
    named = _names(call.scope, {each for row in rows for each in row[3:5]})
    called = organisations.names({row[2] for row in rows})
    return tuple(
        Went(
            record, patient or "", called.get(place, ""), before, named.get(before, ""), after, named.get(after, ""),
            how, at,
        )
        for record, patient, place, before, after, how, at in rows
    )  # fmt: skip


def _names(scope: Scope, residents: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of residents; of one who was merged the name is seen where the one is whom they were merged into."""
    near = Q(pk__in=residents)
    known = dict(Resident.objects.within(scope).filter(near).values_list("pk", "name"))
    gone = Resident.objects.unscoped(ONE_PERSON).filter(near, merged_into__isnull=False)
    with fence.lifted(ONE_PERSON):
        onward = {pk: (into, name) for pk, into, name in gone.values_list("pk", "merged_into", "name")}
    seen = set(
        Resident.objects.within(scope).filter(pk__in=[i for i, _ in onward.values()]).values_list("pk", flat=True)
    )
    return known | {pk: name for pk, (into, name) in onward.items() if into in seen}


def behind(residents: Collection[UUID]) -> list[UUID]:
    """Residents, and all who were merged into them, over however many merges."""
    with fence.lifted(ONE_PERSON), connection.cursor() as cursor:
        cursor.execute(BEHIND, [list(residents)])
        return [row[0] for row in cursor.fetchall()]


def _merges(call: Call, resident: UUID) -> tuple[Merger, ...]:
    line = behind([resident])
    rows = (
        Merge.objects.unscoped(ONE_PERSON).filter(Q(kept__in=line) | Q(gone__in=line, undone_at__isnull=True))
        .select_related("gone").order_by("-created_at", "-pk")[:MOST]
    )  # fmt: skip
    with fence.lifted(ONE_PERSON):
        found = list(rows)
    return tuple(
        Merger(
            row.pk, row.kept_id, row.gone_id, row.gone.name, row.how, row.actor_name, row.note, row.created_at,
            len(row.moved.get("records", ())), row.undone_at, row.undone_by,
        )
        for row in found
    )  # fmt: skip
