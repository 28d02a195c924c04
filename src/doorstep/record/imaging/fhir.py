"""What the room publishes, as FHIR R4: a study as ImagingStudy, the door by which it is fetched as Endpoint. Pure."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from typing import Final
from uuid import UUID

from doorstep.kernel.projecting import HL7, Json, filled, plain
from doorstep.record.imaging.rules.reading import Found

PUBLISHES: Final = ("Endpoint", "ImagingStudy")
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
DICOM: Final = "urn:dicom:uid"
DOOR: Final = "/dicomweb"
"""Where this house gives images out; an archive's own address is nobody's business."""
BEIJING: Final = timezone(timedelta(hours=8))
"""By its offset of today: that of 1900, where a device may stand, has seconds, which FHIR cannot say."""
_CODE: Final = re.compile(r"[A-Z0-9_]{1,16}", re.ASCII)


def imaging_study(key: UUID, found: Found, patient: str, archive: UUID, order: str) -> Json:
    """A study of a person (``patient``: the FHIR id of a record of theirs), answering an order where one is known."""
    accession = plain(found.accession)
    kind = {"coding": [{"system": HL7 + "v2-0203", "code": "ACSN"}]}
    return filled(
        resourceType="ImagingStudy",
        id=str(key),
        identifier=[
            {"system": DICOM, "value": f"urn:oid:{found.uid}"},
            *([{"type": kind, "value": accession}] if accession else []),
        ],
        status="available",
        modality=[_modality(word) for word in found.modalities if _CODE.fullmatch(word)],
        subject={"reference": f"Patient/{patient}"},
        started=found.started.astimezone(BEIJING).isoformat()
        if found.started
        else found.day.isoformat()
        if found.day
        else None,
        basedOn=[{"reference": f"ServiceRequest/{order}"}] if order else None,
        endpoint=[{"reference": f"Endpoint/{archive}"}],
        numberOfSeries=len(found.series),
        numberOfInstances=found.instances,
        description=plain(found.description),
        series=[
            filled(
                uid=each.uid,
                number=each.number,
                modality=_modality(each.modality if _CODE.fullmatch(each.modality) else "OT"),
                description=plain(each.description),
                numberOfInstances=each.instances,
            )
            for each in found.series
        ],
    )


def endpoint(key: UUID, name: str, *, on: bool) -> Json:
    """An archive as others know it: by the door of this house."""
    return filled(
        resourceType="Endpoint",
        id=str(key),
        status="active" if on else "off",
        connectionType={"system": HL7 + "endpoint-connection-type", "code": "dicom-wado-rs"},
        name=plain(name),
        payloadType=[{"text": "DICOM"}],
        payloadMimeType=["application/dicom"],
        address=DOOR,
    )


def _modality(code: str) -> Json:
    return {"system": DCM, "code": code}
