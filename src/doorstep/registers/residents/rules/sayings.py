"""What one record says of a person, in the words that are kept beside it: all that matching and the golden identity
need, so that both can be made again from the records alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import msgspec

from doorstep.linkage import numbers
from doorstep.linkage.facts import Facts, Said, standard, whose_number
from doorstep.registers.residents.rules import persons, relations
from doorstep.registers.residents.rules.facts import Identifier, Kind
from doorstep.registers.residents.rules.persons import Person


class Told(Protocol):
    """The parts of an incoming record that a saying is made of."""

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """The numbers, tidied."""

    @property
    def names(self) -> Iterable[Any]:
        """Names with ``text`` and ``use``."""

    @property
    def sex(self) -> str:
        """GB/T 2261.1."""

    @property
    def birth_date(self) -> str:
        """As FHIR has it, as far as it is known."""

    @property
    def phones(self) -> Iterable[Any]:
        """Telephones with ``value``."""

    @property
    def addresses(self) -> Iterable[Any]:
        """Addresses with ``text``."""

    @property
    def guardians(self) -> Iterable[Any]:
        """Guardians with ``name`` and ``relation``."""

    @property
    def deceased(self) -> str:
        """The day of death, ``yes`` or nothing."""

    @property
    def ethnic(self) -> str:
        """GB/T 3304."""

    @property
    def rank(self) -> int:
        """Of a twin (1, 2, …), 0 for others."""


class Saying(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record's words; empty where it says nothing. ``birth`` is ISO text as far as it is known, ``mother`` and
    ``father`` are named where the record says who is who."""

    name: str = ""
    sex: str = "0"
    birth: str = ""
    deceased: str = ""
    ethnic: str = ""
    resident_id: str = ""
    insurance: str = ""
    phone: str = ""
    address: str = ""
    guardian: str = ""
    rank: int = 0
    certificate: str = ""
    mother: str = ""
    father: str = ""

    @property
    def person(self) -> Person:
        """The person as this record alone tells it; a valid ID of its own outweighs what was typed."""
        said = Person(self.name, self.sex, self.birth, self.deceased, self.ethnic)
        own, _, _ = whose_number(self.resident_id, self.birth)
        read = numbers.read_id(own) if own else ""
        return persons.by_number(said, None if isinstance(read, str) else read)

    def facts(self, key: str) -> Facts:
        """The record in the form in which it is compared, under a key."""
        return standard(
            Said(
                key, self.name, self.sex, self.birth, self.resident_id, self.phone, self.insurance, self.address,
                self.guardian, "", self.rank, certificate=self.certificate, mother=self.mother,
                father=self.father,
            )
        )  # fmt: skip

    def encoded(self) -> str:
        """What is kept: JSON, without what it does not say."""
        return _encode(self).decode()


_encode: Final[Callable[[Saying], bytes]] = msgspec.json.Encoder().encode
decoded: Final[Callable[[str], Saying]] = msgspec.json.Decoder(Saying).decode
"""The saying that was kept."""


def saying(told: Told) -> Saying:
    """What an incoming record says: its own name before a newborn's, the first telephone, address and guardian."""
    return Saying(
        name=persons.best_name([(n.text, n.use) for n in told.names]),
        sex=told.sex,
        birth=told.birth_date[:10],
        deceased=told.deceased[:10],
        ethnic=told.ethnic,
        resident_id=_number(told.identifiers, Kind.RESIDENT_ID),
        insurance=_number(told.identifiers, Kind.INSURANCE),
        phone=next((p.value for p in told.phones if p.value), ""),
        address=max((a.text for a in told.addresses), key=len, default=""),
        guardian=next((g.name for g in told.guardians if g.name), ""),
        rank=told.rank,
        certificate=_number(told.identifiers, Kind.BIRTH_CERTIFICATE),
        **parents((g.name, g.relation) for g in told.guardians),
    )


def parents(guardians: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The names of ``mother`` and ``father`` among guardians (name, relation), the first of each; or empty."""
    named = {relations.standard(relation): name for name, relation in reversed([*guardians]) if name}
    return {"mother": named.get(relations.MOTHER, ""), "father": named.get(relations.FATHER, "")}


def _number(identifiers: Iterable[Identifier], kind: Kind) -> str:
    return next((i.value for i in identifiers if i.kind is kind and not i.old), "")
