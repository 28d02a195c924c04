"""Whose a study is, what may be fetched, what may be asked, and in which form: whatever is thrown at them."""

from __future__ import annotations

import re
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.dicomweb.attributes import is_uid
from doorstep.adapters.dicomweb.client import ArchiveFault
from doorstep.record.imaging.pages.storing import told
from doorstep.record.imaging.pages.studies import name_of
from doorstep.record.imaging.rules import accepting, answering, names, paths, placing, queries, reading
from doorstep.record.imaging.rules.paths import Kind, Wanted
from doorstep.record.imaging.rules.placing import Candidate, Facts

CANDIDATES = st.lists(
    st.builds(
        Candidate, patient=st.sampled_from(["a", "b", "c"]), resident=st.sampled_from([UUID(int=n) for n in (1, 2)]),
        against=st.sampled_from(["", "", "name", "sex", "birth_date"]),
    ),
    max_size=3,
)  # fmt: skip


@given(st.builds(Facts, st.booleans(), st.booleans(), st.integers(1, 2), CANDIDATES, CANDIDATES))
def test_a_study_is_somebodys_only_where_nothing_is_in_doubt(facts: Facts) -> None:
    found = placing.place(facts)
    assert bool(found.patient) != bool(found.reason)
    assert found.reason in ("", *placing.REASONS)
    if found.patient:
        led = [*facts.by_number, *facts.by_order]
        sure = [each for each in led if not each.against]
        assert facts.copies == 1
        assert facts.is_described
        assert found.patient in {each.patient for each in sure}
        assert len({each.resident for each in sure}) == 1


@given(
    st.text(max_size=40) | st.from_regex(r"1\.2(/(series|instances|frames|bulk|metadata|rendered|1\.3|1|\.\.)){0,6}")
)
def test_what_is_fetched_is_on_the_list(path: str) -> None:
    found = paths.wanted(path)
    if found is not None:
        assert is_uid(found.study)
        assert re.fullmatch(r"/studies/[0-9A-Za-z./,]+", found.path)
        assert ".." not in found.path.split("/")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("1.2", Wanted(Kind.OBJECTS, "1.2")), ("1.2/metadata", Wanted(Kind.METADATA, "1.2")),
        ("1.2/series", Wanted(Kind.SERIES, "1.2")), ("1.2/instances", Wanted(Kind.INSTANCES, "1.2")),
        ("1.2/series/1.3/instances", Wanted(Kind.INSTANCES, "1.2", "1.3")),
        ("1.2/series/1.3/instances/1.4/frames/1,2", Wanted(Kind.FRAMES, "1.2", "1.3", "1.4", "1,2")),
        ("1.2/series/1.3/instances/1.4/bulk/7fe00010", Wanted(Kind.BULK, "1.2", "1.3", "1.4", "7fe00010")),
        ("1.2/series/1.3/instances/1.4/frames/2/rendered", Wanted(Kind.RENDERED, "1.2", "1.3", "1.4", "2")),
        ("1.2/series/1.3/series", None), ("1.2/frames/1", None),
        ("1.2/series/1.3/instances/1.4/frames/1,2/rendered", None),
        ("", None), ("1.2/", None), ("1.2/bulk/x", None),
    ],
)  # fmt: skip
def test_paths(path: str, found: Wanted | None) -> None:
    assert paths.wanted(path) == found


def test_a_thumbnail_is_a_picture_of_one_instance() -> None:
    assert Wanted(Kind.THUMBNAIL, "1", "2", "3").path == "/studies/1/series/2/instances/3/rendered"
    assert Wanted(Kind.THUMBNAIL, "1", "2", "3", "4").path == "/studies/1/series/2/instances/3/frames/4/rendered"


@given(st.lists(st.tuples(st.sampled_from([*queries._READERS, "00100010", "X"]), st.text(max_size=30)), max_size=4))
def test_a_query_is_read_or_refused_by_name(pairs: list[tuple[str, str]]) -> None:
    try:
        found = queries.read(pairs)
    except queries.BadQuery:
        return
    assert 1 <= found.limit <= queries.MOST
    assert 0 <= found.offset <= queries.FARTHEST
    assert all(is_uid(uid) for uid in found.uids)
    assert "*" not in found.number + found.accession


@given(st.sampled_from(Kind), st.text(max_size=60))
def test_what_an_archive_is_asked_for_is_never_what_a_reader_wrote(kind: Kind, accept: str) -> None:
    said = accepting.asked(kind, accept)
    related = r'multipart/related; type="[a-z/0-9-]+"(; transfer-syntax=[0-9.*]+)?'
    assert re.fullmatch(rf"(image/(jpeg|png)|application/dicom\+json|{related})?", said)


@pytest.mark.parametrize(
    ("kind", "accept", "said"),
    [
        (Kind.RENDERED, "image/avif,image/webp,image/png,*/*;q=0.8", "image/jpeg"),
        (Kind.RENDERED, "image/png", "image/png"),
        (Kind.RENDERED, "text/html", ""), (Kind.METADATA, "application/dicom+xml", ""),
        (Kind.METADATA, "", "application/dicom+json"),
        (Kind.OBJECTS, 'multipart/related; type="application/dicom"; transfer-syntax=*',
         'multipart/related; type="application/dicom"; transfer-syntax=*'),
        (Kind.FRAMES, 'multipart/related; type="image/jls", */*', 'multipart/related; type="image/jls"'),
        (Kind.OBJECTS, "application/zip", ""),
    ],
)  # fmt: skip
def test_forms(kind: Kind, accept: str, said: str) -> None:
    assert accepting.asked(kind, accept) == said


def test_names_are_searched_without_marks() -> None:
    assert names.searched("Wang^XiaoDong=王^小东") == ("王小东", "wangxiaodong")
    assert names.searched("=王^小东") == ("王小东", "")
    assert names.searched("王·小东") == ("王小东", "")
    assert name_of("Wang^XiaoDong=王^小东") == "王 小东"
    assert name_of("Wang^XiaoDong") == "Wang XiaoDong"


def test_an_image_knows_better_than_a_search() -> None:
    """Orthanc answers searches in Latin-1 unless it is told otherwise: of a Chinese name the caret is left."""
    study = {"0020000D": {"Value": ["1.2"]}, "00100010": {"Value": [{"Alphabetic": "^"}]}, "00080050": {"Value": ["A"]}}
    sample = {"00100010": {"Value": [{"Ideographic": "李^秀英"}]}, "00080050": {"vr": "SH"}}
    found = reading.found("1.2", [study], [], sample)
    assert found is not None
    assert (found.names, found.accession) == (("李 秀英",), "")
    assert reading.found("1.9", [study], [], {}) is None


@given(st.binary(max_size=60))
def test_an_answer_to_storing_is_read_or_is_garbage(said: bytes) -> None:
    with suppress(ArchiveFault):
        uids, taken, refused = told(said, "1.2")
        assert taken >= 0 <= refused
        assert all(is_uid(uid) for uid in uids)


def test_what_tells_where_an_archive_is_is_left_out() -> None:
    assert answering.without_place({"00080054": {}, "00080055": {}, "0020000D": {"vr": "UI"}}) == {
        "0020000D": {"vr": "UI"}
    }
