"""Pieces of FHIR R4 JSON made once, so that a resource costs one or two string joins.

What comes from outside this module (names, addresses) goes through `quoted`; the rest is fixed text or numbers.
"""

from __future__ import annotations

import orjson

from doorstep.site.demo import systems
from doorstep.site.demo.formulary import (
    ALLERGENS,
    DIAGNOSES,
    HPV,
    INFLUENZA,
    MEASURES,
    MEDICINES,
    REACTIONS,
    SCHEDULE,
    Dose,
    Measure,
    Medicine,
)

_HL7 = "http://terminology.hl7.org/CodeSystem/"


def quoted(value: str) -> str:
    """A text as a JSON string with its quotation marks."""
    return orjson.dumps(value).decode()


def concept(system: str, code: str, display: str) -> str:
    """A CodeableConcept of one coding, with its display as text too."""
    shown = quoted(display)
    return f'{{"coding":[{{"system":"{system}","code":"{code}","display":{shown}}}],"text":{shown}}}'


def coding(system: str, code: str, display: str) -> str:
    """A Coding."""
    return f'{{"system":"{system}","code":"{code}","display":{quoted(display)}}}'


def _plain(system: str, code: str) -> str:
    return f'{{"coding":[{{"system":"{_HL7}{system}","code":"{code}"}}]}}'


class MeasureText:
    """An Observation of one measurement, flagged against its range."""

    __slots__ = ("_above", "_below", "_decimals", "_head", "_high", "_low", "_within")

    def __init__(self, measure: Measure) -> None:
        category = "vital-signs" if measure.vital else "laboratory"
        code = concept(systems.LOINC, measure.code, measure.name)
        self._head = f'"status":"final","category":[{_plain("observation-category", category)}],"code":{code},'
        self._decimals = measure.decimals
        self._low, self._high = measure.low, measure.high or float("inf")
        unit = f'"unit":{quoted(measure.unit)},"system":"{systems.UCUM}","code":"{measure.ucum}"}}'
        limits = _range(measure)
        self._within = f",{unit}{limits}"
        self._above = f",{unit},{_flag('H', '偏高')}{limits}"
        self._below = f",{unit},{_flag('L', '偏低')}{limits}"

    def body(self, context: str, value: float) -> str:
        """The inside of the resource; `context` says of whom, when, where."""
        value = round(value, self._decimals)
        shown = int(value) if self._decimals == 0 else value
        tail = self._above if value > self._high else self._below if value < self._low else self._within
        return f'{self._head}{context}"valueQuantity":{{"value":{shown}{tail}'


def _flag(code: str, display: str) -> str:
    return f'"interpretation":[{{"coding":[{coding(_HL7 + "v3-ObservationInterpretation", code, display)}]}}]'


def _range(measure: Measure) -> str:
    if not measure.low and not measure.high:
        return ""
    unit = f'"unit":{quoted(measure.unit)},"system":"{systems.UCUM}","code":"{measure.ucum}"'
    limits = [
        f'"{side}":{{"value":{value:g},{unit}}}'
        for side, value in (("low", measure.low), ("high", measure.high))
        if value
    ]
    return f',"referenceRange":[{{{",".join(limits)}}}]'


MEASURE = {key: MeasureText(measure) for key, measure in MEASURES.items()}

_PRESSURE = f'"unit":"mmHg","system":"{systems.UCUM}","code":"mm[Hg]"}}'
_SYSTOLIC = f'"component":[{{"code":{concept(systems.LOINC, "8480-6", "收缩压")},"valueQuantity":{{"value":'
_DIASTOLIC = f',{_PRESSURE}}},{{"code":{concept(systems.LOINC, "8462-4", "舒张压")},"valueQuantity":{{"value":'
_PRESSURE_HEAD = (
    f'"status":"final","category":[{_plain("observation-category", "vital-signs")}],'
    f'"code":{concept(systems.LOINC, "85354-9", "血压")},'
)
_HIGH = _flag("H", "偏高") + ","


def pressure(context: str, systolic: int, diastolic: int) -> str:
    """A blood pressure panel with its two components, in mmHg; high from 140 or 90 on."""
    flag = _HIGH if systolic >= 140 or diastolic >= 90 else ""
    return f"{_PRESSURE_HEAD}{context}{flag}{_SYSTOLIC}{systolic}{_DIASTOLIC}{diastolic},{_PRESSURE}}}]"


def _condition(code: str, category: str, status: str) -> str:
    return (
        f'"clinicalStatus":{_plain("condition-clinical", status)},'
        f'"verificationStatus":{_plain("condition-ver-status", "confirmed")},'
        f'"category":[{_plain("condition-category", category)}],'
        f'"code":{concept(systems.ICD_10, code, DIAGNOSES[code])},'
    )


PROBLEM = {code: _condition(code, "problem-list-item", "active") for code in DIAGNOSES}
DIAGNOSIS = {code: _condition(code, "encounter-diagnosis", "resolved") for code in DIAGNOSES}
REASON = {code: f'"reasonCode":[{concept(systems.ICD_10, code, name)}],' for code, name in DIAGNOSES.items()}


def _medicine(medicine: Medicine, status: str) -> str:
    dose = f"{medicine.dose:g}"
    often = f"每日{medicine.times}次"
    text = quoted(f"{medicine.route}，每次{dose}{medicine.unit}，{often}")
    code = "[iU]" if medicine.unit == "U" else medicine.unit
    unit = f'"unit":"{medicine.unit}","system":"{systems.UCUM}","code":"{code}"'
    return (
        f'"status":"{status}","intent":"order","medicationCodeableConcept":'
        f'{concept("http://www.whocc.no/atc", medicine.atc, medicine.name)},"dosageInstruction":[{{"text":{text},'
        f'"timing":{{"repeat":{{"frequency":{medicine.times},"period":1,"periodUnit":"d"}}}},'
        f'"route":{{"text":"{medicine.route}"}},"doseAndRate":[{{"doseQuantity":{{"value":{dose},{unit}}}}}]}}],'
    )


LONG_TERM = {key: _medicine(medicine, "active") for key, medicine in MEDICINES.items()}
SHORT_TERM = {key: _medicine(medicine, "completed") for key, medicine in MEDICINES.items()}


def _dose(dose: Dose) -> str:
    return (
        f'"status":"completed","primarySource":true,"vaccineCode":{concept(systems.VACCINE, dose.vaccine, dose.name)},'
        f'"route":{{"text":"{dose.route}"}},"protocolApplied":[{{"series":"{dose.vaccine}",'
        f'"doseNumberPositiveInt":{dose.number}}}],'
    )


IMMUNISATION = {dose: _dose(dose) for dose in (*SCHEDULE, *HPV, INFLUENZA)}

_ALLERGY_HEAD = (
    f'"clinicalStatus":{_plain("allergyintolerance-clinical", "active")},'
    f'"verificationStatus":{_plain("allergyintolerance-verification", "confirmed")},"type":"allergy",'
)
ALLERGY = tuple(
    f'{_ALLERGY_HEAD}"category":["{category}"],"criticality":"{"high" if n == 0 else "low"}",'
    f'"code":{concept(systems.ALLERGEN, f"A{n + 1:02d}", name)},'
    f'"reaction":[{{"manifestation":[{{"text":"{REACTIONS[n % len(REACTIONS)]}"}}]}}],'
    for n, (name, category) in enumerate(ALLERGENS)
)


def _report(code: str, name: str, section: str) -> str:
    category = f'{{"coding":[{{"system":"{_HL7}v2-0074","code":"{section}"}}]}}'
    return f'"status":"final","category":[{category}],"code":{concept(systems.LOINC, code, name)},'


CHEST = _report("36643-5", "胸部正侧位X线摄影", "RAD")
ECG = _report("11524-6", "十二导联心电图", "EC")
BLOOD_COUNT = _report("58410-2", "血常规", "HM")
CHEST_FINDINGS = tuple(
    f'"conclusion":"{t}"'
    for t in (
        "心肺膈未见明显异常。", "两肺纹理增多，主动脉迂曲。", "右下肺片状模糊影，考虑感染性病变。",
        "两肺透亮度增高，符合肺气肿改变。", "左肺上叶小结节，直径约5mm，建议年度随访。",
    )
)  # fmt: skip
ECG_FINDINGS = tuple(
    f'"conclusion":"{t}"'
    for t in (
        "窦性心律，正常心电图。", "窦性心律，T波低平。", "窦性心律，左心室高电压。", "窦性心动过缓。",
        "心房颤动，建议上级医院就诊。", "偶发室性早搏。", "窦性心律，完全性右束支传导阻滞。",
    )
)  # fmt: skip

_CLASS = _HL7.replace("CodeSystem/", "CodeSystem/v3-ActCode")
CLASSES = {
    code: f'"class":{coding(_CLASS, code, name)},'
    for code, name in (("AMB", "门诊"), ("HH", "家庭访视"), ("IMP", "住院"), ("EMER", "急诊"))
}
KINDS = {
    name: f'"type":[{{"text":"{name}"}}],'
    for name in ("慢病随访", "老年人健康体检", "普通门诊", "专科门诊", "住院", "预防接种", "慢病年度体检")
}
MARITAL = {
    code: f'"maritalStatus":{_plain("v3-MaritalStatus", letter)},'
    for code, letter in (("10", "S"), ("20", "M"), ("30", "W"), ("40", "D"))
}
