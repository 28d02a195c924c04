"""ValueSet/$validate-code and CodeSystem/$validate-code: whether a code may stand here, and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.compose import Composer
from doorstep.fhir.terminology.definitions import Definitions, Resource, split_canonical
from doorstep.fhir.terminology.grammars import by_grammar, has_grammar
from doorstep.fhir.terminology.items import Item, Versions
from doorstep.fhir.terminology.parameters import Answer, parameters, value, words
from doorstep.fhir.terminology.systems import System, listed_system, system_of


class Verdict(NamedTuple):
    """Whether a code is valid. `known` is false where that cannot be told, because its system is not loaded."""

    result: bool
    message: str | None = None
    display: str | None = None
    known: bool = True

    def answer(self) -> Answer:
        """Return the Parameters that R4 wants: result, message, display."""
        parts = value("result", "Boolean", self.result)
        parts += value("message", "String", self.message)
        return parameters(parts + value("display", "String", self.display))


@dataclass(frozen=True, slots=True)
class Manner:
    """How strictly: `abstract` concepts are allowed, in which language displays and messages are."""

    abstract: bool = False
    display_language: str | None = None
    language: str = "zh"


Coding = Mapping[str, Any]


def in_value_set(
    definitions: Definitions,
    value_set: Resource,
    codings: Sequence[Coding],
    manner: Manner,
    versions: Versions | None = None,
) -> Verdict:
    """Say whether one of the codings is in a value set; a coding without system is sought in all that the set names.

    FhirProblem where the value set, or one that it imports, is not loaded or wrong.
    """
    composer = Composer(definitions, versions)
    return _best([_in_value_set(composer, value_set, coding, manner) for coding in codings], manner)


def _best(verdicts: Sequence[Verdict], manner: Manner) -> Verdict:
    if not verdicts:
        return Verdict(False, words("no-system", manner.language, code=""))
    good = next((each for each in verdicts if each.result), None)
    if good is not None:
        return good
    messages = dict.fromkeys(each.message for each in verdicts if each.message)
    display = next((each.display for each in verdicts if each.display), None)
    return Verdict(False, "; ".join(messages), display, all(each.known for each in verdicts))


def _in_value_set(composer: Composer, value_set: Resource, coding: Coding, manner: Manner) -> Verdict:
    code, url = coding.get("code", ""), value_set.get("url", "")
    try:
        item = _sought(composer, value_set, coding)
    except FhirProblem as problem:
        if problem.code != "system-not-loaded":
            raise
        system = str(problem.params["system"])
        return Verdict(False, words("system-unknown", manner.language, system=system, code=code), known=False)
    if item is None:
        said = words("not-in-value-set", manner.language, code=code, system=coding.get("system", "?"), url=url)
        return Verdict(False, said)
    return _judged(item, coding, manner)


def _sought(composer: Composer, value_set: Resource, coding: Coding) -> Item | None:
    code, system, version = coding.get("code", ""), coding.get("system"), coding.get("version")
    if system is not None:
        return composer.find(value_set, system, code, version)
    found = [composer.find(value_set, each, code, version) for each in sorted(composer.systems(value_set))]
    items = [item for item in found if item is not None]
    if len(items) > 1:
        raise FhirProblem("ambiguous-code", concept=code)
    return items[0] if items else None


def in_code_system(definitions: Definitions, asked: System | str, codings: Sequence[Coding], manner: Manner) -> Verdict:
    """Say whether one of the codings is of a code system, given by its url or itself.

    FhirProblem where a system that is given by its url is not loaded.
    """
    if isinstance(asked, System):
        return _best([_in_code_system(lambda _: asked, asked.url, each, manner) for each in codings], manner)
    url, version = split_canonical(asked)
    if system_of(definitions, url, version) is None and not has_grammar(url):
        raise FhirProblem("system-not-loaded", system=asked)

    def get(stated: str | None) -> System | None:
        return system_of(definitions, url, stated or version)

    return _best([_in_code_system(get, url, each, manner) for each in codings], manner)


def _in_code_system(get: Callable[[str | None], System | None], url: str, coding: Coding, manner: Manner) -> Verdict:
    code, stated = coding.get("code", ""), coding.get("system")
    if stated not in (None, url):
        return Verdict(False, words("wrong-system", manner.language, system=stated, url=url))
    system = get(coding.get("version"))
    if (system is None or not system.loaded) and by_grammar(url, code):
        return _judged(Item(listed_system(url, None, [{"code": code}]), 0), coding, manner)
    if system is None or not system.loaded:
        named = f"{url}|{coding['version']}" if "version" in coding else url
        return Verdict(False, words("system-unknown", manner.language, system=named, code=code), known=False)
    position = system.find(code)
    if position is None:
        known = system.content == "complete"
        return Verdict(False, words("not-in-system", manner.language, system=url, code=code), known=known)
    return _judged(Item(system, position), coding, manner)


def _judged(item: Item, coding: Coding, manner: Manner) -> Verdict:
    code, language = coding.get("code", ""), manner.language
    display = item.display(manner.display_language)
    if not manner.abstract and item.system.abstract(item.position):
        return Verdict(False, words("abstract", language, code=code), display)
    stated = coding.get("display")
    if stated is not None and not _is_called(item, stated):
        return Verdict(False, words("display", language, code=code, expected=display or "", display=stated), display)
    hints = []
    if item.code != code:
        hints.append(words("case", language, code=code, expected=item.code))
    if item.system.inactive(item.position):
        hints.append(words("inactive", language, code=code))
    return Verdict(True, "; ".join(hints) or None, display)


def _is_called(item: Item, stated: str) -> bool:
    listed = item.listed or {}
    names = [*item.system.displays(item.position), *(each["value"] for each in listed.get("designation", ()))]
    if "display" in listed:
        names.append(listed["display"])
    return not names or _plain(stated) in map(_plain, names)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
