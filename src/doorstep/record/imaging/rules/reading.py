"""What an archive says of a study, in the words of this room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from doorstep.adapters.dicomweb import attributes as dicom
from doorstep.adapters.dicomweb.attributes import Dataset
from doorstep.kernel.clock import CHINA

SEXES: Final = {"M": "1", "F": "2", "O": "9"}
MODALITIES: Final = 20
OWN: Final = (dicom.PATIENT_NAME, dicom.PATIENT_ID, dicom.PATIENT_BIRTH, dicom.PATIENT_SEX, dicom.ACCESSION,
              dicom.DESCRIPTION)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """A series of a study: its UID, number, modality, description and how many images."""

    uid: str
    number: int = 0
    modality: str = ""
    description: str = ""
    instances: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What an archive says of a study. ``name`` is as the file has it, ``names`` are its texts; ``sex`` by GB/T
    2261.1; ``ids`` are the numbers under which the patient is known there; ``copies`` counts how many studies of this
    UID there are: of two, they are two patients'."""

    uid: str
    number: str = ""
    name: str = ""
    names: tuple[str, ...] = ()
    sex: str = "0"
    birth: date | None = None
    accession: str = ""
    modalities: tuple[str, ...] = ()
    started: datetime | None = None
    day: date | None = None
    description: str = ""
    series: tuple[Series, ...] = ()
    copies: int = 1

    @property
    def instances(self) -> int:
        """How many images it has."""
        return sum(each.instances for each in self.series)


def found(uid: str, studies: Sequence[Dataset], series: Sequence[Dataset], sample: Dataset) -> Found | None:
    """The study of a UID from the answers to both searches; None where the archive has none of it. What an image says
    itself (``sample``) goes before what a search says of it."""
    own = [each for each in studies if dicom.uid(each, dicom.STUDY_UID) == uid]
    if not own:
        return None
    own_words = {tag: sample[tag] for tag in OWN if tag in sample}
    said: Dataset = {**own[0], **own_words}
    parts = tuple(_series(each) for each in series if dicom.uid(each, dicom.SERIES_UID))
    name = dicom.name(said)
    modalities = {*dicom.texts(said, dicom.MODALITIES, 16), *(part.modality for part in parts if part.modality)}
    return Found(
        uid=uid,
        number=dicom.text(said, dicom.PATIENT_ID, 64),
        name=str(name)[:300],
        names=name.texts,
        sex=SEXES.get(dicom.text(said, dicom.PATIENT_SEX, 1), "0"),
        birth=dicom.day(said, dicom.PATIENT_BIRTH),
        accession=dicom.text(said, dicom.ACCESSION, 64),
        modalities=tuple(sorted(modalities))[:MODALITIES],
        started=dicom.moment(said, dicom.STUDY_DATE, dicom.STUDY_TIME, CHINA),
        day=dicom.day(said, dicom.STUDY_DATE),
        description=dicom.text(said, dicom.DESCRIPTION),
        series=tuple(sorted(parts, key=lambda part: (part.number, part.uid))),
        copies=len(own),
    )


def _series(said: Dataset) -> Series:
    return Series(
        uid=dicom.uid(said, dicom.SERIES_UID),
        number=dicom.number(said, dicom.SERIES_NUMBER) or 0,
        modality=dicom.text(said, dicom.MODALITY, 16),
        description=dicom.text(said, dicom.SERIES_DESCRIPTION),
        instances=dicom.number(said, dicom.SERIES_INSTANCES) or 0,
    )
