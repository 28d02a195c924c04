"""The forms of the room."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.linkage import numbers
from doorstep.registers.portal.rules import codes


class PhoneForm(HouseForm):
    """To which number a code is to go."""

    phone = forms.CharField(
        label=_("手机号"), max_length=40,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "tel-national"}),
    )  # fmt: skip

    def clean_phone(self) -> str:
        """The number in its one form."""
        found = codes.mobile(self.cleaned_data["phone"])
        if not found:
            raise forms.ValidationError(_("请填 11 位手机号。"))
        return found


class CodeForm(HouseForm):
    """The code that came, and whose device this is."""

    code = forms.CharField(
        label=_("短信里的 6 位数字"), max_length=20,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )  # fmt: skip
    own = forms.BooleanField(
        label=_("这是我自己的手机，以后少登录几次"), required=False,
        help_text=_("别人也用的手机或电脑，不要勾选。"),
    )  # fmt: skip


class WhoForm(HouseForm):
    """Who one is, the first time."""

    name = forms.CharField(label=_("姓名"), max_length=60, widget=forms.TextInput({"autocomplete": "name"}))
    number = forms.CharField(
        label=_("居民身份证号"), max_length=40, help_text=_("18 位，最后一位可能是 X。"),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )  # fmt: skip

    def clean_number(self) -> str:
        """The number in its one form; a slip of the finger is told before anything is looked up."""
        found = numbers.read_id(self.cleaned_data["number"])
        if isinstance(found, str):
            raise forms.ValidationError(_("这个身份证号有误，请对照证件再看一遍。"))
        return found.number


class CardForm(HouseForm):
    """A paper card with its PIN."""

    card = forms.CharField(
        label=_("健康卡"), max_length=300, help_text=_("用扫码器扫卡上的二维码，或输入二维码下面的字母和数字。"),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    pin = forms.CharField(
        label=_("6 位密码"), max_length=20,
        widget=forms.PasswordInput({"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip


class ScanForm(HouseForm):
    """What a scanner types."""

    text = forms.CharField(
        label=_("扫健康卡"), max_length=400, help_text=_("扫居民手机上的二维码，或纸质健康卡。"),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )  # fmt: skip


class BindForm(PhoneForm):
    """The telephone of a resident who stands at the desk."""

    seen = forms.BooleanField(label=_("我已当面核对居民本人和身份证"))


class IssueForm(HouseForm):
    """The PIN that a resident chooses for a paper card."""

    pin = forms.CharField(
        label=_("居民自己选的 6 位密码"), max_length=6, help_text=_("请居民自己输入，不要用生日。"),
        widget=forms.PasswordInput({"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    seen = forms.BooleanField(label=_("我已当面核对居民本人和身份证"))
