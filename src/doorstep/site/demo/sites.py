"""Institutions as sources of bundles: their references, doctors and numbers as ready JSON."""

from __future__ import annotations

from random import Random

from doorstep.site.demo import systems
from doorstep.site.demo.fragments import coding, quoted
from doorstep.site.demo.shapes import District, Institution, Staff

_TREATING = {"physician", "village_doctor", "department_head"}


def _practitioner(person: Staff) -> str:
    return (
        f'{{"type":"Practitioner","identifier":{{"system":"{systems.STAFF_NUMBER}","value":"{person.number}"}},'
        f'"display":{quoted(person.name)}}}'
    )


class Site:
    """One institution: logical references by credit code, and which doctor sees patients in which department."""

    def __init__(self, institution: Institution, doctors: dict[str, list[str]], serial: int) -> None:
        self.uscc = institution.uscc
        self.short_name = institution.short_name
        self.serial = serial
        self.organisation = (
            f'{{"type":"Organization","identifier":{{"system":"{systems.CREDIT_CODE}","value":"{institution.uscc}"}},'
            f'"display":{quoted(institution.name)}}}'
        )
        self.number_system = systems.hospital_number(institution.uscc)
        self.visit_system = systems.visit_number(institution.uscc)
        self.provider = f'"serviceProvider":{self.organisation}'
        self.performer = f'"performer":[{self.organisation}],'
        self._departments = [d.code for d in institution.departments if d.code in doctors]
        self._doctors = doctors
        self._services = {
            d.code: f'"serviceType":{{"coding":[{coding(systems.CLINICAL_SUBJECT, d.code, d.name)}]}},'
            for d in institution.departments
        }

    def doctor(self, rng: Random, department: str) -> tuple[str, str]:
        """A doctor's reference and the department's serviceType; another department where the wanted one is missing."""
        if department not in self._doctors:
            department = self._departments[int(rng.random() * len(self._departments))]
        doctors = self._doctors[department]
        return doctors[int(rng.random() * len(doctors))], self._services[department]


def make_sites(district: District) -> dict[str, Site]:
    """The institutions that treat patients, by credit code."""
    doctors: dict[str, dict[str, list[str]]] = {}
    for person in district.staff:
        for post in person.posts:
            if post.role in _TREATING and not post.department.startswith("L"):
                doctors.setdefault(post.uscc, {}).setdefault(post.department, []).append(_practitioner(person))
    return {
        i.uscc: Site(i, doctors[i.uscc], serial) for serial, i in enumerate(district.institutions) if i.uscc in doctors
    }
