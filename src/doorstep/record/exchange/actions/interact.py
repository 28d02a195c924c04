"""Single writes of FHIR's REST interface: many share a transaction, each is kept as a message and has its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import DataError, IntegrityError, OperationalError, connection

from doorstep.fhir.bundle import BundlePlan, Item
from doorstep.fhir.stamps import unstamped
from doorstep.kernel import ledger
from doorstep.kernel.act import action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.kernel.ids import new_id
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.access import Permission, may_send_for
from doorstep.record.exchange.actions.apply import carry_out, meet
from doorstep.record.exchange.actions.intake import TRIES, demand_passing
from doorstep.record.exchange.actions.prepare import Prepared
from doorstep.record.exchange.shapes import Answer, EntryAnswer, Interaction, Piece, Problem, Receipt

QUEUE = 0x696E7465  # the first key of the advisory locks of this file


def interact(call: Call, source: UUID, interactions: Sequence[Interaction]) -> list[Answer]:
    """Do single writes of one source and answer each, in order; all is durable when the answers are given.

    Those that concern different resources share a transaction. One at fault has its problem as its answer and stops no
    other; nothing of it is set aside, as its sender knows. Raises ``Refused`` where the caller may not send.
    """
    marks = [mark(one) for one in interactions]
    known = _known(source, [m for m, one in zip(marks, interactions, strict=True) if one.write.key])
    for group in _groups(interactions, marks, known):
        known |= zip(
            [marks[place] for place in group], _do(call, source, [interactions[p] for p in group]), strict=True
        )
    return [replace(known[m], type=one.write.type) for m, one in zip(marks, interactions, strict=True)]


def mark(one: Interaction) -> bytes:
    """By what an interaction is known when it comes again (SHA-256): the client's key, or the object's own salt."""
    w = one.write
    said = (w.method, w.type, w.id, w.query, w.if_match, w.if_none_match, w.if_none_exist)
    made = hashlib.sha256(repr((w.key or one.salt, said)).encode())
    made.update(w.body)
    return made.digest()


def _groups(
    interactions: Sequence[Interaction], marks: Sequence[bytes], known: dict[bytes, Answer]
) -> Iterator[list[int]]:
    """Places of what may share a transaction: no two of one resource, and what depends on a search stands alone."""
    group: list[int] = []
    seen: set[object] = set()
    for place, (one, digest) in enumerate(zip(interactions, marks, strict=True)):
        if digest in known or digest in seen:
            continue
        alone = bool(one.write.query or one.write.if_none_exist)
        target = (one.write.type, one.write.id)
        if group and (alone or (one.write.id and target in seen)):
            yield group
            group, seen = [], seen & set(marks)
        group.append(place)
        seen |= {digest, target}
        if alone:
            yield group
            group, seen = [], seen & set(marks)
    if group:
        yield group


def _do(call: Call, source: UUID, group: Sequence[Interaction]) -> list[Answer]:
    """Commit a group, again while others write the same; where that does not help, each by itself."""
    for turn in range(TRIES):
        try:
            return commit(call, source=source, group=group, queued=turn > 0)
        except ledger.Claimed:
            continue  # another source was first with an id: this is seen the next time, and told
        except (IntegrityError, OperationalError) as error:
            demand_passing(error, len(group))
        except DataError as error:
            if len(group) == 1:
                return [_refused(group[0], [Problem("refused-by-database", params={"detail": _first_line(error)})])]
            break
        if known := _known(source, [mark(one) for one in group]):
            return _rest(call, source, group, known)
    if len(group) > 1:
        return [answer for one in group for answer in _do(call, source, [one])]
    raise OperationalError(f"gave up after {TRIES} tries")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _rest(call: Call, source: UUID, group: Sequence[Interaction], known: dict[bytes, Answer]) -> list[Answer]:
    left = [one for one in group if mark(one) not in known]
    if left:
        known |= zip([mark(one) for one in left], _do(call, source, left), strict=True)
    return [known[mark(one)] for one in group]


def _refused(one: Interaction, problems: Sequence[Problem]) -> Answer:
    status = rules.status_of([each.code for each in problems])
    return Answer(status, one.write.type, one.write.id or "", problem=problems[0], more=tuple(problems[1:]))


@action(Permission.SEND, audits="exchange.interact")
def commit(call: Call, *, source: UUID, group: Sequence[Interaction], queued: bool = False) -> list[Answer]:
    """One transaction of single writes. ``queued``: those who come again pass one by one, so that each gets through.

    Raises ``ledger.Claimed`` and ``IntegrityError`` for the caller to try again; then nothing was changed.
    """
    demand(may_send_for(call, source))
    if queued:
        _queue(group)
    batch = [_prepared(one) for one in group]
    meet(batch, source, frozenset(), reads=False)
    receipts = carry_out(call, source, batch, "fhir")
    return [_answer(one, p, r) for one, p, r in zip(group, batch, receipts, strict=True)]


def _queue(group: Sequence[Interaction]) -> None:
    with connection.cursor() as cursor:
        for name in sorted({f"{one.write.type}/{one.write.id}" for one in group if one.write.id}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [QUEUE, name])


def _prepared(one: Interaction) -> Prepared:
    """The piece and plan of an interaction; a create gets its new id, whatever id its body has."""
    asked = one.write
    writes = asked.method in ("POST", "PUT")
    item = Item(
        0, None, asked.method, f"{asked.type}/{asked.id}" if asked.id else asked.type, asked.type, asked.id,
        asked.query, asked.if_none_exist, asked.if_match, asked.if_none_match, content_type=asked.content_type,
        body=unstamped(asked.body) if writes else asked.body,
    )  # fmt: skip
    if item.body is asked.body and asked.resource is not None:
        item._resource = asked.resource
    if asked.method == "POST" or (asked.method == "PUT" and not asked.id):
        item.full_url = f"urn:uuid:{new_id()}"
    search = f"?{asked.query}" if asked.query else ""
    origin = f"{asked.method} {item.url}{search} {asked.origin}".rstrip()
    plan = BundlePlan("resource", [item])
    piece = Piece("resource", origin, asked.body)
    prepared = Prepared(piece, mark(one), plan, direct=True, request=one.request, checked=one.checked)
    if asked.method == "PUT" and asked.id and item.resource.get("id") != asked.id:
        prepared.put_aside(item, Problem("id-mismatch", f"{item.expression}.id", params={"url": asked.id}))
    return prepared


def _answer(one: Interaction, prepared: Prepared, receipt: Receipt) -> Answer:
    [said] = receipt.answers
    if said.problems:
        return _refused(one, [prepared.plainly(each) for each in said.problems])
    [item] = prepared.plan.items
    body = None if item.method == "DELETE" else item.body
    if item.index in prepared.existing:
        stored = ledger.read(item.type, item.id or "")
        body = stored.body if stored else None
    return Answer(said.status, item.type, item.id or "", said.version, said.updated, said.status == 201, body)


def _known(source: UUID, marks: Sequence[bytes]) -> dict[bytes, Answer]:
    """The answers of then to what was done before."""
    if not marks:
        return {}
    return {digest: _again(found.answers[0]) for digest, found in reads.receipts(source, marks).items()}


def _again(said: EntryAnswer) -> Answer:
    kind, _, key = said.location.partition("/")
    body = _version(kind, key, said.version) if key else None
    return Answer(said.status, kind, key, said.version, said.updated, said.status == 201, body)


def _version(kind: str, key: str, version: int) -> bytes | None:
    now = ledger.read(kind, key)
    if now is None or now.version == version:
        return now.body if now else None
    return next((old.body for old in ledger.past(kind, key) if old.version == version), None)
