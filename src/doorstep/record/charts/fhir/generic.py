"""Any resource as a definition list, by the shapes of its values alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from doorstep.record.charts.fhir.measures import amount_words, worded
from doorstep.record.charts.fhir.parts import (
    Json,
    choice,
    clean,
    coding,
    concept,
    element,
    every,
    number,
    obj,
    objs,
    plain,
    ref,
    text,
    when,
    word,
)
from doorstep.record.charts.fhir.reading import human
from doorstep.record.charts.shapes import Fact, Shown

# Shown first, by type; what is not named here stands below.
MAIN: Final[Mapping[str, tuple[str, ...]]] = {
    kind: tuple(names.split())
    for kind, names in {
        "AllergyIntolerance": "code clinicalStatus verificationStatus criticality type category reaction onset "
        "recordedDate lastOccurrence recorder asserter note",
        "CarePlan": "title category description status intent period activity goal addresses author note",
        "Condition": "code clinicalStatus verificationStatus severity category bodySite onset abatement recordedDate "
        "encounter recorder asserter note",
        "DiagnosticReport": "code status category effective issued conclusion conclusionCode result performer "
        "resultsInterpreter specimen imagingStudy encounter",
        "Encounter": "class type status period serviceType reasonCode reasonReference diagnosis participant "
        "serviceProvider location hospitalization",
        "Goal": "description lifecycleStatus achievementStatus start target addresses note",
        "ImagingStudy": "description status started modality procedureCode numberOfSeries numberOfInstances series "
        "encounter note",
        "Immunization": "vaccineCode status occurrence protocolApplied lotNumber expirationDate site route "
        "doseQuantity performer reaction encounter note",
        "MedicationRequest": "medication status intent authoredOn dosageInstruction reasonCode reasonReference "
        "dispenseRequest substitution requester encounter note",
        "MedicationStatement": "medication status effective dateAsserted dosage reasonCode informationSource note",
        "Observation": "code status category effective issued bodySite method specimen device performer encounter "
        "hasMember derivedFrom note",
        "Patient": "name gender birthDate identifier telecom address maritalStatus contact deceased",
        "Procedure": "code status performed category bodySite reasonCode outcome complication performer location "
        "encounter note",
    }.items()
}
# Told elsewhere on the page, or of no use to people.
_LEFT_OUT: Final = frozenset({"resourceType", "id", "text", "implicitRules", "fhir_comments"})
_TOLD: Final[Mapping[str, frozenset[str]]] = {
    "Observation": frozenset({"value", "component", "interpretation", "referenceRange", "dataAbsentReason"})
}
_DEEP: Final = 6
_MANY: Final = 40
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]{200,}", re.ASCII)


@dataclass(slots=True)
class _Room:
    """How many values may still be shown: a resource of a million of them makes a page, not a book."""

    left: int = 1500

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def definition(kind: str, resource: Mapping[str, Any]) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """The main elements of a resource in the order of its type, and all others; unknown types have only main ones."""
    told = _TOLD.get(kind, frozenset())
    facts = [f for f in _facts(resource, 0, _Room()) if f.name not in told]
    order = {name: place for place, name in enumerate(MAIN.get(kind, ()))}
    if not order:
        return tuple(facts), ()
    main = sorted((f for f in facts if f.name in order), key=lambda f: order[f.name])
    return tuple(main), tuple(f for f in facts if f.name not in order)


def _facts(holder: Json, depth: int, room: _Room) -> list[Fact]:
    found = []
    for name, value in list(holder.items())[: _MANY * 2]:
        if depth == 0 and name in _LEFT_OUT:
            continue
        if name in ("extension", "modifierExtension"):
            found += _extensions(value, depth, room)
            continue
        shown = tuple(one for item in _items(name, value, holder) if room.take() and (one := _shown(item, depth, room)))
        if shown:
            found.append(Fact(clean(element(name.removeprefix("_")), 60), shown))
    return found


def _extensions(value: object, depth: int, room: _Room) -> list[Fact]:
    """Extensions under the last word of their address."""
    found = []
    for extension in objs(value)[:_MANY]:
        name = clean(str(extension.get("url", "")).rstrip("/").rpartition("/")[2], 60) or "extension"
        _key, said = choice(extension, "value")
        inner = said if said is not None else {k: v for k, v in extension.items() if k not in ("url", "id")}
        if room.take() and (shown := _shown(inner, depth + 1, room)) is not None:
            found.append(Fact(name, (shown,)))
    return found


def _items(name: str, value: object, holder: Json) -> list[Any]:
    if not name.startswith("_"):
        return every(value)[:_MANY]
    # what stands beside a primitive tells why it is absent, or carries extensions
    return [] if holder.get(name[1:]) is not None else [{"_beside": item} for item in every(value)[:_MANY]]


def _shown(value: object, depth: int, room: _Room) -> Shown | None:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return Shown("flag", "true" if value else "false")
    if (amount := number(value)) is not None:
        return Shown("text", plain(amount))
    if isinstance(value, dict) and value:
        return _object(value, depth, room)
    if isinstance(value, list) and depth < _DEEP:
        inner = tuple(s for item in value[:_MANY] if room.take() and (s := _shown(item, depth + 1, room)))
        return Shown("group", facts=(Fact("", inner),)) if inner else None
    return None


def _string(value: str) -> Shown | None:
    if _BASE64.fullmatch(value):
        return Shown("data", str(len(value)))
    if not (said := clean(value)):
        return None
    moment = when(said) if said[:4].isdigit() and len(said) > 6 else None
    if moment is not None and moment.start is not None:
        return Shown("when", said, start=moment)
    return Shown("text", said)


def _object(value: Json, depth: int, room: _Room) -> Shown | None:
    for shape in (_beside, _concept, _reference, _quantity, _period, _named):
        if (found := shape(value)) is not None:
            return found
    if depth >= _DEEP:
        return Shown("more")
    facts = tuple(_facts(value, depth + 1, room))
    return Shown("group", facts=facts) if facts else None


def _beside(value: Json) -> Shown | None:
    if "_beside" not in value:
        return None
    for extension in every(obj(value["_beside"]).get("extension")):
        if str(obj(extension).get("url")).endswith("/data-absent-reason"):
            return Shown("absent", word(obj(extension).get("valueCode")))
    return Shown("absent")


def _concept(value: Json) -> Shown | None:
    rest = set(value) - {"coding", "text", "id", "extension"}
    if ("coding" in value and not rest) or set(value) == {"text"}:
        found = concept(value)
        return Shown("concept", found.text, found.codings) if found.text else None
    if set(value) <= {"system", "version", "code", "display", "userSelected", "id", "extension"} and "code" in value:
        one = coding(value)
        return Shown("concept", one.display or one.code, (one,))
    return None


def _reference(value: Json) -> Shown | None:
    if not set(value) <= {"reference", "type", "identifier", "display", "id", "extension"} or not (
        {"reference", "display"} & set(value)
    ):
        return None
    found = ref(value)
    return Shown("ref", found.display or found.reference, ref=found) if found is not None else None


def _quantity(value: Json) -> Shown | None:
    keys = set(value)
    if keys <= {"value", "comparator", "unit", "system", "code", "id", "extension"} and "value" in keys:
        unitless = not {"unit", "code"} & keys
        return None if unitless and isinstance(value["value"], str) else Shown("text", amount_words(value))
    if keys <= {"low", "high", "id", "extension"} or keys <= {"numerator", "denominator", "id", "extension"}:
        said = worded(value)
        return Shown("text", said) if said else None
    return None


def _period(value: Json) -> Shown | None:
    if set(value) <= {"start", "end", "id", "extension"} and {"start", "end"} & set(value):
        return Shown("period", start=when(value.get("start")), end=when(value.get("end")))
    return None


def _named(value: Json) -> Shown | None:
    if {"family", "given"} & set(value):
        said = human(value)
        return Shown("text", said) if said else None
    if set(value) <= {"time", "authorString", "authorReference", "text"} and "text" in value:
        return Shown("text", text(value["text"], 4000))
    return None
