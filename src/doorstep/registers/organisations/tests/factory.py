"""A small district for tests: a lead hospital, a second-level one, a township centre, two clinics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from doorstep.kernel.testing import callers
from doorstep.registers.organisations import api, rules
from doorstep.registers.organisations.shapes import (
    AgreementIn,
    AreaIn,
    ConsortiumIn,
    DepartmentIn,
    DirectoryIn,
    Facts,
    MembershipIn,
    OrganisationIn,
)

SINCE = date(2020, 1, 1)
COUNTY, TOWN, VILLAGE = "439921000000", "439921100000", "439921100101"


def uscc(serial: int) -> str:
    """A made-up credit code with both check digits right (region 4399 belongs to nobody)."""
    body = f"WY{serial:06d}"
    first = "12439921" + body + rules.organisation_code_check(body)
    return first + rules.credit_code_check(first)


def organisation(
    serial: int, name: str, kind: str, tier: str, *, beds: int = 0, staff: int = 1, **more: str
) -> OrganisationIn:
    """One institution with two departments and two counts."""
    parent = more.pop("parent", "")
    facts = Facts(name=name, type_code=kind, tier=tier, area=more.pop("area", VILLAGE), uscc=uscc(serial), **more)
    return OrganisationIn(
        replace(facts, opened_on=date(1990, 1, 1)), parent, (DepartmentIn("03", "内科"), DepartmentIn("04", "外科")),
        (("beds", beds, date(2024, 1, 1)), ("staff", staff, date(2024, 1, 1)), ("staff", staff + 1, date(2025, 1, 1))),
    )  # fmt: skip


LEAD, SECOND, CENTRE, CLINIC, PRIVATE = (uscc(n) for n in range(5))
DIRECTORY = DirectoryIn(
    areas=(
        AreaIn(COUNTY, "清禾县", "潇川市清禾县"),
        AreaIn(TOWN, "石桥镇", "潇川市清禾县石桥镇", COUNTY),
        AreaIn(VILLAGE, "麻石村", "潇川市清禾县石桥镇麻石村", TOWN),
    ),
    organisations=(
        organisation(0, "清禾县人民医院", "A100", "lead", beds=800, staff=760, grade="3A", short_code="QHRM"),
        organisation(1, "清禾县中医医院", "A210", "second", beds=420, staff=330, grade="2A"),
        organisation(2, "石桥镇中心卫生院", "C210", "first", beds=60, staff=42),
        organisation(3, "麻石村卫生室", "D600", "base", staff=1, parent=uscc(2)),
        organisation(4, "李氏中医诊所", "D212", "base", staff=2),
    ),
    consortia=(
        ConsortiumIn(
            "community", "清禾县医共体", "county_community", COUNTY, SINCE, None,
            (
                MembershipIn(LEAD, "lead", SINCE),
                MembershipIn(CENTRE, "member", SINCE),
                MembershipIn(CLINIC, "base_member", date(2022, 1, 1)),
            ),
        ),
        ConsortiumIn(
            "network", "远程协作网", "telemedicine_network", COUNTY, SINCE, None,
            (MembershipIn(SECOND, "lead", SINCE), MembershipIn(CENTRE, "member", SINCE, date(2023, 12, 31))),
        ),
    ),
    agreements=(AgreementIn("双向转诊协议", "referral", (LEAD, CENTRE), SINCE, None, "community", "优先接收。"),),
)  # fmt: skip


@dataclass(frozen=True)
class District:
    """The ids of the small district."""

    lead: UUID
    second: UUID
    centre: UUID
    clinic: UUID
    private: UUID
    community: UUID
    network: UUID


def make() -> District:
    """Load it and tell its ids."""
    from doorstep.registers.organisations.models import Consortium

    api.load(callers.system(), directory=DIRECTORY)
    ids = api.by_uscc((LEAD, SECOND, CENTRE, CLINIC, PRIVATE))
    keys = dict(Consortium.objects.unscoped("test").values_list("key", "id"))
    return District(*(ids[u] for u in (LEAD, SECOND, CENTRE, CLINIC, PRIVATE)), keys["community"], keys["network"])
