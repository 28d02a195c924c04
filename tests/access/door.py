"""The rows of the FHIR door: every interaction asked by keys and tokens of all kinds, in every situation."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from doorstep.kernel import clock
from doorstep.kernel.testing import callers
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.shapes import Facts
from doorstep.record.exchange import jobs
from doorstep.registers.apps.models import Authorization, Token
from doorstep.registers.apps.rules import MARK, digest
from doorstep.registers.consents.actions import consenting, glass
from doorstep.registers.consents.models import Relation
from doorstep.registers.consents.shapes import Signed
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff
from doorstep.registers.staff.models import Account, Post, SourceKey
from doorstep.registers.staff.rules import ROLES
from doorstep.registers.staff.tests import factory
from doorstep.resources.booking.models import Appointment, Slot
from doorstep.resources.booking.tests.conftest import ahead, department, sitting
from tests.access.fhir import Interaction, filled
from tests.access.situations import BREAK
from tests.door import RunningDoor
from tests.faults.two_sides import clinical, number, patient
from tests.smart import register

DEAD = ("none", "forged", "revoked", "ended")
SYSTEMS = ("key", "app", "app reading")
COLUMNS = (*DEAD, *SYSTEMS, *ROLES)
SITUATIONS = ("own", "unrelated", "member", "outside", "consent", "glass", "outside, opened", "expired")
SIDE = {"own": "a", "unrelated": "a", "outside": "b", "outside, opened": "b"}
STAFF = "patient/*.rs user/*.cruds"
KEPT = ("charts.read", "exchange.send", "exchange.export", "booking.read", "booking.book")
"""What a call by an app may do at all of what its person may (``apps.reads.standing``)."""


INBOX = frozenset({"exchange_message"})
"""A bundle that came in is kept as it came, whether it could be used or not (it rests in the list of the set aside)."""


@dataclass
class Doors:
    """A door, three institutions (A, a member of its consortium, one of another), and who has a post at A."""

    door: RunningDoor
    places: dict[str, UUID] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    residents: dict[str, UUID] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    apps: dict[str, UUID] = field(default_factory=dict)
    serial: int = 0

    def send(self, method: str, path: str, body: Any, key: str, **headers: str) -> Any:
        """One request by a key; what was asked for must be done."""
        answer = self.door.send(method, path, body, key=key, headers=headers)
        assert answer.status_code < 300, (path, answer.text)
        return answer

    def put(self, side: str, each: dict[str, Any]) -> None:
        """Write as the side's own system."""
        self.send("PUT", f"{each['resourceType']}/{each['id']}", each, self.keys[side])

    def begun(self, side: str) -> str:
        """An export that the side's own system has begun."""
        answer = self.send("GET", "$export?_type=Observation", None, self.keys[side], Prefer="respond-async")
        return str(answer.headers["content-location"]).rpartition("/")[2]


def make(door: RunningDoor) -> Doors:
    """All three sides with their records, and somebody of each role at A."""
    found, made = district.make(), Doors(door)
    made.places = {"a": found.lead, "c": found.centre, "b": found.second}
    for serial, (side, place) in enumerate(made.places.items()):
        made.keys[side] = staff.issue_key(callers.system(), organisation=place, name=f"HIS {side}")[1]
        _records(made, side, number(50 + serial, 1))
    facts = Facts("检验平台", found.lead, 0, protocol=MESSAGES, mapping="standard", receiver=found.centre)
    editing.make(callers.system(), facts=facts)
    sitting(callers.member(found.lead), department(found.lead, "03.04", "心血管内科"), ahead(1))
    _dead(made)
    for role in ROLES:
        made.accounts[role] = factory.somebody(found.lead, role, "值班人", f"door.{role}")
    made.apps = {kind: register(found.lead, kind, scopes=said).id
                 for kind, said in (("public", STAFF), ("system", "system/*.cruds"))}  # fmt: skip
    made.tokens |= {"app": token(made, "app", None), "app reading": token(made, "app reading", None)}
    return made


def _records(made: Doors, side: str, ident: str) -> None:
    text = f"某某{side}"
    codes = {"url": f"urn:codes:t{side}", "status": "active"}
    who = patient(f"p{side}", ident, text)
    who["identifier"].append({"system": "urn:mr", "value": who["id"]})
    for each in (who, *clinical(side, f"p{side}", text)):
        made.put(side, each)
    member = [{"entity": {"reference": f"Patient/p{side}"}}]
    made.put(side, {"resourceType": "Group", "id": f"g{side}", "type": "person", "actual": True, "member": member})
    concepts = {"concept": [{"code": "x", "display": text}]}
    made.put(side, {"resourceType": "CodeSystem", "id": f"t{side}", **codes, "content": "complete", **concepts})
    include = {"compose": {"include": [{"system": codes["url"], **concepts}]}}
    made.put(
        side, {"resourceType": "ValueSet", "id": f"t{side}", "url": f"urn:set:t{side}", "status": "active", **include}
    )
    target = [{"code": "x", "target": [{"code": "y", "equivalence": "equal"}]}]
    group = [{"source": codes["url"], "target": "urn:other", "element": target}]
    made.put(side, {"resourceType": "ConceptMap", "id": f"t{side}", "url": f"urn:map:t{side}", "status": "active",
                    "group": group})  # fmt: skip
    made.residents[side] = residents.residents_of([f"p{side}"])[f"p{side}"]
    exported = made.begun(side)
    while (answer := made.send("GET", f"$export-status/{exported}", None, made.keys[side])).status_code == 202:
        with transaction.atomic():  # a slice, as the worker does it
            jobs.run_exports(callers.system())
    told = answer.json()
    made.ids[side] = {
        "patient": f"p{side}", "observation": f"o{side}", "encounter": f"e{side}", "group": f"g{side}",
        "terms": f"t{side}", "number": ident, "text": text, "exported": exported,
        "file": told["output"][0]["url"].rpartition("/")[2],
    }  # fmt: skip


def _dead(made: Doors) -> None:
    """Keys that open no more, and what never was one."""
    made.tokens |= {"none": "", "forged": "ds_" + "x" * 43}
    today = clock.today()
    for name, ends in (("revoked", {"revoked_at": clock.now()}), ("ended", {"until": today - timedelta(days=1)})):
        key, made.tokens[name] = staff.issue_key(callers.system(), organisation=made.places["a"], name=name)
        SourceKey.objects.unscoped("test").filter(pk=key).update(since=today - timedelta(days=9), **ends)
    made.tokens["key"] = made.keys["a"]


def token(made: Doors, who: str, resident: UUID | None) -> str:
    """An access token as the endpoint leaves it, of a system or of a role's person, with a resident in context."""
    said = {"app": "system/*.cruds", "app reading": "system/*.rs"}.get(who, STAFF)
    text, account = MARK + secrets.token_urlsafe(32), made.accounts.get(who)
    post = Post.objects.unscoped("test").get(person=account.person) if account else None
    let_in = Authorization.objects.create(
        app_id=made.apps["public" if account else "system"], account=account.pk if account else None, post=post,
        resident_id=resident, scopes=said,
    )  # fmt: skip
    until = clock.now() + timedelta(hours=1)
    Token.objects.create(digest=digest(text), authorization=let_in, scopes=said, until=until)
    return text


def happen(made: Doors, situation: str) -> None:
    """Make the situation so; those behind it in ``SITUATIONS`` build on it."""
    side = SIDE.get(situation, "c")
    here = {"resourceType": "Encounter", "id": "now", "class": {"code": "AMB"}, "subject": {"reference": "Patient/pa"}}
    if situation == "own":
        made.put("a", {**here, "status": "in-progress", "period": {"start": "2024-01-02T08:00:00Z"}})
    elif situation == "unrelated":
        over = {"start": "2024-01-02T08:00:00Z", "end": "2024-01-02T09:00:00Z"}
        made.put("a", {**here, "status": "finished", "period": over})
    elif situation in ("consent", "outside, opened"):
        signed = Signed(made.places["a"], permit=True, signer="self", signer_name="某某")
        consenting.record(callers.member(made.places[side]), resident=made.residents[side], signed=signed)
    if situation == "glass":
        end_all()
    if situation in ("glass", "outside, opened"):
        for role in (role for role in ROLES if BREAK in ROLES[role].permissions):
            call = replace(callers.member(made.places[side]), actor=f"staff:{made.accounts[role].person_id}")
            glass.break_glass(call, resident=made.residents[side], reason="emergency", words="抢救病人", hours=4)
    if situation == "expired":
        end_all()


def end_all() -> None:
    """All that was opened has ended yesterday."""
    now = clock.now()
    Relation.objects.unscoped("test").update(since=now - timedelta(days=2), until=now - timedelta(days=1))


def groups(asked: Interaction, situation: str) -> Iterator[tuple[str, ...]]:
    """The columns, those together that the door cannot tell apart: it looks at few of a post's rights.

    A relation to a resident is nothing to a system, and opens no writing to anybody: there fewer ask for all.
    """
    found: dict[object, list[str]] = {}
    related = situation not in ("own", "member", "outside")
    for name in COLUMNS:
        kind: object = name
        if name in ROLES:
            role = ROLES[name]
            kept = tuple(p in role.permissions for p in KEPT)
            plain = not kept[0] or (related and asked.writes)
            kind = kept if plain else (kept, role.reach, role.purpose, BREAK in role.permissions)
        elif name in DEAD and situation != "own":
            kind = "dead"
        if not (related and name in ("app", "app reading")):
            found.setdefault(kind, []).append(name)
    turn = zlib.crc32(f"{asked.name} {situation}".encode())
    for names in found.values():
        yield (*names[turn % len(names) :], *names[: turn % len(names)])


def ask(made: Doors, asked: Interaction, situation: str, key: str) -> str:
    """One interaction by one caller: what stands in the table."""
    side = SIDE.get(situation, "c")
    ids, path, made.serial = dict(made.ids[side]), asked.path + str(asked.body), made.serial + 1
    ids |= {"new": f"new-{made.serial}", "fresh": f"fresh-{made.serial}"}
    if "{fresh}" in path:
        made.put(side, {"resourceType": "Observation", "id": ids["fresh"], "status": "final", "code": {"text": "旧"}})
    if "{export}" in path:
        ids["export"] = made.begun(side)
    if "{place}" in path:
        ids["place"] = str(Slot.objects.order_by("number").first().pk)
    before = fingerprint() if asked.writes else {}
    answer = made.door.send(
        asked.method, filled(asked.path, ids), asked.content(ids), key=key,
        headers={"Content-Type": asked.kind} | dict(asked.headers) if asked.body else dict(asked.headers),
    )  # fmt: skip
    cell = _cell(asked, answer, ids)
    if asked.writes and cell != "yes":
        beside = INBOX if asked.path == "" else frozenset()
        changed = sorted(n for n, mark in fingerprint().items() if before.get(n) != mark and n not in beside)
        assert not changed, f"{asked.name} ({situation}) is refused ({cell}) and yet changed {changed}"
    _tidy(made, asked, answer, ids, side, key)
    return cell


def _cell(asked: Interaction, answer: Any, ids: dict[str, str]) -> str:
    status = answer.status_code
    told = answer.json() if "json" in answer.headers.get("content-type", "") and asked.name != "export file" else {}
    entries = told.get("entry", []) if told.get("type", "").endswith("-response") else []
    if entries:
        status = int(entries[0]["response"]["status"][:3])
    if status >= 300:
        return str(status)
    things = ("patient", "observation", "encounter", "group")
    shown = any(f'"id":"{ids[name]}"' in answer.text.replace('": "', '":"') for name in things)
    shown = shown or f'/Patient/{ids["patient"]}"' in answer.text or f'"Patient/{ids["patient"]}"' in answer.text
    return "empty" if asked.shows and not shown else "yes"


def _tidy(made: Doors, asked: Interaction, answer: Any, ids: dict[str, str], side: str, key: str) -> None:
    """Exports that were begun are ended: only two may be under way for one caller. A place that was taken is free for
    the next who asks."""
    if answer.status_code == 202 and "content-location" in answer.headers:
        made.door.send("DELETE", f"$export-status/{answer.headers['content-location'].rpartition('/')[2]}", key=key)
    if "export" in ids:
        made.door.send("DELETE", f"$export-status/{ids['export']}", key=made.keys[side])
    if "place" in ids:
        Slot.objects.update(appointment=None, held_until=None)
        Appointment.objects.unscoped("test").update(status="cancelled")


def fingerprint() -> dict[str, tuple[int, int]]:
    """Rows and a sum of hashes of every table with rows that a write through the door could change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname NOT LIKE 'kernel\\_trail%' AND pg_relation_size(oid) > 0"
        )
        names = [row[0] for row in cursor.fetchall()]
        parts = [
            f"SELECT '{n}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0)::bigint FROM {n} t" for n in names
        ]
        cursor.execute(" UNION ALL ".join(parts))
        return {name: (count, mark) for name, count, mark in cursor.fetchall() if count}
