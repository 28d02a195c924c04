"""Several people at one house, each in a browser of their own: staff and residents, signed in as the house signs in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.test import Client

from doorstep.kernel import outbox
from doorstep.kernel.testing.browser import at_widths, axe, no_sideways
from doorstep.registers.portal.tests import factory as portal
from doorstep.registers.staff.tests import factory as staff

PICTURES = os.environ.get("DOORSTEP_PICTURES", "")
"""A folder into which each step is drawn, for whoever wants to look."""


@dataclass(frozen=True)
class Crowd:
    """Opens a page for one of them; ``sent`` is the file into which short messages are written."""

    open_page: Callable[..., Any]
    url: str
    sent: Path

    def staff(self, organisation: UUID, role: str, name: str) -> Any:
        """A page of somebody with a post at an institution."""
        return self._enter(staff.client_of(staff.somebody(organisation, role, name)), 1280)

    def resident(self, who: UUID, phone: str, language: str = "zh-CN") -> Any:
        """A page of a resident on their telephone."""
        return self._enter(portal.client_of(who, phone=phone), 360, language)

    def _enter(self, client: Client, width: int, language: str = "zh-CN") -> Any:
        page = self.open_page(width=width, language=language)
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}])
        return page

    def told(self, phone: str) -> list[str]:
        """What was said to a telephone so far, after the worker has delivered what waits."""
        outbox.drain()
        lines = self.sent.read_text().splitlines() if self.sent.exists() else []
        return [said["text"] for said in map(json.loads, lines) if said["phone"] == phone]


def looked_at(page: Any, name: str) -> None:
    """At both widths: nothing sticks out, axe finds nothing grave; drawn where pictures are wanted."""
    before = page.viewport_size
    for width in at_widths(page):
        no_sideways(page)
        axe(page)
        if PICTURES:
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}.png"), full_page=True)
    page.set_viewport_size(before)
