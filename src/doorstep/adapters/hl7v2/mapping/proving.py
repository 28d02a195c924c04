"""The unit tests that stand beside a set of tables, as data: ``cases/NAME.hl7`` and what is expected in ``NAME.json``.

A case is a message as text (its segments on lines) and a list of resources in the order of the transaction; of each,
what is written there must be so, and what is not written is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from doorstep.adapters.hl7v2.mapping.engine import preview
from doorstep.adapters.hl7v2.mapping.rows import Tables
from doorstep.adapters.hl7v2.mapping.shapes import Context


def cases_of(files: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The cases of a set, by name: the message and what is expected."""
    names = [name.removeprefix("cases/").removesuffix(".hl7") for name in files if name.startswith("cases/")]
    return {
        name: (files[f"cases/{name}.hl7"], files[f"cases/{name}.json"])
        for name in sorted(names)
        if f"cases/{name}.hl7" in files and f"cases/{name}.json" in files
    }


def prove(tables: Tables, message: str, expected: str, context: Context) -> list[str]:
    """What is otherwise than expected, a line each; none where a case is met."""
    try:
        wanted = json.loads(expected, parse_float=Decimal)
    except ValueError as error:
        return [f"the expectation cannot be read: {error}"]
    found = preview(message.encode(), tables, context)
    if found.converted is None:
        problem = found.problem
        refusal = {"refused": problem.reason, "place": problem.place} if problem else None
        return list(differences("", wanted, refusal))
    resources = [entry["resource"] for entry in found.converted.bundle["entry"]]
    return list(differences("", wanted, resources))


def differences(path: str, wanted: Any, found: Any) -> Iterator[str]:
    """What is otherwise than wanted, a line each; what is not wanted is not looked at."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, each in wanted.items():
            yield from differences(f"{path}.{name}".lstrip("."), each, found.get(name))
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            yield f"{path}: {len(wanted)} expected, {len(found)} found"
        for at, (one, other) in enumerate(zip(wanted, found, strict=False)):
            yield from differences(f"{path}[{at}]", one, other)
    elif wanted != found:
        yield f"{path}: {wanted!r} expected, {found!r} found"
