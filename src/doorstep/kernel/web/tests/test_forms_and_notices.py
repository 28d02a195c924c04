"""Forms and messages as HTML."""

from __future__ import annotations

import pytest
from django import forms
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.utils.translation import override

from doorstep.kernel.decision import Refused, Stale, refuse
from doorstep.kernel.web import notices
from doorstep.kernel.web.forms import DayField, HouseForm


class Sample(HouseForm):
    name = forms.CharField(label="名称", help_text="写全称")
    kind = forms.ChoiceField(label="类别", choices=(("a", "甲"), ("b", "乙")), widget=forms.RadioSelect)
    many = forms.MultipleChoiceField(
        label="多选", required=False, choices=(("x", "子"),), widget=forms.CheckboxSelectMultiple
    )
    sure = forms.BooleanField(label="确定")
    day = DayField(label="日", required=False)


def draw(form: forms.Form) -> str:
    with override("zh-hans"):
        return Template("{% load doorstep %}{% fields form %}").render(Context({"form": form}))


def test_a_fresh_form_ties_help_to_its_field_and_carries_the_version() -> None:
    html = draw(Sample(initial={"expect": 7}))
    assert 'name="expect" value="7"' in html
    assert 'id="id_name_help"' in html
    assert 'aria-describedby="id_name_help"' in html
    assert "error-summary" not in html
    assert " autofocus" not in html
    assert " required" not in html.replace("aria-required", "")
    assert html.count('class="form-check-input"') == 4
    assert 'type="date"' in html


def test_a_wrong_form_leads_to_its_faults() -> None:
    html = draw(Sample({"day": "gestern"}))
    assert html.count("<li><a href=") == 4
    for anchor in ("#id_name", "#id_kind_0", "#id_sure", "#id_day"):
        assert f'href="{anchor}"' in html
        assert f'id="{anchor[1:]}"' in html
    assert html.count(" autofocus") == 1
    assert 'aria-describedby="id_name_help id_name_error"' in html


def test_what_was_typed_is_kept_and_escaped() -> None:
    html = draw(Sample({"name": '"><script>'}))
    assert "<script" not in html
    assert "&quot;&gt;&lt;script&gt;" in html


def test_a_refusal_is_shown_at_the_form_and_at_a_field() -> None:
    form = Sample({"name": "a", "kind": "a", "sure": "on"})
    assert form.is_valid()
    form.add_refusal(Stale(1, 2))
    form.add_refusal(Refused(refuse("not_found")), "name")
    html = draw(form)
    assert "您的修改没有保存" in html
    assert "id_name_error" in html


@pytest.mark.parametrize(
    ("level", "tags", "tone", "undo"),
    [
        (messages.SUCCESS, "undo /a/b", "success", "/a/b"),
        (messages.SUCCESS, "undo https://evil.example/", "success", ""),
        (messages.SUCCESS, "undo //evil.example/", "success", ""),
        (messages.ERROR, "", "danger", ""),
        (messages.DEBUG, "", "info", ""),
    ],
)
def test_notices(level: int, tags: str, tone: str, undo: str) -> None:
    found = notices.notice(Message(level, "x", tags))
    assert (found.tone, found.undo) == (tone, undo)
