"""An institution's own mapping tables: begun, changed, proved, put in use, and back to former ones."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Max

from doorstep.adapters.hl7v2 import mapping
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.store import lock
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.models import Mapping, MappingUse
from doorstep.record.endpoints.rules import tables as rules
from doorstep.registers.organisations import api as organisations


@action(Permission.EDIT, audits="endpoints.begin_mapping")
def begin(call: Call, *, organisation: UUID, note: str, after: UUID | None = None) -> UUID:
    """Begin a version of an institution's tables as a copy of another of its own, or (None) of the standard ones."""
    if not call.scope.holds(organisation) or organisation not in organisations.names([organisation]):
        raise Refused(refuse("not_found", kind="Organisation"))
    rows = Mapping.objects.within(call.scope).filter(organisation_id=organisation)
    source: Mapping | None = None
    if after is not None and (source := rows.filter(pk=after).first()) is None:
        raise Refused(refuse("not_found", kind="Mapping"))
    files = source.files if source else {n: t for n, t in mapping.standard_files().items() if rules.NAME.fullmatch(n)}
    row = Mapping(
        organisation_id=organisation, number=(rows.aggregate(most=Max("number"))["most"] or 0) + 1, files=files,
        base=f"own {source.number}" if source else mapping.standard().version, note=note.strip()[:200],
        made_by=call.name[:100],
    )  # fmt: skip
    about("Mapping", row.pk, number=row.number, base=row.base)
    with clashes(mapping_once="wrong_state"):
        row.save(force_insert=True)
    return row.pk


@action(Permission.EDIT, audits="endpoints.change_mapping")
def change(call: Call, *, mapping: UUID, expect: int, name: str, text: str) -> None:
    """Write one file of a version that was never in use (empty: take it out). Raises ``Refused`` where it was, or the
    file cannot stand in a set; whether the set is sound is told by ``prove``."""
    row = _locked(call, mapping, expect)
    about("Mapping", mapping, file=name[:80])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    demand(rules.file(name, text))
    if MappingUse.objects.within(call.scope).filter(mapping=row).exists():
        raise Refused(refuse("mapping.was_used"))
    files = {**row.files, name: text.rstrip("\n") + "\n"}
    if not text.strip():
        del files[name]
    if len(files) > rules.MOST_FILES:
        raise Refused(refuse("mapping.too_many", limit=rules.MOST_FILES))
    row.files, row.proof, row.proved_at, row.version = files, None, None, row.version + 1
    row.save(update_fields=("files", "proof", "proved_at", "version"))


@action(Permission.EDIT, audits="endpoints.prove_mapping")
def prove(call: Call, *, mapping: UUID, expect: int) -> bool:
    """Check the files of a version and run its cases; whether all is well."""
    row = _locked(call, mapping, expect)
    proof = _proved(row)
    about("Mapping", mapping, holds=proof.holds)
    return proof.holds


@action(Permission.EDIT, audits="endpoints.use_mapping")
def use(call: Call, *, mapping: UUID, expect: int) -> None:
    """Put a version in use at its institution, in the place of what was; its cases are run, and must be met."""
    row = _locked(call, mapping, expect)
    about("Mapping", mapping, number=row.number)
    if not _proved(row).holds:
        raise Refused(refuse("mapping.not_proved"))
    now = clock.now()
    _end(call, row.organisation_id)
    with clashes(mapping_used_once="stale"):
        MappingUse(organisation_id=row.organisation_id, mapping=row, since=now, by=call.name[:100]).save()


@action(Permission.EDIT, audits="endpoints.use_standard_mapping")
def use_standard(call: Call, *, organisation: UUID) -> None:
    """Go back to the standard tables at an institution."""
    about("Organisation", organisation)
    if not _end(call, organisation):
        raise Refused(refuse("mapping.is_standard"))


def _end(call: Call, organisation: UUID) -> int:
    rows = MappingUse.objects.within(call.scope).filter(organisation_id=organisation, until__isnull=True)
    return int(rows.update(until=clock.now()))


def _locked(call: Call, key: UUID, expect: int) -> Mapping:
    about("Mapping", key)
    return lock(Mapping, key, scope=call.scope, expect=expect)


def _proved(row: Mapping) -> rules.Proof:
    proof = rules.prove(rules.titled(row.files, row.number))
    row.proof = {"holds": proof.holds, "faults": proof.faults[:100], "cases": dict(proof.cases)}
    row.proved_at = clock.now()
    row.save(update_fields=("proof", "proved_at"))
    return proof
