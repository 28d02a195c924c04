"""Forms of the room: their fields, and what they mean to the actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import DayField, HouseForm
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.shapes import Facts, Filters

EMPTY = ("", "—")
LEVELS = {"3": _("三级"), "2": _("二级"), "1": _("一级"), "0": _("未定级")}


def choices(words: Mapping[str, str]) -> list[tuple[str, Any]]:
    """A coded list as choices in the caller's language."""
    return [(code, _(text)) for code, text in words.items()]


class Search(forms.Form):
    """What narrows the list of institutions."""

    q = forms.CharField(label=_("名称、拼音或信用代码"), required=False, max_length=60)
    type = forms.ChoiceField(label=_("类别"), required=False, choices=[EMPTY, *choices(rules.TYPES)])
    level = forms.ChoiceField(label=_("级别"), required=False, choices=[EMPTY, *LEVELS.items()])
    tier = forms.ChoiceField(label=_("网络层级"), required=False, choices=[EMPTY, *choices(rules.TIERS)])
    area = forms.ChoiceField(label=_("地区"), required=False)
    consortium = forms.ChoiceField(label=_("医共体"), required=False)
    primary = forms.BooleanField(label=_("只看基层机构"), required=False)

    def __init__(
        self, *args: Any, consortia: Iterable[tuple[UUID, str]], areas: Iterable[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [EMPTY, *areas]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["consortium"].choices = [EMPTY, *((str(k), n) for k, n in consortia)]  # type: ignore[attr-defined]  # a ChoiceField

    def filters(self) -> Filters:
        """What was asked for; a field that cannot be read narrows nothing."""
        self.is_valid()
        given = self.cleaned_data
        consortium, level = given.get("consortium"), given.get("level")
        return Filters(
            text=given.get("q", ""),
            type_code=given.get("type", ""),
            level=int(level) if level else None,
            tier=given.get("tier", ""),
            area=given.get("area", ""),
            consortium=UUID(consortium) if consortium else None,
            primary=True if given.get("primary") else None,
        )


class FactsForm(HouseForm):
    """What is written down about an institution."""

    name = forms.CharField(label=_("机构名称"), max_length=120)
    short_name = forms.CharField(label=_("简称"), max_length=60, required=False)
    uscc = forms.CharField(
        label=_("统一社会信用代码"), max_length=18, required=False, help_text=_("18 位，最后一位是校验位。")
    )
    short_code = forms.CharField(
        label=_("短代码"), max_length=40, required=False, help_text=_("接收数据时用来指明来源机构，可不填。")
    )
    type_code = forms.ChoiceField(label=_("类别"))
    grade = forms.ChoiceField(label=_("等级"), required=False, choices=[EMPTY, *choices(rules.GRADES)])
    tier = forms.ChoiceField(label=_("网络层级"), choices=choices(rules.TIERS))
    status = forms.ChoiceField(label=_("运营状态"), choices=choices(rules.STATUSES))
    economic_type = forms.ChoiceField(label=_("经济类型"), required=False, choices=[EMPTY, *choices(rules.ECONOMIC)])
    management_class = forms.ChoiceField(
        label=_("分类管理"), required=False, choices=[EMPTY, *choices(rules.MANAGEMENT)]
    )
    registration = forms.CharField(
        label=_("卫生机构代码（WS 218）"), max_length=23, required=False, help_text=_("一般 22 位，可不填。")
    )
    licence = forms.CharField(label=_("执业许可证登记号"), max_length=40, required=False)
    area = forms.CharField(label=_("区划代码"), max_length=12, help_text=_("12 位，到村或社区；只到县的后六位填 0。"))
    address = forms.CharField(label=_("地址"), max_length=200, required=False)
    phone = forms.CharField(label=_("电话"), max_length=40, required=False)
    longitude = forms.DecimalField(label=_("经度"), required=False, max_digits=9, decimal_places=6)
    latitude = forms.DecimalField(label=_("纬度"), required=False, max_digits=9, decimal_places=6)
    parent = forms.ChoiceField(label=_("上级机构"), required=False)
    opened_on = DayField(label=_("开业日期"), required=False)
    closed_on = DayField(label=_("停办日期"), required=False)

    def __init__(self, *args: Any, parents: Iterable[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types: dict[str, Any] = dict(choices(rules.TYPES))
        found = (kwargs.get("initial") or {}).get("type_code")
        if found and found not in types:
            types[found] = _(rules.type_name(found))
        self.fields["type_code"].choices = [(code, f"{code} {words}") for code, words in types.items()]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["parent"].choices = [EMPTY, *((str(k), n) for k, n in parents)]  # type: ignore[attr-defined]  # a ChoiceField

    def facts(self) -> Facts:
        """The institution as the action takes it."""
        given = {f.name: self.cleaned_data[f.name] for f in fields(Facts)}
        parent = given.pop("parent")
        return Facts(**given | {"uscc": given["uscc"].strip().upper()}, parent=UUID(parent) if parent else None)


class CountForm(HouseForm):
    """How many were counted on a day."""

    kind = forms.ChoiceField(label=_("统计项目"), choices=choices(rules.COUNTS))
    number = forms.IntegerField(label=_("数量"), min_value=0, max_value=1_000_000)
    counted_on = DayField(label=_("统计日期"))


class DepartmentForm(HouseForm):
    """A department."""

    code = forms.CharField(label=_("诊疗科目代码"), max_length=12)
    name = forms.CharField(label=_("科室名称"), max_length=60)
    since = DayField(label=_("开设日期"))


class LastDay(HouseForm):
    """The last day of something."""

    last_day = DayField(label=_("最后一天"), help_text=_("到这一天为止有效，第二天起失效。"))


class ConsortiumForm(HouseForm):
    """A consortium."""

    key = forms.SlugField(label=_("短代码"), max_length=40, help_text=_("字母、数字和横线，定后不改。"))
    name = forms.CharField(label=_("名称"), max_length=120)
    kind = forms.ChoiceField(label=_("类型"), choices=choices(rules.KINDS))
    area = forms.CharField(label=_("区划代码"), max_length=12, help_text=_("12 位；只到县的后六位填 0。"))
    since = DayField(label=_("成立日期"))


class MembershipForm(HouseForm):
    """An institution in a consortium."""

    organisation = forms.ChoiceField(label=_("机构"))
    role = forms.ChoiceField(label=_("角色"), choices=choices(rules.ROLES), initial=rules.Role.MEMBER.value)
    tier = forms.ChoiceField(label=_("网络层级"), choices=choices(rules.TIERS), initial=rules.Tier.FIRST.value)
    since = DayField(label=_("加入日期"))
    until = DayField(label=_("最后一天"), required=False, help_text=_("没有定期限的不填。"))

    def __init__(self, *args: Any, organisations: Iterable[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].choices = [(str(k), n) for k, n in organisations]  # type: ignore[attr-defined]  # a ChoiceField


class AgreementForm(HouseForm):
    """An agreement of members of a consortium."""

    title = forms.CharField(label=_("标题"), max_length=120)
    matter = forms.ChoiceField(label=_("事项"), choices=choices(rules.MATTERS))
    parties = forms.MultipleChoiceField(
        label=_("签约机构"), help_text=_("至少两家。"), widget=forms.CheckboxSelectMultiple
    )
    since = DayField(label=_("生效日期"))
    until = DayField(label=_("最后一天"), required=False, help_text=_("没有定期限的不填。"))
    text = forms.CharField(label=_("主要内容"), required=False, max_length=20_000, widget=forms.Textarea({"rows": 6}))

    def __init__(self, *args: Any, organisations: Iterable[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parties"].choices = [(str(k), n) for k, n in organisations]  # type: ignore[attr-defined]  # a ChoiceField
