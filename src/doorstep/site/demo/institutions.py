"""The 128 institutions of the demo: three tiers and village clinics, 2,636 beds, 2,299 staff.

The three totals are those a newspaper gave for one real district in 2020 (consortium.md §0.3, account 001); how they
divide among the institutions is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from doorstep.site.demo.numbers import COUNTY, credit_code, landline, organisation_code
from doorstep.site.demo.places import ROADS
from doorstep.site.demo.shapes import Area, Department, Institution

TYPE_NAMES = {
    "A100": "综合医院", "A210": "中医(综合)医院", "A520": "精神病医院", "A526": "骨科医院", "A527": "康复医院",
    "A710": "护理院", "B100": "社区卫生服务中心", "B200": "社区卫生服务站", "C210": "中心卫生院",
    "C220": "乡卫生院", "D110": "综合门诊部", "D211": "普通诊所", "D212": "中医诊所", "D215": "口腔诊所",
    "D400": "医务室", "D600": "村卫生室", "E100": "急救中心", "G100": "妇幼保健院", "J100": "疾病预防控制中心",
    "P918": "卫生统计信息中心",
}  # fmt: skip
_SUBJECTS = {
    "01": "预防保健科", "02": "全科医疗科", "03": "内科", "03.01": "呼吸内科专业", "03.02": "消化内科专业",
    "03.03": "神经内科专业", "03.04": "心血管内科专业", "03.06": "肾病学专业", "03.07": "内分泌专业", "04": "外科",
    "04.01": "普通外科专业", "04.03": "骨科专业", "04.04": "泌尿外科专业", "05": "妇产科", "06": "妇女保健科",
    "07": "儿科", "09": "儿童保健科", "10": "眼科", "11": "耳鼻咽喉科", "12": "口腔科", "13": "皮肤科",
    "15": "精神科", "16": "传染科", "19": "肿瘤科", "20": "急诊医学科", "21": "康复医学科", "24": "临终关怀科",
    "26": "麻醉科", "28": "重症医学科", "30": "医学检验科", "31": "病理科", "32": "医学影像科",
    "32.05": "超声诊断专业", "32.06": "心电诊断专业", "50": "中医科", "L01": "药剂科", "L02": "护理部",
    "L03": "院办公室", "L04": "信息科", "L05": "医共体管理办公室", "L06": "财务科", "L07": "卫生健康局",
    "L08": "消毒供应中心",
}  # fmt: skip
_DEPARTMENTS = {
    "A100": "03.01 03.02 03.03 03.04 03.06 03.07 04.01 04.03 04.04 05 07 10 11 12 13 16 19 20 21 26 28 30 31 32 32.05 "
            "32.06 50 01 L01 L02 L03 L04 L05 L06 L08",
    "A210": "03 03.04 04 04.03 05 07 20 21 26 30 32 32.05 32.06 50 L01 L02 L03",
    "G100": "05 06 07 09 26 30 32 32.05 50 L01 L02 L03",
    "A520": "15 03 30 32.06 L01 L02 L03", "A527": "21 03 50 30 32 L01 L02", "A526": "04.03 21 26 30 32 L01 L02",
    "A710": "03 21 24 L01 L02", "J100": "01 30 L03", "E100": "20 L03", "P918": "L04 L07 L03",
    "C210": "01 02 03 04 05 07 12 20 21 30 32 32.06 50 L01 L02", "C220": "01 02 03 07 30 32 32.06 50 L01",
    "B100": "01 02 03 05 07 09 12 21 30 32 32.06 50 L01 L02", "B200": "01 02", "D600": "01 02", "D110": "03 04 12 30",
    "D211": "03", "D212": "50", "D215": "12", "D400": "02",
}  # fmt: skip
_CENTRES = ("石桥镇", "柳河镇", "双河镇", "望江镇")
_TOWN_BEDS = {"C210": (60, 56, 52, 48), "C220": (24, 22, 22, 20, 20, 20), "B100": (24, 20, 16, 16)}
_TOWN_STAFF = {"C210": (42, 40, 36, 34), "C220": (20, 18, 18, 16, 16, 16), "B100": (32, 28, 24, 24)}


@dataclass(frozen=True, slots=True)
class _Plan:
    """One line of the plan from which an institution is made."""

    name: str
    short: str
    type_code: str
    tier: str
    area: Area
    beds: int
    staff: int
    grade: str = ""
    economic: str = "11"
    parent: str = ""


def _county_plans(at: dict[str, Area]) -> Iterator[_Plan]:
    """The lead hospital, the institutions of the second level, and two homes for the elderly."""
    rows = (
        ("清禾县人民医院", "县人民医院", "A100", "lead", "文庙社区", 800, 760, "三级甲等", "11"),
        ("清禾县中医医院", "县中医医院", "A210", "second", "新华社区", 420, 330, "二级甲等", "11"),
        ("清禾县第二人民医院", "县二医院", "A100", "second", "柳河社区", 300, 210, "二级甲等", "11"),
        ("清禾县妇幼保健院", "县妇幼保健院", "G100", "second", "杏花社区", 160, 150, "二级甲等", "11"),
        ("清禾县疾病预防控制中心", "县疾控中心", "J100", "second", "学府社区", 0, 72, "", "11"),
        ("清禾县精神病医院", "县精神病医院", "A520", "second", "柏树岭社区", 200, 90, "二级乙等", "11"),
        ("清禾安和康复医院", "安和康复医院", "A527", "second", "茶园社区", 120, 62, "二级", "17"),
        ("清禾正禾骨科医院", "正禾骨科医院", "A526", "second", "新城社区", 96, 48, "二级", "17"),
        ("清禾县急救中心", "县急救中心", "E100", "second", "建设路社区", 0, 26, "", "11"),
        ("清禾县卫生健康统计信息中心", "县卫健局信息中心", "P918", "second", "人民路社区", 0, 11, "", "11"),
        ("清禾颐康护理院", "颐康护理院", "A710", "first", "石榴社区", 70, 14, "", "17"),
        ("清禾夕照护理院", "夕照护理院", "A710", "first", "塔湾社区", 50, 12, "", "17"),
    )
    for name, short, kind, tier, village, beds, staff, grade, economic in rows:
        yield _Plan(name, short, kind, tier, at[village], beds, staff, grade, economic)


def _town_plans(towns: Iterable[Area], seats: dict[str, Area]) -> Iterator[_Plan]:
    """One centre or township hospital in each town, at its first village."""
    used = dict.fromkeys(_TOWN_BEDS, 0)
    for town in towns:
        kind = "B100" if town.urban else "C210" if town.name in _CENTRES else "C220"
        stem = town.name.removesuffix("街道")
        name = {"B100": f"{stem}社区卫生服务中心", "C210": f"{town.name}中心卫生院", "C220": f"{town.name}卫生院"}[kind]
        beds, staff = _TOWN_BEDS[kind][used[kind]], _TOWN_STAFF[kind][used[kind]]
        used[kind] += 1
        grade = "一级甲等" if kind == "C210" else ""
        yield _Plan(f"清禾县{name}", name, kind, "first", seats[town.code], beds, staff, grade)


def _base_plans(villages: list[Area], parents: dict[str, str], town_of: dict[str, str]) -> Iterator[_Plan]:
    """Stations of the 28 communities in town, 63 village clinics, and 11 private or in-house ones."""
    urban = [v for v in villages if v.urban]
    rural = [v for v in villages if not v.urban and v.name.endswith("村")]
    for village in urban:
        parent = parents[village.parent]
        yield _Plan(f"{village.name}卫生服务站", f"{village.name}站", "B200", "base", village, 0, 2, parent=parent)
    second = sorted(rural, key=lambda v: (-v.population, v.code))[:8]
    for village, suffix in [(v, "") for v in rural] + [(v, "第二") for v in second]:
        stem = f"{village.name}{suffix}卫生室"
        name = f"{town_of[village.parent]}{stem}"
        yield _Plan(name, stem, "D600", "base", village, 0, 1, economic="12", parent=parents[village.parent])
    names = (
        ("惠民综合门诊部", "D110", 6), ("康宁综合门诊部", "D110", 5), ("城东综合门诊部", "D110", 5),
        ("李氏中医诊所", "D212", 2), ("同善中医诊所", "D212", 2), ("雅洁口腔诊所", "D215", 2),
        ("白云口腔诊所", "D215", 2), ("仁和诊所", "D211", 2), ("安康诊所", "D211", 2), ("河街诊所", "D211", 2),
        ("清禾县第一中学医务室", "D400", 1),
    )  # fmt: skip
    for i, (name, kind, staff) in enumerate(names):
        economic = "11" if kind == "D400" else "17"
        yield _Plan(name, name, kind, "base", urban[i * 5 % len(urban)], 0, staff, economic=economic)


def _make(plan: _Plan, serial: int, rng: Random, counted_on: date, parent: str) -> Institution:
    """One institution of the plan with its numbers, place and departments."""
    organisation = organisation_code(100_000 + serial * 137)
    private = plan.economic == "17"
    uscc = credit_code("91" if private else "52" if plan.economic == "12" else "12", organisation)
    codes = _DEPARTMENTS[plan.type_code].split()
    if plan.type_code == "A100" and plan.tier != "lead":
        codes = [c for c in codes if c not in {"03.06", "04.04", "19", "31", "L05", "L08"}]
    road = ROADS[int(rng.random() * len(ROADS))] + f"{rng.randrange(1, 320)}号" if plan.area.urban else ""
    grade_class = plan.grade[2:]
    return Institution(
        uscc=uscc, organisation_code=organisation,
        registration_number=f"{organisation}{COUNTY}{plan.economic}{plan.type_code}{2 if private else 1}",
        name=plan.name, short_name=plan.short, type_code=plan.type_code, type_name=TYPE_NAMES[plan.type_code],
        tier=plan.tier, grade=plan.grade[:2], grade_class=grade_class, economic_type=plan.economic, for_profit=private,
        area=plan.area.code,
        longitude=round(plan.area.longitude + rng.uniform(-0.004, 0.004), 5),
        latitude=round(plan.area.latitude + rng.uniform(-0.004, 0.004), 5),
        address=plan.area.full_name + road, phone=landline(serial + 1), parent=parent, beds=plan.beds, staff=plan.staff,
        counted_on=counted_on, opened_on=date(1985, 1, 1) + timedelta(days=rng.randrange(12_000)),
        departments=tuple(Department(c, _SUBJECTS[c]) for c in codes),
    )  # fmt: skip


def make_institutions(areas: tuple[Area, ...], rng: Random, counted_on: date) -> tuple[Institution, ...]:
    """All institutions, the lead hospital first; stations and clinics have the centre of their town as parent."""
    villages = [a for a in areas if a.level == "village"]
    towns = [a for a in areas if a.level == "township"]
    seats = {t.code: next(v for v in villages if v.parent == t.code) for t in towns}
    town_plans = list(_town_plans(towns, seats))
    parents = {t.code: p.name for t, p in zip(towns, town_plans, strict=True)}
    plans = [
        *_county_plans({v.name: v for v in villages}),
        *town_plans,
        *_base_plans(villages, parents, {t.code: t.name for t in towns}),
    ]
    plans.sort(key=lambda p: ("lead", "second", "first", "base").index(p.tier))
    made: list[Institution] = []
    by_name: dict[str, str] = {"": ""}
    for serial, plan in enumerate(plans):
        institution = _make(plan, serial, rng, counted_on, by_name[plan.parent])
        by_name[plan.name] = institution.uscc
        made.append(institution)
    return tuple(made)
