"""Whatever leaves the house says who took it out and when: paper, sheets, manifests; a new way out needs a test."""

from __future__ import annotations

import base64
import csv
import io
import re
import zlib
from pathlib import Path

from doorstep.kernel import clock
from doorstep.record.exchange import api as exchange
from tests.faults.samples import addresses, ask_for
from tests.faults.two_sides import World

ROOT = Path(__file__).parents[2] / "src" / "doorstep"
OUT = {
    "registers/residents/pages/explaining.py": "clusters.csv: test_each_row_of_the_sheet",
    "resources/booking/pages/own.py": "an appointment of one's own for one's calendar: the read stands in the trail",
    "record/charts/pages/__init__.py": "one record as it was sent, byte for byte: its download stands in the trail",
    "record/charts/pages/documents.py": "a shared document as it was sent: each fetch stands in the trail",
    "services/referrals/pages/papers.py": "the letters as PDF: test_the_letter_as_a_file",
    "record/imaging/pages/door.py": "images to the byte, which devices read: each fetch stands in the trail",
    "record/sheets/pages/listing.py": "templates, which hold nothing of anybody's",
    "record/sheets/pages/one.py": "record/sheets/tests/test_pages.py: test_the_file_with_errors_can_be_mended",
    "fhir/door/exporting.py": "files to the byte: their manifest says it, each fetch stands in the trail",
}
NUMBER = "request-number-4711"


def test_every_page_says_on_paper_who_printed_it_and_when(world: World) -> None:
    """In a margin box, so on each sheet; for callers without a post the name alone stands there."""
    bad = []
    today = f"{clock.today():%Y-%m-%d}"
    for each in addresses():
        asked = ask_for(each.name, world, world.a)
        client = world.clients["auditor" if each.rule.startswith("trail.") else "administrator"]
        answer = client.get(asked.url, headers={"X-Request-Id": NUMBER})
        html = answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")
        if not html or each.rule == "anyone" or b"<html" not in answer.content:
            continue
        said = re.search(r"@bottom-left\{content:\"([^\"]*)\"", answer.content.decode())
        if said is None or not all(part in said.group(1) for part in ("值班人", today, NUMBER)):
            bad.append(f"{each.name}: {said.group(1) if said else None}")
    assert not bad, "\n".join(bad)


def test_a_stranger_prints_nothing_of_anybody(world: World) -> None:
    assert b"@bottom-left" not in world.clients["stranger"].get("/sign-in").content


def test_each_row_of_the_sheet(world: World) -> None:
    answer = world.clients["exchange_operator"].get("/residents/clusters.csv", headers={"X-Request-Id": NUMBER})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert rows
    for row in rows:
        assert row["exported"].startswith("值班人 · ")
        assert row["exported"].endswith(f" · {NUMBER}")
        assert f"{clock.today():%Y-%m-%d}" in row["exported"]


def test_the_manifest_of_a_bulk_export(world: World) -> None:
    from doorstep.kernel.testing import callers

    call = callers.member(world.a.organisation)
    begun = exchange.export_status(call, world.a.export)
    told = exchange.export_manifest(begun, "https://h/f/")["extension"]["exported"]
    assert (told["by"], told["actor"]) == (world.a.text, "staff:exporter-a")
    assert told["at"].startswith(f"{begun.at:%Y-}")


def test_no_other_way_leads_out() -> None:
    """A view that makes a file to keep is listed above, with where it says who took it."""
    signs = ("StreamingHttpResponse(", "FileResponse(", "Content-Disposition", "content-disposition", "text/csv")
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if "tests" not in path.parts and any(sign in path.read_text() for sign in signs)
    }
    assert found == OUT.keys()


def test_the_letter_as_a_file(world: World) -> None:
    """At the foot of each sheet: the fonts of a PDF are coded, so the words are looked for as they are written."""
    answer = world.clients["physician"].get(
        f"/referrals/{world.a.referral}/paper/out.pdf", headers={"X-Request-Id": NUMBER}
    )
    assert answer.status_code == 200
    assert NUMBER in words_of(answer.getvalue())


def words_of(pdf: bytes) -> str:
    """The texts of a PDF's pages: their streams unpacked, the two bytes of each letter made one."""
    packed = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    plain = b"".join(zlib.decompress(base64.a85decode(each.strip().removesuffix(b"~>"))) for each in packed)
    return plain.replace(b"\\000", b"").decode("latin-1")
