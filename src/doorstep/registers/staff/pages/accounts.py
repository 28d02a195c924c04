"""The account of a person as an administrator sees to it: opened, given a password, freed of lost factors, linked."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from doorstep.kernel.act import confirmed
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.web.forms import HouseForm, given
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions import accounts, outside, rights
from doorstep.registers.staff.forms import AccountForm, IdentityForm, PasswordForm, WhyForm
from doorstep.registers.staff.pages.people import attempt, shown
from doorstep.registers.staff.reads import people as reads
from doorstep.registers.staff.reads.signing import linked


@page(Permission.EDIT)
@sensitive_post_parameters("password")
def account(request: CalledRequest, key: UUID) -> HttpResponse:
    """Make an account for a person, or give them a new password."""
    row = reads.detail(request.call.scope, key)
    demand(confirmed(request.call))  # before the form is filled in, and not after
    form: HouseForm = PasswordForm(given(request)) if row.username else AccountForm(given(request))
    title = _("重设密码") if row.username else _("开设账户")
    if _is_watching(request, key):
        return _proposing(request, form, key, "password" if row.username else "make", title)

    def work() -> None:
        said = {name: form.cleaned_data[name] for name in ("username", "password") if name in form.cleaned_data}
        if row.username:
            accounts.set_password(request.call, person=key, **said)
        else:
            accounts.make_account(request.call, person=key, **said)

    if attempt(form, work):
        messages.success(request, _("已设定，请把密码当面告诉本人。"))
        return redirect("staff:person", key)
    return shown(request, form, key, title=title, label=title)


def _is_watching(request: CalledRequest, key: UUID) -> bool:
    return not rules.alone(request.call.actor, accounts.roles_of(key)).allowed


def _proposing(
    request: CalledRequest, form: HouseForm, key: UUID, act: str, title: str, **more: str
) -> HttpResponse:  # fmt: skip
    """The form of an act that a second person must confirm: it asks why, and makes a proposal."""
    form.fields["why"] = WhyForm.base_fields["why"]
    made: list[UUID] = []

    def work() -> None:
        said = {name: str(text).strip() if name == "subject" else text for name, text in form.cleaned_data.items()}
        why = said.pop("why")
        made.append(rights.propose_account(request.call, person=key, act=act, why=why, said=more | said))

    if attempt(form, work):
        messages.success(request, _("已提出，由另一个有权的人确认后生效。"))
        return redirect("staff:proposal", made[0])
    return shown(request, form, key, title=title, label=_("提出，由另一人确认"))


@page(Permission.EDIT)
@require_POST
def reset_factors(request: CalledRequest, key: UUID) -> HttpResponse:
    """Take the second factors of one who has lost them away."""
    if _is_watching(request, key):
        demand(confirmed(request.call))
        reads.detail(request.call.scope, key)
        form = WhyForm(request.POST if "why" in request.POST else None)
        return _proposing(request, form, key, "factors", _("移除第二种登录方式"))
    accounts.reset_factors(request.call, person=key)
    messages.success(request, _("已移除此人的第二种登录方式，本人下次登录后可重新添加。"))
    return redirect("staff:person", key)


@page(Permission.EDIT)
def identity(request: CalledRequest, key: UUID) -> HttpResponse:
    """Say who a person is at the city's identity provider."""
    row, provider = reads.detail(request.call.scope, key), outside.provider()
    if provider is None:
        raise Refused(refuse("identity.none"))
    demand(confirmed(request.call))
    form = IdentityForm(given(request), initial={"subject": linked(provider.issuer, row.id)})
    if _is_watching(request, key):
        return _proposing(request, form, key, "identity", _("绑定统一身份"), issuer=provider.issuer)

    def work() -> None:
        accounts.link_identity(
            request.call, person=key, issuer=provider.issuer, subject=form.cleaned_data["subject"].strip()
        )

    if attempt(form, work):
        messages.success(request, _("已保存。"))
        return redirect("staff:person", key)
    return shown(request, form, key, title=_("绑定统一身份"), label=_("保存"))
