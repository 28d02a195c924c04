"""Documents for tests: made-up ones by the structure of WS/T 500 and of C-CDA, and other people's where they are here.

The text of WS/T 500 is not at hand: element order, data elements (DE…) and OIDs follow public code that writes such
documents (consortium.md, S72). What no such code shows is marked "assumed".
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doorstep.adapters.cda import tree
from doorstep.adapters.cda.mapping import Context
from doorstep.fhir.tests.samples import ROOT

FOLDER = "ccda/hl7-ccda-examples"
ABSENT = f"test data is not on this machine: {FOLDER}"
CONTEXT = Context("91430000000000000X", organisation_name="山口医院")
NAMESPACES = (
    'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc"'
)
DE = 'codeSystem="2.16.156.10011.2.2.1" codeSystemName="卫生信息数据元目录"'
LOINC = 'codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"'
NUMBER = "439921198503150015"
STATEMENTS = ["act", "encounter", "observation", "organizer", "procedure", "substanceAdministration", "supply"]
HEADER = {
    "author", "authenticator", "authorization", "component", "componentOf", "custodian", "dataEnterer",
    "documentationOf", "inFulfillmentOf", "informant", "informationRecipient", "legalAuthenticator", "participant",
    "recordTarget", "relatedDocument",
}  # fmt: skip


def chinese(
    *sections: str, kind: str = "C0001", title: str = "病历概要", number: str = "D1", family: str = "",
    version: str = "", replaces: str = "", encoding: str = "UTF-8", confidentiality: str = "N", person: str = NUMBER,
    visit: str = "ZY001", name: str = "王小明",
) -> bytes:  # fmt: skip
    """A WS/T 500 document of these sections; sex and birth date of the person follow from the number."""
    template = 20 + int(kind[1:]) if kind[1:].isdigit() else 1
    related = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="2.16.156.10011.1.1" extension="{replaces}"/>'
        f"<setId/><versionNumber/></parentDocument></relatedDocument>"
    )
    sex = "1" if person[16:17] in "13579" else "2"
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<ClinicalDocument {NAMESPACES} xmlns:mif="urn:hl7-org:v3/mif" xsi:schemaLocation="urn:hl7-org:v3 ../sdschemas/CDA.xsd">
<realmCode code="CN"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_MT000040"/>
<templateId root="2.16.156.10011.2.1.1.{template}"/>
<id root="2.16.156.10011.1.1" extension="{number}"/>
<code code="{kind}" codeSystem="2.16.156.10011.2.4" codeSystemName="卫生信息共享文档规范编码体系"/>
<title>{title}</title><effectiveTime value="20260301093000"/>
<confidentialityCode code="{confidentiality}" codeSystem="2.16.840.1.113883.5.25" displayName="正常访问保密级别"/>
<languageCode code="zh-CN"/>
{f'<setId root="2.16.156.10011.1.1" extension="{family}"/>' if family else "<setId/>"}
{f'<versionNumber value="{version}"/>' if version else "<versionNumber/>"}
<recordTarget typeCode="RCT" contextControlCode="OP"><patientRole classCode="PAT">
<id root="2.16.156.10011.1.12" extension="{visit}"/><id root="2.16.156.10011.1.13" extension="BA{person[-6:]}"/>
<addr use="H"><houseNumber>12号</houseNumber><streetName>柳溪路</streetName><township>青石镇</township>
<county>山口县</county><city>某市</city><state>某省</state></addr><telecom value="13900000000"/>
<patient classCode="PSN" determinerCode="INSTANCE"><id root="2.16.156.10011.1.3" extension="{person}"/>
<name>{name}</name><administrativeGenderCode code="{sex}" codeSystem="2.16.156.10011.2.3.3.4" displayName="性别"/>
<birthTime value="{person[6:14]}"/><maritalStatusCode code="20" codeSystem="2.16.156.10011.2.3.3.5" displayName="已婚"/>
<ethnicGroupCode code="01" codeSystem="2.16.156.10011.2.3.3.3" displayName="汉族"/></patient></patientRole>
</recordTarget>
<author typeCode="AUT"><time value="20260301"/><assignedAuthor classCode="ASSIGNED">
<id root="2.16.156.10011.1.7" extension="D007"/>
<assignedPerson><name>李医生</name></assignedPerson></assignedAuthor></author>
<custodian typeCode="CST"><assignedCustodian><representedCustodianOrganization>
<id root="2.16.156.10011.1.5" extension="H001"/><name>山口县人民医院</name>
</representedCustodianOrganization></assignedCustodian></custodian>
<legalAuthenticator><time/><signatureCode/><assignedEntity><id root="2.16.156.10011.1.4" extension="D008"/>
<assignedPerson><name>赵主任</name></assignedPerson></assignedEntity></legalAuthenticator>
{related if replaces else ""}
<componentOf><encompassingEncounter><id root="2.16.156.10011.1.12" extension="{visit}"/>
<effectiveTime><low value="20260225080000"/><high value="20260301090000"/></effectiveTime></encompassingEncounter>
</componentOf>
<component><structuredBody>{"".join(f"<component>{section}</component>" for section in sections)}</structuredBody>
</component>
</ClinicalDocument>"""
    return text.encode("gb18030" if encoding.startswith("GB") else encoding)


def section(code: str, *entries: str, title: str = "", text: str = "", more: str = "") -> str:
    """A section with its LOINC code; without narrative, as Chinese systems write it, unless a text is given."""
    said = f"<text>{text}</text>" if text else "<text/>"
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    named = f'<code code="{code}" {LOINC} displayName="{title}"/><title>{title}</title>'
    return f"<section>{named}{more}{said}{inner}</section>"


def de(code: str, name: str, value: str, kind: str = "ST", more: str = "") -> str:
    """An observation of a data element; ``value`` is a text (ST) or the attributes of a value."""
    said = f'<value xsi:type="ST">{value}</value>' if kind == "ST" else f'<value xsi:type="{kind}" {value}/>'
    return (
        f'<observation classCode="OBS" moodCode="EVN"><code code="{code}" {DE} displayName="{name}"/>{said}{more}'
        "</observation>"
    )


def within(entry: str) -> str:
    """An entry within another."""
    return f'<entryRelationship typeCode="COMP">{entry}</entryRelationship>'


def organizer(*parts: str) -> str:
    """Several entries in one organizer."""
    inner = "".join(f"<component>{part}</component>" for part in parts)
    return f'<organizer classCode="CLUSTER" moodCode="EVN"><statusCode/>{inner}</organizer>'


ALLERGY = section("48765-2", de("DE02.10.022.00", "过敏史", "青霉素过敏"), title="过敏史")
NO_ALLERGY = section("48765-2", de("DE02.10.022.00", "过敏史", "否认药物及食物过敏史"), title="过敏史")
DIAGNOSIS = section(
    "29548-5",
    de("DE05.01.024.00", "诊断编码", 'code="I10.x00" codeSystem="2.16.156.10011.2.3.3.11" displayName="高血压"', "CD"),
    title="诊断",
)
VITALS = section(
    "8716-3",
    organizer(
        de("DE04.10.174.00", "收缩压", 'value="152" unit="mmHg"', "PQ"),
        de("DE04.10.176.00", "舒张压", 'value="96" unit="mmHg"', "PQ"),
    ),
    de("DE04.10.186.00", "体温", 'value="36.70" unit="℃"', "PQ"),
    title="生命体征",
)
LABORATORY = section(
    "30954-2",
    organizer(
        de("DE04.30.019.00", "检验项目代码", "HGB", more='<effectiveTime value="20260226"/>'),
        de("DE04.30.020.00", "检验项目名称", "血红蛋白"),
        de("DE04.30.015.00", "检验定量结果", 'value="142.0"', "REAL", within(de("DE04.30.016.00", "计量单位", "g/L"))),
    ),
    title="实验室检查",
)
DRUG = """<substanceAdministration classCode="SBADM" moodCode="EVN"><text/><routeCode code="1"
 codeSystem="2.16.156.10011.2.3.1.158" displayName="口服"/><doseQuantity value="5" unit="mg"/>
<consumable><manufacturedProduct><manufacturedLabeledDrug><name>苯磺酸氨氯地平片</name></manufacturedLabeledDrug>
</manufacturedProduct></consumable></substanceAdministration>"""
MEDICATION = section("10160-0", DRUG, title="用药")
COMPLAINT = section("10154-3", de("DE04.01.119.00", "主诉", "头晕三天"), title="主诉")
SUMMARY = (COMPLAINT, ALLERGY, DIAGNOSIS, VITALS, LABORATORY, MEDICATION)


def files() -> list[Path]:
    """All of other people's documents and parts of documents; skips the test, saying why, where they are absent."""
    found = sorted((ROOT / FOLDER).rglob("*.xml"))
    if not found:
        pytest.skip(ABSENT)
    return found


def name_of(path: Path) -> str:
    """The name by which a file is called in the tables of the tests."""
    return str(path.relative_to(ROOT / FOLDER))


def whole(raw: bytes) -> bytes:
    """A document, or a document around the part of one that the examples mostly are: in the place where it belongs,
    with the namespaces that its own document would declare."""
    text = raw.decode("utf-8-sig", "replace")
    if tree.is_document(raw):
        return re.sub(r"<ClinicalDocument\b", f"<ClinicalDocument {_missing(text)}", text, count=1).encode()
    part = re.sub(r"<\?xml[^>]*\?>", "", text)
    bare = re.sub(r"<!--.*?-->", "", part, flags=re.DOTALL).strip()
    match = re.match(r"<([A-Za-z:]+)", bare)
    name = match[1] if match else ""
    if name in HEADER:
        return _around(header=part, name=name)
    if name == "section":
        return _around(body=f"<component>{part}</component>")
    if name in STATEMENTS:
        return _around(body=f"<component><section><entry>{part}</entry></section></component>")
    if name == "entry":
        return _around(body=f"<component><section>{part}</section></component>")
    inner = f"<entryRelationship>{part}</entryRelationship>" if name != "entryRelationship" else part
    act = f'<entry><act classCode="ACT" moodCode="EVN">{inner}</act></entry>'
    return _around(body=f"<component><section>{act}</section></component>")


def _missing(text: str) -> str:
    head = text[text.index("<ClinicalDocument") :].partition(">")[0]
    wanted = {n: d for d in NAMESPACES.split() for n in [d.partition("=")[0]]}
    return " ".join(d for name, d in wanted.items() if f"{name}=" not in head)


def _around(header: str = "", body: str = "", name: str = "") -> bytes:
    person = '<id root="1.2.3" extension="P1"/><patient><name>王小明</name></patient>'
    patient = f"<recordTarget><patientRole>{person}</patientRole></recordTarget>"
    if name == "component" and "<section" in header:
        header, body = "", header
    if name == "component":
        header = "" if body else header
    return (
        f'<ClinicalDocument {NAMESPACES}><id root="1.2.3.4" extension="D1"/><code code="34133-9" {LOINC}/>'
        f'<title>T</title><effectiveTime value="20260301"/>{"" if name == "recordTarget" else patient}{header}'
        f"<component><structuredBody>{body}</structuredBody></component></ClinicalDocument>"
    ).encode()
