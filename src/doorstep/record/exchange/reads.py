"""What can be asked about messages and exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import zstandard
from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from django.utils import translation

from doorstep.adapters.cda.tree import text_of
from doorstep.fhir.outcome import instant
from doorstep.kernel import clock, ledger, ruleset
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Decision, Refused, demand, refuse
from doorstep.kernel.letters import whole
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.kernel.pinyin import spelled
from doorstep.kernel.web.words import sentence
from doorstep.record.exchange import rules
from doorstep.record.exchange.access import Permission, may_see_export
from doorstep.record.exchange.flow import LIVE, ExportState, State
from doorstep.record.exchange.models import Export, Message, SourceChecks
from doorstep.record.exchange.shapes import (
    CheckedSource,
    Checks,
    Detail,
    EntryAnswer,
    ExportFile,
    Level,
    Line,
    Problem,
    Receipt,
)
from doorstep.record.exchange.shapes import Export as Shown
from doorstep.registers.organisations import api as organisations

SHOWN = 1 << 20


def receipts(source: UUID, digests: Iterable[bytes]) -> dict[bytes, Receipt]:
    """The receipts of messages that this source sent before, by the SHA-256 of their bytes."""
    rows = Message.objects.unscoped("the sender's own messages").filter(source_id=source, digest__in=list(digests))
    found = {}
    for row in rows.only("digest", "state", "received", "counts", "problems", "answers"):
        problems = tuple(problem(p) for p in row.problems)
        counts = {k: row.counts.get(k, 0) for k in ("created", "updated", "unchanged", "set_aside")}
        found[bytes(row.digest)] = Receipt(
            row.pk,
            row.state,
            repeated=True,
            received=row.received,
            problems=problems,
            **counts,
            answers=tuple(EntryAnswer.from_list(a) for a in (row.answers or {}).get("entries", ())),
            bundle_type=(row.answers or {}).get("type", ""),
        )
    return found


def checks_of(source: UUID) -> Checks:
    """How what a source sends is checked; at the level of structure where nobody has set another."""
    rows = SourceChecks.objects.unscoped("the sender's own").filter(source_id=source)
    found = rows.values_list("level", "strict_bundles", "version").first()
    return Checks() if found is None else Checks(Level(found[0]), found[1], found[2])


def sources(call: Call, *, page: Page) -> Paged[CheckedSource]:
    """The institutions within the scope that have sent something or are checked in a way of their own, by pinyin.

    For those who may set a level, the institutions that they manage are there before anything has come.
    """
    demand(call.may(Permission.READ))
    known = {key for key in _senders() if call.scope.holds(key)}
    known |= set(SourceChecks.objects.within(call.scope).values_list("source_id", flat=True))
    mine = organisations.manageable(call) if call.may(Permission.MEND).allowed else ()
    named = dict(organisations.names(known)) | {key: name for key, name in mine if call.scope.holds(key)}
    order = sorted((spelled(name)[0][:200], str(key), name) for key, name in named.items())
    rows = [row for row in order if row[:2] > tuple(page.after)] if page.after else order
    rows = rows[: page.limit + 1]
    shown = _checked([(UUID(key), name) for _, key, name in rows])
    return cut(shown, page, rows[page.limit - 1][:2] if len(rows) > page.limit else None)


def _senders() -> list[UUID]:
    """Every institution that has sent something: found by leaps over the index, however many messages there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE one AS ((SELECT source_id FROM exchange_message ORDER BY source_id LIMIT 1) UNION ALL"
            " SELECT (SELECT m.source_id FROM exchange_message m WHERE m.source_id > one.source_id"
            " ORDER BY m.source_id LIMIT 1) FROM one WHERE one.source_id IS NOT NULL)"
            " SELECT source_id FROM one WHERE source_id IS NOT NULL"
        )
        return [row[0] for row in cursor.fetchall()]


def _checked(named: list[tuple[UUID, str]]) -> list[CheckedSource]:
    keys = [key for key, _ in named]
    rows = SourceChecks.objects.unscoped("bounded by its caller").filter(source_id__in=keys)
    found = {row.source_id: Checks(Level(row.level), row.strict_bundles, row.version) for row in rows}
    waiting = Message.objects.unscoped("bounded by its caller").filter(state=State.SET_ASIDE, source_id__in=keys)
    aside = dict(waiting.values_list("source_id").annotate(Count("id")))
    return [CheckedSource(key, name, found.get(key, Checks()), aside.get(key, 0)) for key, name in named]


def checked_source(call: Call, source: UUID) -> CheckedSource:
    """One institution within the scope, as in the list; ``Refused`` ("not_found") where it is none."""
    demand(call.may(Permission.READ))
    names = organisations.names([source]) if call.scope.holds(source) else {}
    if source not in names:
        raise Refused(refuse("not_found", kind="Source"))
    return _checked([(source, names[source])])[0]


def raw(row: Message) -> bytes:
    """The bytes of a message as they were received."""
    return zstandard.ZstdDecompressor().decompress(bytes(row.raw)) if row.size else b""


def problem(kept: Mapping[str, Any]) -> Problem:
    """A problem as it was kept."""
    return Problem.from_dict(kept)


def messages(
    scope: Scope, *, page: Page, state: State | None = None, source: UUID | None = None, text: str = ""
) -> Paged[Line]:
    """The messages within the scope, newest first; ``text`` is sought in where they came from."""
    rows = Message.objects.within(scope).select_related("source").defer("raw").order_by("-id")
    if state is not None:
        rows = rows.filter(state=state)
    if source is not None:
        rows = rows.filter(source_id=source)
    if text:
        rows = rows.filter(Q(origin__icontains=text) | Q(problems__icontains=text))
    if page.after:
        rows = rows.filter(id__lt=whole(page.after[0]))
    found = list(rows[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([_line(row) for row in found], page, key)


def say(found: Problem, language: str = "zh") -> str:
    """What is wrong, in words: this room's, the FHIR library's, or those of the room that found it."""
    if rules.has_words(found.code):
        return rules.words(found.code, found.params, language, found.line, found.column)
    with translation.override("en" if language.startswith("en") else "zh-hans"):
        return sentence(Decision(False, found.code, found.params))


def set_aside(scope: Scope, *, after: str | None = None) -> Paged[Line]:
    """The messages that wait for a person, within the scope, newest first; ``after`` is a page's cursor."""
    return messages(scope, page=Page.read(after, 50, parts=1), state=State.SET_ASIDE)


def set_aside_numbers(scope: Scope) -> Iterable[int]:
    """The numbers of all messages that wait for a person, oldest first."""
    rows = Message.objects.within(scope).filter(state=State.SET_ASIDE).order_by("id").values_list("pk", flat=True)
    found: Iterable[int] = rows.iterator(chunk_size=1000)
    return found


def counts(scope: Scope) -> Mapping[str, int]:
    """How many messages rest in each state that a person should look at (set aside), within the scope."""
    rows = Message.objects.within(scope).filter(state=State.SET_ASIDE)
    tally: dict[str, int] = rows.aggregate(all=Count("id"), waits=Count("id", filter=Q(waits=True)))
    return tally


@ask(Permission.SEND, audits="exchange.read_back")
def stored(call: Call, *, kind: str, key: str) -> list[ledger.Stored]:
    """All versions of a resource that a source within the scope sent, newest first; empty where there is none."""
    about(kind, key)
    now = ledger.read(kind, key)
    if now is None or not call.scope.holds(now.source):
        return []
    return [now, *(ledger.past(kind, key) if now.version > 1 else ())]


@ask(Permission.READ, audits="exchange.read")
def detail(call: Call, *, message: int) -> Detail:
    """One message with its text; reading it is trailed, for it holds what was sent about people."""
    row = Message.objects.within(call.scope).select_related("source").filter(pk=message).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Message"))
    about("Message", row.pk)
    data = raw(row)
    others = Message.objects.unscoped("of the message above").filter(Q(mends=row) | Q(parent=row))
    linked = list(others.values_list("pk", "mends_id")[:1000])
    return Detail(
        line=_line(row),
        problems=tuple(problem(p) for p in row.problems),
        text=(text_of(data)[:SHOWN] if row.kind == "cda" else data[:SHOWN].decode("utf-8", "replace")),
        cut=len(data) > SHOWN,
        digest=bytes(row.digest).hex(),
        counts=row.counts,
        mends=row.mends_id,
        mended_by=next((pk for pk, mends in linked if mends == row.pk), None),
        children=sum(1 for _, mends in linked if mends is None),
        place=row.place,
    )


def _line(row: Message) -> Line:
    return Line(
        id=row.pk,
        source=row.source_id,
        source_name=row.source.name,
        origin=row.origin,
        kind=row.kind,
        channel=row.channel,
        state=row.state,
        received_at=row.received_at,
        size=row.size,
        problem=problem(row.problems[0]) if row.problems else None,
        received=row.received,
    )


def exports_folder() -> Path:
    """Where the files of exports lie: a folder for each, named by its id."""
    return Path(settings.HOME) / "exports"


def kept_hours() -> float:
    """For how many hours the files of an export are kept, by the rule of today."""
    return float(ruleset.parameters(rules.EXPORT_RULE, clock.today(), {"hours": rules.EXPORT_HOURS})["hours"])


def shown_export(row: Export) -> Shown:
    """An export as it leaves the room."""
    return Shown(
        row.pk, row.actor, row.name, row.level, row.group, tuple(row.types), row.since, row.request, row.at,
        str(row.state), tuple(ExportFile(**f) for f in row.files), row.read, row.total, row.error, row.expires_at,
    )  # fmt: skip


def export_status(call: Call, export: UUID) -> Shown:
    """How far an export is; ``Refused`` ("not_found") where it is another's, cancelled, or kept no longer."""
    demand(call.may(Permission.EXPORT))
    rows = Export.objects.unscoped("judged on the next line").defer("members")
    return shown_export(there(call, rows.filter(pk=export).first()))


def there(call: Call, row: Export | None) -> Export:
    """The export, if it is one that the caller may see, not cancelled and not too old; else ``Refused``."""
    gone = row is None or row.state not in {*LIVE, ExportState.FAILED}
    if row is None or gone or (row.expires_at is not None and row.expires_at <= clock.now()):
        raise Refused(refuse("not_found", kind="Export"))
    demand(may_see_export(call, row.actor, Scope(frozenset(row.organisations), row.everywhere)))
    return row


def export_manifest(export: Shown, base: str) -> dict[str, Any]:
    """The manifest of an export that is done (Bulk Data Access 2.0); a file's address is ``base``/name."""

    def items(kind: str) -> list[dict[str, Any]]:
        files = [f for f in export.files if f.kind == kind]
        return [{"type": f.type, "url": f"{base.rstrip('/')}/{f.name}", "count": f.count} for f in files]

    return {
        "transactionTime": instant(export.at),
        "request": export.request,
        "requiresAccessToken": True,
        "output": items("output"),
        "deleted": items("deleted"),
        "error": [],
        # Bulk Data Access keeps this name free for what a server wishes to add: who took it out, and when
        "extension": {"exported": {"by": export.name, "actor": export.actor, "at": instant(export.at)}},
    }


@ask(Permission.EXPORT, audits="exchange.export_file")
def export_file(call: Call, *, export: UUID, name: str) -> Path:
    """Where a file of an export that is done lies; each time it is asked for stands in the trail."""
    about("Export", export, file=rules.storable(name, 100))
    found = export_status(call, export)
    file = next((f for f in found.files if f.name == name and found.state == ExportState.DONE), None)
    if file is None:
        raise Refused(refuse("not_found", kind="ExportFile"))
    about("Export", export, resources=file.count, bytes=file.size)
    return exports_folder() / str(found.id) / file.name


def exports(call: Call, *, page: Page) -> Paged[Shown]:
    """The exports that hold nothing beyond the caller's scope, newest first."""
    demand(call.may(Permission.EXPORT))
    rows = Export.objects.within(call.scope).defer("members").order_by("-id")
    if page.after:
        rows = rows.filter(id__lt=key_of(page.after[0]))
    found = list(rows[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([shown_export(row) for row in found], page, key)
