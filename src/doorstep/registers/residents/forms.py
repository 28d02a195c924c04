"""The forms of this room; numbers are checked in words before anything is asked of the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from doorstep.kernel import clock
from doorstep.kernel.decision import refuse
from doorstep.kernel.web.forms import DayField, HouseForm
from doorstep.kernel.web.words import sentence
from doorstep.linkage import names, numbers
from doorstep.registers.residents.rules import relations
from doorstep.registers.residents.rules.facts import Finding, Identifier, Kind, consistent, tidy
from doorstep.registers.residents.shapes import Address, Guardian, Incoming, Name, Phone

SEXES = (("", _("请选择")), ("1", _("男")), ("2", _("女")), ("9", _("未说明的性别")), ("0", _("未知的性别")))
KINDS = {
    Kind.RESIDENT_ID.value: _("居民身份证号"),
    Kind.BIRTH_CERTIFICATE.value: _("出生医学证明编号"),
    Kind.INSURANCE.value: _("医保编号"),
    Kind.PASSPORT.value: _("护照号"),
    Kind.ARCHIVE.value: _("健康档案编号"),
    Kind.HOSPITAL.value: _("就诊号"),
    Kind.OTHER.value: _("其他号码"),
}
USES = {"mobile": _("手机"), "home": _("住宅"), "work": _("单位"), "old": _("旧的"), "temp": _("临时")}


def told(finding: Finding) -> str:
    """A finding in words, in the caller's language."""
    return sentence(refuse(finding.code, **finding.params))


def related() -> list[tuple[str, str]]:
    """The relations to a head of household, for a choice."""
    return [(code, gettext(words)) for code, words in relations.RELATIONS.items() if code != relations.HEAD]


class PhoneField(forms.CharField):
    """A telephone number in its one form."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if text and not (found := numbers.phone(text)):
            raise ValidationError(_("这不是电话号码。请填写手机号，或带区号的座机号。"))
        return found if text else ""


class ResidentIdField(forms.CharField):
    """A resident ID in its one form of 18 characters, with its check digit and date of birth."""

    def clean(self, value: Any) -> str:
        text = numbers.to_18(numbers.one_form(super().clean(value)))
        if not text:
            return ""
        found = numbers.read_id(text)
        if isinstance(found, str):
            raise ValidationError(told(Finding(found, params={"value": text})), code=found)
        if found.birth > clock.today():
            raise ValidationError(told(Finding("id_birth_date", params={"value": text})), code="id_birth_date")
        return found.number


class CertificateField(forms.CharField):
    """The number of a certificate of birth in its one form."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if text and not (found := numbers.birth_certificate(text)):
            raise ValidationError(_("出生医学证明编号是 1 个字母和 9 位数字。"))
        return found if text else ""


class Search(forms.Form):
    """The one box."""

    q = forms.CharField(required=False, max_length=100)


class Register(HouseForm):
    """A person as told at the desk."""

    name = forms.CharField(label=_("姓名"), max_length=100, help_text=_("与证件一致；少数民族姓名中的点请写“·”。"))
    resident_id = ResidentIdField(
        label=_("身份证号"), required=False, max_length=30, help_text=_("有号码时，出生日期和性别由号码得出。")
    )
    sex = forms.ChoiceField(label=_("性别"), required=False, choices=SEXES)
    birth_date = DayField(label=_("出生日期"), required=False)
    phone = PhoneField(label=_("电话"), required=False, max_length=40)
    address = forms.CharField(label=_("住址"), required=False, max_length=300)
    division = forms.RegexField(
        r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$",
        label=_("住址的区划代码"),
        required=False,
        help_text=_("6 位到县，9 位到乡镇街道，12 位到村居。"),
        error_messages={"invalid": _("区划代码是 6、9 或 12 位数字。")},
    )
    certificate = CertificateField(
        label=_("出生医学证明编号"),
        required=False,
        max_length=30,
        help_text=_("儿童没有身份证号时，请填写证明上的编号。"),
    )
    insurance = forms.CharField(label=_("医保编号"), required=False, max_length=40)
    archive = forms.RegexField(
        r"^[0-9]{17}$",
        label=_("健康档案编号"),
        required=False,
        error_messages={"invalid": _("健康档案编号是 17 位数字。")},
    )
    known = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("resident_id") and "resident_id" in data and not data.get("sex"):
            self.add_error("sex", _("没有身份证号时，请选择性别。"))
        if data.get("birth_date") and data["birth_date"] > clock.today():
            self.add_error("birth_date", _("出生日期还没有到。"))
        return data

    def said(self, source: UUID) -> Incoming:
        """The record that the form makes, said by the institution."""
        data = self.cleaned_data
        held = {
            Kind.RESIDENT_ID: "resident_id", Kind.BIRTH_CERTIFICATE: "certificate", Kind.INSURANCE: "insurance",
            Kind.ARCHIVE: "archive",
        }  # fmt: skip
        given = [tidy(Identifier(kind, "", data[key])) for kind, key in held.items() if data.get(key)]
        facts = numbers.read_id(data["resident_id"]) if data["resident_id"] else ""
        birth = data["birth_date"].isoformat() if data["birth_date"] else ""
        sex = data["sex"] or "0"
        if not isinstance(facts, str):
            birth, sex = birth or facts.birth.isoformat(), sex if sex in ("1", "2") else facts.sex
        place = Address(data["address"], data["division"])
        return Incoming(
            patient_id="",
            source=source,
            identifiers=tuple(given),
            names=(Name(names.one_form(data["name"]), use="official"),),
            sex=sex,
            birth_date=birth,
            phones=(Phone(data["phone"], "mobile"),) if data["phone"] else (),
            addresses=(place,) if place.text or place.division else (),
        )

    def contradictions(self, said: Incoming) -> None:
        """Refuse at the desk what an ingest only warns of: here somebody can look at the card again."""
        fields = {"Patient.birthDate": "birth_date", "Patient.gender": "sex"}
        for finding in consistent(said, clock.today()):
            self.add_error(fields.get(finding.path, "resident_id"), told(finding))


class Contacts(HouseForm):
    """Telephones and address as told at the desk."""

    phone = PhoneField(label=_("手机"), required=False, max_length=40)
    second = PhoneField(label=_("其他电话"), required=False, max_length=40)
    address = forms.CharField(label=_("住址"), required=False, max_length=300)
    division = forms.RegexField(
        r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$",
        label=_("住址的区划代码"),
        required=False,
        help_text=_("6 位到县，9 位到乡镇街道，12 位到村居。"),
        error_messages={"invalid": _("区划代码是 6、9 或 12 位数字。")},
    )

    def phones(self) -> list[Phone]:
        """What was told, first the mobile."""
        data = self.cleaned_data
        given = (Phone(data["phone"], "mobile"), Phone(data["second"], "home"))
        return [phone for phone in given if phone.value]

    def addresses(self) -> list[Address]:
        """One address or none."""
        data = self.cleaned_data
        found = Address(data["address"], data["division"], "home")
        return [found] if found.text or found.division else []


class GuardianForm(HouseForm):
    """Who answers for a resident."""

    name = forms.CharField(label=_("监护人姓名"), required=False, max_length=100)
    phone = PhoneField(label=_("监护人电话"), required=False, max_length=40)
    relation = forms.ChoiceField(label=_("是居民的"), choices=related)
    number = ResidentIdField(
        label=_("监护人身份证号"),
        required=False,
        max_length=30,
        help_text=_("监护人也是已登记的居民时填写，两人互相关联。"),
    )

    def said(self) -> Guardian:
        """The guardian as told."""
        data = self.cleaned_data
        return Guardian(names.one_form(data["name"]), data["phone"], data["relation"])


class Member(HouseForm):
    """Who joins a household, and how they stand to its head."""

    resident = forms.UUIDField(widget=forms.HiddenInput)
    relation = forms.ChoiceField(label=_("与户主的关系"), choices=related)


class Home(HouseForm):
    """A new household."""

    address = forms.CharField(label=_("家庭住址"), required=False, max_length=300)


class ReviewFilter(forms.Form):
    """Which doubtful pairs are listed."""

    reason = forms.ChoiceField(
        label=_("原因"),
        required=False,
        choices=[
            ("", _("全部")),
            ("weight", _("相似，但不足以确定")),
            ("number", _("号码相同，其他资料矛盾")),
            ("split", _("号码分属两个人")),
        ],
    )
    mine = forms.ChoiceField(
        label=_("我的回答"),
        required=False,
        choices=[("", _("全部")), ("todo", _("我还没有回答")), ("done", _("我回答过"))],
    )


class ReviewAnswer(HouseForm):
    """What a reviewer says of two records."""

    answer = forms.ChoiceField(choices=[("same", ""), ("different", ""), ("unsure", "")])
    note = forms.CharField(
        label=_("备注"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("可以不填。例如：已电话核实。"),
    )


class MergeTwo(HouseForm):
    """Which of two residents stays when they are merged, and why they are."""

    kept = forms.ChoiceField(label=_("合并后保留哪一位"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("理由"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("例如：已核对身份证原件。"),
    )

    def __init__(self, *args: Any, residents: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kept"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = residents
        field.initial = residents[0][0]
