"""Files that are not what they say, and files where none are taken; the rest stands in adapters/tests/test_files.py."""

from __future__ import annotations

import gzip
import io
import json
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from doorstep.adapters import files
from tests.faults.samples import FORMS, ask_for
from tests.faults.two_sides import World, undone

BUNDLE = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": []}).encode()
PATIENT = b'{"resourceType":"Patient","id":"x"}'


def pieces(path: Path) -> list[files.Found | files.Fault]:
    """What is read of a file, under the limits that hold in service."""
    limits = files.FileLimits()
    return list(files.read(files.units([path], limits), limits))


def told(path: Path) -> list[str]:
    """What reading says of each piece: its kind, or why it is not used."""
    return [getattr(piece, "code", "") or getattr(piece, "kind", "") for piece in pieces(path)]


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """An archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


LYING = {
    "a.json": zipped(("x.json", BUNDLE)),
    "b.json": gzip.compress(BUNDLE),
    "c.ndjson": b"<html><script>x</script></html>\n",
    "d.json.gz": zipped(("x.json", BUNDLE)),
    "e.json.gz": gzip.compress(gzip.compress(BUNDLE)),
    "f.zip": gzip.compress(BUNDLE),
    "g.json": b"\x7fELF\x02\x01\x01" + bytes(64),
    "h.ndjson": b"%PDF-1.7\n" + bytes(64),
    "i.json": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Patient>&a;</Patient>',
    "j.json": BUNDLE.decode().encode("utf-16"),
}


@pytest.mark.parametrize("name", LYING)
def test_content_and_not_the_name_decides(name: str, world: World, tmp_path: Path) -> None:
    """What is inside is read as what its name says, found to be none, and set aside with a reason; nothing is opened
    further, nothing is applied."""
    from doorstep.kernel.testing import callers
    from doorstep.record.exchange import api as exchange

    path = tmp_path / name
    path.write_bytes(LYING[name])
    for found in pieces(path):
        if hasattr(found, "code"):
            continue
        piece = exchange.Piece(found.kind, found.origin, found.raw)
        with undone():
            [[receipt]] = exchange.take(callers.system(), world.a.organisation, [piece], "file")
            assert receipt.state == "set_aside", (name, receipt)


def test_a_link_in_an_archive_leads_nowhere(tmp_path: Path) -> None:
    """A member that is a symbolic link is text like any other: it is not followed."""
    secret = tmp_path / "secret.json"
    secret.write_bytes(PATIENT)
    link = zipfile.ZipInfo("link.json")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "in.zip"
    path.write_bytes(zipped((link, str(secret).encode()), ("ok.json", BUNDLE)))
    for piece in pieces(path):
        assert PATIENT not in getattr(piece, "raw", b"")


def test_members_that_share_their_bytes_are_no_way_round_the_budget(tmp_path: Path) -> None:
    """An archive whose directory names one body a thousand times (D. Fifield, "A better zip bomb", 2019)."""
    whole = zipped(("a.json", b" " * 60_000 + BUNDLE))
    end = whole.rindex(b"PK\x05\x06")
    start = whole.index(b"PK\x01\x02")
    entry, times = whole[start:end], 1000
    tail = bytearray(whole[end:])
    struct.pack_into("<HHII", tail, 8, times, times, len(entry) * times, start)
    path = tmp_path / "in.zip"
    path.write_bytes(whole[:start] + entry * times + bytes(tail))
    found = told(path)
    assert sum(kind == "bundle" for kind in found) <= 1, found[:5]
    assert "archive-bomb" in found


TAKERS = {"sheets:upload"}
"""Pages that take a file, from those who may enter them; ``kernel.web.uploads`` keeps it in memory, within a bound."""


def test_no_form_takes_a_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file sent to any other address is refused at its first byte, by whoever it is sent; nothing reaches the disk.
    So is one from a stranger, or a second one, where one is taken."""

    def written(*args: object, **more: object) -> None:
        raise AssertionError("a file was taken")

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", written)
    bad = []
    for caller in ("administrator", "stranger"):
        client = Client(enforce_csrf_checks=True)
        for key, morsel in world.clients[caller].cookies.items():
            client.cookies[key] = morsel.value
        client.cookies["csrftoken"] = "x" * 32  # then the form is read, to compare
        for name in FORMS:
            if name in TAKERS and caller != "stranger":
                continue
            asked = ask_for(name, world, world.a)
            sent = {**asked.form, "file": SimpleUploadedFile("../../x.html", b"<script>" * 2_000)}
            if (answer := client.post(asked.path, sent)).status_code != 400:
                bad.append(f"{caller} {name}: {answer.status_code}")
    assert not bad, "\n".join(bad)


def test_of_two_files_none_is_taken(world: World) -> None:
    """A page that takes a file takes one."""
    sent = {f"file{n}": SimpleUploadedFile("a.csv", b"a,b") for n in range(2)}
    assert world.clients["administrator"].post("/sheets/upload", sent).status_code == 400
