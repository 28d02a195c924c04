"""QR codes as pictures in a page."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe


def qr(text: str, *, scale: int = 5) -> SafeString:
    """An SVG of the code of a text, to be put into a page; drawn by segno, which writes nothing of the text into it."""
    return mark_safe(segno.make(text, error="m").svg_inline(scale=scale, border=4))  # noqa: S308  # squares alone
