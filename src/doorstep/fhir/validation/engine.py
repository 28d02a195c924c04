"""FHIRPath by fhirpathpy, for the rules that `rules` has no Python for; whatever it cannot do is NotEvaluated."""

from __future__ import annotations

import copy
import re
import threading
from functools import cache
from typing import Any, Final, NamedTuple

_UCUM: Final = "http://unitsofmeasure.org"
# trace() hands its input on; its output is for a debugger
_TRACE: Final = re.compile(r"\.trace\([^()]*\)")
# the engine keeps state of an evaluation in module variables
_LOCK: Final = threading.Lock()


class NotEvaluated(Exception):
    """The engine could not evaluate an expression; its text says why, without values of the resource."""


class Env(NamedTuple):
    """Where a rule is asked: the resource that the element stands in, and the one that contains that, if any."""

    resource: dict[str, Any]
    root: dict[str, Any]


def holds(expression: str, value: Any, path: str, env: Env) -> bool | None:
    """Evaluate a rule on a value, whose type or backbone path is given; None where the answer is empty."""
    found = evaluate(expression, value, path, env)
    if not found:
        return None
    if len(found) == 1 and isinstance(found[0], bool):
        return found[0]
    # a single value of another type stands for true (FHIRPath, singleton evaluation of collections)
    if len(found) == 1:
        return True
    raise NotEvaluated("more than one value")


def evaluate(expression: str, value: Any, path: str, env: Env) -> list[Any]:
    """Return what an expression yields on a value; raises NotEvaluated."""
    variables = {"resource": env.resource, "rootResource": env.root, "context": value, "ucum": _UCUM}
    library, node_class, model = _library()
    try:
        with _LOCK:
            # the engine may write types into what it walks
            node = node_class.create_node(copy.copy(value), path)
            return list(library.apply_parsed_path(node, _parsed(expression), variables, model))
    except Exception as error:  # noqa: BLE001 - the engine raises Exception itself, and many others on odd input
        raise NotEvaluated(type(error).__name__) from None


@cache
def _parsed(expression: str) -> Any:
    return _library()[0].parse(_TRACE.sub("", expression))


@cache
def _library() -> tuple[Any, Any, Any]:
    # loaded when it is first needed: its grammar takes a tenth of a second
    import fhirpathpy
    from fhirpathpy.engine.nodes import ResourceNode
    from fhirpathpy.models import models

    return fhirpathpy, ResourceNode, models["r4"]
