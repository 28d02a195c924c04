"""The narrative of a resource as plain text: its markup is other people's and is never shown."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final

from doorstep.record.charts.fhir.parts import clean, obj

_SKIPPED: Final = frozenset({"script", "style", "head", "title", "template", "iframe", "object"})
_BREAKS: Final = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "pre"})


class _Stripper(HTMLParser):
    """Keeps the words of a narrative and where its lines break; drops every tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipped += tag in _SKIPPED
        if tag in _BREAKS:
            self.said.append("\n")
        elif tag in ("td", "th"):
            self.said.append("\t")

    def handle_endtag(self, tag: str) -> None:
        self.skipped -= tag in _SKIPPED and self.skipped > 0
        if tag in _BREAKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.said.append(data)


def narrative(resource: Mapping[str, Any]) -> str:
    """The words of the narrative without any markup; empty where there is none or it cannot be read."""
    div = obj(resource.get("text")).get("div")
    if not isinstance(div, str):
        return ""
    stripper = _Stripper()
    try:
        stripper.feed(div[:100_000])
        stripper.close()
    except (AssertionError, ValueError):  # the parser of the standard library gives up on some broken markup
        return ""
    lines = (" ".join(line.split()) for line in "".join(stripper.said).split("\n"))
    return clean("\n".join(line for line in lines if line), 8000)
