"""The lines of an export: the short way stamps as the library does, to the byte; only what was asked for is shown."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from doorstep.fhir.splice import set_meta
from doorstep.record.exchange.actions.export_lines import stamped, subset

UPDATED = "2026-03-01T08:00:00.123456Z"
TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=8) | st.sampled_from(
    ["meta", '"meta":', '"versionId"', "\\u006deta", "a\\", '{"meta":{}}', "}", "值"]
)
META = st.dictionaries(st.sampled_from(["versionId", "lastUpdated", "profile", "source", "x"]), TEXT, max_size=3)
FIELDS = st.dictionaries(
    st.sampled_from(["status", "meta", "note", "contained", "value", "id"]),
    TEXT | st.lists(TEXT, max_size=2) | st.dictionaries(st.sampled_from(["meta", "x", "id"]), META, max_size=2),
    max_size=4,
)


def minified(value: object, ascii_only: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")).encode()


@given(fields=FIELDS, meta=st.none() | META, first=st.booleans(), ascii_only=st.booleans())
@example(fields={}, meta=None, first=True, ascii_only=False)
@example(fields={"note": '"meta":{'}, meta={}, first=True, ascii_only=False)
def test_the_short_way_is_the_library_s(fields, meta, first, ascii_only):
    rest = {k: v for k, v in fields.items() if k not in ("meta", "id")}
    about = {} if meta is None else {"meta": meta}
    resource = {"resourceType": "Basic", "id": "a.1-B"} | (about | rest if first else rest | about)
    body = minified(resource, ascii_only)
    assert stamped("Basic", "a.1-B", body, 12, UPDATED) == set_meta(body, "12", UPDATED)


def test_a_key_that_is_spelt_with_escapes_is_known():
    body = rb'{"resourceType":"Basic","id":"a","\u006deta":{"source":"x"}}'
    assert json.loads(stamped("Basic", "a", body, 1, UPDATED))["meta"].keys() == {"source", "versionId", "lastUpdated"}


def test_numbers_keep_their_digits_and_choices_their_names():
    body = b'{"resourceType":"Observation","id":"a","status":"final","code":{},"valueQuantity":{"value":72.50}}'
    kept = subset("Observation", body, ["value", "Patient.name", "nothing"])
    assert b'"valueQuantity":{"value":72.50}' in kept
    assert list(json.loads(kept)) == ["resourceType", "id", "status", "code", "valueQuantity", "meta"]
    assert "valueQuantity" not in json.loads(subset("Observation", body, ["Observation.note"]))
    assert subset("Observation", body, ["Patient.name"]) == body


def test_a_tag_that_was_there_stays():
    body = b'{"resourceType":"Basic","id":"a","code":{"text":"x"},"meta":{"source":"s","tag":[{"code":"t"}]}}'
    meta = json.loads(subset("Basic", body, ["created"]))["meta"]
    assert [t["code"] for t in meta["tag"]] == ["t", "SUBSETTED"]
    assert meta["source"] == "s"


def test_the_sibling_of_a_primitive_goes_with_it():
    body = b'{"resourceType":"Patient","id":"a","gender":"male","_gender":{"id":"g"},"birthDate":"2000"}'
    assert {"gender", "_gender"} <= set(json.loads(subset("Patient", body, ["gender"])))
