"""A resident whose every text is a payload, ingested as any message, and every page that shows it, parsed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from django.urls import reverse

from doorstep.registers.residents import api as residents
from doorstep.registers.staff.rules import ROLES
from tests.faults.samples import FORMS, addresses, ask_for
from tests.faults.two_sides import World, number, send, undone

Json = dict[str, Any]
SIGN = "zz9"
"""Stands in every payload; may stand in text and in values, never in the name of an element or attribute."""
PAYLOADS = (
    f'<{SIGN} onload={SIGN}()>', f'"><{SIGN} a=1>', f"'><{SIGN}>", f'" on{SIGN}="1" x="', f"' on{SIGN}='1' x='",
    f"</textarea><{SIGN}>", f"</title><{SIGN}>", f"</style><{SIGN}>", f"</script><{SIGN}>", f"<!--{SIGN}",
    f"--><{SIGN}>",
    f"javascript:{SIGN}()", f"data:text/html,<{SIGN}>", f"\x01javascript:{SIGN}()", f"{{{{ {SIGN} }}}}{{% {SIGN} %}}",
    f"&lt;{SIGN}&gt;", f"<svg><{SIGN}/>", f'"}}}}@import url({SIGN});', f"＜{SIGN}＞<{SIGN}/{SIGN}=1>",
)  # fmt: skip
RUNNING = f"javascript:{SIGN}()"
ADDRESSES = ("href", "src", "action", "formaction", "hx-get", "hx-post", "xlink:href", "poster", "data")


class Reader(HTMLParser):
    """Collects what of the payloads became an element, an attribute, or an address that runs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.texts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if SIGN in tag:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            told = (value or "").strip().lower().lstrip("\x01\x02 ")
            if SIGN in name or name.startswith("on"):
                self.found.append(f"<{tag} {name}>")
            if name in ADDRESSES and told.startswith(("javascript:", "data:", "vbscript:")):
                self.found.append(f"<{tag} {name}={told[:40]}>")

    def handle_data(self, data: str) -> None:
        self.texts += SIGN in data

    def handle_comment(self, data: str) -> None:
        if SIGN in data:
            self.found.append(f"<!--{data[:40]}")

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)


def stuffed(value: Any, at: Iterator[str]) -> Any:
    """The resource with a payload in every place marked "*"."""
    if isinstance(value, dict):
        return {key: stuffed(each, at) for key, each in value.items()}
    if isinstance(value, list):
        return [stuffed(each, at) for each in value]
    return next(at) if value == "*" else value


def resources(serial: int, at: Iterator[str]) -> list[Json]:
    """A resident and what pages show of records, as full of texts as R4 lets them be."""
    about, concept = {"reference": f"Patient/x{serial}", "display": "*"}, {
        "text": "*", "coding": [{"system": "http://loinc.org", "code": "8480-6", "display": "*"}]}  # fmt: skip
    note = [{"text": "*", "authorString": "*"}]
    made: list[Json] = [
        {"resourceType": "Patient", "id": f"x{serial}", "birthDate": "1958-03-15", "gender": "male",
         "identifier": [{"system": "urn:x", "value": "*", "assigner": {"display": "*"}},
                        {"type": {"coding": [{"code": "NNCHN",
                         "system": "http://terminology.hl7.org/CodeSystem/v2-0203"}]},
                         "value": number(40 + serial, 1)}],
         "name": [{"text": "*", "family": "*", "given": ["*", "*"], "prefix": ["*"]}], "maritalStatus": {"text": "*"},
         "telecom": [{"system": "phone", "value": "*"}, {"system": "url", "value": "*"},
                     {"system": "email", "value": "*"}],
         "address": [{"text": "*", "line": ["*"], "city": "*", "district": "*", "postalCode": "*"}],
         "contact": [{"name": {"text": "*"}, "relationship": [{"text": "*"}], "telecom": [{"value": "*"}]}],
         "photo": [{"contentType": "image/png", "url": RUNNING, "title": "*"}]},
        {"resourceType": "Observation", "id": f"xo{serial}", "status": "final", "code": concept, "subject": about,
         "effectiveDateTime": "2024-01-01", "valueQuantity": {"value": 7, "unit": "*"}, "note": note,
         "interpretation": [{"text": "*"}], "bodySite": {"text": "*"}, "method": {"text": "*"},
         "performer": [{"display": "*"}],
         "referenceRange": [{"text": "*", "low": {"value": 1, "unit": "*"}, "high": {"value": 5, "unit": "*"}}],
         "category": [{"text": "*"}], "device": {"display": "*"}},
        {"resourceType": "Observation", "id": f"xs{serial}", "status": "final", "code": {"text": "*"}, "subject": about,
         "effectiveDateTime": "2024-01-02", "valueString": "*",
         "component": [{"code": {"text": "*"}, "valueString": "*"}]},
        {"resourceType": "Condition", "id": f"xc{serial}", "code": concept, "subject": about, "note": note,
         "severity": {"text": "*"}, "stage": [{"summary": {"text": "*"}}], "recordedDate": "2024-01-01",
         "recorder": {"display": "*"}, "onsetString": "*"},
        {"resourceType": "AllergyIntolerance", "id": f"xy{serial}", "code": {"text": "*"}, "patient": about,
         "note": note,
         "reaction": [{"description": "*", "manifestation": [{"text": "*"}]}]},
        {"resourceType": "MedicationRequest", "id": f"xm{serial}", "status": "active", "intent": "order",
         "subject": about, "medicationCodeableConcept": {"text": "*"},
         "dosageInstruction": [{"text": "*", "patientInstruction": "*",
         "route": {"text": "*"}}], "requester": {"display": "*"}, "authoredOn": "2024-01-01", "note": note},
        {"resourceType": "DiagnosticReport", "id": f"xd{serial}", "status": "final", "code": concept, "subject": about,
         "conclusion": "*", "effectiveDateTime": "2024-01-01", "performer": [{"display": "*"}],
         "presentedForm": [{"contentType": "text/html", "url": RUNNING, "title": "*"}]},
        {"resourceType": "Encounter", "id": f"xe{serial}", "status": "finished",
         "class": {"code": "AMB", "display": "*"},
         "subject": about, "type": [{"text": "*"}], "reasonCode": [{"text": "*"}], "period": {"start": "2024-01-01"},
         "serviceProvider": {"display": "*"}, "location": [{"location": {"display": "*"}}],
         "participant": [{"individual": {"display": "*"}}],
         "hospitalization": {"dischargeDisposition": {"text": "*"}}},
        {"resourceType": "Procedure", "id": f"xp{serial}", "status": "completed", "code": {"text": "*"},
         "subject": about, "performedString": "*", "outcome": {"text": "*"}, "note": note,
         "performer": [{"actor": {"display": "*"}}]},
        {"resourceType": "Immunization", "id": f"xi{serial}", "status": "completed", "vaccineCode": {"text": "*"},
         "patient": about, "occurrenceString": "*", "lotNumber": "*", "site": {"text": "*"}, "note": note},
        {"resourceType": "DocumentReference", "id": f"xr{serial}", "status": "current", "subject": about,
         "type": {"text": "*"}, "description": "*", "content": [{"attachment": {"url": RUNNING, "title": "*"}}]},
        {"resourceType": "CarePlan", "id": f"xl{serial}", "status": "active", "intent": "plan", "subject": about,
         "title": "*", "description": "*", "activity": [{"detail": {"status": "completed", "description": "*"}}]},
    ]  # fmt: skip
    return [stuffed(each, at) for each in made]


def paths(resident: Any, made: list[Json]) -> list[str]:
    """The pages about one resident and each of its records."""
    found = [reverse(f"residents:{n}", args=[resident]) for n in ("show", "index", "contacts", "guardian")]
    found += [reverse(f"charts:{n}", args=[resident]) for n in ("summary", "timeline", "results")]
    found.append(reverse("charts:series", args=[resident]) + "?code=http://loinc.org|8480-6")
    for each in made:
        where = {"resident": resident, "kind": each["resourceType"], "key": each["id"]}
        found += [reverse(f"charts:{n}", kwargs=where) for n in ("entry", "raw")]
    return found


def test_nothing_that_is_ingested_becomes_markup(world: World) -> None:
    client, bad, shown = world.clients["township_physician"], [], 0
    operator = world.clients["exchange_operator"]
    for serial, start in enumerate(range(0, len(PAYLOADS), 7)):
        at = iter([PAYLOADS[(start + n) % len(PAYLOADS)].replace("\x01", "") for n in range(200)])
        made = resources(serial, at)
        send(world.a.organisation, *made, origin=PAYLOADS[start])
        resident = residents.residents_of([f"x{serial}"])[f"x{serial}"]
        for reading, path in [*((client, p) for p in paths(resident, made)), (operator, reverse("exchange:list"))]:
            answer = reading.get(path)
            assert answer.status_code in (200, 404), (path, answer.status_code)
            if not answer.headers["Content-Type"].startswith("text/html"):
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                continue
            reader = Reader()
            reader.feed(answer.content.decode())
            shown += reader.texts
            bad += [f"{path}: {found}" for found in reader.found]
    assert not bad, "\n".join(sorted(set(bad)))
    assert shown > 100, "the pages should show what was sent, as text"


CALLERS = ("administrator", "bureau_manager", "exchange_operator", "township_physician", "auditor")


def test_nothing_that_is_typed_into_a_form_becomes_markup(world: World) -> None:
    """Each field of each form, a payload in turn: the page that comes back and the one it leads to are parsed."""
    bad, typed = [], 0
    for each in addresses():
        caller = next((c for c in CALLERS if each.rule in ROLES[c].permissions), "administrator")
        form = ask_for(each.name, world, world.a)
        texts = [n for n, v in form.form.items() if isinstance(v, str) and each.name in FORMS]
        client, cookies = world.clients[caller], world.clients[caller].cookies.copy()
        for payload in PAYLOADS[1:4] if texts else ():
            with undone():
                answer = client.post(form.url, {**form.form, **dict.fromkeys(texts, payload)}, follow=True)
                client.cookies = cookies.copy()
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                reader = Reader()
                reader.feed(answer.content.decode())
                typed += reader.texts or SIGN in answer.content.decode()
                bad += [f"{each.name}: {found}" for found in reader.found]
    assert not bad, "\n".join(sorted(set(bad)))
    assert typed > 20


def test_a_record_that_is_shown_raw_is_never_a_page(world: World) -> None:
    """What is shown as it was sent goes out as FHIR, not as HTML, and says so to browsers that guess."""
    where = {"resident": world.a.resident, "kind": "Observation", "key": world.a.observation}
    answer = world.clients["township_physician"].get(reverse("charts:raw", kwargs=where))
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert json.loads(answer.content)["id"] == world.a.observation


def test_the_reader_finds_what_it_looks_for() -> None:
    reader = Reader()
    reader.feed(f'<p on{SIGN}="1"><{SIGN}><a href="javascript:x">{SIGN}</a><!--{SIGN}-->')
    assert len(reader.found) == 4
    assert reader.texts == 1
