"""Who a resident is: the head of pages, the whole identity, and the links that charts follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import F

from doorstep.kernel import clock, fence, prepared
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.store import ScopedQuerySet
from doorstep.linkage import numbers
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import access
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.models import (
    Fact,
    HouseholdMember,
    Resident,
    ResidentAddress,
    ResidentGuardian,
    ResidentIdentifier,
    ResidentName,
    ResidentPhone,
    ResidentRecord,
)
from doorstep.registers.residents.reads.known import birth_text
from doorstep.registers.residents.rules import persons
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.shapes import (
    Address,
    Header,
    Home,
    Identity,
    Member,
    Name,
    Number,
    Phone,
    Source,
    Ward,
)

_ONWARD = """
WITH RECURSIVE onward(id, next) AS (
  SELECT id, merged_into_id FROM residents_resident WHERE id = %s
  UNION ALL SELECT r.id, r.merged_into_id FROM onward o JOIN residents_resident r ON r.id = o.next
) SELECT id FROM onward WHERE next IS NULL
"""
LINKING = "links from records to residents serve rooms that bound what they show themselves"


def current(resident: UUID) -> UUID:
    """The resident whom a resident was merged into, and on; itself where it was not. Whoever holds a resident's id
    from before a merge asks this first."""
    with fence.lifted("no institution knows one who was merged, but all may be led on"):
        [found] = prepared.ask((_ONWARD, [resident]))
    return found[0][0] if found else resident


def visible(scope: Scope, resident: UUID) -> bool:
    """Whether an institution of the scope knows the resident."""
    found: bool = Resident.objects.within(scope).filter(pk=resident).exists()
    return found


def header(scope: Scope, resident: UUID) -> Header:
    """The head of a page about the resident, ID masked; of one who was merged, about whom they were merged into.

    ``Refused`` (not_found) outside the scope. Two queries.
    """
    row = Resident.objects.within(scope).filter(pk=resident).first()
    if row is None or row.merged_into_id:
        resident = current(resident)
        row = Resident.objects.within(scope).filter(pk=resident).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Resident"))
    held = ResidentIdentifier.objects.within(scope).filter(resident=resident, kind=Kind.RESIDENT_ID.value, trusted=True)
    number = held.values_list("value", flat=True).first() or ""
    return Header(
        id=row.pk,
        name=row.name,
        sex=row.sex,
        birth=birth_text(row.birth_date, row.birth_precision),
        age=persons.age(row.birth_date, row.deceased_on or clock.today()),
        number=numbers.mask(number),
        deceased=row.deceased,
        ethnic=row.ethnic,
        version=row.version,
    )


def names(scope: Scope, residents: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of residents within the scope, by id; others are left out."""
    return dict(Resident.objects.within(scope).filter(pk__in=residents).values_list("pk", "name"))


def records(scope: Scope, resident: UUID) -> tuple[Source, ...]:
    """The resident's records: of every institution, where one of the scope has sent one; else those of the scope.

    A registration by hand is the reader's own word, and what others wrote must not open to that.
    """
    rows = ResidentRecord.objects.within(scope).filter(resident=resident).order_by("first_seen", "pk")
    found = list(rows.values_list("patient_id", "organisation_id", "first_seen", "last_seen"))
    if not any(patient and scope.holds(organisation) for patient, organisation, *_ in found):
        found = [row for row in found if scope.holds(row[1])]
    called = organisations.names({row[1] for row in found})
    return tuple(Source(p or "", o, first, last, called.get(o, "")) for p, o, first, last in found)


_PATIENT_OF = f"""
SELECT patient_id FROM {ResidentRecord._meta.db_table} WHERE resident_id = %s AND patient_id <> ''
ORDER BY organisation_id <> %s, first_seen, id LIMIT 1
"""  # noqa: S608  # our own name


def patient_of(resident: UUID, organisation: UUID) -> str:
    """The FHIR id of a record of the resident's: of the institution's, if it has sent one, else of the first; or
    empty. For what a room publishes about them."""
    with fence.lifted(LINKING):
        [found] = prepared.ask((_PATIENT_OF, [resident, organisation]))
    return found[0][0] if found else ""


RESIDENTS_OF = f"SELECT patient_id, resident_id FROM {ResidentRecord._meta.db_table}"  # noqa: S608  # our own name
"""The same for a statement of the door, which finds many at once: the patients and the residents they are today."""


def residents_of(patient_ids: Collection[str]) -> Mapping[str, UUID]:
    """The residents to whom FHIR patient ids are linked today; unknown ids are left out. One query."""
    rows = ResidentRecord.objects.unscoped(LINKING).filter(patient_id__in=patient_ids)
    return dict(rows.values_list("patient_id", "resident_id"))


@ask(Permission.READ, audits="residents.identity")
def identity(call: Call, *, resident: UUID) -> Identity:
    """All that is known of who the resident is; numbers as the caller may see them. A fixed number of queries."""
    head = header(call.scope, resident)
    resident = head.id
    about("Resident", resident, resident=resident)
    scope = call.scope
    return Identity(
        header=head,
        numbers=_numbers(call, resident),
        names=_names(scope, resident),
        phones=_phones(call, resident),
        addresses=_addresses(scope, resident),
        guardians=_guardians(call, resident),
        sources=records(scope, resident),
        home=home(scope, resident),
    )


def _of(model: type[Fact], scope: Scope, resident: UUID) -> ScopedQuerySet[Any]:
    rows: ScopedQuerySet[Any] = model.objects.within(scope).filter(resident=resident).order_by("pk")
    return rows


def _numbers(call: Call, resident: UUID) -> tuple[Number, ...]:
    said = _of(ResidentIdentifier, call.scope, resident).order_by("trusted", "pk")
    rows = list({(row.kind, row.system, row.value, row.organisation_id): row for row in said}.values())
    called = organisations.names({row.organisation_id for row in rows if row.organisation_id})
    order = {kind.value: at for at, kind in enumerate(Kind)}
    rows.sort(key=lambda row: (order[row.kind], row.pk))
    return tuple(
        Number(
            kind=row.kind,
            system=row.system,
            value=row.value if row.kind == Kind.HOSPITAL.value else access.shown(row.value, call.permissions),
            trusted=row.trusted,
            organisation_name=called.get(row.organisation_id, ""),
        )
        for row in rows
    )


def _phones(call: Call, resident: UUID) -> tuple[Phone, ...]:
    """The telephones, the newest first, those told at the desk before what sources said."""
    rows = _of(ResidentPhone, call.scope, resident).order_by(F("record__patient_id").asc(nulls_first=True), "-pk")
    said = (Phone(access.shown(value, call.permissions), use) for value, use in rows.values_list("value", "use"))
    return tuple(dict.fromkeys(said))


def _addresses(scope: Scope, resident: UUID) -> tuple[Address, ...]:
    """The addresses, in the same order."""
    rows = _of(ResidentAddress, scope, resident).order_by(F("record__patient_id").asc(nulls_first=True), "-pk")
    return tuple(dict.fromkeys(Address(*row) for row in rows.values_list("text", "division", "use")))


def _names(scope: Scope, resident: UUID) -> tuple[Name, ...]:
    rows = _of(ResidentName, scope, resident).exclude(use="reading").values_list("text", "family", "given", "use")
    return tuple(dict.fromkeys(Name(*row) for row in rows))


def _guardians(call: Call, resident: UUID) -> tuple[Ward, ...]:
    rows = _of(ResidentGuardian, call.scope, resident).select_related("guardian")
    return tuple(
        Ward(
            id=row.pk,
            name=row.guardian.name if row.guardian else row.name,
            phone=access.shown(row.phone, call.permissions),
            relation=row.relation,
            start=row.start,
            end=row.end,
            resident=row.guardian_id,
        )
        for row in rows
    )


def contact(call: Call, resident: UUID) -> tuple[str, str]:
    """The newest telephone and address of a resident, as the caller may see them; empty where none is known."""
    phones, addresses = _phones(call, resident), _addresses(call.scope, resident)
    return (phones[0].value if phones else "", addresses[0].text if addresses else "")


def home(scope: Scope, resident: UUID) -> Home | None:
    """The household in which the resident lives today, with its members; None where none is known."""
    mine = HouseholdMember.objects.within(scope).filter(resident=resident, end__isnull=True)
    found = mine.select_related("household").first()
    if found is None:
        return None
    # A household is shown whole to those who know one of its members.
    rows = HouseholdMember.objects.unscoped("members of a visible household").filter(
        household=found.household_id, end__isnull=True
    )
    members = tuple(
        Member(row.pk, row.resident_id, row.resident.name, row.relation, row.resident_id == found.household.head_id)
        for row in rows.select_related("resident").order_by("relation", "pk")
    )
    return Home(found.household_id, found.household.version, found.household.address, members)
