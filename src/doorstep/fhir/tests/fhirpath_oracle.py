"""The specification's invariants as fhirpathpy answers them: slow, and of other hands than ours."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

from fhirpathpy import apply_parsed_path
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models
from fhirpathpy.parser import parse

from doorstep.fhir.validation.values import Env

# trace() hands its input on; its output is for a debugger
TRACE = re.compile(r"\.trace\([^()]*\)")
UCUM = "http://unitsofmeasure.org"


class CannotSay(Exception):
    """The oracle fails at an expression."""


@cache
def _parsed(expression: str) -> Any:
    return parse(TRACE.sub("", expression))


def answer(expression: str, value: Any, path: str, env: Env) -> bool | None:
    """What a rule says of a value whose type, or backbone path, is given; None where it yields nothing."""
    variables = {"resource": env.resource, "rootResource": env.root, "context": value, "ucum": UCUM}
    node = ResourceNode.create_node(copy.deepcopy(value), path)
    try:
        found = list(apply_parsed_path(node, _parsed(expression), variables, models["r4"]))
    except Exception as error:
        raise CannotSay(f"{type(error).__name__}: {error}") from None
    if len(found) > 1:
        raise CannotSay("more than one value")
    return None if not found else found[0] if isinstance(found[0], bool) else True
