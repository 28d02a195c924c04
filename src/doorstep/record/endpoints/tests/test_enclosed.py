"""A shared document within an HL7 v2 message goes the way of every shared document, once, to whom it is about."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.cda.tests import samples
from doorstep.adapters.hl7v2.mapping import Context, standard
from doorstep.adapters.hl7v2.tests.test_enclosed import escaped
from doorstep.kernel import clock, ledger
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import system
from doorstep.record.charts import reads as charts
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.actions import mending
from doorstep.record.endpoints.rules.enclosing import IDENTITY_CARD, contradicts
from doorstep.record.endpoints.rules.previewing import Tried, Words, tried
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.test_work import told
from doorstep.record.exchange.api import Piece, take
from doorstep.record.exchange.tests.test_documents import current
from doorstep.registers.residents import api as residents
from doorstep.registers.staff.tests import factory as staff

PERSON = samples.NUMBER
ZH, EN = (Words(reads.say, reads.advice, language) for language in ("zh", "en"))
Json = dict[str, Any]


def document(**more: str) -> bytes:
    return samples.chinese(*samples.SUMMARY, **more)


def written(raw: bytes, how: str = "base64") -> str:
    if how == "base64":
        return f"ED|1^病历概要^L||^text^xml^Base64^{base64.b64encode(raw).decode()}"
    if how == "hex":
        return f"ED|1^病历概要^L||^text^xml^Hex^{raw.hex()}"
    if how == "package":
        part = base64.b64encode(raw).decode()
        said = 'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/xml'
        said += f"\r\nContent-Transfer-Encoding: base64\r\n\r\n{part}\r\n--b--\r\n"
        return f"ED|1^病历概要^L||^multipart^x-hl7-cda-level-one^A^{escaped(said)}"
    return f"{'TX' if how == 'words' else 'ED'}|1^病历概要^L||{'' if how == 'words' else '^text^xml^A^'}" + escaped(
        raw.decode()
    )


def mdm(*obx: str, number: int = 1, trigger: str = "T02", person: str = PERSON, name: str = "王^小明") -> bytes:
    lines = [
        f"MSH|^~\\&|HIS|W|D|D|20260301080000+0800||MDM^{trigger}^MDM_T02|M{number}|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||P1^^^W^MR~{person}^^^^NNCHN||{name}||19850315|M",
        "TXA|1|C0001^病历概要^L|AP|20260301|||20260301090000+0800|||||D100|||||AU",
        *[f"OBX|{at}|{each}||||||F" for at, each in enumerate(obx, 1)],
    ]
    return ("\r".join(lines) + "\r").encode()


def oru(*obx: str) -> bytes:
    return (
        kit.oru(1).replace(b"||19850315", f"~{PERSON}^^^^NNCHN||王^小明||19850315".encode(), 0)
        + "".join(f"OBX|{at}|{each}||||||F\r" for at, each in enumerate(obx, 2)).encode()
    )


def held(reference: Json) -> bytes:
    binary = ledger.read(*reference["content"][0]["attachment"]["url"].split("/"))
    return base64.b64decode(json.loads(binary.body)["data"])


def by_number() -> dict[str, Json]:
    return {each["masterIdentifier"]["value"]: each for each in current("DocumentReference")}


def listed(resident: UUID) -> list[str]:
    found = charts.documents(system(), resident=resident, page=Page())
    return [each.item.reading.id for each in found.documents.items]


@pytest.mark.django_db
class TestWay:
    @pytest.mark.parametrize("how", ["base64", "hex", "text", "words", "package"])
    def test_it_is_kept_whole_mapped_and_shown_once(self, endpoint: UUID, how: str):
        raw = document()
        [key] = kit.keep(endpoint, mdm(written(raw, how)))
        kit.work_off()
        assert told(key) == ("applied", "", "")
        found = by_number()
        assert held(found["D1"]) == raw
        assert held(found["D100"]) == raw, "the message's own names the same bytes, and does not hold them again"
        assert "data" not in found["D100"]["content"][0]["attachment"]
        assert found["D100"]["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{found['D1']['id']}"
        assert [each["code"]["text"] for each in current("AllergyIntolerance")] == ["青霉素过敏"]
        [resident] = set(residents.residents_of([each["id"] for each in current("Patient")]).values())
        assert listed(resident) == [found["D1"]["id"]]
        opened = charts.document(system(), resident=resident, key=found["D1"]["id"])
        assert opened.document is not None
        assert opened.document.title == "病历概要"
        journey = reads.journey(system(), inbound=key)
        assert f"DocumentReference/{found['D1']['id']}" in journey.wrote
        assert len(journey.line.params["documents"]) == 1

    @pytest.mark.parametrize("how", ["segments", "repetitions"])
    def test_cut_into_parts_it_is_one(self, endpoint: UUID, how: str):
        raw = document()
        head, said = written(raw).rsplit("^", 1)
        parts = [said[at : at + 1_001] for at in range(0, len(said), 1_001)]
        lines = [head.replace("||", f"|{at}|") + f"^{each}" for at, each in enumerate(parts, 1)]
        message = mdm(*lines) if how == "segments" else oru(f"{head}^" + "~^text^xml^Base64^".join(parts))
        [key] = kit.keep(endpoint, message)
        kit.work_off()
        assert told(key) == ("applied", "", "")
        assert held(by_number()["D1"]) == raw
        line = reads.journey(system(), inbound=key).line
        assert len(line.params["documents"]) == 1
        assert not [place for _, place in line.params["left"] if place.startswith("OBX")]

    def test_in_a_result_the_report_names_it(self, endpoint: UUID):
        raw = document()
        [key] = kit.keep(endpoint, oru(written(raw)))
        kit.work_off()
        assert told(key)[0] == "applied"
        [report] = [each for each in current("DiagnosticReport") if "presentedForm" in each]
        [attachment] = report["presentedForm"]
        assert (attachment["contentType"], attachment["size"]) == ("text/xml", len(raw))
        assert attachment["url"] == by_number()["D1"]["content"][0]["attachment"]["url"]

    def test_again_or_by_another_way_it_changes_nothing(self, source: UUID, endpoint: UUID):
        raw = document()
        [[receipt]] = take(system(), source, [Piece("cda", "x.xml", raw)], "fhir")
        before = by_number()["D1"]
        keys = kit.keep(endpoint, mdm(written(raw)), mdm(written(raw), number=2))
        kit.work_off()
        assert [told(key)[0] for key in keys] == ["applied", "applied"]
        assert reads.journey(system(), inbound=keys[0]).line.params["documents"] == [receipt.message]
        assert by_number()["D1"] == before
        assert all(ledger.read("DocumentReference", each["id"]).version == 1 for each in by_number().values())
        assert len(current("AllergyIntolerance")) == 1

    def test_a_later_version_supersedes_the_former(self, endpoint: UUID):
        one, two = document(family="S", version="1"), document(number="D2", family="S", version="2")
        kit.keep(endpoint, mdm(written(one)), mdm(written(two), number=2, trigger="T10"))
        kit.work_off()
        found = by_number()
        assert [found[each]["status"] for each in ("D1", "D2", "D100")] == ["superseded", "current", "current"]
        assert held(found["D100"]) == two

    def test_what_the_sender_takes_back_is_taken_back(self, endpoint: UUID):
        kit.keep(endpoint, mdm(written(document())), mdm(number=2, trigger="T11"))
        kit.work_off()
        assert kit.states() == {"applied": 2}
        assert {each["status"] for each in by_number().values()} == {"entered-in-error"}
        assert current("AllergyIntolerance") == []

    def test_taken_back_and_told_anew_it_is_there_again(self, endpoint: UUID):
        kit.keep(endpoint, mdm(written(document())), mdm(number=2, trigger="T11"), mdm(written(document()), number=3))
        kit.work_off()
        assert kit.states() == {"applied": 3}
        assert {each["status"] for each in by_number().values()} == {"current"}
        assert [each["code"]["text"] for each in current("AllergyIntolerance")] == ["青霉素过敏"]

    def test_a_file_that_is_none_stays_a_file(self, endpoint: UUID):
        pdf = base64.b64encode(b"%PDF-1.7 x").decode()
        kit.keep(endpoint, mdm(f"ED|1^x^L||^application^pdf^Base64^{pdf}"))
        kit.work_off()
        [reference] = current("DocumentReference")
        assert reference["content"][0]["attachment"] | {"title": ""} == {
            "contentType": "application/pdf", "data": pdf, "title": "",
        }  # fmt: skip


@pytest.mark.django_db
class TestRests:
    @pytest.mark.parametrize(
        ("obx", "reason", "place"),
        [
            ("ED|1^x^L||^text^xml^Base64^QUJDR", "unmappable", "OBX[2]-5.5"),
            (written(b"<ClinicalDocument><a></ClinicalDocument>"), "xml-syntax", "OBX[2]-5.5 line 1"),
            (
                f"{written(document()[:900])}||||||F\rOBX|3|ED|1^病历概要^L||^text^xml^Hex^3C",
                "unmappable",
                "OBX[3]-5.5",
            ),
            (written(document().replace(b"recordTarget", b"participant")), "cda-no-patient", "OBX[2]-5.5 recordTarget"),
            (written(document(person="430102197001010015", name="赵六")), "document-of-another", "OBX[2]-5.5"),
        ],
    )
    def test_with_its_place_and_nothing_is_written(self, endpoint: UUID, obx: str, reason: str, place: str):
        [bad, good] = kit.keep(endpoint, mdm("NM|8310-5^T^LN||37", obx), kit.oru(3, "P3"))
        kit.work_off()
        assert told(bad) == ("resting", reason, place)
        assert told(good)[0] == "applied"
        assert (current("DocumentReference"), len(current("Patient"))) == ([], 1)
        line = reads.journey(system(), inbound=bad).line
        for language in ("zh-hans", "en"):
            assert len(reads.words.say(line.reason, line.params, language)) > 10
            assert reads.words.advice(line.reason, line.params, language) or reason == "xml-syntax"

    def test_mended_it_goes_in(self, endpoint: UUID):
        cut = mdm(written(document())).replace(b"||||||F", b"|", 1)
        [key] = kit.keep(endpoint, mdm("ED|1^x^L||^text^xml^Base64^QUJDR"))
        kit.work_off()
        assert told(key)[0] == "resting"
        mending.mend(system(), inbound=key, text=cut.decode())
        kit.work_off()
        assert told(key)[0] == "mended"
        assert by_number()["D1"]["status"] == "current"


def previewed(raw: bytes, words: Words = ZH) -> Tried:
    return tried(raw, standard(), Context("X", "urn:x"), charset=None, at=clock.now(), words=words)


class TestPreview:
    def test_it_tells_what_would_come_of_the_document(self):
        found = previewed(mdm(written(document(number="D1", version="3"))))
        [inside] = found.inside
        assert (inside.place, inside.title, inside.version, found.refused) == ("OBX-5.5", "病历概要", "3", "")
        assert dict(inside.header) == {"Patient": 1, "Encounter": 1, "DocumentReference": 1, "Binary": 1}
        made = {part.name: dict(part.made) for part in inside.parts}
        assert made["生命体征 (8716-3)"] == {"Observation": 3}
        assert made["主诉 (10154-3)"] == {}
        assert len(inside.resources) == sum(n for kinds in made.values() for n in kinds.values()) + 4
        assert (inside.findings, [place for _, place, _ in inside.left]) == ((), ["主诉 (10154-3) entry/observation"])
        [own] = [json.loads(text) for name, text in found.resources if name.startswith("PUT DocumentReference")]
        assert own["content"][0]["attachment"]["url"].startswith("Binary/"), "as it would be, not the bytes again"

    @pytest.mark.parametrize("words", [ZH, EN])
    def test_a_document_that_cannot_be_used_says_why(self, words: Words):
        found = previewed(mdm(written(document(person="430102197001010015", name="赵六"))), words)
        assert (found.inside, found.resources, found.place) == ((), (), "OBX-5.5")
        assert found.refused in (
            "所附文档的患者与报文的患者不是同一人",
            "the enclosed document names another person than the message does",
        )
        assert found.advice

    @pytest.mark.django_db
    @pytest.mark.parametrize(("language", "said"), [("zh-hans", "由文书头转换成"), ("en", "Made of its header")])
    def test_on_the_page_in_both_languages(self, source: UUID, language: str, said: str):
        client = staff.client_of(staff.somebody(source, "exchange_operator", "接口员", "op"))
        sample = mdm(written(document())).decode()
        page = client.post("/endpoints/mappings/try", {"text": sample}, headers={"accept-language": language})
        shown = page.content.decode()
        for each in (said, "病历概要", "生命体征 (8716-3)", "MedicationStatement", "OBX-5.5"):
            assert each in shown, each
        assert shown.count(written(document())[-40:]) == 1, "its bytes stand in what was pasted, and nowhere else"


numbers = st.sampled_from(["", "110101199003070010", "430102197001010015"])
people = st.builds(
    lambda card, name, birth: {
        "identifier": [{"system": IDENTITY_CARD, "value": card}] if card else [],
        **({"name": [{"text": name}]} if name else {}), **({"birthDate": birth} if birth else {}),
    },
    numbers, st.sampled_from(["", "王小明", "赵六"]), st.sampled_from(["", "1985-03-15", "1970-01-01"]),
)  # fmt: skip


@given(people, people)
def test_only_what_both_say_contradicts(one: Json, other: Json):
    assert contradicts(one, other) == contradicts(other, one)
    assert not contradicts(one, one)
    assert not contradicts(one, {})
    if contradicts(one, other) and not (one["identifier"] and other["identifier"]):
        assert one["name"] != other["name"]
        assert one["birthDate"] != other["birthDate"]
