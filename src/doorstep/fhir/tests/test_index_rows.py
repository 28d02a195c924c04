"""Indexing: strings, dates, numbers, references and the marker of a main date that the columns do not hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.dates import interval
from doorstep.fhir.hashes import FALLBACK, identifier_hash, param_key, reference_hash, token_hash
from doorstep.fhir.indexing import Index, index
from doorstep.fhir.parameters import compartments, main_date, parameters, patient_params
from doorstep.fhir.tables import known_types, table

SUBJECT = {"reference": "Patient/p1"}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def under(found: Index, kind: str, code: str) -> list[tuple[Any, ...]]:
    """The rows of a parameter, without its key."""
    rows = [*found.strings, *found.dates, *found.numbers]
    return [row[1:] for row in rows if row[0] == param_key(kind, code)]


def test_the_keys_are_what_is_stored() -> None:
    # stored in tables: another value would orphan every row
    assert param_key("Patient", "name") == 6496897789621814974
    assert reference_hash("encounter", "Encounter/e1") == 4078530163834779668
    assert identifier_hash("subject", "urn:x", "1") == -6321608432125530243
    assert FALLBACK == -2282373663830885477
    assert identifier_hash("subject", "", "1") == identifier_hash("subject", None, "1")


def test_names_and_addresses_by_their_parts() -> None:
    patient = {
        "name": [{"text": "José  García", "family": "García", "given": ["José", None, "Ａ"], "prefix": ["Dr."]}],
        "address": [{"line": ["中山路 1 号"], "city": "杭州", "postalCode": "310000", "use": "home"}],
    }
    found = index("Patient", patient)
    assert under(found, "Patient", "family") == [("garcia", "García")]
    assert under(found, "Patient", "given") == [("jose", "José"), ("a", "Ａ")]
    names = [row[0] for row in under(found, "Patient", "name")]
    assert names == ["jose garcia", "garcia", "jose", "a", "dr."]
    assert under(found, "Patient", "phonetic") == under(found, "Patient", "name")
    assert under(found, "Patient", "address") == [("中山路 1 号", None), ("杭州", None), ("310000", None)]
    assert under(found, "Patient", "address-city") == [("杭州", None)]
    assert under(found, "Patient", "name:pinyin") == []


def test_names_are_read_as_the_house_reads_them() -> None:
    asked: list[str] = []

    def readings(name: str) -> list[str]:
        asked.append(name)
        return ["zengxiaoming", "zxm"]

    named = [
        {"family": "曾", "given": ["小", "明"]},
        {"text": "Ann"},
        {"text": "曾小明", "family": "曾", "given": ["小明"]},
    ]
    found = index("Patient", {"name": named}, readings=readings)
    assert asked == ["曾小明", "曾小明"]
    assert under(found, "Patient", "name:pinyin") == [("zengxiaoming", None), ("zxm", None)]
    assert (
        index("Organization", {"name": "曾"}, readings=readings).strings
        == index("Organization", {"name": "曾"}).strings
    )


def test_long_strings_are_cut_and_uris_are_left() -> None:
    url = "http://EXAMPLE.org/" + "x" * 600
    found = index("ValueSet", {"url": url, "description": "Ä" * 300, "title": "b" * 300})
    assert under(found, "ValueSet", "url") == [(url[:500], None)]
    assert under(found, "ValueSet", "description") == [("a" * 200, "Ä" * 200)]
    assert under(found, "ValueSet", "title") == [("b" * 200, None)]


def test_numbers_quantities_and_ranges() -> None:
    def observed(**value: Any) -> list[tuple[Any, ...]]:
        return under(index("Observation", {"valueQuantity": value}), "Observation", "value-quantity")

    assert observed(value=72.5, code="mm[Hg]") == [(72.5, 72.5)]
    assert observed(value=5, comparator="<") == [(-inf, 5.0)]
    assert observed(value=5, comparator=">=") == [(5.0, inf)]
    assert observed(unit="mg") == []
    component = {"component": [{"valueQuantity": {"value": 1}}]}
    found = index("Observation", component)
    assert under(found, "Observation", "combo-value-quantity") == [(1.0, 1.0)]
    assert under(found, "Observation", "component-value-quantity") == [(1.0, 1.0)]
    assert under(found, "Observation", "value-quantity") == []
    risk = {"prediction": [{"probabilityRange": {"low": {"value": 1}}}, {"probabilityDecimal": 0.3}]}
    assert under(index("RiskAssessment", risk), "RiskAssessment", "probability") == [(1.0, inf), (0.3, 0.3)]
    place = index("Location", {"position": {"latitude": 30.25, "longitude": 120}})
    assert under(place, "Location", "near:latitude") == [(30.25, 30.25)]
    assert under(place, "Location", "near:longitude") == [(120.0, 120.0)]
    assert under(index("ChargeItem", {"factorOverride": 10**400}), "ChargeItem", "factor-override") == [(inf, inf)]
    invoice = index("Invoice", {"totalNet": {"value": 8.5, "currency": "CNY"}})
    assert under(invoice, "Invoice", "totalnet") == [(8.5, 8.5)]


def test_references_are_hashed_but_for_the_patient_that_the_column_holds() -> None:
    other = {"reference": "http://elsewhere.org/fhir/Encounter/9/_history/2"}
    tokens = set(index("Observation", {"subject": SUBJECT, "encounter": other, "hasMember": [SUBJECT]}).tokens)
    assert reference_hash("encounter", "http://elsewhere.org/fhir/Encounter/9") in tokens
    assert reference_hash("has-member", "Patient/p1") in tokens
    assert reference_hash("subject", "Patient/p1") not in tokens
    assert reference_hash("patient", "Patient/p1") not in tokens
    group = set(index("Observation", {"subject": {"reference": "Group/g"}}).tokens)
    assert reference_hash("subject", "Group/g") in group
    several = {"participant": [{"actor": SUBJECT}, {"actor": {"reference": "Patient/p2"}}]}
    tokens = set(index("Appointment", several).tokens)
    assert {reference_hash("patient", f"Patient/p{n}") for n in (1, 2)} <= tokens


def test_canonicals_are_hashed_with_and_without_their_version() -> None:
    plan = {"instantiatesCanonical": ["http://x.org/Plan|1.2"]}
    tokens = set(index("CarePlan", plan).tokens)
    assert reference_hash("instantiates-canonical", "http://x.org/Plan|1.2") in tokens
    assert reference_hash("instantiates-canonical", "http://x.org/Plan") in tokens


def test_identifiers_of_references() -> None:
    logical = {"identifier": {"system": "urn:x", "value": "7"}}
    tokens = set(index("Observation", {"subject": logical}).tokens)
    for code in ("subject", "patient"):
        assert {identifier_hash(code, "urn:x", "7"), identifier_hash(code, None, "7")} <= tokens
    tokens = set(index("Observation", {"subject": logical | {"type": "Group"}}).tokens)
    assert identifier_hash("subject", "urn:x", "7") in tokens
    assert identifier_hash("patient", "urn:x", "7") not in tokens


def test_the_first_entry_of_a_bundle_is_led_to_but_is_no_reference() -> None:
    entries = [
        {"resource": {"resourceType": "Composition", "id": "c"}},
        {"resource": {"resourceType": "Basic", "id": "b"}},
    ]
    found = index("Bundle", {"entry": entries})
    assert reference_hash("composition", "Composition/c") in found.tokens
    assert reference_hash("composition", "Basic/b") not in found.tokens
    assert reference_hash("message", "Composition/c") not in found.tokens
    assert (found.references, found.links) == ([], [])


@pytest.mark.parametrize(
    ("kind", "resource", "apart", "rows"),
    [
        ("Observation", {"effectiveDateTime": "2020"}, False, []),
        ("Observation", {"effectivePeriod": {"start": "2020"}}, False, []),
        ("Observation", {"effectivePeriod": {"end": "2020"}}, True, [(None, at(2021, 1, 1))]),
        ("Observation", {"issued": "2020-01-01T00:00:00Z"}, True, []),
        ("Observation", {}, False, []),
        ("Condition", {"onsetAge": {"value": 5}, "recordedDate": "2020"}, True, []),
        ("Condition", {"onsetDateTime": "2019", "recordedDate": "2020"}, False, []),
        ("ImagingStudy", {"series": [{"started": "2020"}]}, True, []),
        ("Provenance", {"occurredPeriod": {"start": "2020"}}, True, []),
        ("Provenance", {"occurredDateTime": "2020", "recorded": "2021-01-01T00:00:00Z"}, False, []),
        ("Claim", {"created": "2020"}, False, []),
    ],
)
def test_the_marker_says_that_the_columns_are_not_the_main_date(
    kind: str, resource: dict[str, Any], apart: bool, rows: list[Any]
) -> None:
    found = index(kind, resource)
    assert (FALLBACK in found.tokens) is apart
    assert under(found, kind, main_date(kind) or "") == rows


@pytest.mark.parametrize(
    ("start", "end", "low", "high"),
    [
        ("2020-02-29", "2020", at(2020, 2, 29), at(2021, 1, 1)),
        ("2020", "2020-02", at(2020, 1, 1), at(2020, 3, 1)),
        ("2021", "2020", at(2020, 1, 1), at(2022, 1, 1)),  # against R4: between these all the same
    ],
)
def test_a_period_goes_from_its_start_to_its_end_however_precise_they_are(
    start: str, end: str, low: datetime, high: datetime
) -> None:
    found = index("Observation", {"effectivePeriod": {"start": start, "end": end}})
    assert (found.at, found.at_end) == (low, high)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "9999-12", "9999-12-31T23:59:59+08:00"])
def test_the_ends_of_the_calendar_are_days_like_others(text: str) -> None:
    low, high = interval(text, ZoneInfo("Asia/Shanghai")) or (None, None)
    assert low is not None
    assert high is not None
    assert low < high


def test_only_hanzi_have_readings() -> None:
    found = index("Patient", {"name": [{"family": "Müller"}]}, readings=lambda text: [f"read {text}"])
    assert under(found, "Patient", "name:pinyin") == []


def test_other_dates_have_rows_of_their_own() -> None:
    condition = index("Condition", {"onsetDateTime": "2019", "recordedDate": "2020", "abatementDateTime": "2021"})
    assert under(condition, "Condition", "recorded-date") == [(at(2020, 1, 1), at(2021, 1, 1))]
    assert under(condition, "Condition", "abatement-date") == [(at(2021, 1, 1), at(2022, 1, 1))]
    claim = index("Claim", {"billablePeriod": {"start": "2019"}, "created": "2020"})
    assert (main_date("Claim"), claim.at) == (None, at(2019, 1, 1))
    assert under(claim, "Claim", "created") == [(at(2020, 1, 1), at(2021, 1, 1))]
    patient = index("Patient", {"birthDate": "1950-03-01"})
    assert under(patient, "Patient", "birthdate") == [(at(1950, 3, 1), at(1950, 3, 2))]


def test_an_end_before_its_start_is_still_an_interval() -> None:
    found = index("Encounter", {"period": {"start": "2021", "end": "2020"}})
    assert (found.at, found.at_end) == (at(2020, 1, 1), at(2022, 1, 1))


def test_every_type_has_its_parameters_and_main_date_of_them() -> None:
    for name in known_types():
        known = parameters(name)
        assert {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_content"} <= known.keys()
        main = main_date(name)
        assert main is None or known[main].type == "date"
        assert all(known[code].type == "reference" for code in patient_params(name))
        assert not patient_params(name) or table(name).patient in patient_params(name)
    assert (main_date("Encounter"), main_date("MedicationRequest"), main_date("Patient")) == (
        "date",
        "authoredon",
        None,
    )
    assert patient_params("Observation") == {"subject", "patient"}
    assert parameters("Location")["near"].type == "special"
    assert parameters("Observation")["code-value-quantity"].components[1].code == "value-quantity"
    assert compartments()["Device"]["Observation"] == ["subject", "device"]
    with pytest.raises(KeyError):
        parameters("Nothing")


SOME = st.text(max_size=8)


@given(SOME, SOME, SOME)
def test_hashes_are_of_what_is_said_alone(param: str, system: str, code: str) -> None:
    made = {token_hash(param, system, code), reference_hash(param, code), identifier_hash(param, system, code)}
    assert len(made) == 3
    assert all(-(2**63) <= each < 2**63 for each in made)


@given(st.permutations(["subject", "encounter", "code", "category", "effectiveDateTime", "performer", "valueQuantity"]))
def test_the_order_of_keys_changes_nothing(order: list[str]) -> None:
    whole = {
        "subject": SUBJECT, "encounter": {"reference": "Encounter/1"}, "code": {"coding": [{"code": "x"}]},
        "category": [{"coding": [{"code": "y"}]}], "effectiveDateTime": "2020", "valueQuantity": {"value": 1},
        "performer": [{"reference": "Practitioner/1"}],
    }  # fmt: skip
    one, other = index("Observation", whole), index("Observation", {key: whole[key] for key in order})
    assert set(one.tokens) == set(other.tokens)
    assert (one.patient, one.at, one.at_end, one.codes) == (other.patient, other.at, other.at_end, other.codes)
    assert sorted(one.numbers) == sorted(other.numbers)


MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1))


@given(MOMENTS, MOMENTS, st.sampled_from([4, 7, 10]))
def test_a_period_is_from_its_first_to_its_last_instant(one: datetime, other: datetime, length: int) -> None:
    start, end = (each.isoformat()[:length] for each in sorted((one, other)))
    bounds = interval(start), interval(end)
    assert bounds[0]
    assert bounds[1]
    found = index("Observation", {"valuePeriod": {"start": start, "end": end}})
    assert under(found, "Observation", "value-date") == [(bounds[0][0], bounds[1][1])]
    assert bounds[1][1] - bounds[0][0] >= timedelta(days=1)
