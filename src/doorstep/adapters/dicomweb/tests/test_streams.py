"""Streams cut anywhere say the same; DICOM JSON is read whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.dicomweb import addresses, attributes, multipart
from doorstep.adapters.dicomweb.attributes import PersonName
from doorstep.kernel.clock import CHINA

BASE = "https://house.example/dicomweb"
BODIES = st.lists(st.binary(max_size=40) | st.sampled_from([b"\r\n", b"\r\n--", b"--b1", b"\r\n--b", b""]), max_size=4)


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


def message(bodies: list[bytes], location: str) -> bytes:
    head = f"Content-Type: image/jpeg\r\nX-Server: pacs7\r\nContent-Location: {location}\r\n\r\n".encode()
    return b"".join(b"--b1\r\n" + head + body + b"\r\n" for body in bodies) + b"--b1--\r\n"


@given(BODIES.filter(bool), st.lists(st.integers(1, 30), max_size=60))
def test_parts_go_through_whole_wherever_the_stream_is_cut(bodies: list[bytes], sizes: list[int]) -> None:
    bodies = [body for body in bodies if b"\r\n--b1" not in b"\r\n" + body]
    sent = message(bodies, "http://10.0.0.7:8042/dicom-web/studies/1.2")
    got = b"".join(multipart.relayed(cut(sent, sizes), "b1", lambda said: addresses.ours(said, BASE)))
    head = f"Content-Type: image/jpeg\r\nContent-Location: {BASE}/studies/1.2\r\n\r\n".encode()
    assert got == b"".join(b"--b1\r\n" + head + body + b"\r\n" for body in bodies) + b"--b1--\r\n"


@pytest.mark.parametrize("sent", [b"", b"--b1", b"--b1\r\nA: b\r\n\r\nbody", b"garbage", b"--b1\r\n" + b"x" * 40_000])
def test_what_is_cut_or_garbage_is_refused(sent: bytes) -> None:
    with pytest.raises(multipart.Malformed):
        list(multipart.relayed([sent], "b1", str))


@pytest.mark.parametrize(
    "said",
    ["application/json", "multipart/related", 'multipart/related; boundary="a\x00b"', "multipart/mixed; boundary=a"],
)
def test_a_type_without_a_boundary_is_none(said: str) -> None:
    with pytest.raises(multipart.Malformed):
        multipart.boundary_of(said)


STRINGS = st.text(max_size=20) | st.sampled_from(
    [
        "http://10.0.0.7:8042/dicom-web/studies/1.2/series/3",
        "https://pacs.local/x",
        'say "http://pacs/studies/1"',
        "h",
        "http",
    ]
)


@given(st.dictionaries(st.text(max_size=5), st.lists(STRINGS, max_size=4), max_size=4), st.lists(st.integers(1, 9)))
def test_every_address_is_ours_and_nothing_else_changes(said: dict[str, list[str]], sizes: list[int]) -> None:
    got = json.loads(b"".join(addresses.relayed(cut(json.dumps(said).encode(), sizes), BASE)))
    assert got == {
        key: [addresses.ours(v, BASE) if v.startswith(("http:", "https:")) else v for v in listed]
        for key, listed in said.items()
    }


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Value", "Alphabetic", "Ideographic", "00100010", "0020000D"]), inner)
    ),
    max_leaves=12,
)


@given(ANY)
def test_reading_never_fails(said: Any) -> None:
    for tag in ("00100010", "0020000D"):
        assert isinstance(attributes.name(said, tag), PersonName)
        assert attributes.uid(said, tag) == "" or attributes.is_uid(attributes.uid(said, tag))
        assert attributes.number(said, tag) is None or attributes.number(said, tag) >= 0  # type: ignore[operator]  # as just said
        attributes.day(said, tag)
        attributes.moment(said, tag, tag, CHINA)
        assert "\x00" not in attributes.text(said, tag)
    assert all(isinstance(each, dict) for each in attributes.datasets(said))


def test_names_dates_and_moments() -> None:
    said = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]},
        "00100030": {"vr": "DA", "Value": ["19620308"]},
        "00080030": {"vr": "TM", "Value": ["185059.25"]},
    }
    assert attributes.name(said).texts == ("王 小东", "Wang XiaoDong")
    assert attributes.name({"00100010": {"Value": [{"Alphabetic": "王^小东"}]}}) == PersonName("", "王^小东", "")
    assert attributes.day(said, "00100030") == date(1962, 3, 8)
    assert str(attributes.moment(said, "00100030", "00080030", CHINA)) == "1962-03-08 18:50:59+08:00"


@given(st.text(max_size=70))
def test_a_uid_is_digits_and_points(said: str) -> None:
    assert not attributes.is_uid(said) or set(said) <= set("0123456789.")


@pytest.mark.parametrize("said", ["", ".", "1..2", "1.2.", "../1", "1.2/3", "1.2%2F", "1" * 65, "１.2", "1.2\n"])
def test_what_is_no_uid(said: str) -> None:
    assert not attributes.is_uid(said)
