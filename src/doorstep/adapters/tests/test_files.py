"""Files as they are handed over: what can be read is read, what cannot is named, and nothing bursts its bounds."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.adapters.files import Fault, FileLimits, Found, read, units, walk

SMALL = FileLimits(bundle_bytes=20_000, line_bytes=1000, archive_bytes=8 << 20, ratio=50, lines=4, chunk_bytes=2000)
BUNDLE = b'{"resourceType":"Bundle","type":"collection","entry":[]}'
LINE = b'{"resourceType":"Patient","id":"p%d"}\n'
LINES = b"".join(LINE % n for n in range(10))


def pieces(*paths: Path, limits: FileLimits = SMALL) -> list[Found | Fault]:
    return list(read(units(list(paths), limits), limits))


def told(*paths: Path, limits: FileLimits = SMALL) -> list[tuple[str, str]]:
    """What was found: origin below the folder, and its kind or the code of its fault."""
    found = pieces(*paths, limits=limits)
    return [(p.origin.rpartition("/data/")[2], p.kind if isinstance(p, Found) else p.code) for p in found]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(
    folder: Path, members: list[tuple[str, bytes]], name: str = "a.zip", packing: int = zipfile.ZIP_DEFLATED
) -> Path:
    with zipfile.ZipFile(folder / name, "w", packing) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return folder / name


class TestKinds:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            (BUNDLE, "bundle"),
            (b'\xef\xbb\xbf \n{ "resourceType" : "Bundle" }', "bundle"),
            (b'{"type":"collection","entry":[],"resourceType":"Bundle"}', "bundle"),
            (b'{"entry":[' + b"1," * 6000 + b'1],"resourceType":"Bundle","x":"' + b"y" * 5000 + b'"}', "bundle"),
            (b'{"resourceType":"StructureDefinition","type":"Bundle"}', "resource"),
            (b'{"type":"Bundle","resourceType":"StructureDefinition"}', "resource"),
            (b'{"resourceType":"Patient"}', "resource"),
            (b"{", "bundle"),
            (b"", "bundle"),
            (b"[]", "bundle"),
            ('{"resourceType":"Patient"}'.encode("utf-16"), "bundle"),
            (b'{"x":' * 3000, "bundle"),
        ],
    )
    def test_a_file_is_a_bundle_or_a_resource_by_what_it_says_of_itself(self, data, text, kind):
        assert told(put(data, "x.json", text)) == [("x.json", kind)]

    @pytest.mark.parametrize("name", ["a.txt", "a", "a.xm", "a.tar", "a.json.bak", "a.tar.gz", "a.zip.gz", "a.gz"])
    def test_unknown_names_are_told(self, data, name):
        content = gzip.compress(BUNDLE) if name.endswith(".gz") else BUNDLE
        assert told(put(data, name, content)) == [(name, "unknown-file")]

    @pytest.mark.parametrize("name", ["a.xml", "a.XML.gz"])
    def test_xml_is_taken_for_a_document(self, data, name):
        content = gzip.compress(b"<ClinicalDocument/>") if name.endswith(".gz") else b"<ClinicalDocument/>"
        assert told(put(data, name, content)) == [(name, "cda")]

    @pytest.mark.parametrize("name", ["a.JSON", "a.Json.GZ", "a.json.gzip"])
    def test_letters_of_either_case(self, data, name):
        content = gzip.compress(BUNDLE) if "g" in name.lower()[6:] else BUNDLE
        assert told(put(data, name, content)) == [(name, "bundle")]

    def test_a_file_that_is_gone_or_closed_to_us_stops_no_other(self, data):
        good = put(data, "b.json", BUNDLE)
        assert told(data / "a.json", data / "a.zip", good) == [
            ("a.json", "archive"),
            ("a.zip", "archive"),
            ("b.json", "bundle"),
        ]


class TestFolders:
    def test_registers_come_before_what_refers_to_them(self, data):
        for name in ("z/Observation.ndjson", "z/Patient.ndjson", "Condition.ndjson", "z/hospitalInformation1.json"):
            put(data, name, LINES[: len(LINE % 1)])
        assert [p.name for p in walk([data], SMALL)] == [
            "hospitalInformation1.json", "Patient.ndjson", "Condition.ndjson", "Observation.ndjson",
        ]  # fmt: skip

    def test_links_that_leave_and_hidden_files_are_left_alone(self, data, tmp_path):
        put(tmp_path, "outside/secret.json", BUNDLE)
        (data / "out").symlink_to(tmp_path / "outside")
        (data / "one.json").symlink_to(tmp_path / "outside" / "secret.json")
        put(data, ".hidden.json", BUNDLE)
        put(data, "in.json", BUNDLE)
        assert told(data) == [("in.json", "bundle")]

    def test_a_name_of_chinese_windows_is_read(self, data):
        path = os.fsencode(data) + b"/" + "居民".encode("gbk") + b".json"
        Path(os.fsdecode(path)).write_bytes(BUNDLE)
        assert told(data) == [("居民.json", "bundle")]


class TestLines:
    def test_chunks_say_their_lines_and_together_are_the_file(self, data):
        found = pieces(put(data, "x.ndjson", LINES))
        assert [f.origin.rpartition(":")[2] for f in found] == ["1-4", "5-8", "9-10"]
        assert b"".join(f.raw for f in found) == LINES

    def test_a_line_too_long_is_named_and_the_rest_is_read(self, data):
        text = LINE % 1 + b'{"x":"' + b"a" * 70_000 + b'"}\n' + LINE % 2
        assert told(put(data, "x.ndjson", text)) == [("x.ndjson:2", "line-too-long"), ("x.ndjson:1-3", "ndjson")]
        [piece] = [p for p in pieces(data / "x.ndjson") if isinstance(p, Found)]
        assert piece.raw == LINE % 1 + b"\n" + LINE % 2

    def test_the_last_line_needs_no_end(self, data):
        assert told(put(data, "x.jsonl", LINES[:-1])) == [
            ("x.jsonl:1-4", "ndjson"),
            ("x.jsonl:5-8", "ndjson"),
            ("x.jsonl:9-10", "ndjson"),
        ]

    @given(st.lists(st.binary(max_size=1500).map(lambda b: b.replace(b"\n", b"")), max_size=14))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    def test_no_line_is_lost_or_moved(self, tmp_path, lines):
        path = put(tmp_path, "x.ndjson", b"\n".join(lines))
        found = pieces(path)
        assert {int(f.origin.rpartition(":")[2]) for f in found if isinstance(f, Fault)} == {
            n for n, line in enumerate(lines, 1) if len(line) > SMALL.line_bytes
        }
        kept = b"".join(f.raw for f in found if isinstance(f, Found)).split(b"\n")
        shorter = [b"" if len(line) > SMALL.line_bytes else line for line in lines]
        assert [line for line in kept if line] == [line for line in shorter if line]
        assert all(len(f.raw) <= SMALL.chunk_bytes + SMALL.line_bytes + 1 for f in found if isinstance(f, Found))
        assert found == pieces(path)


class TestPacked:
    def test_zip_and_gzip_give_what_is_inside(self, data):
        zipped(
            data,
            [
                ("b/Patient.ndjson", LINES[:40]),
                ("a.json", BUNDLE),
                ("b/", b""),
                (".x.json", b""),
                ("__MACOSX/a.json", b""),
            ],
        )
        put(data, "c.ndjson.gz", gzip.compress(LINES[:40]))
        put(data, "d.json.gz", gzip.compress(BUNDLE))
        assert sorted(told(data)) == [
            ("a.zip!a.json", "bundle"), ("a.zip!b/Patient.ndjson:1-2", "ndjson"), ("c.ndjson.gz:1-2", "ndjson"),
            ("d.json.gz", "bundle"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "name",
        ["../x.json", "a/../../x.json", "/etc/x.json", "C:\\x.json", "..\\x.json", "C:x.json", "\\\\host\\x.json"],
    )
    def test_a_path_that_leaves_is_named_and_the_rest_is_read(self, data, name):
        found = told(zipped(data, [(name, BUNDLE), ("good.json", BUNDLE)]))
        assert ("a.zip!good.json", "bundle") in found
        assert [code for origin, code in found if "good" not in origin] == ["archive-path"]

    @pytest.mark.parametrize("name", ["/", ".", "./", "a//"])
    def test_members_without_a_name_stop_nothing(self, data, name):
        found = told(zipped(data, [(name, b""), ("good.json", BUNDLE)]))
        assert ("a.zip!good.json", "bundle") in found

    def test_a_member_named_by_chinese_windows(self, data):
        path = zipped(data, [("JMDA1234.json", BUNDLE)])
        path.write_bytes(path.read_bytes().replace(b"JMDA1234", "居民档案".encode("gbk")))
        assert told(path) == [("a.zip!居民档案.json", "bundle")]

    def test_two_members_of_one_name_are_both_read(self, data):
        with pytest.warns(UserWarning, match="Duplicate"):
            path = zipped(data, [("a.json", BUNDLE), ("a.json", BUNDLE[:-1])])
        assert [p.raw for p in pieces(path)] == [BUNDLE, BUNDLE[:-1]]

    def test_bombs_are_named_and_the_rest_is_read(self, data):
        bomb = b" " * (6 << 20)
        found = told(zipped(data, [("bomb.json", bomb), ("bomb.ndjson", bomb), ("good.json", BUNDLE)]))
        assert found == [
            ("a.zip!bomb.json", "archive-bomb"), ("a.zip!bomb.ndjson", "archive-bomb"), ("a.zip!good.json", "bundle"),
        ]  # fmt: skip
        assert told(put(data, "b.ndjson.gz", gzip.compress(bomb)))[-1] == ("b.ndjson.gz", "archive-bomb")

    def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_bursts(self, data):
        path = zipped(data, [("bomb.ndjson", LINES * 30_000)])
        raw = bytearray(path.read_bytes())
        for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            place = raw.index(mark) + at
            raw[place : place + 4] = struct.pack("<I", 1000)
        path.write_bytes(bytes(raw))
        codes = {code for _, code in told(path, limits=FileLimits(ratio=2, archive_bytes=5 << 20))}
        assert codes <= {"ndjson", "archive", "archive-bomb"}
        assert codes - {"ndjson"}

    def test_a_bomb_in_a_bomb_is_not_opened(self, data):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.json", b" " * (9 << 20))
        found = told(
            zipped(data, [("in.zip", inner.getvalue()), ("in.json.gz", gzip.compress(BUNDLE)), ("ok.json", BUNDLE)])
        )
        assert sorted(found) == [
            ("a.zip!in.json.gz", "unknown-file"),
            ("a.zip!in.zip", "unknown-file"),
            ("a.zip!ok.json", "bundle"),
        ]

    def test_little_that_packs_well_is_no_bomb(self, data):
        path = zipped(data, [("x.ndjson", LINE % 1 * 2000)])
        assert {kind for _, kind in told(path, limits=FileLimits())} == {"ndjson"}

    def test_an_archive_holds_no_more_than_its_budget(self, data):
        path = zipped(data, [(f"{n}.json", os.urandom(1 << 20)) for n in range(10)], packing=zipfile.ZIP_STORED)
        assert [code for _, code in told(path)].count("archive-bomb") == 2

    def test_lines_before_a_break_are_used(self, data):
        whole = gzip.compress(b"".join(LINE % n for n in range(3000)))
        path = put(data, "x.ndjson.gz", whole[: len(whole) // 2])
        found = pieces(path, limits=FileLimits())
        assert [getattr(f, "code", "") for f in found] == [""] * (len(found) - 1) + ["archive"]
        assert LINE % 0 in found[0].raw

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", b"PK\x05\x06" + b"\xff" * 18])
    def test_a_broken_archive_is_named(self, data, content):
        assert [code for _, code in told(put(data, "x.zip", content))] == ["archive"]

    @pytest.mark.parametrize("content", [b"", b"not gzip", b"\x1f\x8b\x08"])
    def test_a_broken_gzip_is_named(self, data, content):
        assert [code for _, code in told(put(data, "x.json.gz", content))][-1:] in (["archive"], ["bundle"])

    def test_a_locked_archive_is_named(self, data):
        path = zipped(data, [("a.json", BUNDLE), ("b.json", BUNDLE)])
        raw = bytearray(path.read_bytes())
        raw[6] |= 1  # the flag "encrypted" of the first member, in both places
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(bytes(raw))
        assert told(path) == [("a.zip!a.json", "archive"), ("a.zip!b.json", "bundle")]

    def test_a_member_without_a_name(self, data):
        path = zipped(data, [("a.json", BUNDLE), ("b.json", BUNDLE)])
        path.write_bytes(path.read_bytes().replace(b"a.json", b"\0.json"))
        assert told(path) == [("a.zip!", "unknown-file"), ("a.zip!b.json", "bundle")]

    @pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    @given(
        changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
        end=st.integers(0, 400),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    def test_whatever_is_broken_in_an_archive_nothing_is_raised(self, tmp_path, packing, changes, end):
        path = zipped(tmp_path, [("a.json", BUNDLE), ("b.ndjson", LINES), ("c/d.json", BUNDLE)], packing=packing)
        raw = bytearray(path.read_bytes())
        for place, value in changes:
            raw[place % len(raw)] = value
        path.write_bytes(bytes(raw[: len(raw) - end] if end < 60 else raw))
        for found in pieces(path):
            assert isinstance(found, Found | Fault)
            found.origin.encode()

    @given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4), end=st.integers(0, 80))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    def test_nor_in_a_gzip(self, tmp_path, changes, end):
        raw = bytearray(gzip.compress(LINES + os.urandom(200)))
        for place, value in changes:
            raw[place % len(raw)] = value
        for found in pieces(put(tmp_path, "x.ndjson.gz", bytes(raw[: len(raw) - end]))):
            assert isinstance(found, Found | Fault)


class TestShares:
    def test_shares_together_are_the_whole(self, data):
        zipped(data, [(f"{n}.json", BUNDLE + b" " * n) for n in range(9)] + [("x.ndjson", LINES)])
        put(data, "y.ndjson", LINES)
        put(data, "z.txt", b"")
        whole = pieces(data)
        shares = []
        for share in range(3):
            turn = iter(range(1000))
            shares += read(units([data], SMALL), SMALL, lambda _size, t=turn, s=share: next(t) % 3 == s)
        assert sorted(map(repr, shares)) == sorted(map(repr, whole))
        assert json.loads(BUNDLE)


def test_one_bundle_too_large_is_named(data):
    put(data, "a.json", b"[" + b"1," * 20_000 + b"1]")
    put(data, "b.json.gz", gzip.compress(os.urandom(30_000)))
    put(data, "c.json", BUNDLE)
    assert sorted(told(data)) == [("a.json", "too-large"), ("b.json.gz", "too-large"), ("c.json", "bundle")]
