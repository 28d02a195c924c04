"""From filled resources to a transaction: ids that stay the same, the document whole in a Binary, nothing that FHIR
does not allow."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid5

from doorstep.adapters.cda.mapping.rows import Made
from doorstep.adapters.cda.mapping.shapes import Context, Json, Kin
from doorstep.adapters.cda.shapes import Problem, Unreadable
from doorstep.adapters.cda.tree import Node
from doorstep.adapters.hl7v2.mapping.bundles import NAMESPACE
from doorstep.adapters.hl7v2.mapping.placing import without
from doorstep.fhir.validation.bindings import r4_bindings
from doorstep.fhir.validation.checking import check

HEADER: Final = ("patient", "encounter", "document")
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
RESTRICTED: Final = {"system": CONFIDENTIALITY, "code": "R", "display": "restricted"}
VERSION: Final = "http://hl7.org/fhir/StructureDefinition/composition-clinicaldocument-versionNumber"


@dataclass(slots=True)
class Builder:
    """A resource being filled: the element that began it, where; ``restricted`` where its section or document is;
    ``full_url`` once it is named, ``query`` of a conditional one."""

    made: Made
    node: Node
    place: str
    restricted: bool = False
    resource: Json = field(default_factory=dict)
    full_url: str = ""
    query: str = ""
    filled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.resource = {"resourceType": self.made.type}

    def missing(self) -> tuple[str, ...]:
        """The elements that it needs and has not (``value|code``: one of several)."""
        return tuple(n for n in self.made.needs if not any(each in self.resource for each in n.split("|")))

    @property
    def id(self) -> str:
        """The id under which it is kept."""
        return self.full_url.removeprefix("urn:uuid:")


@dataclass(slots=True)
class Names:
    """The resources of a transaction by their fullUrl, and how often a place has come."""

    by_url: dict[str, Builder] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)

    def name(
        self, builder: Builder, context: Context, section: Node | None, current: Mapping[str, Builder]
    ) -> Builder | None:
        """Give a resource the id that its key makes; the earlier one, where a statement is repeated with its id.

        The id is a name-based UUID of the institution, the type and the key: the same document, its next version and
        another document that repeats a statement by its id mean the same resource. An id that another statement of the
        document has, with another code, is not heeded: senders copy them.
        """
        for choice in builder.made.key:
            key = self._key(choice, builder, section, current)
            if not key:
                continue
            url = f"urn:uuid:{uuid5(NAMESPACE, '|'.join((context.institution, builder.made.type, key)))}"
            earlier = self.by_url.get(url)
            if earlier is not None and _alike(earlier, builder):
                return earlier
            if earlier is None:
                builder.full_url, self.by_url[url] = url, builder
                return None
        raise Unreadable(Problem("cda-missing", builder.place, builder.node.line, None, {"element": "id"}))

    def _key(self, choice: str, builder: Builder, section: Node | None, current: Mapping[str, Builder]) -> str:
        if choice == "identifier":
            holder = [builder.resource.get("masterIdentifier"), *builder.resource.get("identifier", ())]
            found = next((each for each in holder if each and each.get("value")), None)
            if found is None:
                return ""
            builder.query = f"identifier={quote(_token(found), safe=':/')}"
            return _token(found)
        if choice == "id":
            known = [each for each in builder.node.all("id") if each.get("root") and not each.get("nullFlavor")]
            return f"{known[0].get('root')}^{known[0].get('extension')}" if known else ""
        return self._placed(builder, section, current["document"])

    def _placed(self, builder: Builder, section: Node | None, document: Builder) -> str:
        kin = kin_of(document, "")
        around = section.first("code") if section is not None else None
        code = builder.node.first("code")
        parts = (
            kin.family or kin.number,
            (around.get("code") or around.get("displayName")) if around is not None else "",
            builder.node.name,
            (code.get("code") or code.get("displayName")) if code is not None else "",
        )
        place = "|".join(parts)
        self.times[place] = self.times.get(place, 0) + 1
        return f"{place}#{self.times[place]}"


def demand_usable(current: Mapping[str, Builder]) -> None:
    """Raise ``Unreadable`` for a document without a number of its own or a patient's."""
    if "document" not in current or "masterIdentifier" not in current["document"].resource:
        raise Unreadable(Problem("cda-no-id", "id"))
    if "patient" not in current:
        raise Unreadable(Problem("cda-no-patient", "recordTarget"))


def kin_of(document: Builder, binary: str) -> Kin:
    """What a document says of its versions."""
    resource = document.resource
    numbers = {
        use: [_token(i) for i in resource.get("identifier", ()) if i.get("use") == use] for use in ("official", "old")
    }
    said = next((e.get("valueString", "") for e in resource.get("extension", ()) if e.get("url") == VERSION), "")
    version = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
    family = next(iter(numbers["official"]), "")
    return Kin(document.id, binary, _token(resource["masterIdentifier"]), family, tuple(numbers["old"]), version)


def checked(builders: list[Builder]) -> list[Problem]:
    """Take out what is no valid FHIR, and tell of it: a value that no line of the tables foresaw must not keep a
    document from being taken. The header is left for the exchange to judge."""
    problems = []
    bindings = r4_bindings()
    for builder in list(builders):
        if builder.made.name in HEADER:
            continue
        found = [
            each for each in check(builder.made.type, builder.resource, bindings=bindings) if each.severity == "error"
        ]
        if found:
            builders.remove(builder)
            params = {"element": found[0].expression}
            problems.append(Problem("cda-not-valid", builder.place, builder.node.line, None, params))
    return problems


def bundle_of(
    builders: Sequence[Builder], data: bytes, context: Context, *, restricted: bool
) -> tuple[Json, Kin, tuple[str, ...]]:
    """The transaction, what the document says of its versions, and the place in it of each entry."""
    document = next(each for each in builders if each.made.name == "document")
    binary = str(uuid5(NAMESPACE, f"{context.institution}|Binary|{document.id}"))
    _attach(document, data, binary, restricted)
    facts = [each for each in builders if each.made.name not in HEADER]
    if facts:
        document.resource.setdefault("context", {})["related"] = [
            *document.resource.get("context", {}).get("related", ()), *({"reference": f.full_url} for f in facts)
        ]  # fmt: skip
    urls = {each.full_url for each in builders}
    gone = frozenset(_references([each.resource for each in builders]) - urls)
    entries = [_entry(each, document.full_url, gone) for each in builders]
    entries.append(_binary(document, data, binary, restricted))
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    places = (*(each.place or each.made.name for each in builders), "ClinicalDocument")
    return bundle, kin_of(document, binary), places


def _attach(document: Builder, data: bytes, binary: str, restricted: bool) -> None:
    resource = document.resource
    attachment = resource["content"][0]["attachment"]
    digest = base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()  # R4, Attachment.hash
    attachment |= {"contentType": "text/xml", "url": f"Binary/{binary}", "size": len(data), "hash": digest}
    labels = resource.setdefault("securityLabel", [])
    if restricted and not any(c.get("code") in ("R", "V") for each in labels for c in each.get("coding", ())):
        labels.append({"coding": [RESTRICTED]})
    if not labels:
        del resource["securityLabel"]


def _entry(builder: Builder, document: str, gone: frozenset[str]) -> Json:
    kind, key = builder.made.type, builder.id
    resource = without(builder.resource, gone) if gone else builder.resource
    meta: Json = {"source": document}
    if builder.restricted and builder.made.name != "patient":
        meta["security"] = [RESTRICTED]
    if builder.made.write == "create":
        body = {"resourceType": kind, "meta": meta, **resource}
        request = {"method": "POST", "url": kind, "ifNoneExist": builder.query}
    else:
        body = {"resourceType": kind, "id": key, "meta": meta, **resource}
        request = {"method": "PUT", "url": f"{kind}/{key}"}
    return {"fullUrl": builder.full_url, "resource": body, "request": request}


def _binary(document: Builder, data: bytes, key: str, restricted: bool) -> Json:
    meta: Json = {"source": document.full_url, **({"security": [RESTRICTED]} if restricted else {})}
    body = {
        "resourceType": "Binary", "id": key, "meta": meta, "contentType": "text/xml",
        "securityContext": {"reference": document.full_url}, "data": base64.b64encode(data).decode(),
    }  # fmt: skip
    return {"fullUrl": f"urn:uuid:{key}", "resource": body, "request": {"method": "PUT", "url": f"Binary/{key}"}}


def _alike(one: Builder, other: Builder) -> bool:
    """Whether two statements with one id say the same: of one kind, with the same code."""
    names = ("code", "medicationCodeableConcept", "vaccineCode", "type")
    return one.made is other.made and all(one.resource.get(n) == other.resource.get(n) for n in names)


def _token(identifier: Mapping[str, Any]) -> str:
    return f"{identifier.get('system', '')}|{identifier.get('value', '')}"


def _references(node: Any) -> set[str]:
    """The references by URN anywhere in resources."""
    found, stack = set[str](), [node]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            said = one.get("reference")
            if isinstance(said, str) and said.startswith("urn:uuid:"):
                found.add(said)
            stack += one.values()
        elif isinstance(one, list):
            stack += one
    return found
