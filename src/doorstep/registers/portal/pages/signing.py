"""Sign-in of residents, step by step: the number, the code, who one is; or a paper card with its PIN."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from doorstep.kernel.web.pages import CalledRequest, Rule, call_of, inside, page
from doorstep.registers.portal.actions import scanning, sessions, signing
from doorstep.registers.portal.forms import CardForm, CodeForm, PhoneForm, WhoForm
from doorstep.registers.portal.reads import standing as reads
from doorstep.registers.portal.shapes import Answer, Proved, Step

NEXT: Final = "own_next"
OWN: Final = "own_device"
AHEAD: Final = ("/my/", "/oauth/authorize?")
"""Where a resident may have wanted to go: their own pages, and letting an app in."""


def waited(answer: Answer) -> str:
    """How long to wait, in words; empty where there is nothing to wait for."""
    if not answer.wait:
        return ""
    text = ngettext("试得太多了，请等 %(count)d 秒再试。", "试得太多了，请等 %(count)d 秒再试。", answer.wait)
    return text % {"count": answer.wait}


def _status(answer: Answer | None, form: Any) -> int:
    if answer is not None and answer.wait:
        return 429
    return 422 if form.is_bound else 200


@page(Rule.ANYONE)
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: CalledRequest) -> HttpResponse:
    """The mobile number; what follows is the same for every number."""
    call = call_of(request)
    if call is not None and call.resident is not None:
        return redirect("portal:home")
    if wanted := request.GET.get("next"):
        request.session[NEXT] = inside(request, wanted)
    form, answer = PhoneForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        answer = signing.ask(request, phone=form.cleaned_data["phone"])
        if answer.step is Step.CODE:
            return redirect("portal:code")
        form.add_error(None, waited(answer))
    return render(request, "portal/sign_in.html", {"form": form}, status=_status(answer, form))


@page(Rule.ANYONE)
@never_cache
@require_http_methods(["GET", "POST"])
def code(request: CalledRequest) -> HttpResponse:
    """The six digits."""
    if signing.ASKED not in request.session:
        return redirect("portal:sign_in")
    form, answer = CodeForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        answer = signing.check(request, given=form.cleaned_data["code"])
        if answer.step is Step.WHO:
            request.session[OWN] = form.cleaned_data["own"]
            return _after_code(request)
        form.add_error("code", waited(answer) or _("验证码不对，或者过了时间。请再看一遍短信，或者重新发送。"))
    return render(request, "portal/code.html", {"form": form}, status=_status(answer, form))


def _after_code(request: CalledRequest) -> HttpResponse:
    """Straight in where the telephone opens one record; else the choice, or the proof."""
    found = signing.proved(request)
    if found is None:
        return redirect("portal:sign_in")
    people = reads.persons(found.digest)
    if len(people) == 1:
        return _enter(request, found, people[0].binding)
    return redirect("portal:who")


def _enter(request: CalledRequest, found: Proved, binding: UUID) -> HttpResponse:
    own, going = bool(request.session.get(OWN)), request.session.get(NEXT, "/my/")
    if signing.enter(request, found, binding=binding, own=own).step is not Step.IN:
        return redirect("portal:who")
    return _in(request, found, going)


def _ahead(going: str) -> str:
    return going if going.startswith(AHEAD) else "/my/"


def _in(request: CalledRequest, found: Proved, going: str) -> HttpResponse:
    answer = redirect(_ahead(going))
    signing.remember(request, answer, found.digest)
    return answer


@page(Rule.ANYONE)
@never_cache
@sensitive_post_parameters("number")
@require_http_methods(["GET", "POST"])
def who(request: CalledRequest) -> HttpResponse:
    """Which of the family one is, or, the first time, the proof of it."""
    found = signing.proved(request)
    if found is None:
        return redirect("portal:sign_in")
    people = reads.persons(found.digest)
    chosen = next((one for one in people if str(one.binding) == request.POST.get("binding")), None)
    if chosen:
        return _enter(request, found, chosen.binding)
    form, answer = WhoForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        own, going = bool(request.session.get(OWN)), request.session.get(NEXT, "/my/")
        given = form.cleaned_data
        answer = signing.prove(request, found, name=given["name"], number=given["number"], own=own)
        if answer.step is Step.IN:
            return _in(request, found, going)
        form.add_error(
            None,
            waited(answer)
            or _(
                "姓名、身份证号和手机号对不上。请对照证件再看一遍；如果换过手机号，"
                "请带身份证到任一村卫生室、卫生院或医院窗口绑定。"
            ),
        )
    return render(request, "portal/who.html", {"form": form, "people": people}, status=_status(answer, form))


@page(Rule.ANYONE)
@never_cache
@sensitive_post_parameters("pin", "card")
@require_http_methods(["GET", "POST"])
def by_card(request: CalledRequest) -> HttpResponse:
    """A paper card and its PIN: for those without a telephone of their own, at a kiosk or on a relative's."""
    form, answer = CardForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        given, going = form.cleaned_data, request.session.get(NEXT, "/my/")
        answer = scanning.enter_by_card(request, text=given["card"], pin=given["pin"])
        if answer.step is Step.IN:
            return redirect(_ahead(going))
        form.add_error(None, waited(answer) or _("卡或密码不对。忘了密码，请带身份证到窗口重新办卡。"))
    return render(request, "portal/by_card.html", {"form": form}, status=_status(answer, form))


@page(Rule.ANYONE)
@require_POST
def sign_out(request: CalledRequest) -> HttpResponse:
    """End the session; for one who has none it does nothing."""
    if request.call is not None and request.call.resident is not None:
        sessions.sign_out(request, request.call)
    return redirect("portal:sign_in")
