"""FHIR R4 transaction bundles of a demo district: for each resident one from each institution that saw them.

Each resident's bundles depend on the seed and that resident alone, so slices of the residents can be told side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from doorstep.site.demo import rates, story
from doorstep.site.demo.case import Calendar, Case
from doorstep.site.demo.people import Person
from doorstep.site.demo.shapes import District
from doorstep.site.demo.sites import Site, make_sites


class Teller:
    """What does not change from resident to resident: the calendar, the sites, and which are near which village."""

    def __init__(self, district: District, seed: int, years: int) -> None:
        self._seed = seed
        self._calendar = Calendar(district.today, years)
        self._years = years
        self._stamp = f"{district.today}T23:00:00+08:00"
        self._rng = Random()  # noqa: S311  made-up data must be the same again for a seed
        sites = make_sites(district)
        by_type: dict[str, list[Site]] = {}
        for i in district.institutions:
            if i.uscc in sites:
                by_type.setdefault(i.type_code, []).append(sites[i.uscc])
        self._hospitals = (sites[district.institutions[0].uscc], *by_type["A210"], *by_type["A100"][1:])
        self._centre, self._clinics = _near(district, sites)

    def bundles(self, person: Person) -> list[tuple[str, str, bytes]]:
        """A resident's bundles as (credit code of the source, name of the message, bytes)."""
        self._rng.seed(self._seed * 1_000_000_007 + person.number)
        case = Case(person, self._rng, self._calendar)
        self._tell(case)
        stamp = self._stamp
        return [
            (uscc, f"{bundle.site.serial:03d}-{person.number:08d}.json", bundle.dump(stamp))
            for uscc, bundle in case.bundles.items()
        ]

    def _tell(self, case: Case) -> None:
        person, rng, calendar = case.person, case.rng, self._calendar
        age = int((calendar.today - person.birth.toordinal()) / 365.2425)
        codes = rates.chronic(rng, age, person.sex)
        body = story.Body(case, age, codes)
        centre = self._centre[person.village[:9]]
        clinics = self._clinics.get(person.village)
        near = clinics[int(rng.random() * len(clinics))] if clinics and rng.random() < 0.4 else centre
        case.at(centre)
        if codes:
            story.problems(case, centre, codes, calendar)
        if rng.random() < rates.ALLERGIC:
            story.allergy(case, centre, calendar)
        followed = not rates.FOLLOWED.isdisjoint(codes) and rng.random() < rates.FOLLOWED_UP
        if followed:
            story.follow_ups(case, near, body, codes, calendar.last)
        if age >= 65 or followed:
            self._each_year(case, centre, body, codes, age)
        if age < 15:
            story.vaccinations(case, centre, calendar.today)
        story.passing_illness(case, near, age, calendar.last)
        self._in_hospital(case, body, codes, age)

    def _each_year(self, case: Case, centre: Site, body: story.Body, codes: list[str], age: int) -> None:
        """Check-ups, and for the elderly influenza vaccine, of each year of the window."""
        rng = case.rng
        for year in range(self._years):
            if rng.random() < rates.CHECK_UP_A_YEAR:
                day = year * 365 + int(rng.random() * 360)
                story.check_up(case, centre, body, codes, day, age - self._years + year >= 65)
            if age >= 65 and rng.random() < rates.INFLUENZA_A_YEAR:
                story.influenza(case, centre, self._calendar, year)

    def _in_hospital(self, case: Case, body: story.Body, codes: list[str], age: int) -> None:
        """Clinic visits and stays in one of the county's hospitals, most at the lead hospital."""
        rng, ill = case.rng, bool(codes)
        hospital = self._hospitals[(rng.random() < 0.38) + (rng.random() < 0.12)]
        if rng.random() < rates.specialist(ill):
            story.specialist_visit(case, hospital, body, codes, self._calendar.last)
        if rng.random() < rates.admission(age, ill):
            story.stay(case, hospital, body, age, self._calendar.last)


def _near(district: District, sites: dict[str, Site]) -> tuple[dict[str, Site], dict[str, list[Site]]]:
    """The centre of each town (by nine digits of its code), and the clinics and stations of each village."""
    centre: dict[str, Site] = {}
    clinics: dict[str, list[Site]] = {}
    for i in district.institutions:
        if i.type_code in {"B100", "C210", "C220"}:
            centre[i.area[:9]] = sites[i.uscc]
        elif i.type_code in {"B200", "D600"}:
            clinics.setdefault(i.area, []).append(sites[i.uscc])
    return centre, clinics


def bundles(
    district: District, people: Iterable[Person], seed: int = 1, years: int = 3
) -> Iterator[tuple[str, str, bytes]]:
    """The bundles of all these people as (credit code of the source institution, message name, bytes)."""
    teller = Teller(district, seed, years)
    for person in people:
        yield from teller.bundles(person)
