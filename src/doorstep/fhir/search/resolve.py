"""From the clauses of a query to conditions: chains, `_has`, lists and compartments are asked for first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from doorstep.fhir.parameters import Parameter, patient_params
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.conditions import (
    NEVER,
    Condition,
    Either,
    Ids,
    Patients,
    Sql,
    Tokens,
    Written,
    either,
)
from doorstep.fhir.search.hierarchy import transitive
from doorstep.fhir.search.leaves import condition, refers
from doorstep.fhir.search.plan import HOT, Statement
from doorstep.fhir.search.query import Chain, Clause, Has, InCompartment, Leaf, OnList
from doorstep.fhir.search.targets import referred
from doorstep.fhir.search.walk import Context, Resolved, Steps, matching

LINKED: Final = 2_000
"""How many targets of a chain are named one by one; more are asked for by a subquery where that is possible."""


def resolve(context: Context, type_name: str, clauses: Iterable[Clause]) -> Steps[Resolved]:
    """Return the conditions of clauses that all must hold."""
    conditions: list[Condition] = []
    checks: list[Leaf] = []
    for clause in clauses:
        if isinstance(clause, Leaf):
            found = yield from _leaf(clause, context)
            if not found.exact:
                checks.append(clause)
        elif isinstance(clause, Chain):
            found = yield from _chain(clause, context)
        elif isinstance(clause, Has):
            found = yield from _has(clause, context)
        elif isinstance(clause, OnList):
            found = yield from _on_list(type_name, clause, context)
        else:
            found = _in_compartment(clause)
        conditions.append(found)
    return Resolved(tuple(conditions), tuple(checks))


def _leaf(leaf: Leaf, context: Context) -> Steps[Condition]:
    if leaf.modifier in ("above", "below") and leaf.param.type == "reference":
        reached: Condition = yield from transitive(leaf, context)
        return reached
    if leaf.modifier in ("in", "not-in", "above", "below") and leaf.param.type == "token":
        # terminology may have to be read from the database
        found: Condition = yield lambda: condition(leaf, context.setting)
        return found
    return condition(leaf, context.setting)


def _chain(chain: Chain, context: Context) -> Steps[Condition]:
    found: list[Condition] = []
    for target, inner in chain.branches:
        resolved = yield from resolve(context, target, [inner])
        rows = yield from matching(context, target, resolved, LINKED)
        if len(rows) <= LINKED:
            if rows:
                found.append(refers(chain.type, chain.param, [f"{target}/{row[0]}" for row in rows]))
            continue
        if target != "Patient" or chain.param.code not in patient_params(chain.type) or resolved.checks:
            raise FhirProblem("too-costly-search", chain.place, limit=LINKED)
        found.append(_of_patients(resolved, context))
    return either(found)


def _of_patients(resolved: Resolved, context: Context) -> Condition:
    def write(out: Sql) -> str:
        return f"r.patient IN (SELECT r.id FROM fhir_patient r WHERE {_where('Patient', resolved, context, out)})"

    return Written(write)


def _where(type_name: str, resolved: Resolved, context: Context, out: Sql) -> str:
    tests = [each.sql(out, loose=False) for each in resolved.conditions]
    return " AND ".join(["NOT r.deleted", *context.bounds.sql(type_name, out), *tests])


def _has(has: Has, context: Context) -> Steps[Condition]:
    resolved = yield from resolve(context, has.source, [has.inner])
    by_patient = has.type == "Patient" and has.param.code in patient_params(has.source)
    if by_patient and not resolved.checks:
        return Written(lambda out: f"r.id IN ({_patients_of(has.source, resolved, context, out)})")
    rows = yield from matching(context, has.source, resolved, LINKED)
    if len(rows) > LINKED:
        raise FhirProblem("too-costly-search", has.place, limit=LINKED)
    ids = {ident for row in rows for ident in _targets(has.source, has.param, has.type, row[3], context)}
    return Ids(tuple(sorted(ids)))


def _patients_of(source: str, resolved: Resolved, context: Context, out: Sql) -> str:
    """The patients that resources which fit are about; by the narrow table where a hot code alone is asked for."""
    only = resolved.conditions[0] if len(resolved.conditions) == 1 else None
    table = f"fhir_{source.lower()}"
    if isinstance(only, Tokens) and only.hot and source in HOT:
        tests = [f"c.code = ANY({out.arg(list(only.hashes), 'int8[]')})", *context.bounds.sql(source, out, "c")]
        return f"SELECT c.patient FROM {table}_code c WHERE {' AND '.join(tests)} AND c.patient IS NOT NULL"
    where = _where(source, resolved, context, out)
    return f"SELECT r.patient FROM {table} r WHERE r.patient IS NOT NULL AND {where}"


def _targets(source: str, param: Parameter, wanted: str, body: str, context: Context) -> list[str]:
    targets = referred(source, param, body, context.setting.zone)
    return [target.partition("/")[2] for target in targets if target.startswith(f"{wanted}/")]


def _on_list(type_name: str, clause: OnList, context: Context) -> Steps[Condition]:
    if any(each.startswith("$") for each in clause.lists):
        raise FhirProblem("bad-search-value", "_list", value=clause.lists[0], kind="id")
    out = Sql()
    where = " AND ".join(["NOT r.deleted", *context.bounds.sql("List", out)])
    sql = f"SELECT r.body FROM fhir_list r WHERE r.id = ANY({out.arg(list(clause.lists), 'text[]')}) AND {where}"
    rows: Sequence[Any] = yield Statement(sql, tuple(out.params))
    ids: dict[str, None] = {}
    for row in rows:
        for entry in orjson.loads(row[0]).get("entry", ()):
            target = str(entry.get("item", {}).get("reference", ""))
            if target.startswith(f"{type_name}/") and not entry.get("deleted"):
                ids[target.partition("/")[2].partition("/")[0]] = None
    return Ids(tuple(ids))


def _in_compartment(clause: InCompartment) -> Condition:
    if not clause.params:
        return Ids((clause.owner.partition("/")[2],))
    found = [refers(clause.type, param, [clause.owner]) for param in clause.params]
    patients = next((each for each in found if isinstance(each, Patients)), None)
    hashes = tuple(dict.fromkeys(h for each in found if isinstance(each, Tokens) for h in each.hashes))
    parts: list[Condition] = [*([patients] if patients else []), *([Tokens(hashes)] if hashes else [])]
    if not parts:
        return NEVER
    return parts[0] if len(parts) == 1 else Either(tuple(parts))
