"""Who asks: one who works here, or a resident. A browser is one of them at a time, for each sign-in ends the other."""

from __future__ import annotations

from django.http import HttpRequest

from doorstep.kernel.call import Call
from doorstep.registers.portal import api as portal
from doorstep.registers.staff import api as staff


def call_for(request: HttpRequest) -> Call | None:
    """The call of a request; None for strangers."""
    return portal.call_for(request) or staff.call_for(request)
