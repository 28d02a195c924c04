"""FHIR XML to FHIR JSON: strict, literals as they are, every fault with its line, column and path."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import orjson

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, Limits
from doorstep.fhir.xml import narrative
from doorstep.fhir.xml.encodings import utf8
from doorstep.fhir.xml.places import Misfit, located, refuse_doctype
from doorstep.fhir.xml.plans import FHIR, Form, Plan, Shape, resource_types, shape

# a tree takes more than ten times its text, so bundles are smaller in XML than in JSON
BUNDLE_BYTES: Final = 32 << 20
TAGS: Final = 1_000_000
_PREFIX: Final = f"{{{FHIR}}}"
_BUNDLE: Final = re.compile(rb"<(?:[^\s<>/!?:]+:)?Bundle[\s/>]")
_IGNORED: Final = frozenset(
    {
        "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
        "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation",
    }
)
_INTEGER: Final = re.compile(r"\+?(-?(?:0|[1-9][0-9]*))")
_DECIMAL: Final = re.compile(r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_BOOLEANS: Final = {"true": True, "false": False}


@cache
def _tags() -> dict[str, str]:
    """The tags of documents with the types that they name; read when first asked for, as the definitions are."""
    return {_PREFIX + name: name for name in resource_types()}


def read(data: bytes, limits: Limits = LIMITS) -> bytes:
    """Return one resource, given as XML, as minified JSON; FhirProblem with line, column and path of the first fault.

    Comments and processing instructions are dropped. A document type, and with it every entity, is refused.
    """
    most = min(BUNDLE_BYTES, limits.bundle_bytes)
    if len(data) > limits.resource_bytes and (len(data) > most or not _BUNDLE.search(data[:65536])):
        raise FhirProblem("too-large", limit=most if _BUNDLE.search(data[:65536]) else limits.resource_bytes)
    text = utf8(data)
    if not text.strip():
        raise FhirProblem("empty")
    if text.count(b"<") > TAGS:
        raise FhirProblem("xml-too-many", limit=TAGS)
    refuse_doctype(text)
    root = _tree(text)
    if len(data) > limits.resource_bytes and root.tag != _PREFIX + "Bundle":
        raise FhirProblem("too-large", limit=limits.resource_bytes)
    try:
        resource = _Reader(text, limits.depth).document(root)
        return orjson.dumps(resource)
    except Misfit as misfit:
        raise located(misfit, root, text) from None


def _tree(text: bytes) -> Element:
    try:
        # the declaration named the encoding that the bytes had before
        return ElementTree.fromstring(text, ElementTree.XMLParser(encoding="utf-8"))  # noqa: S314 - no document type
    except ElementTree.ParseError as error:
        line, column = error.position
        raise FhirProblem("xml-syntax", None, line, column + 1, detail=str(error).partition(":")[0]) from None


def _refuse_text(element: Element, text: str | None) -> None:
    if text and not text.isspace():
        raise Misfit(element, "xml-text", text=text.strip())


class _Reader:
    """One pass through one document; holds the sources of its narratives, in order, and the levels it may have."""

    def __init__(self, text: bytes, depth: int) -> None:
        self._depth = depth
        self._divs = narrative.sources(text)

    def document(self, root: Element) -> dict[str, Any]:
        """Return the resource that the whole document is."""
        return self._resource(root, self._depth)

    def _resource(self, element: Element, depth: int) -> dict[str, Any]:
        name = _tags().get(element.tag)
        if name is None:
            raise _stranger(element, resource=True)
        for attribute in element.attrib:
            if attribute not in _IGNORED:
                raise Misfit(element, "xml-attribute", name=attribute)
        resource: dict[str, Any] = {"resourceType": name}
        try:
            self._children(element, shape(name), resource, depth)
        except Misfit as misfit:
            misfit.trail.append(element)
            raise
        return resource

    def _children(self, element: Element, form: Shape, result: dict[str, Any], depth: int) -> None:
        if depth <= 0:
            raise Misfit(element, "too-deep", limit=self._depth)
        _refuse_text(element, element.text)
        tags = form.tags
        padded: list[Plan] = []
        for child in element:
            plan = tags.get(child.tag)
            if plan is None:
                raise _stranger(child)
            if not plan.primitive:
                _put(child, plan, result, self._content(child, plan, depth))
            else:
                attributes = child.attrib
                if len(attributes) != 1 or len(child) or child.text or "value" not in attributes:
                    self._extended(child, plan, result, depth, padded)
                else:
                    value = attributes["value"]
                    _put(child, plan, result, value if plan.plain else _converted(child, plan, value))
            if child.tail and not child.tail.isspace():
                _refuse_text(element, child.tail)
        for plan in padded:
            _pad(plan, result)

    def _content(self, child: Element, plan: Plan, depth: int) -> Any:
        try:
            if plan.form is Form.COMPLEX:
                return self._complex(child, shape(plan.type), depth)
            if plan.form is Form.RESOURCE:
                return self._wrapped(child, depth)
            return narrative.text_of_div(child, next(self._divs))
        except Misfit as misfit:
            misfit.trail.append(child)
            raise
        except FhirProblem as problem:
            raise Misfit(child, problem.code, **problem.params) from None

    def _complex(self, child: Element, form: Shape, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if child.attrib or form.required:
            _attributes(child, form, result)
        self._children(child, form, result, depth - 1)
        if not result:
            raise Misfit(child, "xml-empty")
        return result

    def _wrapped(self, child: Element, depth: int) -> dict[str, Any]:
        if child.attrib:
            raise Misfit(child, "xml-attribute", name=next(iter(child.attrib)))
        inner = list(child)
        if not inner:
            raise Misfit(child, "no-resource")
        if len(inner) > 1:
            raise Misfit(inner[1], "xml-repeated", name=inner[1].tag.rpartition("}")[2])
        _refuse_text(child, child.text)
        _refuse_text(child, inner[0].tail)
        return self._resource(inner[0], depth - 1)

    def _extended(self, child: Element, plan: Plan, result: dict[str, Any], depth: int, padded: list[Plan]) -> None:
        """Take a primitive that has more than its value, or has none."""
        extra: dict[str, Any] = {}
        _attributes(child, shape("Element"), extra, "value")
        try:
            self._children(child, shape("Element"), extra, depth - 1)
        except Misfit as misfit:
            misfit.trail.append(child)
            raise
        raw = child.get("value")
        if raw is None and not extra:
            raise Misfit(child, "xml-attribute-missing", name="value")
        value = None if raw is None else _converted(child, plan, raw)
        if not plan.many:
            if plan.key in result or plan.extra in result:
                raise Misfit(child, "xml-repeated", name=plan.key)
            if value is not None:
                result[plan.key] = value
            if extra:
                result[plan.extra] = extra
            return
        values = result.setdefault(plan.key, [])
        values.append(value)
        extras = result.setdefault(plan.extra, [])
        extras.extend([None] * (len(values) - 1 - len(extras)))
        extras.append(extra or None)
        padded.append(plan)


def _put(child: Element, plan: Plan, result: dict[str, Any], value: Any) -> None:
    key = plan.key
    if not plan.many:
        if key in result or plan.extra in result:
            raise Misfit(child, "xml-repeated", name=key)
        result[key] = value
    elif key in result:
        result[key].append(value)
    else:
        result[key] = [value]


def _pad(plan: Plan, result: dict[str, Any]) -> None:
    """Make both arrays of a primitive equally long; one that holds nothing but null is left out."""
    if plan.key in result and plan.extra in result:
        values, extras = result[plan.key], result[plan.extra]
        extras.extend([None] * (len(values) - len(extras)))
        for key, items in ((plan.key, values), (plan.extra, extras)):
            if all(item is None for item in items):
                del result[key]


def _attributes(element: Element, form: Shape, result: dict[str, Any], besides: str = "") -> None:
    for name, value in element.items():
        if name in form.attributes:
            result[name] = value
        elif name != besides and name not in _IGNORED:
            raise Misfit(element, "xml-attribute", name=name)
    for name in form.required:
        if name not in result:
            raise Misfit(element, "xml-attribute-missing", name=name)


def _converted(child: Element, plan: Plan, value: str) -> Any:
    if plan.plain:
        return value
    if plan.form is Form.BOOLEAN:
        if value in _BOOLEANS:
            return _BOOLEANS[value]
    else:
        match = (_DECIMAL if plan.form is Form.DECIMAL else _INTEGER).fullmatch(value)
        if match and match[1].isascii():
            return orjson.Fragment(match[1])
    raise Misfit(child, "xml-value", value=value, type=plan.type)


def _stranger(element: Element, resource: bool = False) -> Misfit:
    namespace, _, name = element.tag.rpartition("}")
    namespace = namespace[1:]
    if namespace != FHIR or name == "div":
        return Misfit(element, "xml-namespace", name=name, namespace=namespace)
    return Misfit(element, "unknown-type", type=name) if resource else Misfit(element, "xml-element", name=name)
