"""What a reading rests on: one query, whatever there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Q

from doorstep.kernel.call import Call
from doorstep.kernel.clock import CHINA
from doorstep.kernel.sensitive import NONE, UNWEIGHED
from doorstep.registers.consents import rules
from doorstep.registers.consents.models import Relation
from doorstep.registers.consents.rules import Basis, Encounter, Facts, Terms, Why

CODE: Final = "consents.access"
"""The rule set; its parameters are those of ``rules.Terms``."""
OPERATIONS: Final = "HOPERAT"
# An encounter that ended longer ago than this opens nothing, whatever the rule set says.
LONGEST: Final = timedelta(days=366)
_NEWEST: Final = 50
_RULE: Final = """
SELECT parameters FROM kernel_ruleset WHERE code = %(code)s AND jurisdiction = 'CN' AND effective_from <= %(day)s
  AND (effective_to IS NULL OR effective_to >= %(day)s) ORDER BY effective_from DESC LIMIT 1
"""
_FACTS: Final = f"""
SELECT basis, NULL::timestamptz, NULL::timestamptz, NULL::text, kinds FROM consents_relation
WHERE resident_id = %(resident)s AND (organisation_id = %(organisation)s OR person = %(person)s)
  AND since <= %(at)s AND (until IS NULL OR until > %(at)s)
  AND (maker <> %(person)s OR basis IN ('break_glass', 'denial'))
UNION ALL
SELECT 'encounter', e.at, e.at_end, e.body, 0 FROM unnest(%(patients)s::text[]) p CROSS JOIN LATERAL (
  SELECT at, at_end, body FROM fhir_encounter
  WHERE patient = p AND at <= %(at)s AND NOT deleted AND source = %(organisation)s AND message IS NOT NULL
    AND (at_end IS NULL OR at_end > %(oldest)s) ORDER BY at DESC LIMIT {_NEWEST}) e
UNION ALL (SELECT 'rule', NULL, NULL, parameters::text, 0 FROM ({_RULE}) r)
"""  # noqa: S608  our own names and a number of our own


def basis(call: Call, resident: UUID, own: Sequence[str]) -> Basis | None:
    """What the caller's reading of the resident's record rests on now; None where there is no reason.

    ``own`` are the FHIR ids of the records that the caller's institution itself sent. One query; none for the house's
    own work and a resident's own reading. What the caller recorded opens nothing to the caller, and an encounter counts
    only where it came in from that institution's system: what a desk of this house writes is the reader's own word.
    """
    if call.resident is not None:
        if call.resident != resident:
            return None
        return Basis(Why.SELF if call.actor == f"resident:{resident}" else Why.GUARDIAN, kinds=UNWEIGHED)
    if is_operations(call):
        itself = call.actor.startswith("system:")
        return rules.basis_of(Facts(operations=True, named={Why.OPERATIONS: UNWEIGHED if itself else NONE}))
    asked = {
        "resident": resident, "organisation": call.organisation, "person": call.actor, "at": call.at,
        "patients": list(own), "oldest": call.at - LONGEST, "code": CODE, "day": call.at.astimezone(CHINA).date(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, asked)
        found = cursor.fetchall()
    said: Mapping[str, Any] = next((msgspec.json.decode(text) for kind, _, _, text, _ in found if kind == "rule"), {})
    present = {Why(kind) for kind, *_ in found if kind not in ("rule", Why.ENCOUNTER)}
    encounters = [Encounter(_status(text), at, end) for kind, at, end, text, _ in found if kind == Why.ENCOUNTER]
    if rules.any_present(encounters, call.at, rules.terms(said)):
        present.add(Why.ENCOUNTER)
    return rules.basis_of(Facts(present=frozenset(present), own=bool(own), named=_named(found)))


def _named(found: Sequence[Sequence[Any]]) -> dict[Why, int]:
    """The sensitive kinds that each reason names."""
    named: dict[Why, int] = {}
    for kind, *_, kinds in found:
        if kinds:
            named[Why(kind)] = named.get(Why(kind), 0) | kinds
    return named


def related(resident: UUID, why: Why, at: datetime) -> frozenset[UUID]:
    """The institutions that have such a relation with the resident at a moment: for a rule of the house that asks then
    of each what it may see (``basis``)."""
    rows = Relation.objects.unscoped("a rule of the house").filter(
        Q(until__isnull=True) | Q(until__gt=at), resident=resident, basis=why.value, since__lte=at
    )
    return frozenset(rows.exclude(organisation=None).values_list("organisation_id", flat=True))


def is_operations(call: Call) -> bool:
    """Whether the house itself reads, or one who keeps it running for the whole district (数据交换管理员)."""
    return call.actor.startswith("system:") or (call.scope.everywhere and call.purpose == OPERATIONS)


def terms(call: Call) -> Terms:
    """The dated parameters of today."""
    with connection.cursor() as cursor:
        cursor.execute(_RULE, {"code": CODE, "day": call.at.astimezone(CHINA).date()})
        found = cursor.fetchone()
    return rules.terms(_parsed(found[0]) if found else {})


def _parsed(text: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.json.decode(text) if isinstance(text, str | bytes) else text
    return found


def _status(body: str) -> str:
    """The status of a stored Encounter; one that says none opens nothing."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return "entered-in-error"
    status = found.get("status") if isinstance(found, dict) else None
    return status if isinstance(status, str) else "entered-in-error"
