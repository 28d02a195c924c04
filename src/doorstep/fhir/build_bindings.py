"""Compile the value sets that required bindings use: `python -m doorstep.fhir.build_bindings`.

Each becomes the codes of each system. Sets that R4's files cannot list (all of UCUM, MIME types, currencies) and those
that the files lack are named under "left"; `validation.bindings` has grammars for some of them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from doorstep.fhir.build_paths import BUILD, DEFINITIONS, STRUCTURE

BINDINGS: Final = BUILD / "fhir-r4-bindings.json"
SOURCES: Final = ("valuesets.json", "v3-codesystems.json")
Definition = Mapping[str, Any]


class Unlisted(Exception):
    """A value set that cannot be listed from the files, with the reason."""


class Terminology:
    """The value sets and code systems of the definition files, by their URLs."""

    def __init__(self, resources: Sequence[Definition]) -> None:
        self.sets: Final = {r["url"]: r for r in resources if r["resourceType"] == "ValueSet"}
        self.systems: Final = {r["url"]: r for r in resources if r["resourceType"] == "CodeSystem"}

    def listed(self, url: str, seen: tuple[str, ...] = ()) -> dict[str, set[str]]:
        """Return the codes of a value set, by system; raises Unlisted where the files do not say them all."""
        definition = self.sets.get(url)
        if definition is None or url in seen:
            raise Unlisted("not among the definitions")
        compose = definition.get("compose", {})
        codes: dict[str, set[str]] = {}
        for part in compose.get("include", ()):
            for system, members in self._part(part, (*seen, url)).items():
                codes.setdefault(system, set()).update(members)
        for part in compose.get("exclude", ()):
            for system, members in self._part(part, (*seen, url)).items():
                codes.get(system, set()).difference_update(members)
        return codes

    def _part(self, part: Definition, seen: tuple[str, ...]) -> dict[str, set[str]]:
        # all that one part names must hold at once (R4, ValueSet, composition rules)
        inner = [self.listed(url.partition("|")[0], seen) for url in part.get("valueSet", ())]
        if "system" in part:
            inner.append({part["system"]: self._codes(part)})
        if not inner:
            raise Unlisted("an empty include")
        common = inner[0]
        for other in inner[1:]:
            common = {system: codes & other.get(system, set()) for system, codes in common.items()}
        return common

    def _codes(self, part: Definition) -> set[str]:
        if "filter" in part:
            raise Unlisted(f"a filter on {part['system']}")
        if "concept" in part:
            return {concept["code"] for concept in part["concept"]}
        system = self.systems.get(part["system"])
        if system is None or system.get("content") != "complete":
            raise Unlisted(f"all of {part['system']}")
        return set(_all_codes(system.get("concept", ())))


def _all_codes(concepts: Sequence[Definition]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _all_codes(concept.get("concept", ()))


def required_sets(structure: Mapping[str, Any]) -> list[str]:
    """Return the URLs of the value sets that the elements of a compiled structure require."""
    return sorted({e["binding"] for kind in structure.values() for e in kind["elements"] if "binding" in e})


def compile_bindings(definitions: Path, structure: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"sets": {url: {system: codes}}, "left": {url: reason}} for all required bindings of a structure."""
    terminology = Terminology([r for name in SOURCES for r in _resources(definitions, name)])
    sets: dict[str, dict[str, list[str]]] = {}
    left: dict[str, str] = {}
    for url in required_sets(structure):
        try:
            sets[url] = {system: sorted(codes) for system, codes in terminology.listed(url).items()}
        except Unlisted as reason:
            left[url] = str(reason)
    return {"sets": sets, "left": left}


def _resources(folder: Path, name: str) -> list[Definition]:
    plain, packed = folder / name, folder / f"{name}.gz"
    content = json.loads(plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes()))
    return [entry["resource"] for entry in content["entry"]]


def write_bindings(definitions: Path, out: Path) -> str:
    """Compile from a folder of definitions and the structure in `out`; write the file there; say what was made."""
    bindings = compile_bindings(definitions, json.loads((out / STRUCTURE.name).read_bytes()))
    path = out / BINDINGS.name
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(bindings, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)
    return f"fhir: {len(bindings['sets'])} required value sets listed; not listed: {bindings['left']}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file; returns 1 where the definition files or the structure are missing."""
    parser = argparse.ArgumentParser(prog="python -m doorstep.fhir.build_bindings", description=__doc__)
    parser.add_argument("--definitions", type=Path, default=DEFINITIONS)
    parser.add_argument("--out", type=Path, default=BUILD)
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(write_bindings(options.definitions, options.out))
    except FileNotFoundError as error:
        sys.stderr.write(f"R4 definitions are missing: {error.filename}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
