"""Shared documents in a chart: listed, readable, never as the sender's markup, kept from whom they are not for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from doorstep.adapters.cda.tests import samples
from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.charts.tests.conftest import NUMBER, send
from doorstep.record.exchange.api import Piece, take

pytestmark = pytest.mark.django_db
Entering = Callable[[Call | None], Client]
WHO = {"person": NUMBER, "name": "李秀英"}
TABLE = (
    "<table><thead><tr><th>药品</th><th colspan='2'>用法</th></tr></thead><tbody><tr ID='m1'><td>氨氯地平</td>"
    "<td>口服</td><td><content styleCode='Bold xItem'>5 mg</content></td></tr></tbody></table>"
)


@pytest.fixture
def entering(as_caller: Any) -> Entering:
    def make(call: Call | None) -> Client:
        as_caller(call)
        return Client()

    return make


def put(source: UUID, *sections: str, raw: bytes | None = None, **more: str) -> str:
    """Send a document; the id of its DocumentReference."""
    data = raw or samples.chinese(*(sections or samples.SUMMARY), **{**WHO, **more})
    [[receipt]] = take(system(), source, [Piece("cda", "x.xml", data)], "file")
    assert receipt.state == "applied", receipt.problems
    return next(a.location for a in receipt.answers if a.location.startswith("DocumentReference/")).partition("/")[2]


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:500]
    return answer.content.decode()


def test_a_document_is_listed_and_can_be_read_by_the_other_institution(entering, resident, county, township):
    key = put(county)
    client = entering(member(township))
    listed = text_of(client.get(f"/charts/{resident}/documents/"))
    assert f"/charts/{resident}/documents/{key}/" in listed
    assert "李医生" in listed
    page = text_of(client.get(f"/charts/{resident}/documents/{key}/"))
    for said in (
        "病历概要",
        "头晕三天",
        "青霉素过敏",
        "152 mmHg",
        "苯磺酸氨氯地平片",
        "山口县人民医院",
        "2026-03-01 09:30:00",
    ):
        assert said in page, said
    assert NUMBER not in page
    assert "13900000000" not in page


def test_an_empty_list_says_so(entering, resident, county):
    assert "没有文书" in text_of(entering(member(county)).get(f"/charts/{resident}/documents/"))


def test_a_narrative_is_shown_in_our_own_markup(entering, resident, county):
    key = put(county, samples.section("10160-0", title="用药", text=TABLE))
    page = text_of(entering(member(county)).get(f"/charts/{resident}/documents/{key}/"))
    assert '<th colspan="2">用法</th>' in page
    assert "<td><strong>5 mg</strong></td>" in page


class Seen(HTMLParser):
    """What a browser would make of the article of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


HOSTILE = [
    "<script>alert(1)</script>",
    "<paragraph onclick='alert(1)' style='background:url(//x)' class='x'>a</paragraph>",
    "<linkHtml href='javascript:alert(1)'>a</linkHtml>",
    "<linkHtml href='https://evil.example/'>a</linkHtml>",
    "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>",
    "<html:img xmlns:html='http://www.w3.org/1999/xhtml' src='x' onerror='alert(1)'/>",
    "<iframe src='//evil.example'/>",
    "<style>* { display: none }</style>",
    "<content styleCode='Bold\" onmouseover=\"alert(1)'>a</content>",
    "<table><tr><td colspan='2\" onclick=\"alert(1)' rowspan='99999'>a</td></tr></table>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<renderMultiMedia referencedObject='x&quot; onerror=&quot;alert(1)'/>",
    "<paragraph>\u202egnp.exe</paragraph>",
]


def test_nothing_of_the_senders_markup_runs(entering, resident, county):
    sections = [samples.section("10160-0", title=a if "&lt;" in a else "x", text=a) for a in HOSTILE]
    key = put(county, *sections)
    page = text_of(entering(member(county)).get(f"/charts/{resident}/documents/{key}/"))
    article = page[page.index("<article") : page.index("</article>")]
    assert article.count("<section") == len(HOSTILE)
    seen = Seen()
    seen.feed(article)
    shell = {"article", "header", "div", "h2", "h3", "dl", "dt", "dd", "section", "span"}
    assert {tag for tag, _ in seen.tags} <= shell | {"p", "em", "strong", "table", "tbody", "tr", "td"}
    names = {name for _, attributes in seen.tags for name in attributes}
    assert names <= {"class", "tabindex", "colspan", "rowspan", "scope"}
    assert "\u202e" not in article
    for _, attributes in seen.tags:
        assert not re.search("alert|evil|javascript", " ".join(str(v) for v in attributes.values()))


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_only_real_images_of_the_document_itself_are_shown(entering, resident, county):
    held = (("M1", "image/png", PIXEL), ("M2", "image/svg+xml", "PHN2Zy8+"), ("M3", "image/png", "PHN2Zy8+"))
    media = "".join(
        f'<entry><observationMedia classCode="OBS" moodCode="EVN" ID="{key}"><value xsi:type="ED" mediaType="{kind}" '
        f'representation="B64">{data}</value></observationMedia></entry>'
        for key, kind, data in held
    )
    text = "".join(
        f'<renderMultiMedia referencedObject="{key}"><caption>胸片{key}</caption></renderMultiMedia>'
        for key, *_ in held
    )
    key = put(county, samples.section("30954-2", title="影像", text=text).replace("</section>", f"{media}</section>"))
    page = text_of(entering(member(county)).get(f"/charts/{resident}/documents/{key}/"))
    assert re.findall(r'src="data:([^;]*);', page) == ["image/png"]
    assert all(f"胸片{name}" in page for name, *_ in held)


def test_the_original_is_handed_out_as_it_came_to_who_may_have_it(entering, resident, county):
    raw = samples.chinese(*samples.SUMMARY, **WHO, encoding="GBK")
    key = put(county, raw=raw)
    path = f"/charts/{resident}/documents/{key}/original"
    answer = entering(member(county)).get(path)
    assert answer.content == raw
    assert answer["Content-Type"] == "text/xml"
    assert answer["Content-Disposition"].startswith("attachment")
    assert TrailLine.objects.filter(action="charts.take_document", resident=resident).count() == 1
    for without in ("charts.raw", "residents.edit"):
        call = member(county)
        assert entering(reduced(call, without)).get(path).status_code == 403


def reduced(call: Call, without: str) -> Call:
    from dataclasses import replace

    return replace(call, permissions=frozenset(call.permissions) - {without})


def test_a_file_within_a_document_is_handed_out_as_a_file(entering, resident, county):
    data = "JVBERi0xLjQKJSVFT0YK"
    text = f'<text mediaType="application/pdf" representation="B64">{data}</text>'
    inner = f"<component><nonXMLBody>{text}</nonXMLBody></component>"
    raw = re.sub(
        rb"<component><structuredBody>.*</structuredBody>\s*</component>",
        inner.encode(),
        samples.chinese(**WHO),
        flags=re.DOTALL,
    )
    key = put(county, raw=raw)
    client = entering(member(county))
    assert "下载正文文件" in text_of(client.get(f"/charts/{resident}/documents/{key}/"))
    answer = client.get(f"/charts/{resident}/documents/{key}/embedded")
    assert answer.content.startswith(b"%PDF-1.4")
    assert answer["Content-Type"] == "application/pdf"
    html = raw.replace(b"application/pdf", b"text/html")
    other = put(county, raw=html.replace(b'extension="D1"', b'extension="D9"'))
    assert client.get(f"/charts/{resident}/documents/{other}/embedded")["Content-Type"] == "application/octet-stream"


def test_who_may_not_read_the_chart_reads_no_document_of_it(entering, resident, county):
    key = put(county)
    for path in ("", f"{key}/", f"{key}/original", f"{key}/embedded"):
        address = f"/charts/{resident}/documents/{path}"
        assert entering(None).get(address).status_code == 302
        assert entering(stranger()).get(address).status_code in (403, 404), path


def test_another_residents_document_is_not_of_this_chart(entering, resident, county):
    other = put(county, person=samples.NUMBER, name="王小明", number="X1", visit="ZY9")
    client = entering(member(county))
    for path in (f"{other}/", f"{other}/original", "no-such/", "a%00b/"):
        assert client.get(f"/charts/{resident}/documents/{path}").status_code == 404, path
    assert other not in text_of(client.get(f"/charts/{resident}/documents/"))


def test_a_restricted_document_is_for_its_own_institution_alone(entering, resident, county, township):
    key = put(county, confidentiality="R")
    here, there = f"/charts/{resident}/documents/", f"/charts/{resident}/documents/{key}/"
    own, other = member(county), reduced(member(township), "charts.sensitive")
    assert "限制访问" in text_of(entering(own).get(there))
    assert key not in text_of(entering(other).get(here))
    for path in (there, f"{there}original", f"/charts/{resident}/DocumentReference/{key}/"):
        assert entering(other).get(path).status_code == 404, path


def test_bytes_that_another_institution_planted_are_not_shown(entering, resident, county, township):
    """A Binary under the id that a document names is shown only where its own source keeps it, as that document's."""
    planted = {"resourceType": "Binary", "id": "planted", "contentType": "text/xml", "data": "PGEvPg=="}
    send(township, planted)
    reference = {
        "resourceType": "DocumentReference", "id": "d1", "status": "current", "subject": {"reference": "Patient/pc"},
        "description": "别处的文件", "content": [{"attachment": {"contentType": "text/xml", "url": "Binary/planted"}}],
    }  # fmt: skip
    send(county, reference)
    page = text_of(entering(member(county)).get(f"/charts/{resident}/documents/d1/"))
    assert "文书的原文不在这里" in page


def test_a_new_version_and_the_former_are_told_apart(entering, resident, county):
    old = put(county, samples.ALLERGY, number="D1", family="S", version="1")
    new = put(county, samples.DIAGNOSIS, number="D2", family="S", version="2")
    client = entering(member(county))
    assert text_of(client.get(f"/charts/{resident}/documents/")).count("已有新版") == 1
    assert "这份文书已有新版" in text_of(client.get(f"/charts/{resident}/documents/{old}/"))
    assert f"/documents/{old}/" in text_of(client.get(f"/charts/{resident}/documents/{new}/"))


def test_an_entry_leads_to_the_document_that_says_it(entering, resident, county):
    key = put(county)
    reference = json.loads(ledger.read("DocumentReference", key).body)
    entry = next(e["reference"] for e in reference["context"]["related"] if e["reference"].startswith("Condition"))
    client = entering(member(county))
    assert f"/documents/{key}/" in text_of(client.get(f"/charts/{resident}/{entry}/"))
    assert f"/documents/{key}/" in text_of(client.get(f"/charts/{resident}/DocumentReference/{key}/"))


def test_a_long_list_is_paged_without_a_gap(entering, resident, county):
    keys = {put(county, samples.COMPLAINT, number=f"N{n}") for n in range(23)}
    dateless = {"resourceType": "DocumentReference", "status": "current", "subject": {"reference": "Patient/pc"},
                "content": [{"attachment": {"title": "x"}}]}  # fmt: skip
    send(county, *(dateless | {"id": f"u{n}"} for n in range(5)))
    client = entering(member(county))
    seen: list[str] = []
    path = f"/charts/{resident}/documents/"
    for _ in range(10):
        page = text_of(client.get(path))
        seen += re.findall(rf"/charts/{resident}/(?:documents|DocumentReference)/([\w-]+)/\"", page)
        more = re.search(r'href="(\?after=[^"]+)"', page)
        if more is None:
            break
        path = f"/charts/{resident}/documents/{more[1]}".replace("&amp;", "&")
    assert sorted(seen) == sorted(keys | {f"u{n}" for n in range(5)})


def test_every_page_of_other_peoples_documents_can_be_made(entering, resident, county):
    """Three of them, with narrative, an embedded file and none of ours' structure; the patient put in the place."""
    wanted = {"CCD.xml", "Discharge_Summary.xml", "CDA_with_Embedded_PDF.xml"}
    client = entering(member(county))
    for path in [each for each in samples.files() if each.name in wanted]:
        raw = re.sub(
            rb"<recordTarget.*?</recordTarget>",
            re.search(rb"<recordTarget.*?</recordTarget>", samples.chinese(**WHO), re.DOTALL)[0].replace(b"\\", b""),
            path.read_bytes(), count=1, flags=re.DOTALL,
        )  # fmt: skip
        key = put(county, raw=raw)
        assert "<article" in text_of(client.get(f"/charts/{resident}/documents/{key}/"))


@pytest.mark.django_db(transaction=True)
def test_the_pages_fit_and_can_be_used_by_everybody(open_page, as_caller, resident, county):
    """No serious finding of axe, nothing wider than a phone, in Chromium."""
    key = put(county, samples.section("10160-0", title="用药", text=TABLE), samples.VITALS)
    as_caller(system())
    page = open_page()
    for path in ("", f"{key}/"):
        page.goto(f"/charts/{resident}/documents/{path}")
        for _width in at_widths(page):
            axe(page)
