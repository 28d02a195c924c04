"""Sign-in with its second step, sign-out, and the choice of a post."""

from __future__ import annotations

from ipaddress import ip_address
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import split_domain_port
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused
from doorstep.kernel.web.pages import CalledRequest, Rule, call_of, inside, page
from doorstep.kernel.web.words import sentence
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff.actions import outside, passkeys, signing
from doorstep.registers.staff.actions.sessions import address_of
from doorstep.registers.staff.forms import SecondStep, SignIn
from doorstep.registers.staff.reads import signing as reads
from doorstep.registers.staff.reads.standing import standings
from doorstep.registers.staff.shapes import SignedIn


def wanted(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is an address of this house."""
    return inside(request, request.POST.get("next") or request.GET.get("next") or "/")


def with_next(name: str, going: str) -> str:
    """An address that leads on to another."""
    return f"{reverse(name)}?{urlencode({'next': going})}"


def _residents_door(going: str) -> str:
    """Where a resident signs in who was on the way to somewhere; without that, the page's head leads there."""
    return f"{settings.DOORSTEP_DOORS[0][1]}?{urlencode({'next': going})}" if going != "/" else ""


def takes_passkeys(request: HttpRequest) -> bool:
    """Whether browsers let passkeys be used here: a host with a name, not a bare address (WebAuthn §5.1.2)."""
    try:
        ip_address(split_domain_port(request.get_host())[0].strip("[]"))
    except ValueError:
        return True
    return False


@page(Rule.ANYONE)
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: CalledRequest) -> HttpResponse:
    """Name and password in; wrong ones are told in words that do not say which was wrong."""
    if request.method == "GET":
        if call_of(request) is not None:
            return redirect(wanted(request))
        return _sign_in(request, SignIn(initial={"next": wanted(request)}), 200)
    form = SignIn(request.POST)
    if not form.is_valid():
        return _sign_in(request, form, 422)
    given = form.cleaned_data
    answer = signing.sign_in(
        request,
        username=given["username"].strip().lower(),
        password=given["password"],
        address=address_of(request),
    )
    if answer.account:
        return redirect(after(answer, wanted(request)))
    form.add_error(
        None, waited(answer) or _("用户名或密码不对，或者这个账户已停用。请再试一次；忘了密码，请找本单位的管理员。")
    )
    return _sign_in(request, form, 429 if answer.wait else 422)


def _sign_in(request: CalledRequest, form: SignIn, status: int) -> HttpResponse:
    provider = outside.provider()
    context = {
        "form": form,
        "passkeys": takes_passkeys(request),
        "next": wanted(request),
        "city": provider.title if provider else "",
        "residents_door": _residents_door(wanted(request)),
        "city_address": with_next("staff:sign_in_city", wanted(request)),
    }
    return render(request, "staff/sign_in.html", context, status=status)


def waited(answer: SignedIn) -> str:
    """How long to wait, in words; empty where there is nothing to wait for."""
    if not answer.wait:
        return ""
    text = ngettext("试得太多了，请等 %(count)d 秒再试。", "试得太多了，请等 %(count)d 秒再试。", answer.wait)
    return text % {"count": answer.wait}


def after(answer: SignedIn, going: str) -> str:
    """To the second step where one is left; straight on with one post; to the choice of post with several or none."""
    if answer.second:
        return with_next("staff:second", going)
    if answer.account and len(standings(answer.account, clock.today())) == 1:
        return going
    return with_next("staff:post", going)


@page(Rule.ANYONE)
@never_cache
@require_http_methods(["GET", "POST"])
def second(request: CalledRequest) -> HttpResponse:
    """The second step: a code, or a passkey; a right password is waited for five minutes."""
    account = signing.pending(request)
    if account is None:
        return redirect(with_next("staff:sign_in", wanted(request)))
    if "options" in request.POST:
        return JsonResponse(dict(passkeys.begin_using(request, account)))
    form, key = SecondStep(request.POST or None, initial={"next": wanted(request)}), request.POST.get("response", "")
    answer = SignedIn(None)
    if key or form.is_valid():
        code = "" if key else form.cleaned_data["code"]
        answer = signing.second(request, account, address=address_of(request), code=code, passkey=key)
        if answer.account:
            return redirect(after(answer, wanted(request)))
    found = reads.factors(account.pk)
    context = {
        "form": SecondStep(initial={"next": wanted(request)}),
        "factors": found,
        "passkeys": bool(found.passkeys) and takes_passkeys(request),
        "next": wanted(request),
        "fault": (waited(answer) or _("验证没有通过，请再试一次。")) if request.method == "POST" else "",
    }
    return render(request, "staff/second.html", context, status=status(request, answer))


def status(request: HttpRequest, answer: SignedIn) -> int:
    """The status of a page that asks for a proof: the first time, after a wrong one, and after too many."""
    if request.method != "POST":
        return 200
    return 429 if answer.wait else 422


@page(Rule.ANYONE)
@never_cache
@require_POST
def sign_in_by_passkey(request: CalledRequest) -> HttpResponse:
    """Without a name or password: first what the browser needs, then its answer."""
    if "options" in request.POST:
        return JsonResponse(dict(passkeys.begin_using(request)))
    answer = signing.sign_in_by_passkey(request, request.POST.get("response", ""), address=address_of(request))
    if answer.account:
        return redirect(after(answer, wanted(request)))
    messages.error(request, waited(answer) or _("通行密钥没有通过。请再试一次，或者用密码登录。"))
    return redirect(with_next("staff:sign_in", wanted(request)))


@page(Rule.ANYONE)
@require_POST
def sign_out(request: CalledRequest) -> HttpResponse:
    """End the session; for one who has none it does nothing."""
    if request.call is not None:
        signing.sign_out(request, request.call)
    return redirect("staff:sign_in")


@page(Rule.SIGNED_IN)
@require_http_methods(["GET", "POST"])
def post(request: CalledRequest) -> HttpResponse:
    """Choose from which of one's posts to work."""
    status, fault = 200, ""
    if request.method == "POST":
        try:
            signing.choose_post(request, request.call, UUID(request.POST.get("post", "")))
            return redirect(wanted(request))
        except ValueError:
            status, fault = 422, _("请选一个岗位。")
        except Refused as refused:
            status, fault = 422, sentence(refused.decision)
    posts = standings(request.user.pk, clock.today()) if request.user.is_authenticated else ()
    names = organisations.names({p.organisation for p in posts})
    departments = organisations.department_names({(p.organisation, p.department) for p in posts if p.department})
    rows = [(p, names.get(p.organisation, ""), departments.get((p.organisation, p.department), "")) for p in posts]
    context = {"posts": rows, "chosen": request.call.post, "next": wanted(request), "fault": fault}
    return render(request, "staff/post.html", context, status=status)
