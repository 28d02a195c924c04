"""One resident's case while it is told: who it is, and the bundles being filled, one for each institution."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import NamedTuple

from doorstep.site.demo import fragments as f
from doorstep.site.demo import systems
from doorstep.site.demo.fragments import quoted
from doorstep.site.demo.people import Person
from doorstep.site.demo.places import CITY_NAME, COUNTY_NAME
from doorstep.site.demo.sites import Site

_RELATIONS = {"51": "父亲", "52": "母亲", "61": "祖父或外祖父", "62": "祖母或外祖母"}


class Calendar:
    """The days and clock times of the window as text, made once; day 0 is the first, the last is today."""

    def __init__(self, today: date, years: int) -> None:
        self.today = today.toordinal()
        self.first = self.today - years * 365
        self.days = tuple(date.fromordinal(n).isoformat() for n in range(self.first, self.today + 1))
        self.last = len(self.days) - 1
        self.times = tuple(f"T{8 + m // 60:02d}:{m % 60:02d}:00+08:00" for m in range(580))

    def moment(self, rng: Random, day: int) -> tuple[str, str, str]:
        """A start and an end within opening hours, and the day."""
        minute = int(rng.random() * 560)
        shown = self.days[day]
        return shown + self.times[minute], shown + self.times[minute + 12], shown


class Bundle:
    """A transaction bundle being filled; identifiers are one random prefix and a counter, so equal for equal seed."""

    __slots__ = ("_base", "_parts", "count", "patient", "site", "visits")

    def __init__(self, site: Site, bits: int) -> None:
        digits = f"{bits:015x}"
        self._base = f"urn:uuid:{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{site.serial:03x}-"
        self._parts: list[str] = []
        self.count = 0
        self.visits = 0
        self.site = site
        self.patient = ""

    def add(self, kind: str, body: str) -> str:
        """Adds a resource of a type with what its body says; its reference is returned."""
        self.count = count = self.count + 1
        reference = f"{self._base}{count:012x}"
        self._parts.append(
            f'{{"fullUrl":"{reference}","resource":{{"resourceType":"{kind}",{body}}},'
            f'"request":{{"method":"POST","url":"{kind}"}}}}'
        )
        return reference

    def dump(self, timestamp: str) -> bytes:
        """The bundle as UTF-8 JSON."""
        entries = ",".join(self._parts)
        head = f'{{"resourceType":"Bundle","type":"transaction","timestamp":"{timestamp}","entry":['
        return f"{head}{entries}]}}".encode()


class Visit(NamedTuple):
    """An encounter in a bundle: its reference, its day and start, the doctor, and what its observations repeat."""

    bundle: Bundle
    reference: str
    day: str
    start: str
    doctor: str
    about: str
    context: str

    def measure(self, name: str, value: float) -> str:
        """Adds one measurement."""
        return self.bundle.add("Observation", f.MEASURE[name].body(self.context, value))

    def pressure(self, systolic: float, diastolic: float) -> None:
        """Adds a blood pressure."""
        self.bundle.add("Observation", f.pressure(self.context, round(systolic), round(diastolic)))

    def diagnose(self, code: str, fixed: str) -> str:
        """Adds a condition seen at this visit; `fixed` is from DIAGNOSIS or PROBLEM."""
        return self.bundle.add(
            "Condition", f'{fixed}{self.about}"onsetDateTime":"{self.day}","recordedDate":"{self.day}"'
        )

    def prescribe(self, fixed: str) -> None:
        """Adds a prescription; `fixed` is from LONG_TERM or SHORT_TERM."""
        self.bundle.add(
            "MedicationRequest", f'{fixed}{self.about}"authoredOn":"{self.start}","requester":{self.doctor}'
        )

    def report(self, fixed: str, conclusion: str) -> None:
        """Adds an examination report."""
        self.bundle.add("DiagnosticReport", f'{fixed}{self.context}"issued":"{self.start}",{conclusion}')


class Case:
    """A resident, the random stream that is only theirs, and the bundles of the institutions that saw them."""

    __slots__ = ("_bits", "_calendar", "bundles", "person", "rng", "start")

    def __init__(self, person: Person, rng: Random, calendar: Calendar) -> None:
        self.person = person
        self.rng = rng
        self.bundles: dict[str, Bundle] = {}
        self._bits = rng.getrandbits(60)
        self._calendar = calendar
        # The first day of the window on which the person lived.
        self.start = max(0, person.birth.toordinal() - calendar.first)

    def any_day(self, last: int) -> int:
        """A day of the window on which the person lived, before `last`."""
        return self.start + int(self.rng.random() * (last - self.start))

    def at(self, site: Site, full: bool = True) -> Bundle:
        """The bundle of an institution; its first entry is the Patient. Hospitals know only ID and their own number."""
        bundle = self.bundles.get(site.uscc)
        if bundle is None:
            bundle = self.bundles[site.uscc] = Bundle(site, self._bits)
            bundle.patient = bundle.add("Patient", patient(self.person, site, full))
        return bundle

    def visit(self, bundle: Bundle, day: int, kind: str, *, code: str = "", department: str = "", way: str = "AMB",
              nights: int = 0) -> Visit:  # fmt: skip
        """Adds an encounter that began on a day of the window; `code` is its reason."""
        rng, site, calendar = self.rng, bundle.site, self._calendar
        start, end, shown = calendar.moment(rng, day)
        if nights:
            end = calendar.days[day + nights] + "T10:30:00+08:00"
        # whoever would go home today or later is in hospital still
        status = "in-progress" if nights and day + nights >= calendar.last else "finished"
        period = f'"start":"{start}"' + (f',"end":"{end}"' if status == "finished" else "")
        doctor, service = site.doctor(rng, department)
        bundle.visits += 1
        number = f"{shown[:4]}{shown[5:7]}{shown[8:]}{self.person.number:08d}{bundle.visits:02d}"
        reason = f.REASON[code] if code else ""
        subject = f'"subject":{{"reference":"{bundle.patient}"}},'
        reference = bundle.add(
            "Encounter",
            f'"identifier":[{{"system":"{site.visit_system}","value":"{number}"}}],"status":"{status}",{f.CLASSES[way]}'
            f'{f.KINDS[kind]}{service}{subject}"participant":[{{"individual":{doctor}}}],'
            f'"period":{{{period}}},{reason}{site.provider}',
        )
        about = f'{subject}"encounter":{{"reference":"{reference}"}},'
        context = f'{about}"effectiveDateTime":"{start}",{site.performer}'
        return Visit(bundle, reference, shown, start, doctor, about, context)


def _identifiers(person: Person, site: Site, full: bool) -> str:
    own = f"{(person.number * 7919 + site.serial * 104_729) % 100_000_000:08d}"
    first = (
        f'{{"use":"official","type":{{"text":"居民身份证"}},"system":"{systems.RESIDENT_ID}","value":"{person.resident_id}"}},'
        f'{{"use":"usual","type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}}],'
        f'"text":"病历号"}},"system":"{site.number_system}","value":"{own}","assigner":{site.organisation}}}'
    )
    if not full:
        return first
    return (
        f'{first},{{"type":{{"text":"医保编号"}},"system":"{systems.INSURANCE_NUMBER}","value":"{person.insurance_number}"}},'
        f'{{"type":{{"text":"健康档案编号"}},"system":"{systems.ARCHIVE_NUMBER}","value":"{person.archive_number}"}}'
    )


def _contact(person: Person) -> str:
    if not person.guardian:
        return ""
    code = person.guardian_relation
    relation = f.coding(systems.FAMILY_RELATION, code, _RELATIONS[code])
    phone = f',"telecom":[{{"system":"phone","value":"{person.guardian_phone}"}}]' if person.guardian_phone else ""
    return (
        f'"contact":[{{"relationship":[{{"coding":[{relation}],'
        f'"text":"监护人"}}],"name":{{"text":{quoted(person.guardian_name)}}}{phone}}}],'
    )


def patient(person: Person, site: Site, full: bool) -> str:
    """The inside of a Patient as an institution knows them; `full` adds insurance and archive number."""
    phone = f'"telecom":[{{"system":"phone","value":"{person.phone}","use":"mobile"}}],' if person.phone else ""
    division = f'{{"system":"{systems.DIVISION}","code":"{person.village}"}}'
    return (
        f'"identifier":[{_identifiers(person, site, full)}],"active":true,'
        f'"name":[{{"use":"official","text":{quoted(person.name)},"family":{quoted(person.family_name)},'
        f'"given":[{quoted(person.given_name)}]}}],{phone}"gender":"{person.sex}","birthDate":"{person.birth}",'
        f'"address":[{{"extension":[{{"url":"{systems.DIVISION}","valueCoding":{division}}}],"use":"home",'
        f'"text":{quoted(person.address)},"city":"{CITY_NAME}","district":"{COUNTY_NAME}","country":"CN"}}],'
        f'{f.MARITAL[person.marital]}{_contact(person)}"managingOrganization":{site.organisation}'
    )
