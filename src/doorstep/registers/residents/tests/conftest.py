"""Institutions, callers and records for the tests of this room."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from doorstep.linkage import numbers
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.residents.rules.facts import Identifier, Kind, tidy
from doorstep.registers.residents.shapes import Incoming, Name, Phone


def number(sequence: int = 1, birth: date = date(1985, 3, 15), region: str = "439921") -> str:
    """A right resident ID of a region that does not exist."""
    body = f"{region}{birth:%Y%m%d}{sequence:03d}"
    return body + numbers.check_digit(body)


def resident_id(value: str) -> Identifier:
    return tidy(Identifier(Kind.RESIDENT_ID, "", value, "Patient.identifier[0].value"))


def hospital(value: str, system: str = "urn:doorstep:hospital-number:x") -> Identifier:
    return Identifier(Kind.HOSPITAL, system, value, "Patient.identifier[0].value")


def record(patient_id: str, source: UUID, *identifiers: Identifier, name: str = "王小明", **more: object) -> Incoming:
    names = (Name(name),) if name else ()
    facts: dict[str, object] = {
        "names": names,
        "sex": "1",
        "birth_date": "1985-03-15",
        "phones": (Phone("10031234567"),),
    }
    return Incoming(patient_id, source, identifiers, **(facts | more))  # type: ignore[arg-type]


def make_organisation(name: str) -> Organisation:
    return Organisation.objects.create(
        name=name, pinyin=name, initials=name, type_code="A100", tier="lead", area="439921001001"
    )


@pytest.fixture
def hospital_a(db: None) -> UUID:
    return make_organisation("甲医院").pk


@pytest.fixture
def hospital_b(db: None) -> UUID:
    return make_organisation("乙医院").pk
