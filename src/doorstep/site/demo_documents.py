"""Shared documents of the demo: the lead hospital sends discharge summaries and reports as WS/T 500 has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.kernel.fhir_search import search_ids
from doorstep.record.exchange import api as exchange
from doorstep.registers.organisations import api as organisations
from doorstep.site import demo_endpoints
from doorstep.site.demo import systems

PEOPLE: Final = 6
DE: Final = 'codeSystem="2.16.156.10011.2.2.1" codeSystemName="卫生信息数据元目录"'
HEAD: Final = """<?xml version="1.0" encoding="{encoding}"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<realmCode code="CN"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_MT000040"/>
<templateId root="2.16.156.10011.2.1.1.{template}"/><id root="2.16.156.10011.1.1" extension="{number}"/>
<code code="{kind}" codeSystem="2.16.156.10011.2.4" codeSystemName="卫生信息共享文档规范编码体系"/>
<title>{title}</title><effectiveTime value="{at}"/>
<confidentialityCode code="{level}" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="zh-CN"/>
<setId root="2.16.156.10011.1.1" extension="{family}"/><versionNumber value="{version}"/>
<recordTarget><patientRole><id root="2.16.156.10011.1.13" extension={record}/>
<patient><id root="2.16.156.10011.1.3" extension="{ident}"/><name>{name}</name>
<administrativeGenderCode code="{sex}" codeSystem="2.16.156.10011.2.3.3.4"/><birthTime value="{birth}"/></patient>
</patientRole></recordTarget>
<author><time value="{at}"/><assignedAuthor><id root="2.16.156.10011.1.7" extension="D0017"/>
<assignedPerson><name>陆文远</name></assignedPerson></assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization><id root="2.16.156.10011.1.5" extension="{uscc}"/>
<name>{house}</name></representedCustodianOrganization></assignedCustodian></custodian>
<legalAuthenticator><time value="{at}"/><signatureCode/><assignedEntity>
<id root="2.16.156.10011.1.4" extension="D0002"/>
<assignedPerson><name>方静</name></assignedPerson></assignedEntity></legalAuthenticator>
<component><structuredBody>
"""
COURSE: Final = (
    "<paragraph>入院后予低盐低脂饮食、降压及营养神经治疗，血压逐步平稳，头晕缓解。</paragraph>"
    "<list listType='ordered'><item>定期测量血压，目标低于 140/90 mmHg</item>"
    "<item><content styleCode='Bold'>两周后</content>到家门口的卫生院复诊</item></list>"
)
DRUGS: Final = (
    "<table><thead><tr><th>药品</th><th>用法</th><th>疗程</th></tr></thead><tbody>"
    "<tr><td>苯磺酸氨氯地平片</td><td>口服，5 mg，每日一次</td><td>长期</td></tr>"
    "<tr><td>甲钴胺片</td><td>口服，0.5 mg，每日三次</td><td>两周</td></tr></tbody></table>"
)
DRUG: Final = (
    '<substanceAdministration classCode="SBADM" moodCode="EVN"><statusCode code="active"/>'
    '<routeCode code="1" codeSystem="2.16.156.10011.2.3.1.158" displayName="口服"/><doseQuantity value="5" unit="mg"/>'
    "<consumable><manufacturedProduct><manufacturedLabeledDrug><name>苯磺酸氨氯地平片</name></manufacturedLabeledDrug>"
    "</manufacturedProduct></consumable></substanceAdministration>"
)


def build(call: Call, hospital: str) -> int:
    """Let an institution (credit code) send; how many documents it sent. The same again changes nothing."""
    place = organisations.by_uscc((hospital,)).get(hospital)
    if place is None:
        return 0
    name = organisations.names([place]).get(place, "")
    pieces = list(_pieces(place, hospital, name))
    sent = [receipt for found in exchange.take(call, place, pieces, "file") for receipt in found]
    return len(sent)


def _pieces(place: UUID, uscc: str, house: str) -> Iterator[exchange.Piece]:
    people = list(demo_endpoints.patients(place, systems.hospital_number(uscc)))[:PEOPLE]
    for at, one in enumerate(people):
        facts = {"uscc": uscc, "house": escape(house), "at": _visited(place, one.key)}
        yield _summary(one, at, "2", facts)
        if at == 0:  # the former version comes after the one that takes its place
            yield _summary(one, at, "1", facts)
        if at % 2 == 0:
            yield _report(one, at, facts)


def _visited(place: UUID, patient: str) -> str:
    """The day of somebody's last visit there, as HL7 writes it: what is sent is the same again for a seed."""
    found = search_ids("Encounter", f"patient={patient}&_sort=-date", [place], 1)
    stored = ledger.read("Encounter", found[0]) if found else None
    start = json.loads(stored.body).get("period", {}).get("start", "") if stored else ""
    return (start[:10].replace("-", "") or "20260105") + "1030"


def _summary(one: demo_endpoints.Patient, at: int, version: str, facts: dict[str, str]) -> exchange.Piece:
    said = {
        "kind": "C0053", "title": "出院小结", "number": f"CY{at:04d}-{version}", "family": f"CY{at:04d}",
        "version": version, "level": "R" if at == 3 else "N", "encoding": "GB18030" if at % 2 else "UTF-8",
    }  # fmt: skip
    coded = '<value xsi:type="CD" code="I10.x00" codeSystem="2.16.156.10011.2.3.3.11" displayName="高血压病"/>'
    body = (
        _section("11535-2", "出院诊断", _entry("DE05.01.024.00", "出院诊断编码", coded))
        + _section("8648-8", "诊疗经过", text=COURSE if version == "2" else "")
        + _section("48765-2", "过敏史", _entry("DE02.10.022.00", "过敏史", _words("否认药物及食物过敏史")))
        + _section("8716-3", "生命体征", *_pressure(at))
        + _section("10160-0", "出院带药", DRUG, text=DRUGS)
    )
    return _piece(one, said | facts, body)


def _report(one: demo_endpoints.Patient, at: int, facts: dict[str, str]) -> exchange.Piece:
    said = {
        "kind": "C0007", "title": "检验报告", "number": f"JY{at:04d}", "family": f"JY{at:04d}", "version": "1",
        "level": "N", "encoding": "UTF-8",
    }  # fmt: skip
    items = (("TG", "甘油三酯", f"{1.4 + at / 10:.2f}", "mmol/L"), ("UA", "尿酸", str(360 + 15 * at), "umol/L"))
    body = _section("30954-2", "实验室检查", *(_item(*item) for item in items))
    return _piece(one, said | facts, body)


def _piece(one: demo_endpoints.Patient, said: dict[str, str], body: str) -> exchange.Piece:
    text = HEAD.format(
        **said, template=20 + int(said["kind"][1:]), record=quoteattr(one.number), ident=escape(one.resident_id),
        name=escape(one.name), sex={"M": "1", "F": "2"}.get(one.sex, "0"), birth=one.birth,
    )  # fmt: skip
    whole = f"{text}{body}</structuredBody></component></ClinicalDocument>"
    return exchange.Piece("cda", f"{said['title']} {said['number']}.xml", whole.encode(said["encoding"]))


def _section(code: str, title: str, *entries: str, text: str = "") -> str:
    named = f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/><title>{title}</title>'
    inner = "".join(f"<entry>{each}</entry>" for each in entries)
    return f"<component><section>{named}<text>{text}</text>{inner}</section></component>\n"


def _entry(code: str, name: str, value: str) -> str:
    return (
        f'<observation classCode="OBS" moodCode="EVN"><code code="{code}" {DE} displayName="{name}"/>{value}'
        "</observation>"
    )


def _words(text: str) -> str:
    return f'<value xsi:type="ST">{text}</value>'


def _pressure(at: int) -> Iterator[str]:
    for code, name, value in (("DE04.10.174.00", "收缩压", 134 + at), ("DE04.10.176.00", "舒张压", 82 + at)):
        yield _entry(code, name, f'<value xsi:type="PQ" value="{value}" unit="mmHg"/>')


def _item(code: str, name: str, value: str, unit: str) -> str:
    inner = _entry("DE04.30.016.00", "检验定量结果计量单位", _words(unit))
    number = _entry("DE04.30.015.00", "检验定量结果", f'<value xsi:type="REAL" value="{value}"/>@')
    within = f'<entryRelationship typeCode="COMP">{inner}</entryRelationship>'
    parts = (
        _entry("DE04.30.019.00", "检验项目代码", _words(code)),
        _entry("DE04.30.020.00", "检验项目名称", _words(name)),
        number.replace("@", within),
    )
    inside = "".join(f"<component>{part}</component>" for part in parts)
    return f'<organizer classCode="CLUSTER" moodCode="EVN"><statusCode code="completed"/>{inside}</organizer>'
