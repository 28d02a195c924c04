"""A demo district: areas, institutions, networks, staff and the accounts of the demo's roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random

from doorstep.site.demo.consortia import make_agreements, make_consortia
from doorstep.site.demo.institutions import make_institutions
from doorstep.site.demo.numbers import CITY, COUNTY
from doorstep.site.demo.places import CENTRE, CITY_NAME, COUNTY_NAME, KM_PER_DEGREE, TOWNS
from doorstep.site.demo.shapes import Account, Area, District, Institution, Staff
from doorstep.site.demo.workforce import make_staff, second_post

TODAY = date(2026, 10, 31)
_SECOND_POSTS = 69


def _place(x: float, y: float) -> tuple[float, float]:
    return round(CENTRE[0] + x / KM_PER_DEGREE[0], 5), round(CENTRE[1] + y / KM_PER_DEGREE[1], 5)


def _areas(rng: Random) -> Iterator[Area]:
    """The city, the county, 14 townships and streets, and their 90 villages and communities."""
    total = sum(t.population for t in TOWNS)
    city, county = CITY + "000000", COUNTY + "000000"
    full = CITY_NAME + COUNTY_NAME
    yield Area(city, "city", CITY_NAME, CITY_NAME, "", *_place(21, 14), total * 11, True)
    yield Area(county, "county", COUNTY_NAME, full, city, *_place(0, 0), total, False)
    for town in TOWNS:
        code = f"{COUNTY}{town.code}000"
        urban = town.name.endswith("街道")
        yield Area(
            code, "township", town.name, full + town.name, county, *_place(town.x, town.y), town.population, urban
        )
        names = town.villages.split()
        weights = [rng.uniform(0.7, 1.3) for _ in names]
        spread = 1.1 if urban else 3.2
        for i, name in enumerate(names):
            # 001 to 099 are residents' committees, 101 to 199 villagers' committees (GB/T 10114 practice).
            own = f"{i + 1 if name.endswith('社区') else 101 + i:03d}"
            x, y = town.x + rng.uniform(-spread, spread), town.y + rng.uniform(-spread, spread)
            people = round(town.population * weights[i] / sum(weights))
            yield Area(code[:9] + own, "village", name, full + town.name + name, code, *_place(x, y), people, urban)


def _with_second_posts(
    staff: list[Staff], institutions: tuple[Institution, ...], rng: Random, today: date
) -> list[Staff]:
    """Gives about 3 % of the staff, physicians and managers of hospitals, a second post in the first level."""
    tier = {i.uscc: i.tier for i in institutions}
    places = [i for i in institutions if i.tier == "first"]
    eligible = [
        n for n, s in enumerate(staff)
        if s.profession in {"physician", "technician", "public_health"} and tier[s.posts[0].uscc] in {"lead", "second"}
    ]  # fmt: skip
    for n in rng.sample(eligible, _SECOND_POSTS):
        person = staff[n]
        post = second_post(person, places[int(rng.random() * len(places))], rng, today)
        staff[n] = replace(person, posts=(*person.posts, post))
    return staff


def _accounts(staff: list[Staff], institutions: tuple[Institution, ...]) -> Iterator[Account]:
    """One account a role, each of a generated person; no person has two."""
    kind = {i.uscc: i for i in institutions}
    lead = institutions[0]
    taken: set[str] = set()

    def pick(profession: str, type_code: str, department: str = "", posts: int = 1) -> str:
        for person in staff:
            post = person.posts[0]
            fits = person.profession == profession and kind[post.uscc].type_code == type_code
            fits = fits and department in {"", post.department} and len(person.posts) == posts and post.end is None
            at_lead = type_code != "A100" or post.uscc == lead.uscc
            if fits and at_lead and person.number not in taken:
                taken.add(person.number)
                return person.number
        raise LookupError(f"no {profession} at {type_code} {department}")

    rows = (
        ("bureau", "bureau_manager", "卫生健康局管理员", ("manager", "P918", "L07")),
        ("manager", "institution_manager", "牵头医院管理员", ("manager", "A100", "L05")),
        ("doctor", "physician", "牵头医院医师", ("physician", "A100")),
        ("expert", "physician", "下沉坐诊专家（两处执业）", ("physician", "A100", "", 2)),
        ("township", "physician", "乡镇卫生院医师", ("physician", "C210")),
        ("village", "village_doctor", "村医", ("village_doctor", "D600")),
        ("publichealth", "public_health", "公共卫生人员", ("public_health", "B100")),
        ("nurse", "nurse", "社区护士", ("nurse", "B100")),
        ("exchange", "exchange_operator", "数据交换管理员", ("technician", "P918", "L04")),
        ("auditor", "auditor", "审计员", ("manager", "P918", "L03")),
        ("privacy", "privacy_officer", "个人信息保护负责人", ("manager", "P918", "L07")),
    )
    for username, role, title, wanted in rows:
        yield Account(username, role, title, pick(*wanted))


def _settle_offices(staff: list[Staff], institutions: tuple[Institution, ...]) -> None:
    """Makes sure that the information centre and the lead hospital's office have the people the accounts need."""
    office = next(i for i in institutions if i.type_code == "P918")
    managers = [(n, s.posts[0].uscc) for n, s in enumerate(staff) if s.profession == "manager"]
    moves = dict(zip([n for n, at in managers if at == office.uscc], ("L07", "L03", "L07", "L07"), strict=False))
    moves[next(n for n, at in managers if at == institutions[0].uscc)] = "L05"
    for n, department in moves.items():
        staff[n] = replace(staff[n], posts=(replace(staff[n].posts[0], department=department),))


def make_district(seed: int = 1, today: date = TODAY) -> District:
    """The whole district but its residents; equal for equal seed and day."""
    rng = Random(seed)  # noqa: S311  made-up data must be the same again for a seed
    areas = tuple(_areas(rng))
    institutions = make_institutions(areas, rng, date(today.year, 1, 1))
    consortia = make_consortia(institutions)
    staff = list(make_staff(institutions, rng, today))
    _settle_offices(staff, institutions)
    staff = _with_second_posts(staff, institutions, rng, today)
    return District(
        seed=seed, today=today, county=COUNTY, areas=areas, institutions=institutions, consortia=consortia,
        agreements=make_agreements(institutions, consortia), staff=tuple(staff),
        accounts=tuple(_accounts(staff, institutions)),
    )  # fmt: skip
