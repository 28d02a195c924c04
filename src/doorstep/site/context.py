"""What the kernel cannot know for its pages: the name of the institution where the caller stands."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from doorstep.kernel import clock
from doorstep.kernel.web.pages import call_of
from doorstep.registers.organisations import api as organisations
from doorstep.registers.portal import api as portal


def acting(request: HttpRequest) -> dict[str, object]:
    """``acting``: for whom a resident acts and might act; None for all others. Asked where a page shows it."""
    return {"acting": SimpleLazyObject(lambda: portal.acting(call_of(request)))}


def workplace(request: HttpRequest) -> dict[str, str]:
    """``workplace``: a name, or empty for strangers and callers without a post."""
    call = call_of(request)
    if call is None or call.organisation is None:
        return {"workplace": ""}
    return {"workplace": _name(call.organisation, int(clock.now().timestamp()) // 60)}


@lru_cache(maxsize=512)
def _name(organisation: UUID, minute: int) -> str:
    """Asked once a minute and institution: every page shows it, it hardly ever changes."""
    return organisations.names((organisation,)).get(organisation, "")
