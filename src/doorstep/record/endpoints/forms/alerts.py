"""The forms of alerts: rules, what somebody does about one, which are listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.endpoints.forms import number
from doorstep.record.endpoints.rules import alert_words
from doorstep.record.endpoints.rules.watching import RANGES, WINDOW, Kind, Watch

LIMITS = {
    Kind.SILENT: _("超过多少分钟没有报文"),
    Kind.FAULTS: _("不能采用的超过百分之几"),
    Kind.BEHIND: _("最早的一件等待超过多少秒"),
    Kind.RESTS: _("待处理的超过几件"),
    Kind.CERTIFICATE: _("接口证书到期前几天"),
    Kind.OUTBOX: _("最早的一条内部消息等待超过多少秒"),
    Kind.DEAD: _("未送达的内部消息超过几条"),
    Kind.DISK: _("磁盘已用超过百分之几"),
    Kind.CLOCK: _("与数据库的时钟相差超过几秒"),
    Kind.HOUSE_CERTIFICATE: _("网站证书到期前几天"),
}


class WatchForm(HouseForm):
    """When an alert opens: for each kind whether, and from which value."""

    expect = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, watches: Sequence[Watch], version: int, language: str) -> None:
        self._kinds = [each.kind for each in watches]
        super().__init__(data, initial={"expect": version, **_initial(watches)})
        for kind in self._kinds:
            low, high = RANGES[kind]
            title = alert_words.title(kind, language)
            self.fields[f"{kind}_on"] = forms.BooleanField(label=title, required=False)
            self.fields[f"{kind}_limit"] = number(LIMITS[kind], low, high, low)
            if kind is Kind.FAULTS:
                text = _("至少处理过 5 件时才计算。")
                self.fields[f"{kind}_minutes"] = number(_("看最近几分钟"), 1, WINDOW, 15, text)
            if kind is Kind.SILENT:
                text = _("工作日 8:00 至 17:30；不选则昼夜都算。")
                self.fields[f"{kind}_working"] = forms.BooleanField(
                    label=_("只算工作时间"), required=False, help_text=text
                )

    def watches(self) -> list[Watch]:
        """What was typed."""
        said = self.cleaned_data
        return [
            Watch(
                kind, said[f"{kind}_limit"], said.get(f"{kind}_minutes", 15), said.get(f"{kind}_working", False),
                said[f"{kind}_on"],
            )
            for kind in self._kinds
        ]  # fmt: skip


def _initial(watches: Sequence[Watch]) -> dict[str, Any]:
    return {
        f"{each.kind}_{name}": value
        for each in watches
        for name, value in (
            ("on", each.on), ("limit", each.limit), ("minutes", each.minutes), ("working", each.working),
        )
    }  # fmt: skip


class NoteForm(HouseForm):
    """What somebody does about an alert."""

    expect = forms.IntegerField(widget=forms.HiddenInput, required=False)
    text = forms.CharField(label=_("怎么处理的"), max_length=500, min_length=2,
                           help_text=_("同事会看到，例如：已请检验科重启发送程序。"))  # fmt: skip


class AlertFilter(HouseForm):
    """Which alerts are listed."""

    state = forms.ChoiceField(
        label=_("范围"), required=False, choices=(("", _("未结束的")), ("all", _("全部，含已结束的")))
    )
