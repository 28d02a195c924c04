"""The narrative of a section as safe HTML: written by this code alone, from a list of elements, every text escaped.

Nothing of the document's own markup is passed on: no attribute but a table's spans, no address, no style. What is not
in the list is shown by its text. Images are shown only where the document itself holds them (``observationMedia``).
CDA R2, 4.3.5 (narrative block).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Final

from doorstep.adapters.cda.document import visible
from doorstep.adapters.cda.tree import Node

TAGS: Final[Mapping[str, str]] = {
    "paragraph": "p", "item": "li", "table": "table", "thead": "thead", "tbody": "tbody", "tfoot": "tfoot", "tr": "tr",
    "th": "th", "td": "td", "sub": "sub", "sup": "sup", "footnote": "small",
}  # fmt: skip
STYLES: Final[Mapping[str, str]] = {"Bold": "strong", "Italics": "em", "Underline": "u", "Emphasis": "em"}
IMAGES: Final[Mapping[str, tuple[bytes, ...]]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",), "image/gif": (b"GIF87a", b"GIF89a"),
}  # fmt: skip
"""Kinds of images that are shown, and how their bytes begin."""
CLOSED: Final = frozenset({"col", "colgroup"})  # they carry widths and nothing to read
SPAN: Final = re.compile(r"[1-9][0-9]{0,2}")
_SPACE: Final = re.compile(r"\s+")
_XML_SPACE: Final = " \t\r\n"


def html(text: Node, media: Mapping[str, Node]) -> str:
    """A narrative as HTML; ``media`` are the document's ``observationMedia`` by their ID (``media_of``)."""
    return "".join(_within(text, media))


def media_of(root: Node) -> dict[str, Node]:
    """The images that a document holds, by the ID by which its narrative shows them."""
    return {node.get("ID"): node for node in root.walk() if node.name == "observationMedia" and node.get("ID")}


def _within(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    for each in node.content:
        if isinstance(each, str):
            yield escape(visible(each))
        else:
            yield from _element(each, media)


def _element(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    shown = ELEMENTS.get(node.name)
    if shown is not None:
        yield from shown(node, media)
    elif node.name in TAGS:
        yield from _wrapped(node, TAGS[node.name], media)
    elif (
        node.name not in CLOSED or node.text
    ):  # linkHtml, footnoteRef, and whatever is none of CDA's: its words, nothing else of it
        yield from _within(node, media)


def _break(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    yield "<br>"


def _list(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    """A list; its caption stands before it, for only items may stand in it."""
    for caption in node.all("caption"):
        yield from _wrapped(caption, "strong", media)
    tag = "ol" if node.get("listType") == "ordered" else "ul"
    yield f"<{tag}>"
    for item in node.content:
        if not isinstance(item, str) and item.name != "caption":
            yield from _wrapped(item, "li", media)
        elif isinstance(item, str) and item.strip(_XML_SPACE):
            yield f"<li>{escape(visible(item))}</li>"
    yield f"</{tag}>"


def _caption(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    at_top = node.parent is not None and node.parent.name == "table"
    yield from _wrapped(node, "caption" if at_top else "strong", media)


def _table(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    yield '<div class="scroll" tabindex="0">'
    yield from _wrapped(node, "table", media)
    yield "</div>"


def _wrapped(node: Node, tag: str, media: Mapping[str, Node]) -> Iterator[str]:
    spans = ""
    if tag in ("td", "th"):
        spans = "".join(f' {n}="{node.get(n)}"' for n in ("colspan", "rowspan") if SPAN.fullmatch(node.get(n)))
    table = tag in ("table", "thead", "tbody", "tfoot", "tr")
    yield f"<{tag}{spans}>"
    for each in node.content:
        if not isinstance(each, str):
            yield from _element(each, media)
        elif not table or each.strip(_XML_SPACE):
            yield escape(visible(each))
    yield f"</{tag}>"


def _content(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    """Content with its styles; what was struck out in a revision stays readable as that."""
    tags = [STYLES[each] for each in node.get("styleCode").split() if each in STYLES]
    revised = {"delete": "del", "insert": "ins"}.get(node.get("revised"))
    tags = list(dict.fromkeys([*tags, *([revised] if revised else [])]))
    yield "".join(f"<{tag}>" for tag in tags)
    yield from _within(node, media)
    yield "".join(f"</{tag}>" for tag in reversed(tags))


def _images(node: Node, media: Mapping[str, Node]) -> Iterator[str]:
    caption = node.first("caption")
    said = visible(caption.text) if caption is not None else ""
    for key in node.get("referencedObject").split():
        found = image(media[key]) if key in media else None
        if found is None:
            yield f"<em>[{escape(said or visible(key))}]</em>"
        else:
            kind, data = found
            yield f'<img alt="{escape(said)}" src="data:{kind};base64,{base64.b64encode(data).decode()}">'
    if said:
        yield f"<br>{escape(said)}"


ELEMENTS: Final[Mapping[str, Callable[[Node, Mapping[str, Node]], Iterator[str]]]] = {
    "br": _break, "caption": _caption, "content": _content, "list": _list, "renderMultiMedia": _images, "table": _table,
}  # fmt: skip


def image(holder: Node) -> tuple[str, bytes] | None:
    """The type and bytes of an image that a document holds; None for what is no image of a kind that is shown."""
    value = holder.first("value")
    kind = value.get("mediaType").lower() if value is not None else ""
    if value is None or kind not in IMAGES or value.get("representation").upper() != "B64":
        return None
    try:
        data = base64.b64decode(_SPACE.sub("", "".join(value.texts())), validate=True)
    except (binascii.Error, ValueError):
        return None
    return (kind, data) if data.startswith(IMAGES[kind]) else None
