"""Where a fault is: sought only once there is one, by a second pass that counts start tags."""

from __future__ import annotations

from typing import Any, Final
from xml.etree.ElementTree import Element
from xml.parsers import expat

from doorstep.fhir.problems import FhirProblem

_DOCTYPE: Final = b"<!DOCTYPE"


class Misfit(Exception):
    """An element that R4 does not have so: the element, the code of the problem, its words."""

    def __init__(self, element: Element, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.element: Final = element
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
    wanted = next(number for number, element in enumerate(root.iter()) if element is misfit.element)
    line, column = _tag(data, wanted)
    return FhirProblem(misfit.code, _path(root, misfit.element), line, column, **misfit.params)


def _tag(data: bytes, wanted: int) -> tuple[int, int]:
    parser = expat.ParserCreate("UTF-8")
    place = (1, 1)
    number = -1

    def start(*_: Any) -> None:
        nonlocal number, place
        number += 1
        if number == wanted:
            place = (parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    parser.StartElementHandler = start
    parser.Parse(data, True)
    return place


def _path(root: Element, wanted: Element) -> str | None:
    parents = {child: parent for parent in root.iter() for child in parent}
    steps: list[str] = []
    element = wanted
    while element is not root:
        parent = parents[element]
        name = element.tag.rpartition("}")[2]
        if not name[:1].isupper():
            alike = [child for child in parent if child.tag == element.tag]
            steps.append(f"{name}[{alike.index(element)}]" if len(alike) > 1 else name)
        element = parent
    return ".".join(reversed(steps[:80])) or None
