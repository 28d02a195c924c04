"""Bundles: whole, resolvable, of one person, the same again for a seed; bad ones are bad in one small way."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import date
from typing import Any

import orjson
import pytest

from doorstep.site.demo import systems
from doorstep.site.demo.bundles import bundles
from doorstep.site.demo.issues import Issue, issues
from doorstep.site.demo.numbers import resident_id_check
from doorstep.site.demo.people import Person
from doorstep.site.demo.shapes import District

Sent = list[tuple[str, str, bytes]]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["reference"]] if isinstance(node.get("reference"), str) else []
        return own + [r for value in node.values() for r in _references(value)]
    return [r for value in node for r in _references(value)] if isinstance(node, list) else []


def _hash(sent: Sent) -> str:
    digest = hashlib.sha256()
    for source, name, body in sent:
        digest.update(source.encode() + name.encode() + body)
    return digest.hexdigest()


def _identifiers(patient: dict[str, Any]) -> dict[str, str]:
    return {i["system"]: i["value"] for i in patient["identifier"]}


def test_every_reference_resolves_inside(sent: Sent) -> None:
    for _, name, body in sent:
        bundle = orjson.loads(body)
        urls = [e["fullUrl"] for e in bundle["entry"]]
        assert len(set(urls)) == len(urls), name
        assert set(_references(bundle)) <= set(urls), name


def test_full_urls_are_unique_over_all(sent: Sent) -> None:
    urls = [e["fullUrl"] for _, _, body in sent for e in orjson.loads(body)["entry"]]
    assert len(set(urls)) == len(urls)


def test_entries_post_their_own_type(sent: Sent) -> None:
    for _, _, body in sent:
        bundle = orjson.loads(body)
        assert bundle["type"] == "transaction"
        assert bundle["entry"][0]["resource"]["resourceType"] == "Patient"
        for entry in bundle["entry"]:
            assert entry["request"] == {"method": "POST", "url": entry["resource"]["resourceType"]}
            assert "id" not in entry["resource"]


def test_patients_are_the_people(sent: Sent, people: list[Person], district: District) -> None:
    known = {p.resident_id: p for p in people}
    for source, _, body in sent:
        patient = orjson.loads(body)["entry"][0]["resource"]
        own = _identifiers(patient)
        person = known[own[systems.RESIDENT_ID]]
        assert patient["birthDate"] == person.birth.isoformat()
        assert patient["gender"] == person.sex
        assert patient["name"][0]["text"] == person.name
        assert systems.hospital_number(source) in own
        assert source in district.institution


def test_everybody_is_sent_and_some_by_several(sent: Sent) -> None:
    owners: dict[str, set[str]] = {}
    numbers = set()
    for source, _, body in sent:
        own = _identifiers(orjson.loads(body)["entry"][0]["resource"])
        owners.setdefault(own[systems.RESIDENT_ID], set()).add(source)
        numbers.add((source, own[systems.hospital_number(source)]))
    assert len(owners) == 1200
    assert sum(len(sources) > 1 for sources in owners.values()) > 200
    assert len(numbers) == len(sent)


def test_nothing_happens_before_birth_or_after_today(sent: Sent, district: District) -> None:
    for _, name, body in sent:
        entries = [e["resource"] for e in orjson.loads(body)["entry"]]
        birth = entries[0]["birthDate"]
        for resource in entries[1:]:
            moments = [
                resource.get(key)
                for key in ("effectiveDateTime", "recordedDate", "onsetDateTime", "occurrenceDateTime", "authoredOn")
            ] + list(resource.get("period", {}).values())
            for moment in filter(None, moments):
                assert date.fromisoformat(birth) <= date.fromisoformat(moment[:10]) <= district.today, (name, moment)


def test_measurements_are_possible(sent: Sent) -> None:
    limits = {"8867-4": (30, 180), "29463-7": (30, 160), "39156-5": (13, 45), "14771-0": (2.5, 20), "4548-4": (3.5, 14),
              "14682-9": (20, 220), "8302-2": (130, 195), "718-7": (70, 190), "22748-8": (0.5, 7)}  # fmt: skip
    seen = set()
    for _, _, body in sent:
        for resource in (e["resource"] for e in orjson.loads(body)["entry"]):
            if resource["resourceType"] != "Observation":
                continue
            code = resource["code"]["coding"][0]["code"]
            seen.add(code)
            if "component" in resource:
                systolic, diastolic = (c["valueQuantity"]["value"] for c in resource["component"])
                assert 45 <= diastolic < systolic <= 230
            elif code in limits:
                low, high = limits[code]
                assert low <= resource["valueQuantity"]["value"] <= high, code
    assert {"85354-9", "14771-0", "4548-4", "29463-7"} <= seen


def test_pressure_falls_under_treatment(district: District, people: list[Person]) -> None:
    early, late = [], []
    for _, _, body in bundles(district, people):
        entries = [e["resource"] for e in orjson.loads(body)["entry"]]
        kinds = {r["type"][0]["text"] for r in entries if r["resourceType"] == "Encounter"}
        series = [r for r in entries if "component" in r]
        if "慢病随访" in kinds and len(series) >= 8:
            series.sort(key=lambda r: r["effectiveDateTime"])
            early.append(series[0]["component"][0]["valueQuantity"]["value"])
            late.append(series[-1]["component"][0]["valueQuantity"]["value"])
    assert len(early) > 50
    assert sum(early) / len(early) - sum(late) / len(late) > 4


def test_equal_seed_equal_bytes_and_slices_agree(district: District, people: list[Person], sent: Sent) -> None:
    again = list(bundles(district, people[:1200]))
    assert _hash(again) == _hash(sent)
    halves = [*bundles(district, people[:600]), *bundles(district, people[600:1200])]
    assert _hash(halves) == _hash(sent)
    assert _hash(list(bundles(district, people[:1200], seed=2))) != _hash(sent)


def test_names_with_quotation_marks_are_escaped(district: District, people: list[Person]) -> None:
    odd = people[0]._replace(name='王"\\\n五', family_name='王"', given_name="五\\", address='1"号\\')
    for _, _, body in bundles(district, [odd]):
        patient = orjson.loads(body)["entry"][0]["resource"]
        assert patient["name"][0] == {"use": "official", "text": odd.name, "family": '王"', "given": ["五\\"]}
        assert patient["address"][0]["text"] == odd.address


def test_size_and_speed(district: District, people: list[Person], sent: Sent) -> None:
    count = sum(body.count(b'"fullUrl"') for _, _, body in sent)
    assert 8 <= count / 1200 <= 20
    started = time.process_time()
    for _ in bundles(district, people[:1200]):
        pass
    # Measured at 5 µs; the bound leaves room for a slow and busy machine.
    assert (time.process_time() - started) / count < 40e-6


def _repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise KeyError("repeated")
    return dict(pairs)


@pytest.fixture(scope="module")
def bad(district: District) -> dict[str, Issue]:
    return {issue.name.removesuffix(".json"): issue for issue in issues(district)}


def test_bad_bundles_are_bad_in_one_way(bad: dict[str, Issue], people: list[Person], district: District) -> None:
    known = {p.resident_id for p in people}
    for issue in bad.values():
        assert issue.source in district.institution
        assert issue.body != issue.mended
        assert abs(len(issue.body) - len(issue.mended)) < 60
        bundle = json.loads(issue.mended, object_pairs_hook=_repeated)
        assert set(_references(bundle)) <= {e["fullUrl"] for e in bundle["entry"]}
        own = _identifiers(bundle["entry"][0]["resource"])[systems.RESIDENT_ID]
        assert own[17] == resident_id_check(own[:17])
        assert own not in known
    assert len(bad) == 7


def test_each_fault_is_the_one_it_says(bad: dict[str, Issue], district: District) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(bad["truncated"].body)
    with pytest.raises(KeyError):
        json.loads(bad["duplicate-key"].body, object_pairs_hook=_repeated)
    own = _identifiers(json.loads(bad["id-check"].body)["entry"][0]["resource"])[systems.RESIDENT_ID]
    assert own[17] != resident_id_check(own[:17])
    nowhere = json.loads(bad["dangling"].body)
    assert not set(_references(nowhere)) <= {e["fullUrl"] for e in nowhere["entry"]}
    born = json.loads(bad["future-birth"].body)["entry"][0]["resource"]["birthDate"]
    assert date.fromisoformat(born) > district.today
    types = {e["resource"]["resourceType"] for e in json.loads(bad["unknown-type"].body)["entry"]}
    assert "Observatoin" in types
    assert b"-02-30" in bad["bad-date"].body


def test_bad_bundles_are_the_same_again(bad: dict[str, Issue], district: District) -> None:
    assert issues(district) == tuple(bad.values())


def test_some_are_in_care_now(sent: Sent, district: District) -> None:
    """Stays under way, and visits of the last 30 days: what opens a whole chart to an institution."""
    under_way = recent = 0
    for _, _, body in sent:
        for resource in (e["resource"] for e in orjson.loads(body)["entry"]):
            if resource["resourceType"] == "Encounter":
                end = resource["period"].get("end")
                assert (end is None) == (resource["status"] == "in-progress")
                under_way += end is None
                recent += end is not None and (district.today - date.fromisoformat(end[:10])).days < 30
    assert under_way
    assert recent > 20
