"""Dead letters, and the style page."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel import letters
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, Rule, page
from doorstep.site.system import actions, sample
from doorstep.site.system.access import Permission
from doorstep.site.system.forms import DismissForm, SampleForm


@page(Permission.OUTBOX_READ)
def outbox(request: CalledRequest) -> HttpResponse:
    """Letters that were given up, narrowed by event and subject."""
    event, subject = (request.GET.get(name, "").replace("\0", "")[:200] for name in ("event", "subject"))
    found = letters.dead(Page.read(request.GET.get("after"), parts=1), event=event, subject=subject)
    context = {"paged": found, "names": letters.names(), "event": event, "subject": subject}
    return render(request, "system/outbox.html", context)


@page(Permission.OUTBOX_READ)
def letter(request: CalledRequest, letter: int) -> HttpResponse:
    """One dead letter: what it said, to whom, why it failed, and what to do."""
    found, waiting = actions.open_letter(request.call, letter=letter)
    body = json.dumps(found.body, ensure_ascii=False, indent=2, sort_keys=True)
    may_replay = request.call.may(Permission.OUTBOX_REPLAY).allowed
    return render(
        request, "system/letter.html", {"letter": found, "behind": waiting, "body": body, "may_replay": may_replay}
    )


@page(Permission.OUTBOX_REPLAY)
def replay(request: CalledRequest, letter: int) -> HttpResponse:
    """Try again (POST)."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actions.replay(request.call, letter=letter)
    messages.success(request, _("已放回队列，几秒内会再投递一次。"))
    return redirect("system:outbox")


@page(Permission.OUTBOX_REPLAY)
def dismiss(request: CalledRequest, letter: int) -> HttpResponse:
    """Lay aside for good: asked first, then done with a reason."""
    form = DismissForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.dismiss(request.call, letter=letter, reason=form.cleaned_data["reason"])
        messages.success(request, _("已放弃这条消息，排在它后面的会继续投递。"))
        return redirect("system:outbox")
    found, _waiting = actions.open_letter(request.call, letter=letter)
    context = {
        "question": _("放弃这条消息？"),
        "consequences": [
            _("它不会再被投递，接收的一方永远不会知道这件事。"),
            _("同一对象排在它后面的消息会继续投递。"),
            _("谁、何时、为什么放弃，都会留痕。"),
        ],
        "form": form,
        "letter": found,
        "label": _("放弃"),
        "cancel": f"/system/outbox/{letter}",
        "danger": True,
    }
    return render(request, "kernel/confirm.html", context, status=422 if form.is_bound else 200)


@page(Rule.SIGNED_IN)
def style(request: CalledRequest) -> HttpResponse:
    """Every component of the design system, as it looks and behaves."""
    form = SampleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        messages.success(request, _("已保存"))
        return redirect("system:style")
    context = sample.context() | {"form": form, "wrong": sample.wrong_form()}
    return render(request, "system/style.html", context, status=422 if form.is_bound else 200)
