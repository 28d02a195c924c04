"""What happened to a resident in the window: follow-ups, check-ups, passing illness, stays, vaccinations."""

from __future__ import annotations

import math
from bisect import bisect
from datetime import date
from itertools import accumulate

from doorstep.site.demo import fragments as f
from doorstep.site.demo import rates
from doorstep.site.demo.case import Calendar, Case, Visit
from doorstep.site.demo.formulary import ACUTE, ADMISSIONS, HPV, INFLUENZA, SCHEDULE
from doorstep.site.demo.sites import Site

_ACUTE_SUMS = tuple(accumulate(illness.weight for illness in ACUTE))
_STAY_SUMS = tuple(tuple(accumulate(admission.weights[group] for admission in ADMISSIONS)) for group in range(3))
_REGIMEN = {
    "I10": ("amlodipine", "valsartan", "indapamide"), "E11.9": ("metformin", "glimepiride", "acarbose", "glargine"),
    "J44.9": ("tiotropium", "salbutamol"), "I69.3": ("aspirin", "atorvastatin"), "F20.9": ("olanzapine",),
    "I25.1": ("aspirin", "atorvastatin", "metoprolol"),
}  # fmt: skip
_CLINIC = {"I10": "03.04", "E11.9": "03.07", "J44.9": "03.01", "I69.3": "03.03", "I25.1": "03.04", "F20.9": "15",
           "M17.9": "04.03", "H25.9": "10", "N40": "04.04", "K29.5": "03.02", "M81.0": "04.03"}  # fmt: skip
_YEAR = 365
_QUARTER = 91


class Body:
    """A person's own levels, from which each measurement departs by season, trend and chance."""

    __slots__ = ("creatinine", "diastolic", "gain", "glucose", "height", "ldl", "response", "systolic", "weight")

    def __init__(self, case: Case, age: int, codes: list[str]) -> None:
        r = case.rng.random
        man = case.person.sex == "male"
        self.height = (167 if man else 156) - max(0, age - 60) * 0.12 + (r() + r() - 1) * 13
        self.weight = (22.6 + (1.8 if "E11.9" in codes or "I10" in codes else 0) + (r() + r() - 1) * 6) * (
            self.height / 100
        ) ** 2
        self.gain = (r() - 0.5) * 2
        self.systolic = 112 + age * 0.22 + (r() + r() - 1) * 14 + (26 if "I10" in codes else 0)
        self.diastolic = 70 + (r() + r() - 1) * 9 + (13 - max(0, age - 60) * 0.3 if "I10" in codes else 0)
        self.glucose = 5.2 + (r() + r() - 1) * 0.8 + (3.4 + r() * 2.5 if "E11.9" in codes else 0)
        self.creatinine = (74 if man else 59) + max(0, age - 50) * 0.5 + (r() + r() - 1) * 18
        self.ldl = 2.9 + (r() + r() - 1) + (0.8 if "E78.5" in codes else 0)
        # How well treatment works: most come near the goal within a year and a half, some never do.
        self.response = 0.25 + r() * 0.75


def _cooling(day: int) -> float:
    """Days under treatment as a share of its full effect."""
    return 1 - math.exp(-day / 240)


def take_pressure(visit: Visit, case: Case, body: Body, day: int, ill: bool) -> None:
    """Adds a blood pressure: higher in winter, falling under treatment."""
    r = case.rng.random
    winter = 4 * math.cos(day / 58.1)
    fall = 22 * body.response * _cooling(day) if ill else 0
    systolic = body.systolic + winter - fall + (r() + r() - 1) * 15
    visit.pressure(systolic, min(body.diastolic - fall * 0.45 + winter * 0.4 + (r() + r() - 1) * 9, systolic - 22))


def take_glucose(visit: Visit, case: Case, body: Body, day: int, ill: bool) -> float:
    """Adds a fasting glucose and returns it."""
    r = case.rng.random
    fall = 2.6 * body.response * _cooling(day) if ill else 0
    value = body.glucose - fall + (r() + r() - 1) * (1.6 if ill else 0.5)
    visit.measure("glucose", value)
    return value


def follow_ups(case: Case, site: Site, body: Body, codes: list[str], days: int) -> None:
    """Quarterly follow-ups of chronic conditions from enrolment to today, and the prescriptions written there."""
    rng = case.rng
    ours = [c for c in codes if c in rates.FOLLOWED]
    started = int((rng.random() * 1.6 - 0.75) * days)
    first = max(started, 0) + int(rng.random() * _QUARTER)
    bundle, prescribed = case.at(site), -_YEAR
    medicines = [m for c in ours for m in _REGIMEN[c][: 1 + (rng.random() < 0.4)]]
    for day in range(first, days, _QUARTER):
        if rng.random() < 0.12:
            continue
        way = "HH" if rng.random() < 0.18 else "AMB"
        visit = case.visit(bundle, min(day + int(rng.random() * 14), days - 1), "慢病随访", code=ours[0], way=way)
        take_pressure(visit, case, body, day - first, "I10" in ours)
        if "E11.9" in ours:
            take_glucose(visit, case, body, day - first, True)
        if rng.random() < 0.22:
            visit.measure("weight", body.weight + body.gain * day / _YEAR)
        if "J44.9" in ours:
            visit.measure("saturation", 96 - rng.random() * 5)
        if day - prescribed >= _YEAR:
            prescribed = day
            # Renewed every year: only the last is still in use.
            fixed = f.LONG_TERM if day + _YEAR > days else f.SHORT_TERM
            for medicine in dict.fromkeys(medicines):
                visit.prescribe(fixed[medicine])


def problems(case: Case, site: Site, codes: list[str], calendar: Calendar) -> None:
    """The problem list as the primary institution keeps it, found in the window or up to six years before."""
    bundle = case.at(site)
    subject = f'"subject":{{"reference":"{bundle.patient}"}},'
    for code in codes:
        day = calendar.days[int(case.rng.random() * calendar.last * 0.6)]
        earlier = f"{int(day[:4]) - int(case.rng.random() * 7)}{day[4:7]}-{min(int(day[8:]), 28):02d}"
        bundle.add("Condition", f'{f.PROBLEM[code]}{subject}"onsetDateTime":"{earlier}","recordedDate":"{earlier}"')


def check_up(case: Case, site: Site, body: Body, codes: list[str], day: int, old: bool) -> None:
    """One yearly check-up: of the elderly as public-health.md §1.6 lists it, shorter for the others."""
    r = case.rng.random
    visit = case.visit(case.at(site), day, "老年人健康体检" if old else "慢病年度体检", code="Z00.0")
    weight = body.weight + body.gain * day / _YEAR
    take_pressure(visit, case, body, day, "I10" in codes)
    visit.measure("weight", weight)
    visit.measure("bmi", weight / (body.height / 100) ** 2)
    glucose = take_glucose(visit, case, body, day, "E11.9" in codes)
    visit.measure("creatinine", body.creatinine + day / _YEAR + (r() - 0.5) * 8)
    if "E11.9" in codes:
        visit.measure("hba1c", 2.4 + glucose * 0.62 + (r() - 0.5) * 0.5)
    if old:
        visit.measure("height", body.height)
        visit.measure("waist", 40 + weight * 0.68 + (r() - 0.5) * 6)
        visit.measure("ldl", body.ldl + (r() - 0.5) * 0.5)
        visit.measure("haemoglobin", 132 + (r() + r() - 1) * 22)
        normal = r() < 0.55
        visit.report(f.ECG, f.ECG_FINDINGS[0 if normal else 1 + int(r() * 6)])


def passing_illness(case: Case, site: Site, age: int, days: int) -> None:
    """Visits for short illnesses at a primary institution; a baby's only since birth."""
    rng = case.rng
    expected = rates.acute_a_year(age) * (days - case.start) / _YEAR
    for _ in range(int(expected) + (rng.random() < expected % 1)):
        if rng.random() < 0.2:
            continue
        ill = ACUTE[bisect(_ACUTE_SUMS, rng.random() * _ACUTE_SUMS[-1])]
        visit = case.visit(case.at(site), case.any_day(days), "普通门诊", code=ill.code)
        visit.diagnose(ill.code, f.DIAGNOSIS[ill.code])
        if ill.fever and rng.random() < 0.5:
            visit.measure("temperature", 36.6 + rng.random() * 2.4)
        if ill.medicine and rng.random() < 0.7:
            visit.prescribe(f.SHORT_TERM[ill.medicine])


def specialist_visit(case: Case, site: Site, body: Body, codes: list[str], days: int) -> None:
    """A visit to a hospital's clinic for a chronic or a passing condition."""
    rng = case.rng
    day = case.any_day(days)
    if codes:
        code = codes[int(rng.random() * len(codes))]
        visit = case.visit(case.at(site, False), day, "专科门诊", code=code, department=_CLINIC.get(code, "03.04"))
        visit.diagnose(code, f.PROBLEM[code])
        take_pressure(visit, case, body, day, "I10" in codes)
        visit.measure("creatinine", body.creatinine + (rng.random() - 0.5) * 8)
        visit.measure("ldl", body.ldl + (rng.random() - 0.5) * 0.5)
        if code == "E11.9":
            visit.measure("hba1c", 2.4 + take_glucose(visit, case, body, day, True) * 0.62)
        if code == "J44.9":
            visit.measure("fev1", 48 + rng.random() * 20)
        return
    ill = ACUTE[bisect(_ACUTE_SUMS, rng.random() * _ACUTE_SUMS[-1])]
    visit = case.visit(case.at(site, False), day, "专科门诊", code=ill.code, department=ill.department)
    visit.diagnose(ill.code, f.DIAGNOSIS[ill.code])
    visit.measure("leucocytes", 6.2 + (rng.random() + rng.random() - 0.7) * 4)


def stay(case: Case, site: Site, body: Body, age: int, days: int) -> None:
    """A stay in hospital: diagnosis, blood count with its results, chemistry, chest film, medicines."""
    rng = case.rng
    group = (age >= 15) + (age >= 65)
    why = ADMISSIONS[bisect(_STAY_SUMS[group], rng.random() * _STAY_SUMS[group][-1])]
    nights = 3 + int(rng.random() * 9)
    day = case.any_day(days)
    nights = min(nights, days - day)
    bundle = case.at(site, False)
    visit = case.visit(bundle, day, "住院", code=why.code, department=why.department, way="IMP", nights=nights)
    visit.diagnose(why.code, f.DIAGNOSIS[why.code])
    infected = why.code in {"J18.9", "K35.9"}
    counts = (
        visit.measure("leucocytes", 6.4 + (rng.random() + rng.random() - 0.8) * 3 + 5 * infected),
        visit.measure("haemoglobin", 130 + (rng.random() + rng.random() - 1) * 26),
        visit.measure("platelets", 215 + (rng.random() + rng.random() - 1) * 110),
    )
    results = ",".join([f'{{"reference":"{reference}"}}' for reference in counts])
    visit.report(f.BLOOD_COUNT, f'"result":[{results}]')
    visit.measure("crp", rng.random() * 7 + 40 * infected * rng.random())
    visit.measure("creatinine", body.creatinine + (rng.random() - 0.4) * 14)
    visit.measure("potassium", 4.1 + (rng.random() + rng.random() - 1) * 0.8)
    finding = 2 if why.code == "J18.9" else int(rng.random() * 5) if age >= 45 else 0
    visit.report(f.CHEST, f.CHEST_FINDINGS[finding])
    visit.prescribe(f.SHORT_TERM[why.medicine])


def vaccinations(case: Case, site: Site, today: int) -> None:
    """Doses of the programme that were due since birth for children under seven, and HPV for girls of 13."""
    rng, born = case.rng, case.person.birth.toordinal()
    age = (today - born) / 365.25
    doses = SCHEDULE if age < 7 else HPV if 13 <= age < 15 and case.person.sex == "female" else ()
    for dose in doses:
        due = born + int(dose.months * 30.44 + 0.99) + int(rng.random() * 20 if dose.months else 0)
        if due <= today and rng.random() < 0.965:
            vaccinate(case, site, f.IMMUNISATION[dose], date.fromordinal(due).isoformat())


def vaccinate(case: Case, site: Site, fixed: str, day: str) -> None:
    """Adds one vaccination on a day (or in a month)."""
    bundle = case.at(site)
    lot = int(case.rng.random() * 9000)
    bundle.add(
        "Immunization",
        f'{fixed}"patient":{{"reference":"{bundle.patient}"}},"occurrenceDateTime":"{day}",'
        f'"lotNumber":"{day[:4]}{lot + 1000}",'
        f'"performer":[{{"actor":{site.organisation}}}]',
    )


def influenza(case: Case, site: Site, calendar: Calendar, year: int) -> None:
    """An autumn's influenza vaccination."""
    day = int(case.rng.random() * 60) + year * _YEAR + 330
    if day <= calendar.last:
        vaccinate(case, site, f.IMMUNISATION[INFLUENZA], calendar.days[day])


def allergy(case: Case, site: Site, calendar: Calendar) -> None:
    """A recorded allergy."""
    bundle = case.at(site)
    fixed = f.ALLERGY[min(int(case.rng.random() ** 1.6 * len(f.ALLERGY)), len(f.ALLERGY) - 1)]
    day = calendar.days[case.any_day(calendar.last)]
    bundle.add("AllergyIntolerance", f'{fixed}"patient":{{"reference":"{bundle.patient}"}},"recordedDate":"{day}"')
