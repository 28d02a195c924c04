"""The terminology operations as the door calls them: parameters in, the answering resource out as bytes.

Each takes the instance where it was asked of one, and the language of words of our own ("zh" or "en").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from doorstep.fhir.parameters_resource import Inputs
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology import lookup as lookups
from doorstep.fhir.terminology.archive import ENCODER
from doorstep.fhir.terminology.compose import Composer
from doorstep.fhir.terminology.definitions import Definitions, Resource, split_canonical
from doorstep.fhir.terminology.expansion import Wish
from doorstep.fhir.terminology.expansion import expand as expanded
from doorstep.fhir.terminology.items import Versions
from doorstep.fhir.terminology.systems import Spelling, System
from doorstep.fhir.terminology.translation import Route
from doorstep.fhir.terminology.translation import translate as translated
from doorstep.fhir.terminology.validation import Manner, in_code_system, in_value_set
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.findings import refuse_invalid

Coding = Mapping[str, Any]
_TEXTS: Final = ("system", "version", "code", "display")
_TAKEN_AS: Final[Mapping[str, Resource]] = {
    "ValueSet": {"status": "draft"},
    "CodeSystem": {"status": "draft", "content": "complete"},
    "ConceptMap": {"status": "draft"},
}


def expand(
    inputs: Inputs,
    definitions: Definitions,
    *,
    language: str = "zh",
    instance: Resource | None = None,
    spelling: Spelling | None = None,
) -> bytes:
    """Answer ValueSet/$expand with a ValueSet; `spelling` lets Chinese displays be found by pinyin."""
    asked = instance or _value_set(inputs, definitions)
    wish = Wish(
        filter=_text(inputs, "filter") or "",
        offset=inputs.maybe("offset", "integer") or 0,
        count=inputs.maybe("count", "integer"),
        include_designations=_truth(inputs, "includeDesignations"),
        designation=inputs.all("designation", "string"),
        include_definition=_truth(inputs, "includeDefinition"),
        active_only=_truth(inputs, "activeOnly"),
        exclude_nested=_truth(inputs, "excludeNested"),
        exclude_not_for_ui=_truth(inputs, "excludeNotForUI"),
        display_language=_text(inputs, "displayLanguage"),
        exclude_system=inputs.all("exclude-system", "canonical"),
        property=inputs.all("property", "code"),
        versions=_versions(inputs),
        spelling=spelling,
    )
    return ENCODER.encode(expanded(definitions, asked, wish))


def validate_value_set_code(
    inputs: Inputs, definitions: Definitions, *, language: str = "zh", instance: Resource | None = None
) -> bytes:
    """Answer ValueSet/$validate-code with Parameters."""
    asked = instance or _value_set(inputs, definitions)
    codings = _codings(inputs, version="systemVersion")
    return ENCODER.encode(in_value_set(definitions, asked, codings, _manner(inputs, language)).answer())


def validate_system_code(
    inputs: Inputs, definitions: Definitions, *, language: str = "zh", instance: Resource | None = None
) -> bytes:
    """Answer CodeSystem/$validate-code with Parameters."""
    given = instance or _resource(inputs, "codeSystem", "CodeSystem")
    asked = _text(inputs, "url") if given is None else _system(definitions, given)
    codings = _codings(inputs, version="version")
    if asked is None:
        stated = next((each["system"] for each in codings if "system" in each), None)
        asked = stated or _text(inputs, "system")
    if asked is None:
        raise FhirProblem("missing-input", names="url, codeSystem")
    return ENCODER.encode(in_code_system(definitions, asked, codings, _manner(inputs, language)).answer())


def lookup(
    inputs: Inputs, definitions: Definitions, *, language: str = "zh", instance: Resource | None = None
) -> bytes:
    """Answer CodeSystem/$lookup with Parameters."""
    coding = next(iter(_codings(inputs, version="version")), {})
    if "system" not in coding or "code" not in coding:
        raise FhirProblem("missing-input", names="system, code")
    properties, wanted = inputs.all("property", "code"), _text(inputs, "displayLanguage")
    answer = lookups.lookup(definitions, coding["system"], coding["code"], coding.get("version"), properties, wanted)
    return ENCODER.encode(answer)


def subsumes(
    inputs: Inputs, definitions: Definitions, *, language: str = "zh", instance: Resource | None = None
) -> bytes:
    """Answer CodeSystem/$subsumes with Parameters."""
    given = instance or {}
    common = {"system": _text(inputs, "system") or given.get("url"), "version": _text(inputs, "version")}
    first, second = _side(inputs, "A", common), _side(inputs, "B", common)
    system = first["system"]
    if system != second["system"] or common["system"] not in (None, system):
        raise FhirProblem("different-systems", first=system, second=second["system"])
    version = first.get("version") or given.get("version")
    return ENCODER.encode(lookups.subsumes(definitions, system, first["code"], second["code"], version))


def _side(inputs: Inputs, letter: str, common: Coding) -> dict[str, Any]:
    """Return one of the two codes with its system."""
    stated = {key: text for key, text in common.items() if text is not None}
    coding = _coding(f"coding{letter}", inputs.maybe(f"coding{letter}", "Coding") or {})
    found = {**stated, "code": _text(inputs, f"code{letter}"), **coding}
    if not found["code"] or "system" not in found:
        raise FhirProblem("missing-input", names=f"system, code{letter}")
    return found


def translate(
    inputs: Inputs, definitions: Definitions, *, language: str = "zh", instance: Resource | None = None
) -> bytes:
    """Answer ConceptMap/$translate with Parameters."""
    codings = [each for each in _codings(inputs, version="version") if "system" in each and "code" in each]
    if not codings:
        raise FhirProblem("missing-input", names="system, code")
    route = Route(
        source=_text(inputs, "source"),
        target=_text(inputs, "target"),
        target_system=_text(inputs, "targetsystem"),
        reverse=_truth(inputs, "reverse"),
        dependencies=_dependencies(inputs),
        concept_map=instance or _concept_map(inputs, definitions),
    )
    return ENCODER.encode(translated(definitions, codings, route, language))


def _system(definitions: Definitions, given: Resource) -> System | str:
    """Return the url of a code system that is loaded as it is here, else its index, which is not kept.

    Who sends systems along shall not fill what is kept.
    """
    url, version = given.get("url", ""), given.get("version")
    known = definitions.code_system(url, version)
    same = known is not None and all(known.get(name) == given.get(name) for name in ("id", "meta"))
    if not same or "id" not in given:
        return System(given)
    return url if version is None else f"{url}|{version}"


def _value_set(inputs: Inputs, definitions: Definitions) -> Resource:
    inline = _resource(inputs, "valueSet", "ValueSet")
    if inline is not None:
        return inline
    url, version = _text(inputs, "url"), _text(inputs, "valueSetVersion")
    if url is None:
        raise FhirProblem("missing-input", names="url, valueSet")
    return Composer(definitions).value_set(url if version is None else f"{url}|{version}")


def _concept_map(inputs: Inputs, definitions: Definitions) -> Resource | None:
    inline = _resource(inputs, "conceptMap", "ConceptMap")
    url = _text(inputs, "url")
    if inline is not None or url is None:
        return inline
    plain, version = split_canonical(url)
    found = definitions.concept_map(plain, _text(inputs, "conceptMapVersion") or version)
    if found is None:
        raise FhirProblem("concept-map-not-loaded", url=url)
    return found


def _codings(inputs: Inputs, version: str) -> list[Coding]:
    concept, coding = inputs.maybe("codeableConcept", "CodeableConcept"), inputs.maybe("coding", "Coding")
    code = _text(inputs, "code", "code")
    if concept is not None:
        return _coded("codeableConcept", concept)
    if coding is not None:
        return [_coding("coding", coding)]
    if code is None:
        raise FhirProblem("missing-input", names="code, coding, codeableConcept")
    fields = {"system": "system", "version": version, "display": "display"}
    found = {name: _text(inputs, given) for name, given in fields.items()}
    return [{"code": code, **{name: text for name, text in found.items() if text is not None}}]


def _coded(name: str, concept: Mapping[str, Any]) -> list[Coding]:
    codings = concept.get("coding", [])
    if not isinstance(codings, list):
        raise FhirProblem("bad-input", name=name, value=str(codings))
    return [_coding(name, each) for each in codings]


def _coding(name: str, given: object) -> Coding:
    """Return a Coding whose texts are texts, since the types within parameters were not looked at yet."""
    if not isinstance(given, Mapping) or not all(isinstance(given.get(part, ""), str) for part in _TEXTS):
        raise FhirProblem("bad-input", name=name, value=str(given))
    return given


def _dependencies(inputs: Inputs) -> frozenset[tuple[str, str]]:
    found = set()
    for each in inputs.parts("dependency"):
        concept = each.one("concept", "CodeableConcept")
        element = each.one("element", "uri")
        found |= {(element, coding.get("code", "")) for coding in _coded("dependency", concept)}
    return frozenset(found)


def _manner(inputs: Inputs, language: str) -> Manner:
    return Manner(_truth(inputs, "abstract"), _text(inputs, "displayLanguage"), language)


def _versions(inputs: Inputs) -> Versions:
    names = ("system-version", "force-system-version", "check-system-version")
    given, force, check = ({s: v for s, v in map(split_canonical, inputs.all(n, "canonical")) if v} for n in names)
    return Versions(given, force, check)


def _text(inputs: Inputs, name: str, kind: str = "string") -> str | None:
    # a form sends what was left empty as an empty text, which R4 does not know
    if any(each.name == name and each.value == "" for each in inputs.given):
        return None
    found: str | None = inputs.maybe(name, kind)
    return found


def _truth(inputs: Inputs, name: str) -> bool:
    return bool(inputs.maybe(name, "boolean"))


def _resource(inputs: Inputs, name: str, kind: str) -> Resource | None:
    """Return a resource that was sent along, FhirInvalid where R4's rules of structure do not let it be one.

    What only a stored one needs may be missing.
    """
    given = next(iter(inputs.resources(name, kind)), None)
    if given is None:
        return None
    whole = {**_TAKEN_AS[kind], **given}
    refuse_invalid(check(kind, whole))
    return whole


class Operation(Protocol):
    """What all operations have in common."""

    def __call__(
        self, inputs: Inputs, definitions: Definitions, *, language: str = "zh", instance: Resource | None = None
    ) -> bytes:
        """Return the answering resource as minified JSON; FhirProblem where there is none."""


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("ValueSet", "expand"): expand,
    ("ValueSet", "validate-code"): validate_value_set_code,
    ("CodeSystem", "validate-code"): validate_system_code,
    ("CodeSystem", "lookup"): lookup,
    ("CodeSystem", "subsumes"): subsumes,
    ("ConceptMap", "translate"): translate,
}
