"""Merge and unmerge: all records of one resident go to another, and back, with whatever else hangs on the person.

The resident whose records went stays as a row that points on, so that links, trails and other rooms' references are
led to the right one. What is moved is noted by its ids, so that the way back takes those and nothing that came since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from doorstep.events.residents import RecordsMoved, ResidentsMerged, ResidentsUnmerged
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.outbox import emit
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import doubts, moving
from doorstep.registers.residents.models import (
    Fact,
    Household,
    HouseholdMember,
    Merge,
    Resident,
    ResidentAddress,
    ResidentGuardian,
    ResidentIdentifier,
    ResidentName,
    ResidentPhone,
    ResidentRecord,
)
from doorstep.registers.residents.reads.identity import current
from doorstep.registers.residents.rules.facts import Kind

WHOLE: Final = "a merge takes all that hangs on a person, whoever said it"
_BY_PERSON: Final[tuple[type[Fact], ...]] = (
    ResidentIdentifier, ResidentName, ResidentPhone, ResidentAddress, ResidentGuardian,
)  # fmt: skip
BY_PEOPLE: Final = ("hand", "review")
Moved = dict[str, list[Any]]


@action(Permission.MERGE, audits="residents.merge", beyond="a person is sought among all of the district")
def merge(call: Call, *, kept: UUID, gone: UUID, note: str = "") -> UUID:
    """Merge ``gone`` into ``kept``, both within the caller's scope; answers the merge.

    Raises ``Refused``: ``not_found``; ``merge.same`` for one and the same; ``merge.gone`` where one was merged already;
    ``merge.two_ids`` where each holds a resident ID of their own.
    """
    _must_see(call, kept, gone)
    made: UUID = join(call, kept, gone, "hand", note=note).pk
    return made


@action(Permission.MERGE, audits="residents.unmerge", beyond="a person is sought among all of the district")
def unmerge(call: Call, *, merge: UUID) -> UUID:
    """Undo a merge at any time, also of one whose ``kept`` was merged on since; answers the resident restored.

    The two are held apart from then on: the index does not join them again. Raises ``Refused``: ``not_found``,
    ``merge.undone``.
    """
    row = Merge.objects.within(call.scope).select_for_update(of=("self",)).filter(pk=merge).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Merge"))
    part(call, row)
    doubts.hold_apart(row.gone_id, current(row.kept_id))
    restored: UUID = row.gone_id
    return restored


@action(Permission.MERGE, audits="residents.separate", beyond="a person is sought among all of the district")
def separate(call: Call, *, resident: UUID, records: Collection[UUID]) -> UUID:
    """Take records out of a resident who is somebody else: they become a resident of their own, held apart from the
    first. Answers the new resident. Raises ``Refused``: ``not_found``, ``separate.all`` where none would stay."""
    _must_see(call, resident)
    moving.hold([resident])
    theirs = set(_records(resident))
    chosen = theirs & set(records)
    if not chosen:
        raise Refused(refuse("not_found", kind="ResidentRecord"))
    if chosen == theirs:
        raise Refused(refuse("separate.all"))
    other: UUID = Resident.objects.create().pk
    shift(dict.fromkeys(chosen, (resident, other)), "hand", call.actor)
    doubts.hold_apart(other, resident)
    about("Resident", resident, resident=resident, separated=str(other), records=len(chosen))
    return other


def _must_see(call: Call, *residents: UUID) -> None:
    if Resident.objects.within(call.scope).filter(pk__in=residents).count() < len(set(residents)):
        raise Refused(refuse("not_found", kind="Resident"))


def join(call: Call, kept: UUID, gone: UUID, how: str, *, doubt: UUID | None = None, note: str = "") -> Merge:
    """The body of ``merge``, for actions of this room that have asked whether it may be."""
    if kept == gone:
        raise Refused(refuse("merge.same"))
    moving.hold((kept, gone))
    rows = {row.pk: row for row in Resident.objects.unscoped(WHOLE).filter(pk__in=(kept, gone))}
    if len(rows) < 2 or any(row.merged_into_id for row in rows.values()):
        raise Refused(refuse("merge.gone"))
    if len({value for _, value in _ids((kept, gone))}) > 1:
        raise Refused(refuse("merge.two_ids"))
    if how in BY_PEOPLE:
        doubts.hold_together(kept, gone)
    records = _records(gone)
    moved: Moved = {"records": [str(record) for record in records], **_take_along(gone, kept)}
    moving.move(dict.fromkeys(records, (gone, kept)), how, call.actor)
    made: Merge = Merge.objects.create(
        kept_id=kept,
        gone_id=gone,
        how=how,
        doubt_id=doubt,
        actor=call.actor,
        actor_name=call.name,
        note=note,
        moved=moved,
    )
    _point(gone, kept)
    doubts.settle(records)
    patients, sources = _told(records)
    emit(ResidentsMerged(kept, gone, patients, sources, how))
    about("Resident", kept, resident=kept, merged=str(gone), records=len(records), how=how)
    return made


def part(call: Call, merge: Merge) -> None:
    """Undo a locked merge, for actions of this room."""
    if merge.undone_at is not None:
        raise Refused(refuse("merge.undone"))
    where = current(merge.kept_id)
    moving.hold((where, merge.gone_id))
    here = set(_records(where))
    back = [record for said in merge.moved["records"] if (record := UUID(said)) in here]
    moving.move(dict.fromkeys(back, (where, merge.gone_id)), "hand", call.actor)
    _bring_back(merge.moved, where, merge.gone_id)
    _point(merge.gone_id, None)
    merge.undone_at, merge.undone_by = clock.now(), call.name
    merge.version += 1
    merge.save(update_fields=["undone_at", "undone_by", "version"])
    patients, sources = _told(back)
    emit(ResidentsUnmerged(where, merge.gone_id, patients, sources))
    about("Resident", where, resident=where, restored=str(merge.gone_id), records=len(back))


def shift(moves: dict[UUID, tuple[UUID, UUID]], how: str, actor: str) -> None:
    """Move records between residents who are held, and tell of it."""
    if not moves:
        return
    moving.move(moves, how, actor)
    doubts.settle(moves)
    by_pair: dict[tuple[UUID, UUID], list[UUID]] = {}
    for record, pair in moves.items():
        by_pair.setdefault(pair, []).append(record)
    for (before, after), records in by_pair.items():
        patients, sources = _told(records)
        emit(RecordsMoved(before, after, patients, sources, how))


def _records(resident: UUID) -> list[UUID]:
    rows = ResidentRecord.objects.unscoped(WHOLE).filter(resident=resident).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _ids(residents: Iterable[UUID]) -> set[tuple[UUID, str]]:
    rows = ResidentIdentifier.objects.unscoped(WHOLE).filter(
        resident__in=list(residents), kind=Kind.RESIDENT_ID.value, trusted=True
    )
    return set(rows.values_list("resident_id", "value"))


def _told(records: Collection[UUID]) -> tuple[tuple[str, ...], tuple[UUID, ...]]:
    """The FHIR patient ids of records, and the institutions that sent them: whom a merge concerns."""
    rows = list(
        ResidentRecord.objects.unscoped(WHOLE).filter(pk__in=records).values_list("patient_id", "organisation_id")
    )
    return tuple(sorted(patient for patient, _ in rows if patient)), tuple(sorted({source for _, source in rows}))


def _point(resident: UUID, onward: UUID | None) -> None:
    row = Resident.objects.unscoped(WHOLE).get(pk=resident)
    row.merged_into_id = onward
    row.version += 1
    row.save(update_fields=["merged_into", "version"])


def _take_along(gone: UUID, kept: UUID) -> Moved:
    """Move what hangs on the person and on no record: what was told at the desk, household, wards. Answers the ids.

    Where both live in a household the kept one's stays theirs; nobody becomes their own guardian.
    """
    moved: Moved = {}
    for model in _BY_PERSON:
        rows = model.objects.unscoped(WHOLE).filter(resident=gone, record__isnull=True)
        if model is ResidentGuardian:
            rows = rows.exclude(guardian=kept)
        moved[model._meta.model_name or ""] = _moved(rows, resident=kept)
    wards = ResidentGuardian.objects.unscoped(WHOLE).filter(guardian=gone).exclude(resident=kept)
    moved["ward"] = _moved(wards, guardian=kept)
    living = HouseholdMember.objects.unscoped(WHOLE).filter(resident=kept, end__isnull=True).exists()
    memberships = HouseholdMember.objects.unscoped(WHOLE).filter(resident=gone)
    moved["householdmember"] = _moved(
        memberships.filter(Q(end__isnull=False)) if living else memberships, resident=kept
    )
    heads = Household.objects.unscoped(WHOLE).filter(head=gone)
    moved["household"] = [] if living else _moved(heads, head=kept)
    return {name: ids for name, ids in moved.items() if ids}


def _moved(rows: Any, **to: UUID) -> list[Any]:
    ids = list(rows.values_list("pk", flat=True))
    rows.model.objects.unscoped(WHOLE).filter(pk__in=ids).update(**{f"{name}_id": value for name, value in to.items()})
    return [str(each) if isinstance(each, UUID) else each for each in ids]


_COLUMNS: Final = {"ward": ("residentguardian", "guardian_id"), "household": ("household", "head_id")}


def _bring_back(moved: Moved, where: UUID, gone: UUID) -> None:
    """What is still where the merge took it goes back; what was ended or changed by hand since stays."""
    with connection.cursor() as cursor:
        for name, ids in moved.items():
            if name == "records":
                continue
            table, column = _COLUMNS.get(name, (name, "resident_id"))
            cursor.execute(
                f"UPDATE residents_{table} SET {column} = %s WHERE id = ANY(%s) AND {column} = %s",  # noqa: S608  # our own names
                [gone, [UUID(each) for each in ids] if name == "household" else ids, where],
            )
