"""The pages: what they show, how many queries they take, what no body can do to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.fhir.tests.samples import SYNTHEA, members
from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.charts import api
from doorstep.record.charts.fhir.generic import MAIN
from doorstep.record.charts.tests.conftest import send
from doorstep.record.charts.tests.samples import HL7, allergy, any_object, concept, condition, medicine, observation
from doorstep.record.exchange.api import Piece, take
from doorstep.registers.residents import api as residents

pytestmark = pytest.mark.django_db
Entering = Callable[[Call | None], Client]
RANGE = [{"low": {"value": 3.9, "unit": "mmol/L"}, "high": {"value": 6.1, "unit": "mmol/L"}}]


@pytest.fixture
def entering(as_caller: Any) -> Entering:
    """A client whose caller is given: sign-in is the staff room's business (four queries more)."""

    def make(call: Call | None) -> Client:
        as_caller(call)
        return Client()

    return make


@pytest.fixture
def busy(resident: UUID, county: UUID, township: UUID) -> UUID:
    """A resident with something of everything at two institutions."""
    at = "2024-03-01T09:30:00+08:00"
    visit = {"resourceType": "Encounter", "id": "v1", "status": "finished", "class": {"code": "AMB"}}
    visit |= {"subject": {"reference": "Patient/pc"}, "period": {"start": at}, "type": [{"text": "专科门诊"}]}
    inside = {"encounter": {"reference": "Encounter/v1"}}
    pressure = observation("bp", "pc", at, 0, code="85354-9", name="血压", **inside)
    del pressure["valueQuantity"]
    pressure["component"] = [
        {"code": {"coding": [{"code": code}], "text": name}, "valueQuantity": {"value": value, "unit": "mmHg"}}
        for code, name, value in (("8480-6", "收缩压", 152), ("8462-4", "舒张压", 96))
    ]
    pressure["interpretation"] = [{"coding": [{"code": "H"}]}]
    send(
        county,
        visit,
        pressure,
        *(observation(f"g{n}", "pc", f"2023-{n:02d}-01", 4 + n / 2, referenceRange=RANGE) for n in range(1, 9)),
        observation("g-999", "pc", at, -999, referenceRange=RANGE, **inside),
        condition("c1", "pc", "2024-03-01", "E11.9", "2型糖尿病", **inside),
        medicine("m1", "pc", "2024-03-01", "二甲双胍片", **inside),
    )
    vaccine = {"resourceType": "Immunization", "id": "im", "status": "completed", "vaccineCode": {"text": "流感疫苗"}}
    vaccine |= {"patient": {"reference": "Patient/pt"}, "occurrenceDateTime": "2023-10-01"}
    wrong = {"verificationStatus": concept(f"{HL7}condition-ver-status", "entered-in-error", "")}
    send(
        township,
        allergy("al", "pt", "青霉素"),
        condition("t1", "pt", "2019-01-01", "I10", "原发性高血压"),
        condition("t2", "pt", "2020-01-01", "C34", "肺癌", **wrong),
        vaccine,
    )
    return resident


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_summary_tells_what_matters(
    entering: Entering, busy: UUID, township: UUID, django_assert_max_num_queries: Any
) -> None:
    """Allergy in the head, problems, medicines, flags in words, doubtful values told."""
    client = entering(member(township))
    with django_assert_max_num_queries(16):
        answer = client.get(f"/charts/{busy}/")
    said = _text(answer)
    assert answer.status_code == 200
    for words in (
        "青霉素",
        "皮疹",
        "高风险",
        "2型糖尿病",
        "二甲双胍片",
        "流感疫苗",
        "152/96",
        "偏高",
        "1 个值存疑或缺失",
        "县人民医院",
    ):
        assert words in said, words
    assert "<s>肺癌</s>" in answer.content.decode()
    assert "录入错误" in said
    assert 'class="spark"' in answer.content.decode()


def test_timeline_page_and_its_part(
    entering: Entering, busy: UUID, county: UUID, django_assert_max_num_queries: Any
) -> None:
    """Whole without scripts, the list alone for HTMX."""
    client = entering(member(county))
    with django_assert_max_num_queries(17):
        answer = client.get(f"/charts/{busy}/timeline/")
    assert "2 项检验与测量" in _text(answer)
    part = client.get(f"/charts/{busy}/timeline/", {"kind": "diagnosis"}, headers={"HX-Request": "true"})
    html = part.content.decode()
    assert "<html" not in html
    assert html.lstrip().startswith('<div id="timeline"')
    assert "原发性高血压" in html
    assert "二甲双胍片" not in html


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense", "institution=x", "since=2024-13-45", "until=0001-01-01", "until=9999-12-31",
        "since=9999-12-31", "after=x", "after=W10", "kind=other", "kind=billing", "since=2024-01-01&until=2023-01-01",
    ],
)  # fmt: skip
def test_odd_filters_are_no_errors(entering: Entering, busy: UUID, query: str) -> None:
    """What somebody writes into the address bar is passed over or refused in words."""
    assert entering(system()).get(f"/charts/{busy}/timeline/?{query}").status_code in (200, 400)


def test_results_and_series(entering: Entering, busy: UUID, django_assert_max_num_queries: Any) -> None:
    """All codes, and all values of one with its chart; a doubtful value stands in the table with its word."""
    client = entering(system())
    with django_assert_max_num_queries(13):
        assert "血糖" in _text(client.get(f"/charts/{busy}/results/"))
    with django_assert_max_num_queries(13):
        answer = client.get(f"/charts/{busy}/results/all/", {"code": "http://loinc.org|2345-7"})
    said = _text(answer)
    assert "存疑" in said
    assert "疑为占位数" in said
    assert answer.content.decode().count("<circle") == 8
    for odd in ("", "|", "text:", "http://loinc.org|x", "a\x00b", "|" * 2000):
        assert client.get(f"/charts/{busy}/results/all/", {"code": odd}).status_code == 404


def test_entry_page(entering: Entering, busy: UUID, county: UUID, django_assert_max_num_queries: Any) -> None:
    """Fields in words, links to entries of the same resident, source, raw resource for those who may."""
    client = entering(member(county))
    with django_assert_max_num_queries(17):
        answer = client.get(f"/charts/{busy}/Condition/c1/")
    html = answer.content.decode()
    assert f"/charts/{busy}/Encounter/v1/" in html
    for words in ("临床状态", "现患", "县人民医院", "E11.9", "第", "号报文", "展开 FHIR JSON"):
        assert words in _text(answer), words
    raw = client.get(f"/charts/{busy}/Condition/c1/raw")
    assert raw["Content-Disposition"] == 'attachment; filename="Condition-c1.json"'
    assert json.loads(raw.content)["id"] == "c1"
    plain = entering(member(county, ["charts.read"]))
    said = _text(plain.get(f"/charts/{busy}/Condition/c1/"))
    assert "FHIR JSON" not in said
    assert "号报文" not in said
    assert plain.get(f"/charts/{busy}/Condition/c1/raw").status_code == 403


def test_versions_on_pages(entering: Entering, busy: UUID, county: UUID) -> None:
    """An older version says that it is one; the differences of two are listed."""
    send(county, condition("c1", "pc", "2024-03-01", "E11.9", "2型糖尿病", clinical="remission"))
    client = entering(system())
    assert "这是旧版本" in _text(client.get(f"/charts/{busy}/Condition/c1/?version=1"))
    said = _text(client.get(f"/charts/{busy}/Condition/c1/changes/?from=1&to=2"))
    assert "remission" in said
    for odd in ("?version=0", "?version=99999999999999", "?version=x", "changes/", "changes/?from=1&to=9"):
        assert client.get(f"/charts/{busy}/Condition/c1/{odd}").status_code == 404


def test_who_may_enter(entering: Entering, busy: UUID, county: UUID) -> None:
    """Strangers are sent away, others' residents are not found, on every page."""
    pages = (
        "",
        "timeline/",
        "results/",
        "results/all/?code=http://loinc.org|2345-7",
        "Condition/c1/",
        "Condition/c1/raw",
    )
    for path in pages:
        assert entering(None).get(f"/charts/{busy}/{path}").status_code == 302
        assert entering(stranger()).get(f"/charts/{busy}/{path}").status_code == 403
        assert entering(member(uuid4())).get(f"/charts/{busy}/{path}").status_code == 404
        assert entering(system()).get(f"/charts/{uuid4()}/{path}").status_code == 404


HOSTILE = (
    b"null", b"[]", b"{}", b"{", b"\xff", b'"x"', b'{"code":[[[]]]}', b'{"status":{"a":1},"code":7,"subject":[]}',
    b'{"valueQuantity":{"value":"x","unit":[]},"component":{"valueQuantity":5},"interpretation":"H"}',
    b'{"effectiveDateTime":"0001-01-01T00:00:00+14:00","onsetDateTime":"9999-12-31","period":{"start":"2024-02-30"}}',
    b'{"code":{"text":"<script>alert(1)</script>"},"text":{"div":"<script>alert(2)</script><b onclick=a()>x</b>"}}',
    b'{"subject":{"reference":"javascript:alert(1)"},"encounter":{"reference":"Encounter/../../x"}}',
    b'{"deep":' + b'{"a":' * 900 + b"1" + b"}" * 901,
    b'{"many":[' + b"1," * 50_000 + b"1]}",
    b'{"value":1e400,"valueQuantity":{"value":1e-400},"big":' + b"9" * 400 + b"}",
)  # fmt: skip


def _put(source: UUID, kind: str, key: str, body: str, codes: list[int]) -> None:
    when = datetime(2024, 1, 1, tzinfo=UTC)
    index = ledger.Index("pc", when, when, [], codes, [], [])
    ledger.write([ledger.Fresh(kind, key, body.encode(), source, None, index)], when)


def _all_pages(client: Client, resident: UUID, kind: str, key: str) -> str:
    found = ""
    for path in ("", "timeline/", "results/", f"{kind}/{key}/"):
        answer = client.get(f"/charts/{resident}/{path}")
        assert answer.status_code == 200, path
        found += answer.content.decode()
    return found


@pytest.mark.parametrize("kind", [*MAIN, "Basic", "QuestionnaireResponse"])
def test_no_body_breaks_a_page(entering: Entering, resident: UUID, county: UUID, kind: str) -> None:
    """Bodies that are no resources, or are made to hurt, make pages that say so."""
    client = entering(system())
    for place, body in enumerate(HOSTILE):
        _put(county, kind, f"h{place}", body.decode("utf-8", "replace"), [place])
    html = _all_pages(client, resident, kind, "h10")
    assert "<script>alert" not in html
    assert "<b onclick" not in html
    for place in range(len(HOSTILE)):
        assert client.get(f"/charts/{resident}/{kind}/h{place}/").status_code == 200


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(kind=st.sampled_from(sorted(MAIN)), body=any_object(), number=st.integers(0, 1 << 30))
def test_any_body_makes_a_page(
    entering: Entering, resident: UUID, county: UUID, kind: str, body: dict[str, Any], number: int
) -> None:
    """Any JSON object under any common type."""
    text = json.dumps(body).replace("\\u0000", "")
    _put(county, kind, f"x{number}", text, [number])
    _all_pages(entering(system()), resident, kind, f"x{number}")


def test_pages_of_real_patients(entering: Entering, county: UUID) -> None:
    """Every entry of some of Synthea's patients opens, and so do their charts."""
    for name, raw in list(members(SYNTHEA, every=200))[:3]:
        for receipts in take(system(), county, [Piece("bundle", name, raw)], "file"):
            assert receipts[0].state == "applied"
        bundle = json.loads(raw)
        patient = next(e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
        resident = residents.residents_of([patient])[patient]
        client = entering(system())
        for path in ("", "timeline/", "timeline/?kind=billing", "results/"):
            assert client.get(f"/charts/{resident}/{path}").status_code == 200
        seen: set[str] = set()
        for entry in bundle["entry"]:
            kind = entry["resource"]["resourceType"]
            if kind in seen or kind in ("Organization", "Practitioner"):
                continue
            seen.add(kind)
            key = entry["fullUrl"].removeprefix("urn:uuid:")
            assert client.get(f"/charts/{resident}/{kind}/{key}/").status_code == 200, entry


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path", ["", "timeline/", "results/", "results/all/?code=http://loinc.org|2345-7", "Observation/bp/"]
)
def test_pages_for_everyone(open_page: Any, as_caller: Any, busy: UUID, path: str) -> None:
    """No serious finding of axe, nothing wider than a phone."""
    as_caller(system())
    page = open_page()
    page.goto(f"/charts/{busy}/{path}")
    for _width in at_widths(page):
        axe(page)


@pytest.mark.django_db(transaction=True)
def test_filtering_by_hand(open_page: Any, as_caller: Any, busy: UUID) -> None:
    """A chosen kind changes the list and the address without a new page; without scripts the button does."""
    as_caller(system())
    for scripts in (True, False):
        page = open_page(scripts=scripts)
        page.goto(f"/charts/{busy}/timeline/")
        page.select_option("select[name=kind]", "immunisation")
        if not scripts:
            page.click("form.filters button")
        page.wait_for_url("**kind=immunisation**")
        page.locator("text=二甲双胍片").wait_for(state="detached")
        assert page.locator("text=流感疫苗").count() == 1


def test_words_beside_values(entering: Entering, resident: UUID, county: UUID) -> None:
    """Absent values say why, contradictions and unknown statements are told, doubtful diagnoses are marked."""
    absent = observation("a", "pc", "2024-01-01", 0, code="a", name="体重")
    del absent["valueQuantity"]
    absent["dataAbsentReason"] = {"coding": [{"code": "asked-declined"}]}
    normal = [{"coding": [{"code": "N"}]}]
    doubted = {"verificationStatus": concept(f"{HL7}condition-ver-status", "provisional", "")}
    send(
        county,
        absent,
        observation("b", "pc", "2024-01-01", 9, code="b", referenceRange=RANGE, interpretation=normal),
        observation("c", "pc", "2024-01-01", 9, code="c", interpretation=[{"text": "可疑"}]),
        condition("d", "pc", "2024-01-01", "I20", "心绞痛", **doubted),
    )
    said = _text(entering(system()).get(f"/charts/{resident}/"))
    for word in ("问过，不愿回答", "来源标为正常，但超出其参考范围", "可疑", "初步诊断"):
        assert word in said, word


def test_the_door_of_the_room() -> None:
    """Other rooms find the permission to read charts."""
    assert api.Permission.READ == "charts.read"
