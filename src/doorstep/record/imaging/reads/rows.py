"""Rows as the frozen shapes that leave the room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from doorstep.record.imaging.models import Archive, Study
from doorstep.record.imaging.rules.reading import Found, Series
from doorstep.record.imaging.shapes import ArchiveFacts, ArchiveRow, Place, StudyRow


def facts(row: Archive) -> ArchiveFacts:
    """What was registered."""
    return ArchiveFacts(row.organisation_id, row.name, row.address, row.user, row.credential, row.is_orthanc, row.owner)


def archive(row: Archive, called: Mapping[UUID, str], counts: Mapping[str, int]) -> ArchiveRow:
    """An archive and how it does."""
    return ArchiveRow(
        id=row.pk, version=row.version, facts=facts(row), organisation_name=called.get(row.organisation_id, ""),
        is_on=row.is_on, position=row.position, answered_at=row.answered_at, failed_at=row.failed_at, fault=row.fault,
        fault_params=dict(row.fault_params), placed=counts.get("placed", 0), resting=counts.get("resting", 0),
        waiting=counts.get("waiting", 0), unreadable=counts.get("unreadable", 0),
    )  # fmt: skip


def place(row: Archive) -> Place:
    """Where an archive is."""
    return Place(row.pk, row.address, row.user, row.credential, row.is_orthanc, row.position, row.since)


def found(row: Study) -> Found:
    """What the archive last said of a study."""
    return Found(
        uid=row.uid, number=row.number, name=row.name, sex=row.sex, birth=row.birth, accession=row.accession,
        modalities=tuple(row.modalities), started=row.started, day=row.day, description=row.description,
        series=tuple(Series(**part) for part in row.series),
    )  # fmt: skip


def study(row: Study, called: Mapping[UUID, str]) -> StudyRow:
    """A study."""
    return StudyRow(
        id=row.pk, version=row.version, uid=row.uid, archive=row.archive_id, organisation=row.organisation_id,
        organisation_name=called.get(row.organisation_id, ""), state=row.state, reason=row.reason,
        reason_params=dict(row.reason_params), patient=row.patient, found=found(row), order=row.order,
        seen_at=row.seen_at, changed_at=row.changed_at, tied_name=row.tied_name, tied_at=row.tied_at,
    )  # fmt: skip


def counted(rows: Any) -> dict[UUID, dict[str, int]]:
    """By archive, how many studies are of each state; rows are (archive, state, count)."""
    found: dict[UUID, dict[str, int]] = {}
    for key, state, count in rows:
        found.setdefault(key, {})[state] = count
    return found
