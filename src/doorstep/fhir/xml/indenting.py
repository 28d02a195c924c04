"""FHIR XML for reading eyes: an element a line, two spaces a level, narratives as they are."""

from __future__ import annotations

import re
from typing import Final

from doorstep.fhir.xml.narrative import sources

_TAG: Final = re.compile(rb"""<(/?)([^\s/>]+)(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")


def pretty(document: bytes) -> bytes:
    """Return a document that `write` made (no text but in narratives, no space between tags), indented."""
    head, _, rest = document.partition(b"\n")
    lines = [head]
    divs = sources(rest)
    level = place = 0
    opened = False
    while match := _TAG.match(rest, place):
        closing, name = match.groups()
        narrative = name.rpartition(b":")[2] == b"div"
        text = next(divs) if narrative else match[0]
        level -= bool(closing)
        if closing and opened:
            lines[-1] += text
        else:
            lines.append(b"  " * level + text)
        opened = not (narrative or closing or text.endswith(b"/>"))
        level += opened
        place += len(text)
    return b"\n".join(lines) + b"\n"
