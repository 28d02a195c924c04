"""What a page of a chart says where nothing speaks for opening it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http.response import HttpResponseBase
from django.shortcuts import render

from doorstep.kernel.decision import Refused
from doorstep.kernel.web.pages import CalledRequest
from doorstep.registers.consents import api as consents

P = ParamSpec("P")
View = Callable[Concatenate[CalledRequest, P], HttpResponseBase]


def reasoned(view: View[P]) -> View[P]:
    """Turn the refusal for want of a reason into a page that explains it and offers break-glass to who may."""

    @wraps(view)
    def run(request: CalledRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            if refused.decision.reason != consents.NO_REASON:
                raise
            context = {"decision": refused.decision, **refused.decision.detail}
            return render(request, "charts/no_reason.html", context, status=403)

    return cast("View[P]", run)
