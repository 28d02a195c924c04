"""The forms of this room."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.services.referrals.flow import DECLINES, WITHDRAWALS
from doorstep.services.referrals.rules import kinds, triggers
from doorstep.services.referrals.rules.letters import FIELDS, LONGEST, MUST, Part
from doorstep.services.referrals.shapes import Answer, Picked, Wish

SPLIT: Final = "|"


def _choices(table: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(str(key), gettext(words)) for key, words in table.items()]


def _moment(**more: Any) -> forms.DateTimeField:
    """A moment of the browser's own calendar; China's time."""
    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    return forms.DateTimeField(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **more)


def _text(label: Any, *, rows: int = 3, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": rows})
    )


class DraftForm(HouseForm):
    """A draft: nothing must be there to be kept; what is needed to send is asked by the flow."""

    kind = forms.ChoiceField(label=_("方向"), widget=forms.RadioSelect)
    service = forms.ChoiceField(label=_("转诊类型"))
    urgency = forms.ChoiceField(label=_("紧急程度"))
    department_name = forms.CharField(label=_("希望就诊的科室"), required=False, max_length=100)
    costs = forms.IntegerField(label=_("预计费用（元）"), required=False, min_value=0, max_value=10_000_000)
    contract = forms.BooleanField(label=_("家庭医生签约居民"), required=False)
    criteria = forms.MultipleChoiceField(
        label=_("转诊指征"), required=False, widget=forms.CheckboxSelectMultiple, choices=()
    )
    seen = forms.MultipleChoiceField(label=_("看到的情况"), required=False, widget=forms.CheckboxSelectMultiple)
    impression = _text(_("初步印象"), rows=2)
    present = _text(_("主要现病史（转出原因）"), rows=4)
    past = _text(_("主要既往史"))
    treatment = _text(_("治疗经过"))
    destination = forms.UUIDField(required=False)
    department = forms.UUIDField(required=False)
    slot = forms.UUIDField(required=False)
    receiver = forms.CharField(label=_("接诊医生"), required=False, max_length=100)
    transport = forms.ChoiceField(label=_("怎样前往"))
    escort = forms.ChoiceField(label=_("陪送"))
    consenter = forms.ChoiceField(label=_("谁同意转诊"), required=False)
    consent_name = forms.CharField(label=_("同意人姓名"), required=False, max_length=100)
    consent_channel = forms.ChoiceField(label=_("怎样同意"), required=False)
    phone = forms.CharField(label=_("转诊医生电话"), required=False, max_length=40)
    enclosures = forms.MultipleChoiceField(label=_("附件"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any, wish: Wish, papers: Collection[Picked]) -> None:
        letter = {name: wish.letter.get(name, "") for name in FIELDS[Part.OUT]}
        plain = {name: getattr(wish, name) for name in self.base_fields if hasattr(wish, name)}
        chosen = [_packed(one) for one in wish.enclosures]
        super().__init__(data, initial={**plain, **letter, "enclosures": chosen, "costs": wish.costs or None})
        empty = [("", gettext("请选择"))]
        tables: dict[str, list[tuple[str, str]]] = {
            "kind": _choices(kinds.KINDS), "service": _choices(kinds.SERVICES), "urgency": _choices(kinds.URGENCIES),
            "transport": _choices(kinds.TRANSPORTS), "escort": _choices(kinds.ESCORTS),
            "consenter": empty + _choices(kinds.CONSENTERS), "consent_channel": empty + _choices(kinds.CHANNELS),
            "criteria": [(code, f"{code} {gettext(words)}") for code, words in kinds.CRITERIA.items()],
            "seen": [(each.code, gettext(each.words)) for each in triggers.SEEN],
            "enclosures": [(_packed(one), f"{one.on} {one.title}".strip()) for one in {*papers, *wish.enclosures}],
        }  # fmt: skip
        for name, choices in tables.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # each is a ChoiceField
        order = [_packed(one) for one in papers]
        self.fields["enclosures"].choices.sort(  # type: ignore[attr-defined]  # a list, set above
            key=lambda one: order.index(one[0]) if one[0] in order else -1
        )
        for name in MUST[Part.OUT]:
            self.fields[name].label = f"{self.fields[name].label}*"

    def wish(self) -> Wish:
        """What was written, whole."""
        said = self.cleaned_data
        plain = ("kind", "service", "urgency", "department_name", "receiver", "transport", "escort", "consenter")
        more = ("consent_name", "consent_channel", "phone", "destination", "department", "slot")
        return Wish(
            **{name: said[name] for name in (*plain, *more)},
            criteria=tuple(said["criteria"]),
            seen=tuple(said["seen"]),
            letter={name: said[name] for name in FIELDS[Part.OUT]},
            contract=said["contract"],
            costs=said["costs"] or 0,
            enclosures=tuple(_unpacked(one) for one in said["enclosures"]),
        )


def _packed(one: Picked) -> str:
    return SPLIT.join((one.kind, one.key, one.on, one.title))


def _unpacked(text: str) -> Picked:
    kind, key, on, title = text.split(SPLIT, 3)
    return Picked(kind, key, title, on)


class MoveForm(HouseForm):
    """What goes with a move; which fields are asked depends on the move (``ASKED``)."""

    slot = forms.ChoiceField(label=_("选择号源"), required=False, widget=forms.RadioSelect)
    starts = _moment(label=_("或填写与病人约好的时间"), required=False)
    destination = forms.ChoiceField(label=_("转给哪家机构"), required=False)
    reason = forms.ChoiceField(label=_("理由"), required=False)
    diagnosis = _text(_("诊断结果"), rows=2)
    number = forms.CharField(label=_("住院病案号"), required=False, max_length=60)
    results = _text(_("主要检查结果"))
    plan = _text(_("治疗经过、下一步治疗方案及康复建议"), rows=4)
    discharged_at = _moment(label=_("出院或就诊结束时间"), required=False)
    note = forms.CharField(label=_("说明"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any, name: str, choices: Mapping[str, list[tuple[str, str]]], first: str = "") -> None:
        super().__init__(data, prefix=name, initial={"slot": first})
        for field in set(self.fields) - set(ASKED.get(name, ())) - {"expect"}:
            del self.fields[field]
        for field in MUST[Part.BACK]:
            if field in self.fields:
                self.fields[field].label = f"{self.fields[field].label}*"
        given: dict[str, list[tuple[str, str]]] = {"reason": choices.get(name, []), **choices}
        for field in ("slot", "destination", "reason"):
            if field in self.fields:
                self.fields[field].choices = given.get(field, [])  # type: ignore[attr-defined]  # a ChoiceField
        if "slot" in self.fields and not given.get("slot"):
            del self.fields["slot"]
            self.fields["starts"].label = gettext("与病人约好的时间")

    def answer(self) -> Answer:
        """What was said."""
        said = self.cleaned_data
        part = {name: said[name] for name in FIELDS[Part.BACK] if name in said}
        return Answer(
            reason=said.get("reason", ""), note=said.get("note", ""), slot=_key(said.get("slot")),
            starts=said.get("starts"), destination=_key(said.get("destination")), letter=part,
            discharged_at=said.get("discharged_at"),
        )  # fmt: skip


def _key(text: str | None) -> UUID | None:
    return UUID(text) if text else None


ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "accept": ("slot", "starts", "note"),
    "give_back": ("note",),
    "redirect": ("destination", "note"),
    "decline": ("reason", "note"),
    "resend": ("destination", "note"),
    "reopen": ("note",),
    "report": ("diagnosis", "number", "results", "plan", "discharged_at"),
    "receive": ("note",),
    "follow_up": ("note",),
    "withdraw": ("reason", "note"),
}
"""What each move asks; the others are one press."""
CHOSEN: Final[Mapping[str, tuple[str, ...]]] = {"decline": DECLINES, "withdraw": WITHDRAWALS}


def reason_choices(words: Callable[[str], str]) -> dict[str, list[tuple[str, str]]]:
    """For each move that asks why: its reasons in words."""
    return {name: [("", gettext("请选择")), *((code, words(code)) for code in codes)] for name, codes in CHOSEN.items()}


class MessageForm(HouseForm):
    """A message to the other side."""

    focus_errors = False
    text = forms.CharField(label=_("给对方留言"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class EscalateForm(HouseForm):
    """To the medical affairs office."""

    note = forms.CharField(label=_("为什么要上报"), max_length=480, widget=forms.Textarea(attrs={"rows": 2}))


class DischargeForm(HouseForm):
    """When the patient left."""

    at = _moment(label=_("出院时间"))


class HandOverForm(HouseForm):
    """To a colleague."""

    colleague = forms.ChoiceField(label=_("交给"))

    def __init__(self, data: Any, colleagues: Mapping[UUID, str]) -> None:
        super().__init__(data)
        self.fields["colleague"].choices = [(str(key), name) for key, name in colleagues.items()]  # type: ignore[attr-defined]  # a ChoiceField


class PeriodForm(HouseForm):
    """From a day to a day."""

    since = forms.DateField(
        label=_("从"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("到"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
