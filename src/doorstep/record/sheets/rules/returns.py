"""The tables of the returns: follow-ups of blood pressure and glucose (国家基本公共卫生服务规范, 3rd ed., 高血压 and
2 型糖尿病 follow-up tables), vaccinations given; and what of a row contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from doorstep.adapters.sheets.columns import Column, Form, Kind

Wrong = tuple[str, str, dict[str, str]]
_ = str  # marks what catalogues translate; this file knows no frame
GLUCOSE: Final[Mapping[str, tuple[str, str]]] = {
    "fasting": ("14771-0", _("空腹血糖")),
    "meal": ("14760-3", _("餐后 2 小时血糖")),
    "random": ("15074-8", _("随机血糖")),
}
"""When glucose was taken: LOINC and words."""
VACCINES: Final[Mapping[str, str]] = {
    "HepB": _("乙型肝炎疫苗"),
    "BCG": _("卡介苗"),
    "IPV": _("脊髓灰质炎灭活疫苗"),
    "bOPV": _("二价脊灰减毒活疫苗"),
    "DTaP": _("百白破疫苗"),
    "MMR": _("麻腮风疫苗"),
    "JE-L": _("乙型脑炎减毒活疫苗"),
    "MPSV-A": _("A群流脑多糖疫苗"),
    "MPSV-AC": _("A群C群流脑多糖疫苗"),
    "HepA-L": _("甲型肝炎减毒活疫苗"),
    "2vHPV": _("双价人乳头瘤病毒疫苗"),
    "IIV": _("流感病毒裂解疫苗"),
    "PPV23": _("23价肺炎球菌多糖疫苗"),
    "VarV": _("水痘减毒活疫苗"),
    "Rabies": _("人用狂犬病疫苗"),
    "EV71": _("肠道病毒71型灭活疫苗"),
}
"""The programme of 2026 (国疾控卫免发〔2026〕16号) and the most used beside it, by their usual abbreviations."""
ROUTES: Final[Mapping[str, str]] = {
    "IM": _("肌内注射"), "SC": _("皮下注射"), "ID": _("皮内注射"), "PO": _("口服"),
}  # fmt: skip


def _who() -> tuple[Column, ...]:
    return (
        Column(
            "number", "居民编号", "Patient number", most=40, example="P000123",
            hint_zh="本机构给居民的编号。与身份证号至少填一个",
            hint_en="This institution's own; this or the ID is needed",
        ),
        Column(
            "id_number", "身份证号", "Resident ID", Kind.ID_NUMBER, example="439921198503150015",
            hint_zh="18 位。单元格要设为文本，否则末几位会丢失",
            hint_en="18 characters, in a cell whose format is text",
        ),
        Column(
            "name", "姓名", "Name", needed=True, example="王小明",
            hint_zh="用来核对，与登记的姓名要一致", hint_en="Compared with the name on record",
        ),
    )  # fmt: skip


_EITHER: Final = (("number", "id_number"),)
FOLLOWUPS: Final = Form(
    "followups",
    "血压血糖随访",
    "Blood pressure and glucose follow-ups",
    (
        *_who(),
        Column("date", "随访日期", "Date", Kind.DATE, needed=True, past=True, example="2026-03-12"),
        Column(
            "systolic", "收缩压", "Systolic", Kind.NUMBER, low=Decimal(40), high=Decimal(300), example="138",
            hint_zh="mmHg，整数", hint_en="mmHg",
        ),
        Column(
            "diastolic", "舒张压", "Diastolic", Kind.NUMBER, low=Decimal(20), high=Decimal(200), example="86",
            hint_zh="mmHg，整数", hint_en="mmHg",
        ),
        Column(
            "pulse", "心率", "Heart rate", Kind.NUMBER, low=Decimal(20), high=Decimal(250), example="72",
            hint_zh="次/分", hint_en="per minute",
        ),
        Column(
            "glucose", "血糖", "Glucose", Kind.NUMBER, low=Decimal(1), high=Decimal(50), places=2, example="6.8",
            hint_zh="mmol/L", hint_en="mmol/L",
        ),
        Column(
            "timing", "血糖类型", "Glucose taken", Kind.CODE, codes={k: words for k, (_, words) in GLUCOSE.items()},
            example="空腹血糖", hint_zh="填了血糖就要填", hint_en="Needed with a glucose",
        ),
        Column("doctor", "随访医生", "Doctor", example="李晓红"),
    ),
    once=(("number", "id_number", "date"),),
    either=_EITHER,
)  # fmt: skip
VACCINATIONS: Final = Form(
    "vaccinations",
    "预防接种",
    "Vaccinations given",
    (
        *_who(),
        Column("vaccine", "疫苗", "Vaccine", Kind.CODE, needed=True, codes=VACCINES, example="乙型肝炎疫苗"),
        Column(
            "dose", "剂次", "Dose", Kind.NUMBER, needed=True, low=Decimal(1), high=Decimal(20), example="1",
            hint_zh="第几剂", hint_en="Which dose",
        ),
        Column("date", "接种日期", "Given on", Kind.DATE, needed=True, past=True, example="2026-03-12"),
        Column("lot", "疫苗批号", "Lot number", needed=True, most=40, example="202512A07"),
        Column("maker", "生产企业", "Manufacturer", most=100),
        Column("route", "接种途径", "Route", Kind.CODE, codes=ROUTES, example="肌内注射"),
        Column("doctor", "接种人员", "Given by", example="李晓红"),
    ),
    once=(("number", "id_number", "vaccine", "dose"),),
    either=_EITHER,
)  # fmt: skip


def wrong_followup(said: Mapping[str, str]) -> Iterator[Wrong]:
    """What of a follow-up contradicts itself: column, code, what the words need."""
    high, low = said.get("systolic", ""), said.get("diastolic", "")
    if bool(high) != bool(low):
        yield ("diastolic" if high else "systolic"), "row.pressure", {}
    elif high and Decimal(low) >= Decimal(high):
        yield "diastolic", "row.pressure_order", {"low": low, "high": high}
    if bool(said.get("glucose")) != bool(said.get("timing")):
        yield ("timing" if said.get("glucose") else "glucose"), "row.glucose", {}
    if not any(said.get(key) for key in ("systolic", "diastolic", "pulse", "glucose")):
        yield "", "row.nothing", {}
