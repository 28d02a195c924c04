"""Forms of the room: their fields, and what they mean to the actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import DayField, HouseForm
from doorstep.registers.staff import flow, rules
from doorstep.registers.staff.shapes import Filters, GrantFacts, PersonFacts, PostFacts

EMPTY = ("", "—")


def choices(words: Mapping[str, str]) -> list[tuple[str, Any]]:
    """A coded list as choices in the caller's language."""
    return [(code, _(text)) for code, text in words.items()]


ROLE_TITLES = {code: role.title for code, role in rules.ROLES.items()}


class SignIn(HouseForm):
    """Name and password."""

    username = forms.CharField(
        label=_("用户名"), max_length=60, widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none"})
    )
    password = forms.CharField(
        label=_("密码"), max_length=200, strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput, max_length=500)


def _code(label: Any, **kwargs: Any) -> forms.CharField:
    attrs = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
    return forms.CharField(label=label, max_length=40, widget=forms.TextInput(attrs), **kwargs)


def _password(label: Any, autocomplete: str, **kwargs: Any) -> forms.CharField:
    widget = forms.PasswordInput({"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=200, strip=False, widget=widget, **kwargs)


class SecondStep(HouseForm):
    """A code of the second factor."""

    code = _code(_("动态验证码或备用码"), help_text=_("手机验证器上的 6 位数字；手机不在身边，可用一个备用码。"))
    next = SignIn.base_fields["next"]


class TotpForm(HouseForm):
    """The first code of a new generator."""

    code = _code(_("验证器上的 6 位数字"))


class Confirm(HouseForm):
    """Who one is, once more; the code only where the account has a second factor."""

    password = _password(_("密码"), "current-password")
    code = _code(_("动态验证码或备用码"))
    next = SignIn.base_fields["next"]

    def __init__(self, *args: Any, second: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not second:
            del self.fields["code"]


class OwnPassword(HouseForm):
    """A new password of one's own."""

    old = _password(_("现在的密码"), "current-password")
    new = _password(_("新密码"), "new-password")
    again = _password(_("新密码，再填一次"), "new-password")

    def clean(self) -> dict[str, Any]:
        """Both times the same."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("new") and said.get("again") and said["new"] != said["again"]:
            self.add_error("again", _("两次填的不一样。"))
        return said


class IdentityForm(HouseForm):
    """Who a person is at the city's identity provider."""

    subject = forms.CharField(
        label=_("统一身份标识（sub）"), max_length=255, required=False, help_text=_("留空就是解除绑定。"),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none"}),
    )  # fmt: skip


class Search(forms.Form):
    """What narrows the list of people."""

    q = forms.CharField(label=_("姓名或拼音"), required=False, max_length=60)
    organisation = forms.UUIDField(required=False, widget=forms.HiddenInput)
    role = forms.ChoiceField(label=_("岗位角色"), required=False, choices=[EMPTY, *choices(ROLE_TITLES)])
    profession = forms.ChoiceField(label=_("职业"), required=False, choices=[EMPTY, *choices(rules.PROFESSIONS)])
    former = forms.BooleanField(label=_("包括已离岗的"), required=False)

    def filters(self) -> Filters:
        """What was asked for; a field that cannot be read narrows nothing."""
        self.is_valid()
        given = self.cleaned_data
        return Filters(
            text=given.get("q", ""),
            organisation=given.get("organisation"),
            role=given.get("role", ""),
            profession=given.get("profession", ""),
            working=not given.get("former", False),
        )


class PersonForm(HouseForm):
    """What is written down about a person."""

    name = forms.CharField(label=_("姓名"), max_length=60)
    number = forms.CharField(label=_("工号"), max_length=30, required=False)
    sex = forms.ChoiceField(label=_("性别"), choices=choices(rules.SEXES))
    birth_date = DayField(label=_("出生日期"), required=False)
    profession = forms.ChoiceField(label=_("职业"), choices=choices(rules.PROFESSIONS))
    phone = forms.CharField(label=_("电话"), max_length=40, required=False)

    def facts(self) -> PersonFacts:
        """The person as the action takes it."""
        names = ("name", "number", "sex", "birth_date", "profession", "phone")
        return PersonFacts(**{name: self.cleaned_data[name] for name in names})


class Place(forms.Form):
    """At which institution the new post is."""

    organisation = forms.ChoiceField(label=_("机构"))

    def __init__(self, *args: Any, places: Iterable[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].choices = [(str(key), name) for key, name in places]  # type: ignore[attr-defined]  # a ChoiceField


class PostForm(HouseForm):
    """A post at an institution that is known already."""

    role = forms.ChoiceField(
        label=_("岗位角色"), choices=choices(ROLE_TITLES), help_text=_("角色决定此人在系统里能做什么。")
    )
    department = forms.ChoiceField(label=_("科室"), required=False)
    duty = forms.CharField(label=_("职务"), max_length=40, required=False)
    is_main = forms.BooleanField(label=_("主要岗位"), required=False, initial=True)
    since = DayField(label=_("开始日期"))
    until = DayField(label=_("最后一天"), required=False, help_text=_("没有定期限的不填。"))
    why = forms.CharField(
        label=_("理由"), max_length=300, required=False, help_text=_("只有管全县的角色要写：由另一个人确认后才任命。")
    )

    def __init__(self, *args: Any, departments: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [EMPTY, *departments]  # type: ignore[attr-defined]  # a ChoiceField

    def facts(self, organisation: UUID) -> PostFacts:
        """The post as the action takes it."""
        names = ("role", "since", "department", "duty", "is_main", "until")
        return PostFacts(organisation, **{name: self.cleaned_data[name] for name in names})


class LastDay(HouseForm):
    """The last day of something."""

    last_day = DayField(label=_("最后一天"), help_text=_("到这一天为止有效，第二天起失效。"))


class LicenceForm(HouseForm):
    """A certificate."""

    kind = forms.ChoiceField(label=_("证书种类"), choices=choices(rules.LICENCES))
    number = forms.CharField(label=_("证书编号"), max_length=40)
    since = DayField(label=_("发证日期"))
    until = DayField(label=_("有效期至"), required=False)


class AccountForm(HouseForm):
    """A name to sign in with, and its first password."""

    username = forms.CharField(
        label=_("用户名"), max_length=60, help_text=_("小写字母、数字、点和横线，2 至 60 位。"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip
    password = forms.CharField(
        label=_("密码"), max_length=200, strip=False,
        help_text=_("至少 10 位，用三种字符；本人第一次登录时要自己改掉。"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )  # fmt: skip


class PasswordForm(HouseForm):
    """A new password."""

    password = AccountForm.base_fields["password"]


class WhyForm(HouseForm):
    """Why a second person should agree."""

    why = forms.CharField(label=_("理由"), max_length=300, help_text=_("确认的人会看到。"))


class KeyForm(HouseForm):
    """A key for a source system."""

    name = forms.CharField(label=_("系统名称"), max_length=60, help_text=_("例如：医院信息系统、检验系统。"))
    since = DayField(label=_("开始日期"))
    until = DayField(label=_("有效期至"), required=False)


class RoleForm(HouseForm):
    """What a role may do, its sentence, and why it should be so."""

    permissions = forms.MultipleChoiceField(label=_("权限"), required=False, widget=forms.CheckboxSelectMultiple)
    sentence = forms.CharField(
        label=_("说明"), max_length=200, required=False, help_text=_("不填就用原来的说明。"),
    )  # fmt: skip
    why = forms.CharField(label=_("理由"), max_length=300)
    expect = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, permissions: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["permissions"].choices = list(permissions)  # type: ignore[attr-defined]  # a ChoiceField


class DecideForm(HouseForm):
    """What is answered to a proposal, and why."""

    note = forms.CharField(label=_("说明"), max_length=300, required=False, help_text=_("不同意时要写明原因。"))
    move = forms.ChoiceField(choices=[(m.name, m.name) for m in flow.PROPOSAL.moves if m.name != "expire"])


class GrantForm(HouseForm):
    """One more permission at an institution, for a time."""

    where = forms.ChoiceField(label=_("用在哪里"))
    permission = forms.ChoiceField(label=_("权限"))
    since = DayField(label=_("开始日期"))
    until = DayField(label=_("最后一天"), help_text=_("到这一天为止有效，第二天起失效。"))
    why = forms.CharField(label=_("理由"), max_length=300)

    def __init__(
        self, *args: Any, where: Iterable[tuple[str, str]], permissions: Iterable[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["where"].choices = list(where)  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["permission"].choices = list(permissions)  # type: ignore[attr-defined]  # a ChoiceField

    def facts(self) -> GrantFacts:
        """The grant as the action takes it; ``where`` is an institution, and a post where it is for that one alone."""
        said = self.cleaned_data
        organisation, _colon, post = said["where"].partition(":")
        return GrantFacts(
            UUID(organisation), said["permission"], said["since"], said["until"], said["why"],
            UUID(post) if post else None,
        )  # fmt: skip
