"""Two institutions that share nothing: A, whose data are hostile, and B, whose data hold a word to look for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.test import Client

from doorstep.insight.trail.actions import objections
from doorstep.insight.trail.models import Watched
from doorstep.insight.trail.shapes import Said
from doorstep.kernel import clock, trail
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Call
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import Delivery, OutboxEvent, TrailLine
from doorstep.kernel.testing import callers
from doorstep.linkage.expected import EXPECTED_M, EXPECTED_U
from doorstep.linkage.model import Model
from doorstep.linkage.numbers import check_digit
from doorstep.record.exchange import api as exchange
from doorstep.registers.apps.actions import letting, registering, signing
from doorstep.registers.apps.models import App, Authorization
from doorstep.registers.apps.reads import clients
from doorstep.registers.apps.rules import Kind
from doorstep.registers.apps.shapes import Asked, Facts, Holder
from doorstep.registers.consents.actions import consenting, glass
from doorstep.registers.consents.shapes import Signed
from doorstep.registers.organisations import rules as places
from doorstep.registers.organisations.actions import consortia
from doorstep.registers.organisations.models import Department, Membership
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.portal.actions import desk
from doorstep.registers.portal.actions import signing as portal_signing
from doorstep.registers.portal.models import How
from doorstep.registers.portal.tests import factory as own
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.actions import doubts, family, merging, registration
from doorstep.registers.residents.models import (
    Doubt,
    HouseholdMember,
    Judgement,
    MatchModel,
    ResidentGuardian,
    ResidentRecord,
)
from doorstep.registers.residents.rules.placing import Question
from doorstep.registers.residents.shapes import Address, Guardian, Phone
from doorstep.registers.staff import rules
from doorstep.registers.staff.actions import accounts, grants, people, rights
from doorstep.registers.staff.models import Account, Passkey, Post
from doorstep.registers.staff.shapes import GrantFacts, PersonFacts, PostFacts
from doorstep.registers.staff.tests import factory as staff
from doorstep.services.referrals.actions import drafting, moving, talking
from doorstep.services.referrals.shapes import Answer, Wish
from tests.faults import booking_sides, document_sides, endpoint_sides, imaging_sides, sheet_sides

WORD = "貔貅ZQXW"
"""Stands in everything of B that is not public; nobody bounded to A may ever read it."""

MARKUP = '"><img src=x onerror=x9()><script>x9()</script>'
"""Stands in everything of A: it must be shown, and never as markup."""

AWAY, LAUNCH = "https://app.example/back", "https://app.example/launch"
SINCE = date(2020, 1, 1)


@dataclass
class Side:
    """What one institution has; ``ids`` are the things that addresses name."""

    organisation: UUID
    text: str
    number: str
    token: str = ""
    ids: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.ids[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class World:
    """Both sides, and a client a role at A."""

    a: Side
    b: Side
    letter: int
    clients: dict[str, Client] = field(default_factory=dict)


def number(serial: int, sex: int) -> str:
    """A resident ID with a right check digit, of a region that does not exist."""
    body = f"43992119580315{serial:02d}{sex}"
    return body + check_digit(body)


def patient(key: str, ident: str, text: str) -> dict[str, Any]:
    """A Patient whose every text is ``text``."""
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NNCHN"}]}
    return {
        "resourceType": "Patient", "id": key, "identifier": [{"type": kind, "value": ident}],
        "name": [{"text": text}], "gender": "male", "birthDate": "1958-03-15",
        "telecom": [{"system": "phone", "value": f"139{ident[-9:-1]}0"[:11], "use": "mobile"}],
        "address": [{"text": text, "use": "home"}],
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'},
    }  # fmt: skip


def clinical(key: str, whose: str, text: str) -> list[dict[str, Any]]:
    """An Observation, a Condition and an Encounter full of ``text``."""
    about = {"reference": f"Patient/{whose}", "display": text}
    concept = {"text": text, "coding": [{"system": "http://loinc.org", "code": "8480-6", "display": text}]}
    narrative = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{text}</p></div>'}
    return [
        {"resourceType": "Observation", "id": f"o{key}", "status": "final", "code": concept, "subject": about,
         "effectiveDateTime": "2024-01-01", "valueString": text, "note": [{"text": text}], "text": narrative},
        {"resourceType": "Condition", "id": f"c{key}", "code": concept, "subject": about, "note": [{"text": text}],
         "recordedDate": "2024-01-01"},
        {"resourceType": "Encounter", "id": f"e{key}", "status": "finished", "class": {"code": "AMB", "display": text},
         "subject": about, "type": [concept], "period": {"start": "2024-01-01"}},
        {"resourceType": "AllergyIntolerance", "id": f"y{key}", "code": concept, "patient": about},
        {"resourceType": "MedicationRequest", "id": f"m{key}", "status": "active", "intent": "order",
         "medicationCodeableConcept": concept, "subject": about, "dosageInstruction": [{"text": text}],
         "authoredOn": "2024-01-01"},
    ]  # fmt: skip


def send(source: UUID, *resources: dict[str, Any], origin: str = "t.json", kind: str = "collection") -> int:
    """Send resources as one bundle; the number of the message."""
    entries = [{"fullUrl": f"http://t/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    raw = json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}, ensure_ascii=False).encode()
    [[receipt]] = exchange.take(callers.system(), source, [exchange.Piece("bundle", origin, raw)], "file")
    return receipt.message


def make() -> World:
    """Build both sides through the doors that anyone uses."""
    found = district.make()
    a = Side(found.lead, MARKUP, number(10, 1), ids={"consortium": found.community, "partner": found.centre})
    b = Side(found.second, WORD, number(11, 1), ids={"consortium": found.network, "partner": found.private})
    fill("a", a)
    fill("b", b)
    signing.published()  # the house's own key pair is there from its first use on
    event = OutboxEvent.objects.create(name="x.Y", subject=WORD, body={"word": WORD, "html": MARKUP}, at=clock.now())
    dead = Delivery.objects.create(
        event=event, handler="x.y.z", subject=WORD, state=Delivery.State.DEAD, due_at=clock.now(), error=MARKUP
    )
    world = World(a, b, dead.pk)
    for role in rules.ROLES:
        on_duty = staff.somebody(a.organisation, role, "值班人", f"on.{role}")
        world.clients[role] = staff.client_of(on_duty)
        if role == "exchange_operator":
            judge(f"staff:{on_duty.person_id}", a, b)
        if role == "township_physician":
            a.ids["authorization"] = let_in(a, staff.call_of(on_duty), on_duty.pk)
    b.ids["authorization"] = let_in(b, replace(callers.member(b.organisation), post=b.post), b.person)
    world.clients["nobody"] = staff.client_of(staff.account(staff.person("无岗位"), "nobody"))
    world.clients["stranger"] = Client()
    world.clients["resident"] = own.client_of(a.resident, phone="13500000071")
    world.clients["guardian"] = own.client_of(a.resident, phone="13500000072", acting_for=a.child)
    return world


def fill(key: str, side: Side) -> None:
    """Give one side all that addresses name; ``key`` is a small letter that no other side has."""
    _registers(side)
    _record(key, side)
    _family(key, side)
    _doubt(key, side)
    _merged(key, side)
    _consents(side)
    _model(side)
    _app(side)
    _own(key, side)
    booking_sides.fill(side)
    endpoint_sides.fill(side)
    sheet_sides.fill(side)
    imaging_sides.fill(side)
    _referrals(side)


def _referrals(side: Side) -> None:
    """A draft, a referral that waits for its answer, and one from the partner whose patient has arrived here."""
    doctor = replace(callers.member(side.organisation), name=side.text)
    there = replace(callers.system(), name=side.text, organisation=side.partner)
    wish = Wish(
        destination=side.partner, criteria=("U1", "D1"), department_name=side.text[:60], consenter="self",
        consent_name=side.text[:60], consent_channel="paper", urgency="emergency", phone=side.text[:30],
        letter={"impression": side.text, "present": side.text, "past": side.text, "treatment": side.text},
    )  # fmt: skip
    back = replace(wish, destination=side.organisation)
    made = (
        ("draft", doctor, wish, ()),
        ("referral", doctor, wish, ("send",)),
        ("arrived", there, back, ("send", "accept", "arrive")),
    )
    for name, writer, said, moves in made:
        key = side.ids[name] = drafting.draft(writer, resident=side.resident, wish=said)
        for at, move in enumerate(moves, 1):
            moving.MOVES[move](callers.system(), referral=key, expect=at, answer=Answer(note=side.text))
    talking.write(doctor, referral=side.referral, text=side.text)


def _registers(side: Side) -> None:
    system, text = callers.system(), side.text
    facts = PersonFacts(text, number=f"N{side.number[-3:]}", phone="13900000000")
    side.ids["person"] = people.add(
        system, facts=facts, post=PostFacts(side.organisation, "nurse", SINCE, duty=text[:40])
    )
    side.ids["post"] = Post.objects.unscoped("test").get(person=side.person).pk
    accounts.make_account(system, person=side.person, username=f"u{side.number[-3:].lower()}", password="a-Long-one-77")
    side.ids["passkey"] = Passkey.objects.create(
        account=Account.objects.get(person=side.person), name=text[:60], key_id=text.encode(), credential=b""
    ).pk
    side.ids["key"], side.token = accounts.issue_key(system, organisation=side.organisation, name=text)
    today = clock.today()
    side.ids["grant"] = grants.grant(
        system, person=side.person,
        facts=GrantFacts(side.organisation, "residents.review", today, today, text, side.post),
    )  # fmt: skip
    side.ids["proposal"] = rights.propose_role(
        system, role="nurse", expect=0, permissions={"staff.read"}, sentence=text, why=text
    )
    rows = Membership.objects.unscoped("test").filter(consortium=side.consortium)
    if not (partner := rows.filter(organisation=side.partner).first()):
        consortia.join(
            system, consortium=side.consortium, organisation=side.partner, role=places.Role.MEMBER,
            tier=places.Tier.BASE, since=clock.today(),
        )  # fmt: skip
        partner = rows.get(organisation=side.partner)
    side.ids["membership"] = partner.pk
    side.ids["agreement"] = consortia.agree(
        system, consortium=side.consortium, parties={side.organisation, side.partner}, matter=places.Matter.REFERRAL,
        title=text, text=text, since=SINCE,
    )  # fmt: skip
    side.ids["department"] = Department.objects.unscoped("test").filter(organisation=side.organisation).first().pk


def _record(key: str, side: Side) -> None:
    side.ids["patient"], side.ids["observation"] = f"p{key}", f"o{key}"
    other = {**patient(f"q{key}", number(20 + ord(key) - 97, 2), side.text), "gender": "female"}
    side.ids["applied"] = send(
        side.organisation, patient(f"p{key}", side.number, side.text), other, *clinical(key, f"p{key}", side.text),
        *document_sides.documents(key, side),
        origin=f"{side.text}.json",
    )  # fmt: skip
    moved = clinical(key, f"p{key}", side.text)[0] | {"valueString": f"{side.text} 2"}
    send(side.organisation, moved)
    lost = clinical(f"x{key}", "nowhere", side.text)[0]
    side.ids["message"] = send(side.organisation, lost, origin=f"{side.text}-lost.json")
    asked = replace(callers.member(side.organisation), actor=f"staff:exporter-{key}", name=side.text)
    side.ids["export"] = exchange.begin_export(asked, level="system", request_url=side.text).id
    linked = residents.residents_of([f"p{key}", f"q{key}"])
    side.ids["resident"], side.ids["other"] = linked[f"p{key}"], linked[f"q{key}"]


def _family(key: str, side: Side) -> None:
    system, text, resident = callers.system(), side.text, side.resident
    registration.change_contacts(
        system, resident=resident, expect=_version(resident), phones=[Phone(f"1380000000{ord(key) % 10}", "mobile")],
        addresses=[Address(text, "")],
    )  # fmt: skip
    family.add_guardian(system, resident=resident, expect=_version(resident), said=Guardian(text, "", "10"))
    home = family.start_household(system, head=resident, address=text)
    third = send(side.organisation, {**patient(f"r{key}", number(30 + ord(key) - 97, 1), text)})
    assert third
    side.ids["third"] = residents.residents_of([f"r{key}"])[f"r{key}"]
    family.add_member(system, household=home, expect=1, resident=side.third, relation="20")
    side.ids["household"] = home
    rows = HouseholdMember.objects.unscoped("test")
    side.ids["member"] = rows.get(resident=side.third).pk
    side.ids["third_number"] = number(30 + ord(key) - 97, 1)
    side.ids["watched"] = Watched.objects.create(
        resident_id=side.resident, reason=side.text, by=side.text, since=clock.now()
    ).pk
    side.ids["guardian"] = ResidentGuardian.objects.unscoped("test").get(resident=resident).pk


def _doubt(key: str, side: Side) -> None:
    """Two doubtful pairs: one that waits, and one that was answered."""
    p, q, r = (ResidentRecord.objects.unscoped("test").get(patient_id=f"{c}{key}").pk for c in "pqr")
    doubts.raise_([(q, Question(r, "weight", "", 8.0, 1)), (p, Question(q, "number", "name", 8.0, 2))])
    rows = Doubt.objects.unscoped("test").filter(left__in=(p, q, r), right__in=(p, q, r))
    side.ids["doubt"], side.ids["answered"] = (rows.get(needed=needed).pk for needed in (1, 2))


def _merged(key: str, side: Side) -> None:
    """A resident with two records, one of which came by a merge."""
    two = [residents.Incoming(f"{c}{key}", side.organisation, names=(residents.Name(side.text),)) for c in "mn"]
    side.ids["kept"], gone = (v.resident for v in residents.take_in(callers.system(), two))
    side.ids["merge"] = merging.merge(callers.system(), kept=side.kept, gone=gone, note=side.text)
    side.ids["record"], side.ids["moved"] = (
        ResidentRecord.objects.unscoped("test").get(patient_id=f"{c}{key}").pk for c in "mn"
    )


def _consents(side: Side) -> None:
    """A break-glass that waits for review, and a consent."""
    nurse = replace(callers.member(side.organisation), actor=f"staff:{side.person}", name=side.text)
    side.ids["glass"] = glass.break_glass(
        nurse, resident=side.other, reason="emergency", words=f"抢救病人 {side.text}", hours=4
    )
    signed = Signed(side.organisation, permit=True, signer="self", signer_name=side.text)
    side.ids["consent"] = consenting.record(nurse, resident=side.resident, signed=signed)


def _model(side: Side) -> None:
    """A matching model that was compared, but is not in use."""
    model = Model(EXPECTED_M, EXPECTED_U, 1e-6).as_dict()
    compared = {"records": 2, "pairs": 1, "at": clock.now().isoformat(), "by": side.text, "changed": [], "examples": []}
    row = MatchModel.objects.create(made_at=clock.now(), made_by=side.text, model=model, shadow=compared)
    side.ids["model"] = row.pk


def _app(side: Side) -> None:
    """A registered app, whose name anyone may read who uses apps."""
    name = side.text[:60] if side.text != WORD else "应用乙"
    facts = Facts(
        name, name, side.organisation, Kind.SECRET, (AWAY,), LAUNCH,
        "openid launch launch/patient patient/*.rs user/*.rs",
    )  # fmt: skip
    side.ids["app"], _secret = registering.register(callers.system(), facts=facts)
    side.ids["client_id"] = App.objects.unscoped("test").get(pk=side.app).client_id


def let_in(side: Side, call: Call, account: UUID) -> UUID:
    """That the app was let in for the side's resident."""
    asked = Asked("patient/*.rs", AWAY, "c" * 43, "state")
    app = clients.by_client_id(side.client_id)
    assert app
    letting.let_in(call, app=app, asked=asked, resident=side.resident, by=Holder(new_id(), account))
    return UUID(str(Authorization.objects.unscoped("test").get(app=side.app).pk))


def _own(key: str, side: Side) -> None:
    """What residents have of their own: a telephone, a card, a ward, an objection to a look."""
    serial = ord(key)
    side.ids["binding"] = portal_signing.bind(
        side.resident, f"135000000{serial % 100:02d}", how=How.DESK, by=f"staff:{side.text[:60]}"
    ).pk
    side.ids["card"], side.ids["card_text"] = desk.issue_card(
        replace(callers.member(side.organisation), name=side.text), resident=side.resident, pin="294817"
    )
    side.ids["child"] = own.resident(
        side.organisation, name=side.text[:60], phone="", serial=serial % 90, born=clock.today() - timedelta(days=3000)
    )
    own.guardian(side.child, side.resident)
    looked = Call(f"staff:{side.person}", side.text, clock.now(), NOWHERE, organisation=side.organisation)
    trail.write(looked, "charts.read", resident=side.resident, detail={"basis": "own"})
    side.ids["line"] = TrailLine.objects.filter(action="charts.read", resident=side.resident).latest("pk").pk
    mine = replace(callers.system(), actor=f"resident:{side.resident}", name=side.text, resident=side.resident)
    said = Said(f"这一次不应该看 {side.text}", (side.line,))
    side.ids["objection"] = objections.raise_(mine, said=said)


def judge(actor: str, *sides: Side) -> None:
    """Have somebody have said of each side's answered doubt that it is one person."""
    for side in sides:
        said = Judgement.objects.create(
            doubt_id=side.answered, actor=actor, actor_name=side.text, answer="same", note=side.text, at=clock.now()
        )
        side.ids["judgement"] = said.pk


def _version(resident: UUID) -> int:
    return residents.header(EVERYWHERE, resident).version


TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public'
AND tablename NOT IN ('django_session', 'staff_failedsignin', 'staff_session', 'portal_session')
AND tablename NOT LIKE 'kernel\\_trail%'
ORDER BY tablename
"""


def fingerprint() -> dict[str, tuple[int, int]]:
    """Rows and a sum of hashes of every table that holds more than trail, sessions and counts of failed sign-ins."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        names = [row[0] for row in cursor.fetchall()]
        parts = [
            f"SELECT '{n}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0)::bigint FROM {n} t" for n in names
        ]
        cursor.execute(" UNION ALL ".join(parts))
        return {name: (count, mark) for name, count, mark in cursor.fetchall() if count}


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def tomorrow() -> str:
    """A day that is not yet."""
    return (clock.today() + timedelta(days=1)).isoformat()


__all__ = [
    "MARKUP", "WORD", "Side", "World", "fill", "fingerprint", "judge", "let_in", "make", "number", "patient", "send",
    "tomorrow", "undone",
]  # fmt: skip
