"""The 2,299 people who work in the demo: professions, titles, licences, posts (shares assumed, nurses about 41 %)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from doorstep.site.demo import names
from doorstep.site.demo.numbers import COUNTY, STAFF_REGION, mobile, resident_id
from doorstep.site.demo.shapes import Institution, Licence, Post, Staff

PROFESSIONS = ("physician", "nurse", "pharmacist", "technician", "public_health", "village_doctor", "manager")
# Shares by kind of institution, in the order of PROFESSIONS.
_MIX = {
    "hospital": (29, 47, 5, 10, 1, 0, 8),
    "primary": (37, 32, 7, 8, 11, 0, 5),
    "prevention": (10, 2, 0, 30, 46, 0, 12),
    "office": (0, 0, 0, 20, 0, 0, 80),
}
_TITLES = {
    "physician": ("医师", "主治医师", "副主任医师", "主任医师"),
    "nurse": ("护士", "主管护师", "副主任护师", "主任护师"),
    "pharmacist": ("药师", "主管药师", "副主任药师", "主任药师"),
    "technician": ("技师", "主管技师", "副主任技师", "主任技师"),
    "public_health": ("公卫医师", "公卫主治医师", "公卫副主任医师", "公卫主任医师"),
    "village_doctor": ("乡村医生", "执业助理医师", "执业医师", "执业医师"),
    "manager": ("", "经济师", "高级经济师", "正高级经济师"),
}
_LEVELS = ("junior", "intermediate", "associate_senior", "senior")
_WOMEN = {"physician": 0.44, "nurse": 0.97, "pharmacist": 0.66, "technician": 0.5, "public_health": 0.6,
          "village_doctor": 0.31, "manager": 0.42}  # fmt: skip
_WHERE = {"pharmacist": ("L01",), "technician": ("30", "32", "32.05", "32.06", "31", "L04", "01"),
          "public_health": ("01", "09", "06"), "manager": ("L03", "L05", "L06", "L07", "L02")}  # fmt: skip


def _mix(institution: Institution) -> str:
    kind = institution.type_code
    if kind == "P918":
        return "office"
    if kind == "J100":
        return "prevention"
    return "primary" if kind[0] in "BCD" else "hospital"


def _professions(institution: Institution) -> list[str]:
    """The professions of an institution's posts: shares rounded by largest remainder, so that they sum exactly."""
    if institution.type_code == "D600":
        return ["village_doctor"] * institution.staff
    if institution.staff <= 2:
        return ["physician", "nurse"][: institution.staff]
    shares = [institution.staff * s / 100 for s in _MIX[_mix(institution)]]
    counts = [int(s) for s in shares]
    order = sorted(range(len(shares)), key=lambda i: (counts[i] - shares[i], i))
    for i in order[: institution.staff - sum(counts)]:
        counts[i] += 1
    return [p for p, n in zip(PROFESSIONS, counts, strict=True) for _ in range(n)]


def _department(institution: Institution, profession: str, rng: Random) -> str:
    codes = [d.code for d in institution.departments]
    wanted = [c for c in codes if c in _WHERE.get(profession, ())]
    if not wanted:
        wanted = [c for c in codes if not c.startswith(("L", "3"))] or codes
    return wanted[int(rng.random() * len(wanted))]


def _level(age: int, tier: str, rng: Random) -> int:
    """A title's level 0 to 3: rises with age, and further in hospitals (assumed)."""
    ceiling = {"lead": 3, "second": 3, "first": 2, "base": 1}[tier]
    reached = (age >= 32) + (age >= 42) + (age >= 50)
    return min(ceiling, max(0, reached - (rng.random() < 0.45) - (rng.random() < 0.15)))


def _licences(profession: str, start: date, own_id: str, serial: int) -> tuple[Licence, ...]:
    """Certificates in the shapes of consortium.md §9.5; the resident ID inside a qualification is made up too."""
    year = start.year
    if profession in {"physician", "public_health"}:
        kind, category = ("141", "40") if serial % 6 == 0 else ("110", "10")
        if profession == "public_health":
            kind, category = "130", "30"
        practice = f"1{category}{COUNTY}{serial:06d}"
        return (
            Licence("physician_qualification", f"{year}43{kind}{own_id}", start),
            Licence("physician_practice", practice, start + timedelta(days=90)),
        )
    if profession == "nurse":
        return (Licence("nurse_practice", f"{year}43{serial:06d}", start),)
    if profession == "village_doctor":
        return (Licence("village_doctor", f"{COUNTY}{year}{serial:05d}", start),)
    return ()


def _role(profession: str, level: int, rng: Random) -> str:
    """The role of a post; one senior in six leads the department."""
    if profession in {"physician", "nurse"} and level >= 2 and rng.random() < 0.17:
        return {"physician": "department_head", "nurse": "head_nurse"}[profession]
    return profession


def _person(serial: int, institution: Institution, profession: str, rng: Random, today: date) -> Staff:
    sex = "female" if rng.random() < _WOMEN[profession] else "male"
    age = 24 + int(34 * rng.random() ** 1.25) + (8 if profession == "village_doctor" else 0)
    birth = date(today.year - min(age, 64), 1 + int(rng.random() * 12), 1 + int(rng.random() * 28))
    start = max(date(birth.year + 23, 7, 1), institution.opened_on)
    joined = start + timedelta(days=int(rng.random() * max(1, (today - start).days - 60)))
    level = _level(today.year - birth.year, institution.tier, rng)
    own_id = resident_id(STAFF_REGION, birth, (serial * 2 + (sex == "male")) % 1000)
    qualified = date(birth.year + 23, 7, 1)
    post = Post(institution.uscc, _department(institution, profession, rng), _role(profession, level, rng), joined)
    return Staff(
        number=f"QH{serial:05d}", name=names.surname(rng) + names.given(rng, sex, birth.year), sex=sex, birth=birth,
        profession=profession, title=_TITLES[profession][level], title_level=_LEVELS[level],
        phone=mobile(9_000_000 + serial), licences=_licences(profession, qualified, own_id, serial), posts=(post,),
    )  # fmt: skip


def make_staff(institutions: tuple[Institution, ...], rng: Random, today: date) -> Iterator[Staff]:
    """All staff, institution by institution; each has one main post, second posts come with `second_post`."""
    serial = 0
    for institution in institutions:
        for profession in _professions(institution):
            serial += 1
            yield _person(serial, institution, profession, rng, today)


def second_post(person: Staff, at: Institution, rng: Random, today: date) -> Post:
    """A part-time post at another institution, as specialists hold who come down to a township (made up)."""
    start = today - timedelta(days=int(100 + rng.random() * 900))
    return Post(at.uscc, _department(at, person.profession, rng), "visiting_" + person.profession, start, None, False)
