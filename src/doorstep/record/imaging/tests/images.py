"""Made-up images of made-up people: small, and right enough for any archive."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

ROOT = "1.2.826.0.1.3680043.8.498."


def uid(*parts: object) -> str:
    """A UID that is the same for the same words."""
    return str(generate_uid(ROOT, [str(part) for part in parts]))


def image(
    study: str,
    series: str = "1",
    number: int = 1,
    *,
    patient: str = "P1",
    name: str = "Li^XiuYing=李^秀英",
    sex: str = "F",
    born: str = "19580315",
    accession: str = "",
    modality: str = "CT",
    size: int = 32,
    at: datetime = datetime(2026, 3, 12, 9, 30),
    description: str = "胸部平扫",
) -> FileDataset:
    """A slice of a CT; ``study`` and ``series`` are words that make UIDs."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = uid(study, series, number)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = uid(study), uid(study, series)
    made.PatientID, made.PatientName, made.PatientSex, made.PatientBirthDate = patient, name, sex, born
    made.AccessionNumber, made.Modality, made.StudyDescription = accession, modality, description
    made.StudyDate, made.StudyTime = at.strftime("%Y%m%d"), at.strftime("%H%M%S")
    made.SeriesNumber, made.InstanceNumber, made.StudyID = int(series), number, "1"
    made.Rows = made.Columns = size
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    made.WindowCenter, made.WindowWidth = 1000, 2000
    made.RescaleIntercept, made.RescaleSlope = 0, 1
    made.PixelData = b"".join(((x * 40 + number * 100) % 2000).to_bytes(2, "little") for x in range(size * size))
    return made


def written(made: FileDataset) -> bytes:
    """It as a DICOM file."""
    out = BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def slices(study: str, count: int = 2, **more: str) -> list[bytes]:
    """A study of one series of so many slices, as files."""
    return [written(image(study, number=number, **more)) for number in range(1, count + 1)]  # type: ignore[arg-type]  # the fields that a test names


BORN = date(1958, 3, 15)
"""When the one is born whom ``image`` shows unless told otherwise."""
