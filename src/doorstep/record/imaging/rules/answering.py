"""What the DICOMweb door answers of what it knows itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorstep.adapters.dicomweb import attributes as dicom
from doorstep.adapters.dicomweb.multipart import part_type
from doorstep.record.imaging.rules.reading import SEXES, Found

_LETTERS: Final = {code: letter for letter, code in SEXES.items()}
_PLACES: Final = ("00080054", "00080056", "00080055")
"""Attributes that tell where an archive is: its title, whether it is at hand, its peer."""


def dataset(found: Found, base: str) -> dict[str, Any]:
    """A study as DICOM JSON (PS3.18 table 10.6.3-3)."""
    latin, ideographs, sounds = [*found.name.split("="), "", "", ""][:3]
    groups = {"Alphabetic": latin, "Ideographic": ideographs, "Phonetic": sounds}
    name = {group: text for group, text in groups.items() if text}
    return {
        dicom.STUDY_DATE: _element("DA", f"{found.day:%Y%m%d}" if found.day else ""),
        dicom.STUDY_TIME: _element("TM", f"{found.started:%H%M%S}" if found.started else ""),
        dicom.ACCESSION: _element("SH", found.accession),
        dicom.MODALITIES: {"vr": "CS", "Value": list(found.modalities)} if found.modalities else {"vr": "CS"},
        dicom.DESCRIPTION: _element("LO", found.description),
        dicom.RETRIEVE_URL: _element("UR", f"{base}/studies/{found.uid}"),
        dicom.PATIENT_NAME: {"vr": "PN", "Value": [name]} if name else {"vr": "PN"},
        dicom.PATIENT_ID: _element("LO", found.number),
        dicom.PATIENT_BIRTH: _element("DA", f"{found.birth:%Y%m%d}" if found.birth else ""),
        dicom.PATIENT_SEX: _element("CS", _LETTERS.get(found.sex, "")),
        dicom.STUDY_UID: _element("UI", found.uid),
        dicom.STUDY_SERIES: {"vr": "IS", "Value": [len(found.series)]},
        dicom.STUDY_INSTANCES: {"vr": "IS", "Value": [found.instances]},
    }


def _element(vr: str, value: str) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]} if value else {"vr": vr}


def without_place(said: Mapping[str, Any]) -> dict[str, Any]:
    """A dataset without what tells where the archive is."""
    return {tag: element for tag, element in said.items() if tag not in _PLACES}


def related(content_type: str, boundary: str) -> str:
    """A multipart type of our own, with the type of its parts and the boundary of an archive's."""
    kind = part_type(content_type).split(";")[0].strip()
    safe = kind if kind.replace("/", "").replace("-", "").replace("+", "").isalnum() else "application/octet-stream"
    return f'multipart/related; type="{safe}"; boundary="{boundary}"'
