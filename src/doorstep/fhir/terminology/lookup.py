"""CodeSystem/$lookup and CodeSystem/$subsumes: what a concept is, and how two of them are related."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.definitions import Definitions
from doorstep.fhir.terminology.languages import matching
from doorstep.fhir.terminology.parameters import Answer, compound, parameters, value
from doorstep.fhir.terminology.systems import System, system_of, value_of

# Names by which $lookup asks for what is no property of the concept.
_OWN: Final = frozenset({"system", "name", "version", "display"})


def lookup(
    definitions: Definitions,
    system: str,
    code: str,
    version: str | None = None,
    properties: Sequence[str] = (),
    display_language: str | None = None,
) -> Answer:
    """Return the Parameters of $lookup; FhirProblem where the system is not loaded, or has no such code.

    `properties` are those wanted, `designation` and `lang.xx` among them; none means all.
    """
    found = loaded(definitions, system, version)
    position = located(found, code)
    return described(found, position, properties, display_language)


def described(
    system: System, position: int, properties: Sequence[str] = (), display_language: str | None = None
) -> Answer:
    """Return the Parameters of $lookup for a concept that was found."""
    wants = _wants(properties)
    parts = value("name", "String", system.name)
    parts += value("version", "String", system.version)
    parts += value("display", "String", system.display(position, display_language) or system.code(position))
    languages = [each.removeprefix("lang.") for each in properties if each.startswith("lang.")]
    for each in system.designations(position):
        language = each.get("language")
        if wants("designation") or any(language and matching(language, wanted) for wanted in languages):
            parts.append(compound("designation", _designation(each)))
    parts += [compound("property", each) for each in _properties(system, position, wants)]
    return parameters(parts)


def _wants(properties: Sequence[str]) -> Callable[[str], bool]:
    wanted = frozenset(properties) - _OWN
    # who asks only for what is given anyway asks for nothing else
    return wanted.__contains__ if properties else lambda _: True


def _designation(each: Mapping[str, Any]) -> list[Answer]:
    parts = value("language", "Code", each.get("language"))
    parts += value("use", "Coding", each.get("use"))
    return parts + value("value", "String", each["value"])


def _properties(system: System, position: int, wants: Callable[[str], bool]) -> Iterator[list[Answer]]:
    for name, found in (("parent", system.parents(position)), ("child", system.children(position))):
        if wants(name):
            yield from (_related(system, name, each) for each in found)
    definition = system.concepts[position].get("definition")
    if definition is not None and wants("definition"):
        yield [*value("code", "Code", "definition"), *value("value", "String", definition)]
    stated = {"parent", "child"}
    for each in system.properties(position):
        if each["code"] not in ("parent", "child"):
            stated.add(each["code"])
            if wants(each["code"]):
                yield [*value("code", "Code", each["code"]), _value(each)]
    if "inactive" not in stated and wants("inactive"):
        yield [*value("code", "Code", "inactive"), *value("value", "Boolean", system.inactive(position))]


def _related(system: System, name: str, other: int) -> list[Answer]:
    parts = [*value("code", "Code", name), *value("value", "Code", system.code(other))]
    return parts + value("description", "String", system.display(other))


def _value(each: Mapping[str, Any]) -> Answer:
    key = next(key for key in each if key.startswith("value"))
    return {"name": "value", key: value_of(each)}


def subsumes(definitions: Definitions, system: str, first: str, second: str, version: str | None = None) -> Answer:
    """Return the Parameters of $subsumes: equivalent, subsumes, subsumed-by or not-subsumed.

    FhirProblem where the system is not loaded, or lacks one of the codes.
    """
    found = loaded(definitions, system, version)
    one, other = located(found, first), located(found, second)
    return parameters(value("outcome", "Code", _relation(found, one, other)))


def _relation(system: System, one: int, other: int) -> str:
    if one == other:
        return "equivalent"
    if system.subsuming and one in system.above(other):
        return "subsumes"
    return "subsumed-by" if system.subsuming and other in system.above(one) else "not-subsumed"


def loaded(definitions: Definitions, url: str, version: str | None = None) -> System:
    """Return a code system; FhirProblem where it is not loaded, or without its concepts."""
    found = system_of(definitions, url, version)
    if found is None or not found.loaded:
        raise FhirProblem("system-not-loaded", system=url if version is None else f"{url}|{version}")
    return found


def located(system: System, code: str) -> int:
    """Return the position of a code; FhirProblem where there is none."""
    position = system.find(code)
    if position is None:
        raise FhirProblem("unknown-code", system=system.url, concept=code)
    return position
