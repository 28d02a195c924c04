"""The small parts of resources, read so that a wrong shape is nothing and never an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from doorstep.fhir.dates import interval
from doorstep.fhir.tables import known_types
from doorstep.kernel.clock import CHINA
from doorstep.kernel.coding import Coding
from doorstep.record.charts.shapes import Concept, Key, Ref, When

Json = Mapping[str, Any]

LONGEST: Final = 4000
MOST: Final = 50
# Control signs, and those that turn the direction of writing: a name could pass for another with them.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_RELATIVE: Final = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_TYPES: Final = (
    "Base64Binary|Boolean|Canonical|Code|Date|DateTime|Decimal|Id|Instant|Integer|Markdown|Oid|PositiveInt|String|Time|"
    "UnsignedInt|Uri|Url|Uuid|Address|Age|Annotation|Attachment|CodeableConcept|Coding|ContactPoint|Count|Distance|"
    "Duration|HumanName|Identifier|Money|Period|Quantity|Range|Ratio|Reference|SampledData|Signature|Timing|Dosage|Expression"
)
# The elements of R4 that are a choice of types (name[x]); others only look alike (reasonCode, birthDate).
_BASES: Final = (
    "abatement|additive|age|allowed|amount|answer|asNeeded|asserted|author|born|chargeItem|collected|content|deceased|"
    "definition|detail|diagnosis|dose|doseNumber|due|effective|entity|fastingStatus|identified|item|legallyBinding|"
    "location|medication|multipleBirth|occurrence|occurring|onset|performed|probability|procedure|product|quantity|rate|"
    "reported|scheduled|schedule|seriesDoses|serviced|source|start|subject|substance|target|time|timing|topic|used|value|when"
)
_CHOICE: Final = re.compile(rf"({_BASES})(?:{_TYPES})")


def parsed(body: bytes | str) -> dict[str, Any]:
    """The object of a stored body with numbers as they were written; empty where it cannot be read."""
    try:
        found = _DECODER.decode(body)
    except (ValueError, ArithmeticError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def element(name: str) -> str:
    """The name of an element without the type of a choice: ``valueQuantity`` is ``value``."""
    match = _CHOICE.fullmatch(name)
    return match[1] if match else name


def clean(text: str, longest: int = LONGEST) -> str:
    """A text fit to be shown: no unseen signs, not endless."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return _SURROGATE.sub("\ufffd", _UNSEEN.sub("", cut)).strip()


def text(value: object, longest: int = 500) -> str:
    """The value where it is a text (or number), fit to be shown; else nothing."""
    if isinstance(value, str):
        return clean(value, longest)
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(found) if (found := number(value)) is not None else ""


def word(value: object) -> str:
    """A code as it was sent."""
    return clean(value, 100) if isinstance(value, str) else ""


def obj(value: object) -> Json:
    """The value where it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def every(value: object) -> list[Any]:
    """The first items of an array; a single value stands for an array of one."""
    if isinstance(value, list):
        return value[:MOST]
    return [] if value is None else [value]


def objs(value: object) -> list[Json]:
    """The objects of an array."""
    return [item for item in every(value) if isinstance(item, dict)]


def number(value: object) -> Decimal | None:
    """A finite number of a size that can be written out; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, int) and value.bit_length() > 100:
        return None
    found = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not found.is_finite() or (found and abs(found.adjusted()) > 30) or len(found.as_tuple().digits) > 60:
        return None
    return found


def plain(value: Decimal) -> str:
    """A number as people write it, to the digits that were sent."""
    return f"{value:f}"


def short(value: Decimal) -> str:
    """A number for a table: noise of computed values is cut to four significant digits, at least two decimals."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= -4:
        return plain(value)
    places = max(2, 3 - value.adjusted()) if value else 2
    rounded = plain(round(value, places))
    return rounded.rstrip("0").rstrip(".") if "." in rounded else rounded


def coding(value: object) -> Coding:
    """A Coding."""
    found = obj(value)
    return Coding(word(found.get("system")), word(found.get("code")), text(found.get("display")))


def concept(value: object) -> Concept:
    """A CodeableConcept, a Coding, or bare words in their place; the words are the source's own before any code's."""
    if isinstance(value, list):
        return concept(value[0]) if value and not isinstance(value[0], list) else Concept()
    if isinstance(value, str):
        return Concept(clean(value, 500))
    found = obj(value)
    if isinstance(found.get("concept"), dict):
        found = obj(found["concept"])
    raw = objs(found.get("coding")) or ([found] if {"code", "display"} & set(found) else [])
    read = [(one.get("userSelected") is True, coding(one)) for one in raw]
    return _concept(text(found.get("text")), [(chosen, c) for chosen, c in read if c.code or c.display])


def _concept(words: str, read: Sequence[tuple[bool, Coding]]) -> Concept:
    """The words: given as such, else of the coding that a person chose, else of the first that has any."""
    chosen = [c.display for selected, c in read if selected]
    said = [words, *chosen, *(c.display for _selected, c in read), *(c.code for _selected, c in read)]
    return Concept(next(filter(None, said), ""), tuple(c for _selected, c in read))


def concepts(value: object) -> tuple[Concept, ...]:
    """The concepts of an array that say anything."""
    return tuple(found for item in every(value) if (found := concept(item)).text)


def words(value: object) -> str:
    """The concepts of an array in one line."""
    return "、".join(dict.fromkeys(c.text for c in concepts(value)))


def code_of(value: object) -> str:
    """The bare code of a concept of a fixed value set (a status)."""
    found = concept(value)
    return next((c.code for c in found.codings if c.code), found.text)


def when(value: object) -> When | None:
    """A date, dateTime, instant, or the start of a Period; what is no possible date keeps its text."""
    if isinstance(value, dict):
        return when(value.get("start")) or when(value.get("end"))
    if not isinstance(value, str) or not (said := clean(value, 60)):
        return None
    found = interval(said, CHINA)
    sound = found is not None and 1000 <= found[0].year < 9990
    return When(said, found[0] if found is not None and sound else None)


def until(value: object) -> When | None:
    """The end of a Period."""
    return when(value.get("end")) if isinstance(value, dict) else None


def choice(resource: Json, name: str) -> tuple[str, Any]:
    """The key and value of a choice element (``onset[x]``), or of the plain one; ("", None) where there is none."""
    if resource.get(name) is not None:
        return name, resource[name]
    return next(
        ((key, value) for key, value in resource.items() if value is not None and _names(key, name)),
        ("", None),
    )


def _names(key: str, name: str) -> bool:
    return key.startswith(name) and key != name and element(key) == name


def ref(value: object) -> Ref | None:
    """A Reference (or the bare text of one)."""
    found = obj(value)
    target = value if isinstance(value, str) else found.get("reference")
    reference = clean(target, 300) if isinstance(target, str) else ""
    identifier = text(obj(found.get("identifier")).get("value"), 100)
    display = text(found.get("display")) or identifier
    if not reference and not display:
        return None
    return Ref(reference, display, key_of(reference))


def key_of(reference: str) -> Key | None:
    """The (type, id) of a relative reference to a known type."""
    match = _RELATIVE.fullmatch(reference)
    return (match[1], match[2]) if match and match[1] in known_types() else None


def walk_refs(value: object, depth: int = 0) -> Iterator[Ref]:
    """The references in a value, as far down as people would look."""
    if depth > 12:
        return
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str) and (found := ref(value)) is not None:
            yield found
        for child in value.values():
            yield from walk_refs(child, depth + 1)
    elif isinstance(value, list):
        for child in value[:MOST]:
            yield from walk_refs(child, depth + 1)
