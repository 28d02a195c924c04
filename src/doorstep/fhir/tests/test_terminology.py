"""The terminology operations on R4's own code systems, as the door calls them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from doorstep.fhir.build_terminology import main
from doorstep.fhir.parameters_resource import from_query, read_parameters
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.archive import opened, write
from doorstep.fhir.terminology.definitions import TERMINOLOGY, Definitions, builtin, holding, layered
from doorstep.fhir.terminology.operations import OPERATIONS
from doorstep.fhir.terminology.search import above, below, members

GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
MOOD = "http://terminology.hl7.org/CodeSystem/v3-ActMood"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def ask(
    operation: str,
    query: Mapping[str, str] | list[tuple[str, str]],
    definitions: Definitions | None = None,
    **more: Any,
) -> Any:
    """The parsed answer to an operation (``ValueSet/expand``) asked by a query."""
    kind, _, name = operation.partition("/")
    pairs = list(query.items()) if isinstance(query, Mapping) else query
    return msgspec.json.decode(OPERATIONS[kind, name](from_query(pairs), definitions or builtin(), **more))


def post(operation: str, *parameters: Any, definitions: Definitions | None = None, **more: Any) -> Any:
    """The parsed answer to an operation asked by a Parameters resource."""
    kind, _, name = operation.partition("/")
    inputs = read_parameters({"resourceType": "Parameters", "parameter": list(parameters)})
    return msgspec.json.decode(OPERATIONS[kind, name](inputs, definitions or builtin(), **more))


def plain(answer: Any) -> dict[str, Any]:
    """The parameters that have one value, by name."""
    return {
        each["name"]: next(value for key, value in each.items() if key.startswith("value"))
        for each in answer.get("parameter", [])
        if "part" not in each
    }


def parts(answer: Any, name: str) -> list[dict[str, Any]]:
    """The parameters with parts, each as a dictionary."""
    return [
        {part["name"]: next(v for k, v in part.items() if k != "name") for part in each["part"]}
        for each in answer["parameter"]
        if each["name"] == name
    ]


def codes(expanded: Any) -> list[str]:
    """All codes of an expansion, nested ones too, in their order."""
    found: list[str] = []
    for each in expanded["expansion"].get("contains", []) if "expansion" in expanded else expanded.get("contains", []):
        found += [each["code"], *codes(each)]
    return found


def refused(operation: str, query: Any, code: str, definitions: Definitions | None = None) -> FhirProblem:
    with pytest.raises(FhirProblem) as caught:
        ask(operation, query, definitions)
    assert caught.value.code == code
    assert caught.value.message("zh") != caught.value.message("en")
    return caught.value


def value_set(*include: Any, **more: Any) -> dict[str, Any]:
    compose = {"include": list(include), **more.pop("compose", {})}
    return {"resourceType": "ValueSet", "url": "http://example.org/vs", "status": "active", "compose": compose, **more}


def inline(*include: Any, compose: Any = None) -> dict[str, Any]:
    return {"name": "valueSet", "resource": value_set(*include, compose=compose or {})}


class TestExpand:
    def test_a_small_set_as_it_is(self):
        answer = ask("ValueSet/expand", {"url": GENDERS})
        assert (answer["resourceType"], answer["url"]) == ("ValueSet", GENDERS)
        assert "compose" not in answer
        assert "text" not in answer
        expansion = answer["expansion"]
        assert expansion["total"] == 4
        assert expansion["identifier"].startswith("urn:uuid:")
        assert expansion["contains"][0] == {"system": GENDER, "version": "4.0.1", "code": "male", "display": "Male"}
        assert codes(answer) == ["male", "female", "other", "unknown"]
        assert {"name": "version", "valueUri": f"{GENDER}|4.0.1"} in expansion["parameter"]

    def test_the_definition_comes_when_asked_for(self):
        assert ask("ValueSet/expand", {"url": GENDERS, "includeDefinition": "true"})["compose"]["include"]

    def test_a_version_of_the_set(self):
        assert codes(ask("ValueSet/expand", {"url": GENDERS, "valueSetVersion": "4.0.1"}))
        assert codes(ask("ValueSet/expand", {"url": f"{GENDERS}|4.0.1"}))
        assert (
            refused("ValueSet/expand", {"url": GENDERS, "valueSetVersion": "3"}, "value-set-not-loaded").kind.status
            == 404
        )

    def test_nested_as_the_system_and_flat_when_asked(self):
        nested = ask("ValueSet/expand", {"url": "http://hl7.org/fhir/ValueSet/condition-clinical"})
        top = [each["code"] for each in nested["expansion"]["contains"]]
        assert top == ["active", "inactive"]
        assert codes(nested) == ["active", "recurrence", "relapse", "inactive", "remission", "resolved"]
        assert nested["expansion"]["total"] == 6
        flat = ask(
            "ValueSet/expand", {"url": "http://hl7.org/fhir/ValueSet/condition-clinical", "excludeNested": "true"}
        )
        assert [each["code"] for each in flat["expansion"]["contains"]] == codes(nested)

    def test_is_a_and_descendants(self):
        answer = ask("ValueSet/expand", {"url": "http://terminology.hl7.org/ValueSet/v3-ActEncounterCode"})
        found = codes(answer)
        assert {"AMB", "EMER", "IMP", "ACUTE", "NONAC", "VR"} <= set(found)
        assert "FTB" not in found
        by = {"system": MOOD, "filter": [{"property": "concept", "op": "descendent-of", "value": "_ActMoodPredicate"}]}
        assert "_ActMoodPredicate" not in codes(post("ValueSet/expand", inline(by)))
        by["filter"][0]["op"] = "is-a"
        assert codes(post("ValueSet/expand", inline(by)))[0] == "_ActMoodPredicate"

    def test_abstract_and_inactive_are_marked_and_left_out_when_asked(self):
        by = {"system": MOOD}
        everything = post("ValueSet/expand", inline(by), {"name": "excludeNested", "valueBoolean": True})
        marked = {each["code"]: each for each in everything["expansion"]["contains"]}
        assert marked["_ActMoodPredicate"]["abstract"] is True
        assert marked["RSK.CRT"]["inactive"] is True
        assert "inactive" not in marked["EVN"]
        active = codes(post("ValueSet/expand", inline(by), {"name": "activeOnly", "valueBoolean": True}))
        assert set(marked) - set(active) == {code for code, each in marked.items() if each.get("inactive")}
        chosen = post("ValueSet/expand", inline(by), {"name": "excludeNotForUI", "valueBoolean": True})
        assert set(marked) - set(codes(chosen)) == {code for code, each in marked.items() if each.get("abstract")}
        without = codes(post("ValueSet/expand", inline(by, compose={"inactive": False})))
        assert sorted(without) == sorted(active)

    def test_pages_say_where_they_are(self):
        answer = ask("ValueSet/expand", {"url": GENDERS, "offset": "1", "count": "2"})
        assert codes(answer) == ["female", "other"]
        assert (answer["expansion"]["total"], answer["expansion"]["offset"]) == (4, 1)
        assert "contains" not in ask("ValueSet/expand", {"url": GENDERS, "count": "0"})["expansion"]
        assert "contains" not in ask("ValueSet/expand", {"url": GENDERS, "offset": "9"})["expansion"]
        refused("ValueSet/expand", {"url": GENDERS, "offset": "-1"}, "bad-input")

    @pytest.mark.parametrize(
        ("text", "found"),
        [("mal", ["male", "female"]), ("FEMALE", ["female"]), ("unk", ["unknown"]), ("zz", []), ("", 4), ("  ", 4)],
    )
    def test_text(self, text: str, found: list[str] | int):
        answer = codes(
            ask("ValueSet/expand", {"url": GENDERS, "filter": text} if text.strip() else {"url": GENDERS, "filter": ""})
        )
        assert (len(answer) if isinstance(found, int) else answer) == found

    def test_text_in_chinese_by_hanzi_and_initials(self):
        sick = [
            {"code": "A00", "display": "霍乱"},
            {"code": "A01", "display": "伤寒和副伤寒"},
            {"code": "A02", "display": "其他沙门菌感染"},
        ]
        definitions = holding(
            [
                {"resourceType": "CodeSystem", "url": "urn:icd", "content": "complete", "concept": sick},
                value_set({"system": "urn:icd"}),
            ]
        )
        spelt = {
            "霍乱": ["hl", "huoluan"],
            "伤寒和副伤寒": ["shhfsh", "shanghanhefushanghan"],
            "其他沙门菌感染": ["qtsmjgr"],
        }

        def found(text: str) -> list[str]:
            query = {"url": "http://example.org/vs", "filter": text}
            return codes(ask("ValueSet/expand", query, definitions, spelling=lambda name: spelt[name]))

        assert found("伤寒") == ["A01"]
        assert found("hl") == ["A00"]
        assert found("HuoLuan") == ["A00"]
        assert found("ｈｌ") == ["A00"]
        assert found("a0") == ["A00", "A01", "A02"]
        assert found("smj") == ["A02"]
        assert codes(ask("ValueSet/expand", {"url": "http://example.org/vs", "filter": "hl"}, definitions)) == []

    def test_designations_and_language(self):
        system = {
            "resourceType": "CodeSystem",
            "url": "urn:s",
            "content": "complete",
            "language": "en",
            "concept": [
                {
                    "code": "a",
                    "display": "One",
                    "designation": [
                        {"language": "zh-CN", "value": "一"},
                        {"language": "de", "use": {"system": "urn:u", "code": "long"}, "value": "Eins"},
                    ],
                }
            ],
        }
        definitions = holding([system, value_set({"system": "urn:s"})])
        url = "http://example.org/vs"

        def first(**query: str) -> Any:
            return ask("ValueSet/expand", {"url": url, **query}, definitions)["expansion"]["contains"][0]

        assert first() == {"system": "urn:s", "code": "a", "display": "One"}
        assert first(displayLanguage="zh")["display"] == "一"
        assert first(displayLanguage="zh-CN")["display"] == "一"
        assert first(displayLanguage="fr")["display"] == "One"
        assert first(displayLanguage="zh-TW")["display"] == "One"
        assert first(displayLanguage="z")["display"] == "One"
        assert len(first(includeDesignations="true")["designation"]) == 2
        assert [
            d["value"] for d in first(includeDesignations="true", designation="urn:ietf:bcp:47|zh")["designation"]
        ] == ["一"]
        assert [d["value"] for d in first(includeDesignations="true", designation="urn:u|long")["designation"]] == [
            "Eins"
        ]

    def test_codes_that_are_listed_are_taken_though_their_system_is_not_loaded(self):
        listed = {
            "system": "http://loinc.org",
            "version": "2.36",
            "concept": [{"code": "14647-2", "display": "Cholesterol"}],
        }
        entry = post("ValueSet/expand", inline(listed))["expansion"]["contains"]
        assert entry == [{"system": "http://loinc.org", "version": "2.36", "code": "14647-2", "display": "Cholesterol"}]
        with pytest.raises(FhirProblem) as caught:
            post("ValueSet/expand", inline({"system": "http://loinc.org"}))
        assert (caught.value.code, caught.value.params["system"]) == ("system-not-loaded", "http://loinc.org")

    def test_a_display_of_the_set_goes_before_that_of_the_system(self):
        listed = {"system": GENDER, "concept": [{"code": "male", "display": "Man"}, {"code": "nobody"}]}
        entry = post("ValueSet/expand", inline(listed))["expansion"]["contains"]
        assert [(each["code"], each["display"]) for each in entry] == [("male", "Man")]

    def test_imports_intersect_within_an_include_and_unite_between_them(self):
        males = {"system": GENDER, "concept": [{"code": "male"}, {"code": "other"}]}
        assert codes(post("ValueSet/expand", inline({**males, "valueSet": [GENDERS]}))) == ["male", "other"]
        statuses = "http://hl7.org/fhir/ValueSet/observation-status"
        assert codes(post("ValueSet/expand", inline({"valueSet": [GENDERS, statuses]}))) == []
        both = codes(post("ValueSet/expand", inline({"valueSet": [GENDERS]}, {"valueSet": [statuses]})))
        assert both[:5] == ["male", "female", "other", "unknown", "registered"]

    def test_exclude(self):
        answer = post(
            "ValueSet/expand",
            inline({"valueSet": [GENDERS]}, compose={"exclude": [{"system": GENDER, "concept": [{"code": "other"}]}]}),
        )
        assert codes(answer) == ["male", "female", "unknown"]

    def test_versions(self):
        old, new, newest = (
            {
                "resourceType": "CodeSystem",
                "url": "urn:s",
                "version": v,
                "content": "complete",
                "concept": [{"code": v}],
            }
            for v in ("1.2", "1.9", "1.10")
        )
        definitions = holding([new, newest, old, value_set({"system": "urn:s"})])
        url = {"url": "http://example.org/vs"}
        assert codes(ask("ValueSet/expand", url, definitions)) == ["1.10"]
        assert codes(ask("ValueSet/expand", {**url, "system-version": "urn:s|1.2"}, definitions)) == ["1.2"]
        stated = holding([old, new, newest, value_set({"system": "urn:s", "version": "1.9"})])
        assert codes(ask("ValueSet/expand", {**url, "system-version": "urn:s|1.2"}, stated)) == ["1.9"]
        assert codes(ask("ValueSet/expand", {**url, "force-system-version": "urn:s|1.2"}, stated)) == ["1.2"]
        refused("ValueSet/expand", {**url, "check-system-version": "urn:s|1.2"}, "bad-input", stated)
        assert (
            refused("ValueSet/expand", {**url, "force-system-version": "urn:s|7"}, "system-not-loaded", stated)
            .params["system"]
            .startswith("urn:s")
        )

    def test_properties_come_as_the_extension_of_r5(self):
        answer = post(
            "ValueSet/expand",
            inline({"system": "urn:s"}),
            {"name": "property", "valueCode": "weight"},
            definitions=holding(
                [
                    {
                        "resourceType": "CodeSystem",
                        "url": "urn:s",
                        "content": "complete",
                        "property": [{"code": "weight", "type": "decimal"}],
                        "concept": [{"code": "a", "property": [{"code": "weight", "valueDecimal": Decimal("72.50")}]}],
                    }
                ]
            ),
        )
        assert answer["expansion"]["contains"][0]["extension"][0]["extension"][1] == {
            "url": "value",
            "valueDecimal": 72.5,
        }

    def test_a_set_that_has_only_its_expansion(self):
        stored = {
            "resourceType": "ValueSet",
            "url": "urn:v",
            "expansion": {"total": 1, "contains": [{"system": "urn:far", "code": "x", "display": "X"}]},
        }
        assert codes(ask("ValueSet/expand", {"url": "urn:v"}, holding([stored]))) == ["x"]
        assert plain(
            ask("ValueSet/validate-code", {"url": "urn:v", "system": "urn:far", "code": "x"}, holding([stored]))
        )["result"]
        refused(
            "ValueSet/expand",
            {"url": "urn:v"},
            "empty-value-set",
            holding([{"resourceType": "ValueSet", "url": "urn:v"}]),
        )

    def test_the_set_of_a_whole_system(self):
        assert codes(ask("ValueSet/expand", {"url": f"{GENDER}?fhir_vs"})) == ["male", "female", "other", "unknown"]
        assert codes(ask("ValueSet/expand", {"url": f"{CLINICAL}?fhir_vs=isa/inactive"})) == [
            "inactive",
            "remission",
            "resolved",
        ]

    def test_nothing_to_expand(self):
        refused("ValueSet/expand", {}, "missing-input")
        refused("ValueSet/expand", {"url": "urn:nowhere"}, "value-set-not-loaded")
        refused("ValueSet/expand", {"url": GENDERS, "count": "x"}, "parameter-bad-value")


class TestFilters:
    system = {
        "resourceType": "CodeSystem",
        "url": "urn:s",
        "content": "complete",
        "caseSensitive": True,
        "property": [{"code": n, "type": "string"} for n in ("class", "size", "ok")],
        "concept": [
            {
                "code": "a1",
                "display": "A",
                "property": [{"code": "class", "valueCode": "x"}, {"code": "ok", "valueBoolean": True}],
                "concept": [
                    {
                        "code": "a2",
                        "property": [{"code": "class", "valueCode": "y"}, {"code": "size", "valueInteger": 3}],
                    }
                ],
            },
            {"code": "b1", "property": [{"code": "class", "valueCoding": {"system": "urn:c", "code": "z"}}]},
        ],
    }

    @pytest.mark.parametrize(
        ("name", "op", "value", "found"),
        [
            ("class", "=", "x", ["a1"]),
            ("class", "=", "z", ["b1"]),
            ("size", "=", "3", ["a2"]),
            ("ok", "=", "true", ["a1"]),
            ("class", "in", "x, y", ["a1", "a2"]),
            ("class", "not-in", "x,y", ["b1"]),
            ("code", "in", "a1,b1", ["a1", "b1"]),
            ("size", "exists", "true", ["a2"]),
            ("size", "exists", "false", ["a1", "b1"]),
            ("code", "regex", "a[0-9]", ["a1", "a2"]),
            ("code", "regex", "a", []),
            ("display", "=", "A", ["a1"]),
            ("parent", "=", "a1", ["a2"]),
            ("child", "=", "a2", ["a1"]),
            ("concept", "is-a", "a1", ["a1", "a2"]),
            ("concept", "descendent-of", "a1", ["a2"]),
            ("concept", "is-not-a", "a1", ["b1"]),
            ("concept", "generalizes", "a2", ["a1", "a2"]),
            ("notSelectable", "=", "false", ["a1", "a2", "b1"]),
        ],
    )
    def test_each(self, name: str, op: str, value: str, found: list[str]):
        by = {"system": "urn:s", "filter": [{"property": name, "op": op, "value": value}]}
        definitions = holding([self.system, value_set(by)])
        assert codes(ask("ValueSet/expand", {"url": "http://example.org/vs"}, definitions)) == found
        for code in ("a1", "a2", "b1"):
            query = {"url": "http://example.org/vs", "system": "urn:s", "code": code}
            assert plain(ask("ValueSet/validate-code", query, definitions))["result"] is (code in found)

    def test_several_must_all_hold(self):
        by = {
            "system": "urn:s",
            "filter": [
                {"property": "concept", "op": "is-a", "value": "a1"},
                {"property": "class", "op": "=", "value": "y"},
            ],
        }
        assert codes(
            ask("ValueSet/expand", {"url": "http://example.org/vs"}, holding([self.system, value_set(by)]))
        ) == ["a2"]

    @pytest.mark.parametrize(
        ("name", "op", "value"),
        [
            ("colour", "=", "x"),
            ("class", "is-a", "x"),
            ("concept", "is-a", "nowhere"),
            ("size", "exists", "maybe"),
            ("class", "like", "x"),
        ],
    )
    def test_what_cannot_be_done_is_said(self, name: str, op: str, value: str):
        by = {"system": "urn:s", "filter": [{"property": name, "op": op, "value": value}]}
        refused(
            "ValueSet/expand", {"url": "http://example.org/vs"}, "bad-filter", holding([self.system, value_set(by)])
        )


class TestValidate:
    def test_in_a_value_set(self):
        good = ask("ValueSet/validate-code", {"url": GENDERS, "system": GENDER, "code": "male"})
        assert good == {
            "resourceType": "Parameters",
            "parameter": [{"name": "result", "valueBoolean": True}, {"name": "display", "valueString": "Male"}],
        }
        bad = plain(ask("ValueSet/validate-code", {"url": GENDERS, "system": GENDER, "code": "mann"}))
        assert bad["result"] is False
        assert "不在值集" in bad["message"]
        assert (
            "is not in"
            in plain(ask("ValueSet/validate-code", {"url": GENDERS, "system": GENDER, "code": "mann"}, language="en"))[
                "message"
            ]
        )

    def test_without_system_where_that_is_plain(self):
        assert plain(ask("ValueSet/validate-code", {"url": GENDERS, "code": "male"}))["result"]
        assert not plain(ask("ValueSet/validate-code", {"url": GENDERS, "code": "x"}))["result"]
        both = value_set(
            {"system": "urn:1", "concept": [{"code": "x"}]}, {"system": "urn:2", "concept": [{"code": "x"}]}
        )
        refused(
            "ValueSet/validate-code", {"url": "http://example.org/vs", "code": "x"}, "ambiguous-code", holding([both])
        )

    def test_a_coding_and_a_concept(self):
        url = {"name": "url", "valueUri": GENDERS}
        wrong = {"system": GENDER, "code": "x"}
        assert plain(
            post("ValueSet/validate-code", url, {"name": "coding", "valueCoding": {"system": GENDER, "code": "male"}})
        )["result"]
        concept = {
            "name": "codeableConcept",
            "valueCodeableConcept": {"coding": [wrong, {"system": GENDER, "code": "female"}]},
        }
        answer = plain(post("ValueSet/validate-code", url, concept))
        assert (answer["result"], answer["display"]) == (True, "Female")
        concept["valueCodeableConcept"] = {"coding": [wrong, {"system": "urn:other", "code": "female"}]}
        answer = plain(post("ValueSet/validate-code", url, concept))
        assert answer["result"] is False
        assert "urn:other" in answer["message"]
        assert (
            plain(
                post("ValueSet/validate-code", url, {"name": "codeableConcept", "valueCodeableConcept": {"text": "男"}})
            )["result"]
            is False
        )

    def test_the_display_is_looked_at(self):
        query = {"url": GENDERS, "system": GENDER, "code": "male"}
        assert plain(ask("ValueSet/validate-code", {**query, "display": " male "}))["result"]
        answer = plain(ask("ValueSet/validate-code", {**query, "display": "Female"}))
        assert (answer["result"], answer["display"]) == (False, "Male")
        assert "Male" in answer["message"]

    def test_abstract_concepts_only_where_they_are_allowed(self):
        query = {"url": MOOD, "code": "_ActMoodPredicate"}
        assert "抽象" in plain(ask("CodeSystem/validate-code", query))["message"]
        assert plain(ask("CodeSystem/validate-code", {**query, "abstract": "true"}))["result"]

    def test_inactive_is_a_hint(self):
        answer = plain(ask("CodeSystem/validate-code", {"url": MOOD, "code": "RSK.CRT"}))
        assert answer["result"] is True
        assert "停用" in answer["message"]

    def test_upper_and_lower_case_as_the_system_says(self):
        systems = [
            {
                "resourceType": "CodeSystem",
                "url": f"urn:{s}",
                "content": "complete",
                "caseSensitive": s,
                "concept": [{"code": "Ab"}],
            }
            for s in (True, False)
        ]
        definitions = holding(systems)
        assert plain(ask("CodeSystem/validate-code", {"url": "urn:True", "code": "ab"}, definitions))["result"] is False
        answer = plain(ask("CodeSystem/validate-code", {"url": "urn:False", "code": "aB"}, definitions))
        assert answer["result"] is True
        assert "Ab" in answer["message"]
        listed = holding([*systems, value_set({"system": "urn:False", "concept": [{"code": "AB"}]})])
        assert plain(
            ask("ValueSet/validate-code", {"url": "http://example.org/vs", "system": "urn:False", "code": "ab"}, listed)
        )["result"]

    def test_in_a_code_system(self):
        assert plain(ask("CodeSystem/validate-code", {"url": GENDER, "code": "male"}))["display"] == "Male"
        assert plain(ask("CodeSystem/validate-code", {"system": GENDER, "code": "male"}))["result"]
        assert plain(ask("CodeSystem/validate-code", {"url": GENDER, "code": "x"}))["result"] is False
        other = post(
            "CodeSystem/validate-code",
            {"name": "url", "valueUri": GENDER},
            {"name": "coding", "valueCoding": {"system": "urn:x", "code": "male"}},
        )
        assert plain(other)["result"] is False
        given = {
            "resourceType": "CodeSystem",
            "url": "urn:given",
            "content": "complete",
            "concept": [{"code": "q", "display": "Q"}],
        }
        answer = post(
            "CodeSystem/validate-code", {"name": "codeSystem", "resource": given}, {"name": "code", "valueCode": "q"}
        )
        assert plain(answer) == {"result": True, "display": "Q"}
        refused("CodeSystem/validate-code", {"url": "urn:none", "code": "x"}, "system-not-loaded")
        refused("CodeSystem/validate-code", {"code": "x"}, "missing-input")
        refused("ValueSet/validate-code", {"url": GENDERS}, "missing-input")

    def test_what_cannot_be_known_is_not_called_wrong_silently(self):
        answer = plain(
            post(
                "ValueSet/validate-code",
                inline({"system": "http://loinc.org"}),
                {"name": "coding", "valueCoding": {"system": "http://loinc.org", "code": "1-8"}},
            )
        )
        assert answer["result"] is False
        assert "http://loinc.org" in answer["message"]

    def test_one_part_that_is_not_loaded_does_not_hide_another(self):
        loinc = "http://loinc.org"
        by = {"system": loinc, "filter": [{"property": "parent", "op": "=", "value": "LP1"}]}
        parts = [by, {"valueSet": ["urn:gone"]}, {"system": loinc, "concept": [{"code": "1-8"}]}]
        coding = {"name": "coding", "valueCoding": {"system": loinc, "code": "1-8"}}
        assert plain(post("ValueSet/validate-code", inline(*parts), coding))["result"] is True
        exclude = {"exclude": [{"system": loinc}]}
        answer = plain(post("ValueSet/validate-code", inline(*parts, compose=exclude), coding))
        assert answer["result"] is False
        assert "没有载入" in answer["message"]
        coding["valueCoding"] = {"system": loinc, "code": "2-8"}
        with pytest.raises(FhirProblem) as caught:
            post("ValueSet/validate-code", inline(*parts), coding)
        assert caught.value.code == "value-set-not-loaded"

    def test_an_instance_is_answered_from_itself(self):
        stored = {"resourceType": "CodeSystem", "id": "1", "url": "urn:s", "version": "1", "meta": {"versionId": "2"}}
        stored |= {"content": "complete", "concept": [{"code": "new"}]}
        before = {**stored, "meta": {"versionId": "1"}, "concept": [{"code": "old"}]}
        for instance, code in ((stored, "new"), ({**stored}, "new"), (before, "old")):
            definitions = holding([stored])
            answer = ask("CodeSystem/validate-code", {"code": code}, definitions, instance=instance)
            assert plain(answer)["result"] is True
            answer = ask("CodeSystem/validate-code", {"code": "none"}, definitions, instance=instance)
            assert plain(answer)["result"] is False

    @pytest.mark.parametrize(
        ("url", "code", "good"),
        [
            ("mimetypes", "text/plain", True),
            ("mimetypes", "application/fhir+json; charset=utf-8", True),
            ("mimetypes", "text", False),
            ("mimetypes", "text/plain\n", False),
            ("all-languages", "zh-Hans-CN", True),
            ("all-languages", "en", True),
            ("all-languages", "zh_CN", False),
            ("all-languages", "chinese-simplified-really", False),
            ("all-languages", "a-" * 99, False),
        ],
    )
    def test_codes_that_a_grammar_makes(self, url: str, code: str, good: bool):
        url = f"http://hl7.org/fhir/ValueSet/{url}"
        asked = {"name": "url", "valueUri": url}
        system = "urn:ietf:bcp:13" if "mime" in url else "urn:ietf:bcp:47"
        answer = plain(post("ValueSet/validate-code", asked, {"name": "coding", "valueCoding": {"code": code}}))
        assert answer["result"] is good
        coding = {"name": "coding", "valueCoding": {"system": system, "code": code}}
        assert plain(post("ValueSet/validate-code", asked, coding))["result"] is good
        assert plain(post("CodeSystem/validate-code", {"name": "url", "valueUri": system}, coding))["result"] is good

    def test_malformed_codings(self):
        for coding in ({"code": 5}, {"system": [], "code": "x"}):
            with pytest.raises(FhirProblem) as caught:
                post(
                    "ValueSet/validate-code",
                    {"name": "url", "valueUri": GENDERS},
                    {"name": "coding", "valueCoding": coding},
                )
            assert caught.value.code == "bad-input"


class TestLookup:
    def test_what_a_concept_is(self):
        answer = ask("CodeSystem/lookup", {"system": CLINICAL, "code": "inactive"})
        assert plain(answer)["display"] == "Inactive"
        assert plain(answer)["version"] == "4.0.1"
        found = parts(answer, "property")
        assert [p["value"] for p in found if p["code"] == "child"] == ["remission", "resolved"]
        assert {"code": "inactive", "value": False} in found
        assert [p["code"] for p in found].count("definition") == 1
        up = parts(ask("CodeSystem/lookup", {"system": CLINICAL, "code": "resolved", "property": "parent"}), "property")
        assert up == [{"code": "parent", "value": "inactive", "description": "Inactive"}]

    def test_by_coding(self):
        answer = post("CodeSystem/lookup", {"name": "coding", "valueCoding": {"system": MOOD, "code": "RSK.CRT"}})
        assert {"code": "status", "value": "retired"} in parts(answer, "property")

    def test_supplements_add_names_and_properties(self):
        chinese = {
            "resourceType": "CodeSystem",
            "url": "urn:zh",
            "content": "supplement",
            "supplements": f"{GENDER}|4.0.1",
            "concept": [
                {
                    "code": "male",
                    "designation": [{"language": "zh-CN", "value": "男"}],
                    "property": [{"code": "gbt", "valueCode": "1"}],
                }
            ],
        }
        definitions = layered(holding([chinese]), builtin())
        answer = ask("CodeSystem/lookup", {"system": GENDER, "code": "male", "displayLanguage": "zh"}, definitions)
        assert plain(answer)["display"] == "男"
        assert {"code": "gbt", "value": "1"} in parts(answer, "property")
        assert {"language": "zh-CN", "value": "男"} in parts(answer, "designation")
        only = ask("CodeSystem/lookup", {"system": GENDER, "code": "male", "property": "lang.zh"}, definitions)
        assert [each["name"] for each in only["parameter"] if "part" in each] == ["designation"]
        assert (
            plain(ask("CodeSystem/lookup", {"system": GENDER, "code": "male", "displayLanguage": "zh"}))["display"]
            == "Male"
        )
        refused("CodeSystem/lookup", {"system": "urn:zh", "code": "male"}, "system-not-loaded", definitions)

    def test_none_there(self):
        assert refused("CodeSystem/lookup", {"system": GENDER, "code": "x"}, "unknown-code").kind.status == 404
        refused("CodeSystem/lookup", {"system": "http://snomed.info/sct", "code": "1"}, "system-not-loaded")
        refused("CodeSystem/lookup", {"code": "x"}, "missing-input")
        refused("CodeSystem/lookup", {"system": GENDER, "code": "male", "version": "9"}, "system-not-loaded")
        with pytest.raises(FhirProblem):
            post("CodeSystem/lookup", {"name": "codeableConcept", "valueCodeableConcept": {}})


class TestSubsumes:
    @pytest.mark.parametrize(
        ("first", "second", "outcome"),
        [
            ("inactive", "resolved", "subsumes"),
            ("resolved", "inactive", "subsumed-by"),
            ("active", "active", "equivalent"),
            ("active", "resolved", "not-subsumed"),
        ],
    )
    def test_each_outcome(self, first: str, second: str, outcome: str):
        answer = ask("CodeSystem/subsumes", {"system": CLINICAL, "codeA": first, "codeB": second})
        assert answer == {"resourceType": "Parameters", "parameter": [{"name": "outcome", "valueCode": outcome}]}
        codings = [
            {"name": f"coding{n}", "valueCoding": {"system": CLINICAL, "code": c}}
            for n, c in (("A", first), ("B", second))
        ]
        assert post("CodeSystem/subsumes", *codings) == answer

    def test_parts_are_no_kinds(self):
        system = {
            "resourceType": "CodeSystem",
            "url": "urn:s",
            "hierarchyMeaning": "part-of",
            "content": "complete",
            "concept": [{"code": "hand", "concept": [{"code": "thumb"}]}],
        }
        answer = ask("CodeSystem/subsumes", {"system": "urn:s", "codeA": "hand", "codeB": "thumb"}, holding([system]))
        assert plain(answer)["outcome"] == "not-subsumed"

    def test_refusals(self):
        refused("CodeSystem/subsumes", {"system": CLINICAL, "codeA": "active"}, "missing-input")
        refused("CodeSystem/subsumes", {"system": CLINICAL, "codeA": "active", "codeB": "x"}, "unknown-code")
        with pytest.raises(FhirProblem) as caught:
            post(
                "CodeSystem/subsumes",
                *(
                    {"name": f"coding{n}", "valueCoding": {"system": s, "code": "x"}}
                    for n, s in (("A", GENDER), ("B", CLINICAL))
                ),
            )
        assert caught.value.code == "different-systems"


class TestTranslate:
    def map(self, **unmapped: Any) -> dict[str, Any]:
        group = {
            "source": GENDER,
            "target": "urn:gbt2261",
            "element": [
                {"code": "male", "target": [{"code": "1", "display": "男性", "equivalence": "equivalent"}]},
                {"code": "other", "target": [{"code": "9", "equivalence": "wider"}]},
                {"code": "unknown", "target": [{"equivalence": "unmatched", "comment": "none"}]},
            ],
            **({"unmapped": unmapped} if unmapped else {}),
        }
        return {
            "resourceType": "ConceptMap",
            "url": "urn:map",
            "status": "active",
            "sourceCanonical": GENDERS,
            "targetUri": "urn:vs-gbt",
            "group": [group],
        }

    def ask(self, query: dict[str, str], *maps: Any, **more: Any) -> Any:
        return ask("ConceptMap/translate", query, layered(holding(maps or [self.map()]), builtin()), **more)

    def test_there(self):
        answer = self.ask({"system": GENDER, "code": "male"})
        assert plain(answer) == {"result": True}
        concept = {"system": "urn:gbt2261", "code": "1", "display": "男性"}
        assert parts(answer, "match") == [{"equivalence": "equivalent", "concept": concept, "source": "urn:map"}]

    def test_and_back(self):
        answer = self.ask({"system": "urn:gbt2261", "code": "9", "reverse": "true"})
        match = parts(answer, "match")[0]
        assert (match["equivalence"], match["concept"]) == ("narrower", {"system": GENDER, "code": "other"})
        assert plain(self.ask({"system": GENDER, "code": "male", "reverse": "true"}))["result"] is False

    def test_nothing_there(self):
        assert "没有" in plain(self.ask({"system": GENDER, "code": "female"}))["message"]
        assert "no concept map" in plain(self.ask({"system": "urn:x", "code": "y"}, language="en"))["message"]
        answer = self.ask({"system": GENDER, "code": "unknown"})
        assert plain(answer)["result"] is False
        assert parts(answer, "match") == [{"equivalence": "unmatched", "source": "urn:map"}]

    def test_by_source_target_and_url(self):
        male = {"system": GENDER, "code": "male"}
        for good in (
            {"source": GENDERS},
            {"target": "urn:vs-gbt"},
            {"targetsystem": "urn:gbt2261"},
            {"url": "urn:map"},
        ):
            assert plain(self.ask({**male, **good}))["result"], good
        for bad in ({"source": "urn:x"}, {"target": "urn:x"}, {"targetsystem": "urn:x"}):
            assert plain(self.ask({**male, **bad}))["result"] is False, bad
        with pytest.raises(FhirProblem) as caught:
            self.ask({**male, "url": "urn:none"})
        assert caught.value.code == "concept-map-not-loaded"

    def test_unmapped(self):
        female = {"system": GENDER, "code": "female"}
        fixed = parts(self.ask(female, self.map(mode="fixed", code="0", display="未知")), "match")[0]
        assert fixed["concept"] == {"system": "urn:gbt2261", "code": "0", "display": "未知"}
        provided = parts(self.ask(female, self.map(mode="provided")), "match")[0]
        assert (provided["equivalence"], provided["concept"]) == ("equal", {"system": "urn:gbt2261", "code": "female"})
        other = {
            "resourceType": "ConceptMap",
            "url": "urn:other",
            "group": [
                {
                    "source": GENDER,
                    "target": "urn:t",
                    "element": [{"code": "female", "target": [{"code": "F", "equivalence": "equal"}]}],
                }
            ],
        }
        query = {**female, "url": "urn:map"}
        match = parts(self.ask(query, self.map(mode="other-map", url="urn:other"), other), "match")[0]
        assert (match["concept"]["code"], match["source"]) == ("F", "urn:other")
        assert plain(self.ask(query, self.map(mode="other-map", url="urn:map")))["result"] is False
        with pytest.raises(FhirProblem):
            self.ask(query, self.map(mode="other-map", url="urn:gone"))

    def test_dependencies_and_products(self):
        target = {
            "code": "7",
            "equivalence": "equivalent",
            "dependsOn": [{"property": "urn:age", "value": "child"}],
            "product": [{"property": "urn:p", "system": "urn:q", "value": "v"}],
        }
        concept_map = {
            "resourceType": "ConceptMap",
            "url": "urn:m",
            "group": [{"source": "urn:s", "target": "urn:t", "element": [{"code": "a", "target": [target]}]}],
        }
        asked = [
            {"name": "system", "valueUri": "urn:s"},
            {"name": "code", "valueCode": "a"},
            {"name": "conceptMap", "resource": concept_map},
        ]
        assert plain(post("ConceptMap/translate", *asked))["result"] is False
        dependency = {
            "name": "dependency",
            "part": [
                {"name": "element", "valueUri": "urn:age"},
                {"name": "concept", "valueCodeableConcept": {"coding": [{"code": "child"}]}},
            ],
        }
        answer = post("ConceptMap/translate", *asked, dependency)
        assert plain(answer)["result"] is True
        match = next(each for each in answer["parameter"] if each["name"] == "match")
        product = next(part for part in match["part"] if part["name"] == "product")
        assert product["part"] == [
            {"name": "element", "valueUri": "urn:p"},
            {"name": "concept", "valueCoding": {"system": "urn:q", "code": "v"}},
        ]


class TestSearch:
    def test_members(self):
        assert members(builtin(), GENDERS) == [(GENDER, code) for code in ("male", "female", "other", "unknown")]
        with pytest.raises(FhirProblem) as caught:
            members(builtin(), GENDERS, limit=3)
        assert caught.value.code == "too-many-codes"
        for url in ("urn:none", "http://hl7.org/fhir/ValueSet/ucum-units"):
            with pytest.raises(FhirProblem):
                members(builtin(), url)

    def test_below_and_above(self):
        assert below(builtin(), CLINICAL, "inactive") == [
            (CLINICAL, code) for code in ("inactive", "remission", "resolved")
        ]
        assert above(builtin(), CLINICAL, "resolved") == [(CLINICAL, "inactive"), (CLINICAL, "resolved")]
        for walk, code in ((below, "inactive"), (above, "resolved")):
            with pytest.raises(FhirProblem) as caught:
                walk(builtin(), CLINICAL, code, limit=1)
            assert caught.value.code == "too-many-codes"
        assert (ACT, "EMER") in below(builtin(), ACT, "_ActEncounterCode")
        for system, code in ((CLINICAL, "x"), ("urn:none", "x")):
            with pytest.raises(FhirProblem):
                below(builtin(), system, code)


class TestArchive:
    def test_numbers_and_all_else_come_back(self, tmp_path):
        resource = {
            "resourceType": "CodeSystem",
            "url": "urn:s",
            "version": "1",
            "concept": [{"code": "a", "property": [{"code": "w", "valueDecimal": Decimal("72.50")}]}],
        }
        path = tmp_path / "archive.bin"
        assert write(path, [resource, {"resourceType": "ValueSet"}]) == 1
        catalogue = opened(path)
        assert catalogue.code_system("urn:s", "1") == resource
        assert catalogue.code_system("urn:s", None) is catalogue.code_system("urn:s", "1")
        assert catalogue.code_system("urn:s", "2") is None
        answer = OPERATIONS["CodeSystem", "lookup"](from_query([("system", "urn:s"), ("code", "a")]), catalogue)
        assert b'"valueDecimal":72.50' in answer

    def test_the_build(self, tmp_path, capsys):
        folder = tmp_path / "definitions"
        folder.mkdir()
        assert main(["--definitions", str(folder), "--out", str(tmp_path)]) == 1
        assert "missing" in capsys.readouterr().err
        system = {"resourceType": "CodeSystem", "url": "urn:s", "text": {"div": "long"}, "concept": [{"code": "a"}]}
        mapped = {"resourceType": "ConceptMap", "url": "urn:m", "group": [{"source": "urn:s", "target": "urn:t"}]}
        (folder / "valuesets.json").write_text(json.dumps({"entry": [{"resource": system}]}))
        (folder / "v3-codesystems.json.gz").write_bytes(gzip.compress(b'{"entry": []}'))
        assert main(["--definitions", str(folder), "--out", str(tmp_path)]) == 0
        (folder / "conceptmaps.json").write_text(json.dumps({"entry": [{"resource": mapped}]}))
        assert main(["--definitions", str(folder), "--out", str(tmp_path)]) == 0
        assert "2 code systems" in capsys.readouterr().out
        catalogue = opened(tmp_path / TERMINOLOGY.name)
        assert catalogue.code_system("urn:s", None) == {key: system[key] for key in system if key != "text"}
        assert catalogue.concept_maps("urn:t") == catalogue.concept_maps("urn:s") == [mapped]

    def test_what_is_no_archive(self, tmp_path):
        with pytest.raises(RuntimeError, match="not built"):
            opened(tmp_path / "none")
        (tmp_path / "other").write_bytes(b"{}")
        with pytest.raises(RuntimeError, match="not an archive"):
            opened(tmp_path / "other")
