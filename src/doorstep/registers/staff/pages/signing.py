"""Sign-in, sign-out, and the choice of a post."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
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
from doorstep.kernel.web.pages import CalledRequest, Rule, inside, page
from doorstep.kernel.web.words import sentence
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff.actions import signing
from doorstep.registers.staff.forms import SignIn
from doorstep.registers.staff.reads.standing import standings
from doorstep.registers.staff.shapes import SignedIn


def _next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is an address of this house."""
    return inside(request, request.POST.get("next") or request.GET.get("next") or "/")


@page(Rule.ANYONE)
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: CalledRequest) -> HttpResponse:
    """Name and password in; wrong ones are told in words that do not say which was wrong."""
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect(_next(request))
        return render(request, "staff/sign_in.html", {"form": SignIn(initial={"next": _next(request)})})
    form = SignIn(request.POST)
    if form.is_valid():
        address = request.META.get("REMOTE_ADDR", "")
        given = form.cleaned_data
        answer = signing.sign_in(
            request, username=given["username"].strip().lower(), password=given["password"], address=address
        )
        if answer.account:
            return redirect(_after(request, answer.account))
        form.add_error(None, _words(answer))
        return render(request, "staff/sign_in.html", {"form": form}, status=429 if answer.wait else 422)
    return render(request, "staff/sign_in.html", {"form": form}, status=422)


def _words(answer: SignedIn) -> str:
    if answer.wait:
        text = ngettext("试得太多了，请等 %(count)d 秒再试。", "试得太多了，请等 %(count)d 秒再试。", answer.wait)
        return text % {"count": answer.wait}
    return _("用户名或密码不对，或者这个账户已停用。请再试一次；忘了密码，请找本单位的管理员。")


def _after(request: HttpRequest, account: UUID) -> str:
    """Straight on with one post; to the choice of post with several or none."""
    if len(standings(account, clock.today())) == 1:
        return _next(request)
    return f"{reverse('staff:post')}?{urlencode({'next': _next(request)})}"


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
            return redirect(_next(request))
        except ValueError:
            status, fault = 422, _("请选一个岗位。")
        except Refused as refused:
            status, fault = 422, sentence(refused.decision)
    posts = standings(request.user.pk, clock.today()) if request.user.is_authenticated else ()
    names = organisations.names({p.organisation for p in posts})
    departments = organisations.department_names({(p.organisation, p.department) for p in posts if p.department})
    rows = [(p, names.get(p.organisation, ""), departments.get((p.organisation, p.department), "")) for p in posts]
    context = {"posts": rows, "chosen": request.call.post, "next": _next(request), "fault": fault}
    return render(request, "staff/post.html", context, status=status)
