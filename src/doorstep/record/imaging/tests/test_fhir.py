"""Every study and archive that the rules allow is a valid resource, whatever devices wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from doorstep.kernel.clock import CHINA
from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.record.imaging import fhir
from doorstep.record.imaging.rules.reading import Found, Series

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
UIDS = st.from_regex(r"1(\.[1-9][0-9]{0,5}){1,8}", fullmatch=True)
SERIES = st.builds(
    Series, uid=UIDS, number=st.integers(0, (1 << 31) - 1), modality=WORDS, description=WORDS,
    instances=st.integers(0, 10_000),
)  # fmt: skip
FOUND = st.builds(
    Found, uid=UIDS, number=WORDS, name=WORDS, accession=WORDS, modalities=st.lists(WORDS, max_size=3).map(tuple),
    started=st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(CHINA)),
    day=st.none() | st.dates(date(1900, 1, 1)), description=WORDS, series=st.lists(SERIES, max_size=3).map(tuple),
)  # fmt: skip
IDS = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True)


class TestProjections(ProjectionContract):
    room = "imaging"

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        return {
            "ImagingStudy": st.builds(fhir.imaging_study, st.uuids(), FOUND, IDS, st.uuids(), IDS | st.just("")),
            "Endpoint": st.builds(fhir.endpoint, st.uuids(), WORDS, on=st.booleans()),
        }


def test_a_study_says_what_it_is_and_not_where_its_archive_is() -> None:
    series = (Series("1.2.3.1", 2, "CT", "肺窗", 40),)
    found = Found("1.2.3", accession="A7", modalities=("CT",), day=date(2026, 3, 12), description="胸部", series=series)
    said = fhir.imaging_study(UUID(int=1), found, "p1", UUID(int=2), "o1")
    assert said["identifier"][1]["value"] == "A7"
    assert (said["started"], said["numberOfInstances"]) == ("2026-03-12", 40)
    assert said["basedOn"] == [{"reference": "ServiceRequest/o1"}]
    assert said["series"][0]["modality"] == {"system": fhir.DCM, "code": "CT"}
    assert fhir.endpoint(UUID(int=2), "影像中心", on=True)["address"] == "/dicomweb"
