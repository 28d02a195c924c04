"""What is asked of an archive: studies, series and instances (QIDO-RS), and what has changed at Orthanc."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from doorstep.adapters.dicomweb import attributes, client
from doorstep.adapters.dicomweb.attributes import Dataset
from doorstep.adapters.dicomweb.client import Archive, ArchiveFault

WANTED: Final = (
    attributes.STUDY_DATE, attributes.STUDY_TIME, attributes.ACCESSION, attributes.MODALITIES, attributes.DESCRIPTION,
    attributes.PATIENT_NAME, attributes.PATIENT_ID, attributes.PATIENT_BIRTH, attributes.PATIENT_SEX,
    attributes.STUDY_SERIES, attributes.STUDY_INSTANCES,
)  # fmt: skip
MOST: Final = 1_000
"""Studies, series or instances of one answer that are read."""
CHANGES: Final = 100
ARRIVED: Final = frozenset({"NewStudy", "StableStudy"})
"""The changes that tell of a study: its first image, and that no more comes. None tells of a deletion."""
PLAIN: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened at Orthanc: what, and to which of its things (Orthanc's own id)."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Held:
    """A study as Orthanc holds it: Orthanc's own id, its StudyInstanceUID (empty where what stands there is none), and
    the beginning of what stands there."""

    id: str
    uid: str
    said: str


def studies(archive: Archive, *, since: date | None = None, uid: str = "", offset: int = 0) -> list[Dataset]:
    """Studies of one UID, or from a day on, at most ``MOST`` from ``offset`` on. Raises ``ArchiveFault``."""
    asked: list[tuple[str, str | int]] = [("includefield", tag) for tag in WANTED]
    if uid:
        asked.append(("StudyInstanceUID", uid))
    if since is not None:
        asked.append(("StudyDate", f"{since:%Y%m%d}-"))
    found = client.json(archive, "/studies?" + urlencode([*asked, ("limit", MOST), ("offset", offset)]))
    return _listed(found)


def series(archive: Archive, study: str) -> list[Dataset]:
    """The series of a study that are said to be its. Raises ``ArchiveFault``."""
    wanted = (attributes.SERIES_DESCRIPTION, attributes.SERIES_INSTANCES, attributes.SERIES_NUMBER)
    asked = urlencode([*(("includefield", tag) for tag in wanted), ("limit", MOST)])
    return list(_of(_listed(client.json(archive, f"/studies/{study}/series?{asked}")), attributes.STUDY_UID, study))


def instances(archive: Archive, study: str, series_uid: str) -> list[Dataset]:
    """The instances of a series that are said to be its, in their order. Raises ``ArchiveFault``."""
    wanted = (attributes.INSTANCE_NUMBER, attributes.FRAMES)
    asked = urlencode([*(("includefield", tag) for tag in wanted), ("limit", MOST * 10)])
    found = _listed(client.json(archive, f"/studies/{study}/series/{series_uid}/instances?{asked}"))
    own = _of(_of(found, attributes.STUDY_UID, study), attributes.SERIES_UID, series_uid)
    return sorted(own, key=lambda each: attributes.number(each, attributes.INSTANCE_NUMBER) or 0)


def sample(archive: Archive, study: str, parts: Sequence[Dataset]) -> Dataset:
    """What the first image of a study says itself; nothing where it cannot be had. Raises ``ArchiveFault``.

    Answers to searches come in one character set, which at Orthanc is Latin-1 unless it is told otherwise: a Chinese
    name is then lost in them, and is whole in the image.
    """
    first = next((uid for each in parts if (uid := attributes.uid(each, attributes.SERIES_UID))), "")
    path = f"/studies/{study}/series/{first}/instances"
    listed = _listed(client.json(archive, f"{path}?limit=1")) if first else []
    instance = next((uid for each in listed if (uid := attributes.uid(each, attributes.SOP_INSTANCE))), "")
    found = _listed(client.json(archive, f"{path}/{instance}/metadata")) if instance else []
    return next((each for each in found if attributes.uid(each, attributes.STUDY_UID) == study), {})


def _of(found: Any, tag: str, uid: str) -> Iterator[Dataset]:
    """Those that do not say they are another's: an archive may answer more than it was asked."""
    return (each for each in found if attributes.uid(each, tag) in ("", uid))


def _listed(found: Any) -> list[Dataset]:
    if found is None:
        return []
    if not isinstance(found, list):
        raise ArchiveFault("garbage")
    return list(attributes.datasets(found))


def native(archive: Archive) -> Archive:
    """Orthanc's own API, which stands beside its DICOMweb root."""
    parts = urlsplit(archive.address)
    return replace(archive, address=f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').rpartition('/')[0]}")


def changes(archive: Archive, since: int) -> tuple[list[Change], int, bool]:
    """What changed at Orthanc after a position (at most ``CHANGES``), the position behind it, and whether that is all.
    Raises ``ArchiveFault``."""
    found = client.json(native(archive), f"/changes?limit={CHANGES}&since={since}", accept=PLAIN)
    if not isinstance(found, Mapping) or not isinstance(found.get("Changes"), list):
        raise ArchiveFault("garbage")
    last = found.get("Last")
    listed = [_change(each) for each in found["Changes"] if isinstance(each, Mapping)]
    if not isinstance(last, int) or isinstance(last, bool) or not 0 <= last < 1 << 62:
        raise ArchiveFault("garbage")
    return listed, last, found.get("Done") is not False


def newest(archive: Archive) -> int:
    """The position of the newest change. Raises ``ArchiveFault``."""
    found = client.json(native(archive), "/changes?last", accept=PLAIN)
    last = found.get("Last") if isinstance(found, Mapping) else None
    if not isinstance(last, int) or isinstance(last, bool):
        raise ArchiveFault("garbage")
    return last


def _change(said: Mapping[str, Any]) -> Change:
    return Change(str(said.get("ChangeType") or "")[:40], str(said.get("ID") or "")[:60])


def held(archive: Archive, key: str) -> Held | None:
    """The study of an id of Orthanc's; None where it is gone. Raises ``ArchiveFault``."""
    if not key.replace("-", "").isalnum() or not key.isascii():
        return None
    found = client.json(native(archive), f"/studies/{key}", accept=PLAIN)
    if not isinstance(found, Mapping):
        return None
    tags = found.get("MainDicomTags")
    uid = tags.get("StudyInstanceUID") if isinstance(tags, Mapping) else None
    said = uid.strip().replace("\0", "") if isinstance(uid, str) else ""
    return Held(key, said if attributes.is_uid(said) else "", said[: attributes.LONGEST_UID])
