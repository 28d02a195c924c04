"""To the city's identity provider and back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from doorstep.adapters.openid import Unproven
from doorstep.kernel.web.pages import CalledRequest, Rule, page
from doorstep.registers.staff.actions import outside
from doorstep.registers.staff.actions.sessions import address_of
from doorstep.registers.staff.pages.signing import after, wanted, with_next


@page(Rule.ANYONE)
@never_cache
@require_GET
def begin(request: CalledRequest) -> HttpResponse:
    """Off to the provider; one who is signed in already goes there to confirm."""
    try:
        return redirect(outside.begin(request, going=wanted(request), again=request.call is not None))
    except Unproven:
        messages.error(request, _("统一身份认证现在连不上，请稍后再试，或者用密码登录。"))
        return redirect(with_next("staff:sign_in", wanted(request)))


@page(Rule.ANYONE)
@never_cache
@require_GET
def back(request: CalledRequest) -> HttpResponse:
    """Back from the provider, with proof or without."""
    answer, going = outside.finish(request, request.call, address_of(request))
    if answer.account is None:
        text = _("统一身份认证没有通过，或者您的身份还没有绑定到本系统的账户。请找本单位的管理员，或者用密码登录。")
        messages.error(request, text)
        return redirect(with_next("staff:sign_in", going))
    return redirect(after(answer, going))
