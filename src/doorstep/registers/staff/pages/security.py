"""One's own account: password, second factors, sessions, and the proof that a grave act asks for."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from doorstep.kernel.act import confirmed
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.web.pages import CalledRequest, Rule, page
from doorstep.kernel.web.qr import qr
from doorstep.kernel.web.words import sentence
from doorstep.registers.staff.actions import factors, outside, passkeys, passwords, sessions, signing
from doorstep.registers.staff.actions.sessions import address_of
from doorstep.registers.staff.forms import Confirm, OwnPassword, TotpForm
from doorstep.registers.staff.pages.signing import status, takes_passkeys, waited, wanted, with_next
from doorstep.registers.staff.reads import signing as reads
from doorstep.registers.staff.shapes import SignedIn


def _own(request: CalledRequest) -> UUID:
    return UUID(str(request.user.pk))


@page(Rule.SIGNED_IN)
@never_cache
def security(request: CalledRequest) -> HttpResponse:
    """How one signs in, and where one is signed in."""
    owes = request.call.owes
    context = {
        "factors": reads.factors(_own(request)),
        "sessions": reads.sessions(_own(request)),
        "here": sessions.key_of(request),
        "owes": sentence(refuse(owes)) if owes else "",
        "takes_passkeys": takes_passkeys(request),
    }
    return render(request, "staff/security.html", context)


@page(Rule.SIGNED_IN)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: CalledRequest) -> HttpResponse:
    """Change one's password."""
    form, wait = OwnPassword(request.POST or None), 0
    if form.is_valid():
        given = form.cleaned_data
        try:
            wait = passwords.change_own(
                request, request.call, old=given["old"], new=given["new"], address=address_of(request)
            )
            if not wait:
                messages.success(request, _("密码已改，其他地方的登录都已退出。"))
                return redirect("staff:security")
            form.add_error(None, waited(SignedIn(None, wait)))
        except Refused as refused:
            form.add_refusal(refused, "old" if refused.decision.reason == "password.wrong" else "new")
    return render(request, "staff/own_form.html", {"form": form, "title": _("修改密码")}, status=_code(form, wait))


def _code(form: OwnPassword | TotpForm, wait: int = 0) -> int:
    if wait:
        return 429
    return 422 if form.is_bound else 200


@page(Rule.SIGNED_IN)
@never_cache
@require_http_methods(["GET", "POST"])
def totp(request: CalledRequest) -> HttpResponse:
    """Put a generator of codes on one's telephone: the picture is drawn here, its first code proves it."""
    form = TotpForm(request.POST or None)
    if form.is_valid():
        try:
            return _told_codes(request, factors.take_totp(request, request.call, form.cleaned_data["code"]))
        except Refused as refused:
            if refused.decision.reason != "code.wrong":
                raise
            form.add_refusal(refused, "code")
    secret, address = factors.offer_totp(request, request.call)
    groups = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    context = {"form": form, "picture": qr(address), "secret": groups}
    return render(request, "staff/totp.html", context, status=_code(form))


def _told_codes(request: CalledRequest, codes: tuple[str, ...]) -> HttpResponse:
    """The recovery codes, this once, where there are new ones."""
    if codes:
        return render(request, "staff/codes.html", {"codes": codes})
    messages.success(request, _("已添加。"))
    return redirect("staff:security")


@page(Rule.SIGNED_IN)
@require_POST
def remove_totp(request: CalledRequest) -> HttpResponse:
    """Take the generator away."""
    factors.remove_totp(request, request.call)
    messages.success(request, _("已移除手机验证器。"))
    return redirect("staff:security")


@page(Rule.SIGNED_IN)
@never_cache
@require_POST
def codes(request: CalledRequest) -> HttpResponse:
    """New recovery codes; the old ones are void."""
    return _told_codes(request, factors.new_codes(request, request.call))


@page(Rule.SIGNED_IN)
@never_cache
@require_http_methods(["GET", "POST"])
def passkey(request: CalledRequest) -> HttpResponse:
    """Make a passkey: first what the browser needs, then what it has made."""
    if "options" in request.POST:
        return JsonResponse(dict(passkeys.begin_making(request, request.call)))
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:60] or _("通行密钥")
        try:
            made = passkeys.make(request, request.call, response=request.POST.get("response", ""), name=name)
            return _told_codes(request, made)
        except Refused as refused:
            if refused.decision.reason not in {"passkey.wrong", "passkey.taken"}:
                raise
            messages.error(request, sentence(refused.decision))
            return redirect("staff:passkey")
    demand(confirmed(request.call))
    return render(request, "staff/passkey.html", {"takes_passkeys": takes_passkeys(request)})


@page(Rule.SIGNED_IN)
@require_POST
def remove_passkey(request: CalledRequest, key: UUID) -> HttpResponse:
    """Take a passkey away."""
    passkeys.remove(request, request.call, key)
    messages.success(request, _("已移除通行密钥。"))
    return redirect("staff:security")


@page(Rule.SIGNED_IN)
@require_POST
def end_session(request: CalledRequest) -> HttpResponse:
    """End one other session, or all others."""
    if request.POST.get("session") == "others":
        sessions.end_own_others(request, request.call)
        messages.success(request, _("其他地方的登录都已退出。"))
        return redirect("staff:security")
    try:
        gone = sessions.end(request, request.call, UUID(request.POST.get("session", "")))
    except ValueError:
        gone = False
    if gone:
        messages.success(request, _("那里的登录已退出。"))
    else:
        messages.info(request, _("那里已经不在登录状态。"))
    return redirect("staff:security")


@page(Rule.SIGNED_IN)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def confirm(request: CalledRequest) -> HttpResponse:
    """Prove once more who one is, and go back to where one was."""
    if "options" in request.POST:
        return JsonResponse(dict(passkeys.begin_using(request, sessions.own(request))))
    found, answer = reads.factors(_own(request)), SignedIn(None)
    form, key = Confirm(request.POST or None, second=found.second), request.POST.get("response", "")
    if key or form.is_valid():
        given = {"password": "", "code": ""} if key else form.cleaned_data
        answer = signing.confirm(
            request,
            request.call,
            password=given["password"],
            code=given.get("code", ""),
            passkey=key,
            address=address_of(request),
        )
        if answer.account:
            return redirect(wanted(request))
    provider = outside.provider()
    context = {
        "form": Confirm(initial={"next": wanted(request)}, second=found.second),
        "factors": found,
        "passkeys": bool(found.passkeys) and takes_passkeys(request),
        "next": wanted(request),
        "fault": (waited(answer) or _("确认没有通过，请再试一次。")) if request.method == "POST" else "",
        "city": provider.title if provider and not found.second else "",
        "city_address": with_next("staff:sign_in_city", wanted(request)),
    }
    return render(request, "staff/confirm.html", context, status=status(request, answer))
