"""Where a fault is: sought only once there is one, by a second pass that counts start tags."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final
from xml.etree.ElementTree import Element
from xml.parsers import expat

from doorstep.fhir.problems import FhirProblem

_DOCTYPE: Final = b"<!DOCTYPE"


class Misfit(Exception):
    """An element that R4 does not have so: the code of the problem, its words, and the elements around, outwards."""

    def __init__(self, element: Element, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.element: Final = element
        self.trail: Final = [element]
        self.code: Final = code
        self.params: Final = params


def refuse_doctype(data: bytes) -> None:
    """Raise FhirProblem where UTF-8 text declares a document type, before anything of the declaration is read."""
    if _DOCTYPE not in data:
        return
    parser = expat.ParserCreate("UTF-8")

    def refuse(*_: Any) -> None:
        raise FhirProblem("xml-doctype", None, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return  # the words stand in what is not well-formed anyway, and is refused as that


def located(misfit: Misfit, root: Element, data: bytes) -> FhirProblem:
    """Return the problem of a misfit with the line and column of its tag in the UTF-8 text, and its path."""
    wanted = next(number for number, element in enumerate(root.iter()) if element is misfit.trail[0])
    line, column = _tag(data, wanted)
    return FhirProblem(misfit.code, _path(misfit.trail), line, column, **misfit.params)


class _Found(Exception):
    """The second pass need not go on: the line and column it stands at."""


def _tag(data: bytes, wanted: int) -> tuple[int, int]:
    parser = expat.ParserCreate("UTF-8")
    number = -1

    def start(*_: Any) -> None:
        nonlocal number
        number += 1
        if number == wanted:
            raise _Found(parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except _Found as found:
        return found.args[0], found.args[1]
    return 1, 1


def _path(trail: list[Element]) -> str | None:
    steps = [_step(element, parent) for element, parent in pairwise(trail) if element is not parent]
    return ".".join([step for step in reversed(steps) if step]) or None


def _step(element: Element, parent: Element) -> str:
    name = element.tag.rpartition("}")[2]
    if name[:1].isupper():
        return ""  # the type of a resource stands between two elements, and is none
    alike = [child for child in parent if child.tag == element.tag]
    return f"{name[:64]}[{alike.index(element)}]" if len(alike) > 1 else name[:64]
