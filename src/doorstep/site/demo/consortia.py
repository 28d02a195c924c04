"""Four overlapping networks of the demo and what their members agreed (roles, periods and titles are made up)."""

from __future__ import annotations

from datetime import date

from doorstep.site.demo.numbers import CITY, COUNTY
from doorstep.site.demo.shapes import Agreement, Consortium, Institution, Membership

_CITY_AREA = CITY + "000000"
_COUNTY_AREA = COUNTY + "000000"


def make_consortia(institutions: tuple[Institution, ...]) -> tuple[Consortium, ...]:
    """The close-knit county community, a city group, a specialty alliance and the telemedicine network."""
    return (_community(institutions), _group(institutions), _alliance(institutions), _network(institutions))


def _community(institutions: tuple[Institution, ...]) -> Consortium:
    start, wave = date(2019, 7, 1), date(2021, 1, 1)
    members = [Membership(institutions[0].uscc, "lead", start)]
    for i in institutions[1:]:
        if i.type_code == "A210":
            members.append(Membership(i.uscc, "deputy_lead", start))
        elif i.public and i.tier in {"second", "first"} and i.type_code != "P918":
            members.append(Membership(i.uscc, "member", start if i.tier == "first" else wave))
        elif i.type_code in {"B200", "D600"}:
            members.append(Membership(i.uscc, "base_member", date(2022, 1, 1)))
    return Consortium(
        "community", "清禾县紧密型医疗卫生共同体", "county_community", _COUNTY_AREA, start, tuple(members)
    )


def _group(institutions: tuple[Institution, ...]) -> Consortium:
    start = date(2018, 4, 1)
    lead = next(i for i in institutions if i.type_code == "A210")
    members = [Membership(lead.uscc, "lead", start)]
    centres = [i for i in institutions if i.type_code == "B100"]
    members += [Membership(i.uscc, "member", start) for i in centres[:3]]
    # One left and came back: a member has periods, not a flag.
    members.append(Membership(centres[3].uscc, "member", start, date(2021, 1, 1)))
    members.append(Membership(centres[3].uscc, "member", date(2024, 3, 1)))
    members += [Membership(i.uscc, "member", date(2023, 5, 1)) for i in institutions if i.type_code in {"A527", "A710"}]
    parents = {c.uscc for c in centres}
    members += [Membership(i.uscc, "base_member", date(2022, 1, 1)) for i in institutions if i.parent in parents]
    return Consortium("group", "潇川市城市医疗集团清禾城区分部", "city_group", _CITY_AREA, start, tuple(members))


def _alliance(institutions: tuple[Institution, ...]) -> Consortium:
    start = date(2020, 9, 1)
    members = [Membership(institutions[0].uscc, "lead", start)]
    wanted = {"A526", "A527", "C210"}
    members += [
        Membership(i.uscc, "member", start if i.public else date(2022, 6, 1))
        for i in institutions
        if i.type_code in wanted
    ]
    return Consortium("alliance", "清禾县骨科与康复专科联盟", "specialty_alliance", _COUNTY_AREA, start, tuple(members))


def _network(institutions: tuple[Institution, ...]) -> Consortium:
    start = date(2020, 3, 1)
    members = [Membership(institutions[0].uscc, "lead", start)]
    wanted = {"A100", "A520", "C210", "C220", "B100", "A710"}
    members += [Membership(i.uscc, "member", start) for i in institutions[1:] if i.type_code in wanted]
    return Consortium("network", "清禾县远程医疗协作网", "telemedicine_network", _COUNTY_AREA, start, tuple(members))


def make_agreements(institutions: tuple[Institution, ...], consortia: tuple[Consortium, ...]) -> tuple[Agreement, ...]:
    """Agreements among members; one has run out, so that lists have something to warn about."""
    lead = institutions[0].uscc
    first = tuple(i.uscc for i in institutions if i.tier == "first" and i.public)
    tcm = consortia[1].lead
    centres = tuple(i.uscc for i in institutions if i.type_code == "B100")
    network = tuple(m.uscc for m in consortia[3].members)
    homes = tuple(i.uscc for i in institutions if i.type_code == "A710")
    rows = (
        ("双向转诊协议", "community", (lead, *first), date(2024, 1, 1), date(2027, 1, 1)),
        ("检查检验结果互认协议", "community", (lead, tcm, *first), date(2023, 7, 1), None),
        ("医学影像与心电远程诊断服务协议", "network", network, date(2024, 3, 1), date(2027, 3, 1)),
        ("消毒供应集中服务协议", "community", (lead, *first[:6]), date(2022, 1, 1), date(2025, 1, 1)),
        ("联合病房共建协议", "community", (lead, first[0]), date(2025, 5, 1), date(2028, 5, 1)),
        ("中医专家下沉坐诊协议", "group", (tcm, *centres), date(2025, 1, 1), date(2027, 1, 1)),
        ("医养结合签约服务协议", "group", (tcm, *homes), date(2023, 5, 1), date(2028, 5, 1)),
        ("骨科与康复专科联盟合作协议", "alliance", tuple(m.uscc for m in consortia[2].members), date(2020, 9, 1), None),
    )
    return tuple(Agreement(*row) for row in rows)
