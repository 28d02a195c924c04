"""The search box: within the scope, keyset-paged, every way one bounded range of one index.

First the keys of a page, from indexes alone, then the rows that are shown. Within institutions each is asked for one
page by itself, so that a small clinic's search never walks through the whole district.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.crypto import salted_hmac

from doorstep.kernel import clock
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.paging import BadCursor, Page, Paged, cursor
from doorstep.linkage import numbers
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.models import (
    Resident,
    ResidentIdentifier,
    ResidentName,
    ResidentPhone,
    ResidentPresence,
)
from doorstep.registers.residents.reads.known import birth_text
from doorstep.registers.residents.rules import persons, queries
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.rules.queries import By, Query, Way
from doorstep.registers.residents.shapes import Line

NIL = UUID(int=0)
Key = tuple[int, str, UUID]
# OFFSET 0 keeps this a look-up by key for each of the few rows found: joined, a whole institution would be read.
IN_SCOPE = """
AND EXISTS (SELECT 1 FROM residents_residentpresence p
WHERE p.resident_id = f.resident_id AND p.organisation_id = ANY(%(organisations)s) OFFSET 0)
"""
NUMBER = """
SELECT value AS key, resident_id FROM residents_residentidentifier WHERE trusted AND value = %(text)s
UNION SELECT value, resident_id FROM residents_residentidentifier WHERE NOT trusted AND value = %(text)s
"""
PHONE = """
SELECT DISTINCT value AS key, resident_id FROM residents_residentphone
WHERE (value, resident_id) > (%(key)s, %(resident)s) AND value < %(end)s
"""
FACTS = """
SELECT key, resident_id FROM ({facts}) f WHERE (key, resident_id) > (%(key)s, %(resident)s) {scope}
ORDER BY key, resident_id LIMIT %(limit)s
"""
NAMES = """
SELECT DISTINCT n.{by} AS key, n.resident_id FROM residents_residentname n
WHERE (n.{by}, n.resident_id) > (%(key)s, %(resident)s) AND n.{by} < %(end)s {extra}
ORDER BY n.{by}, n.resident_id LIMIT %(limit)s
"""
NAMES_WITHIN = """
SELECT DISTINCT key, resident_id FROM unnest(%(organisations)s::uuid[]) o(id) CROSS JOIN LATERAL ({names}) found
ORDER BY key, resident_id LIMIT %(limit)s
"""
EXTRA = {
    By.HANZI: "AND n.hanzi > ''",
    By.FULL: "",
    # Those whose pinyin begins so too were found by it before.
    By.SHORT: 'AND NOT (n."full" >= %(text)s AND n."full" < %(end)s)',
}


@dataclass(frozen=True, slots=True)
class Found:
    """A page of residents; ``finding`` is the code of what is wrong with an ID that was typed."""

    paged: Paged[Line]
    finding: str = ""


@ask(Permission.READ, audits="residents.search")
def search(call: Call, *, text: str, page: Page) -> Found:
    """The residents within the caller's scope whom the text names; page cursors have 3 parts.

    The trail keeps a keyed hash of what was typed, not the words, and whom it showed.
    """
    query = queries.read(text)
    keys = _keys(call.scope, query, page)
    shown = keys[: page.limit]
    lines = _lines(call.scope, query, shown)
    mark = salted_hmac("residents.search", text.strip(), algorithm="sha256").hexdigest()[:32]
    about("Search", mark, by=[way.by.value for way in query.ways], shown=[str(key[2]) for key in shown])
    following = None
    if len(keys) > page.limit:
        at, key, resident = shown[-1]
        following = cursor(str(at), key, str(resident))
    return Found(Paged(tuple(lines), following), query.finding)


def _start(page: Page) -> Key:
    if not page.after:
        return 0, "", NIL
    try:
        return int(page.after[0]), page.after[1], UUID(page.after[2])
    except ValueError as error:
        raise BadCursor(page.after[0][:40]) from error


def _keys(scope: Scope, query: Query, page: Page) -> list[Key]:
    """One key more than the page holds, where there is one."""
    first, key, resident = _start(page)
    found: list[Key] = []
    for at, way in enumerate(query.ways):
        if at < first or len(found) > page.limit:
            continue
        after = (key, resident) if at == first else ("", NIL)
        seen = {k[2] for k in found}
        rows = range_of(scope, way, after, page.limit + 1)
        found += [(at, *row) for row in rows if row[1] not in seen]
    return found[: page.limit + 1]


def range_of(scope: Scope, way: Way, after: tuple[str, UUID], limit: int) -> list[tuple[str, UUID]]:
    """The next keys of one way, as (key, resident)."""
    sql, values = statement(scope, way, after, limit)
    with connection.cursor() as link:
        link.execute(sql, values)
        return [(row[0], row[1]) for row in link.fetchall()]


def statement(scope: Scope, way: Way, after: tuple[str, UUID], limit: int) -> tuple[str, dict[str, Any]]:
    """The query of one way; every text in it is one of this file's.

    The beginning of the range stands in the row comparison alone: beside another lower bound PostgreSQL would start
    from the comparison, at the first page from the begin of the index.
    """
    values = {
        "text": way.text,
        "end": way.end,
        "key": max(after[0], way.text),
        "resident": after[1] if after[0] >= way.text else NIL,
        "limit": limit,
        "organisations": sorted(scope.organisations),
    }
    if way.by in (By.NUMBER, By.PHONE):
        facts = NUMBER if way.by is By.NUMBER else PHONE
        return FACTS.format(facts=facts, scope="" if scope.everywhere else IN_SCOPE), values
    column = f'"{way.by.value}"'
    if scope.everywhere:
        return NAMES.format(by=column, extra=EXTRA[way.by]), values
    within = NAMES.format(by=column, extra=f"AND n.organisation_id = o.id {EXTRA[way.by]}")
    return NAMES_WITHIN.format(names=within), values


def _lines(scope: Scope, query: Query, keys: Sequence[Key]) -> list[Line]:
    ids = [key[2] for key in keys]
    people = {r.pk: r for r in Resident.objects.within(scope).filter(pk__in=ids)}
    own, matched = _first_numbers(scope, ids), _matched(scope, query, keys)
    phones = _first_phones(scope, ids)
    places = _places(scope, ids)
    today = clock.today()
    return [
        Line(
            id=r.pk,
            name=r.name,
            sex=r.sex,
            birth=birth_text(r.birth_date, r.birth_precision),
            age=persons.age(r.birth_date, r.deceased_on or today),
            number=numbers.mask(own.get(r.pk, "")),
            phone=numbers.mask(phones.get(r.pk, "")),
            deceased=r.deceased,
            organisations=places[r.pk],
            found_by="" if matched.get(r.pk, r.name) == r.name else matched[r.pk],
        )
        for r in (people[key] for key in ids if key in people)
    ]


def _first_numbers(scope: Scope, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = ResidentIdentifier.objects.within(scope).filter(resident__in=ids, kind=Kind.RESIDENT_ID.value, trusted=True)
    return dict(rows.values_list("resident_id", "value"))


def _first_phones(scope: Scope, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = ResidentPhone.objects.within(scope).filter(resident__in=ids).order_by("-pk")
    return dict(rows.values_list("resident_id", "value"))


def _matched(scope: Scope, query: Query, keys: Sequence[Key]) -> dict[UUID, str]:
    """The names by which residents were found, where they were found by name."""
    wanted = {(query.ways[at].by, key, resident) for at, key, resident in keys}
    rows = ResidentName.objects.within(scope).filter(resident__in=[key[2] for key in keys]).order_by("-pk")
    found: dict[UUID, str] = {}
    for resident, text, hanzi, full, short in rows.values_list("resident_id", "text", "hanzi", "full", "short"):
        marks = {(By.HANZI, hanzi, resident), (By.FULL, full, resident), (By.SHORT, short, resident)}
        if marks & wanted:
            found[resident] = text
    return found


def _places(scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """The names of the institutions that know each resident, those of the scope first."""
    rows = ResidentPresence.objects.filter(resident__in=ids).values_list("resident_id", "organisation_id")
    pairs = sorted(rows, key=lambda pair: (not scope.holds(pair[1]), pair[1]))
    called = organisations.names({organisation for _, organisation in pairs})
    places: defaultdict[UUID, tuple[str, ...]] = defaultdict(tuple)
    for resident, organisation in pairs:
        places[resident] += (called.get(organisation, ""),)
    return places
