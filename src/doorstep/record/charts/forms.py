"""The filter of the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.clock import CHINA
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.web.forms import DayField, HouseForm
from doorstep.record.charts.shapes import Narrowing


class TimelineFilter(HouseForm):
    """Kind, institution and period; all may be empty."""

    kind = forms.ChoiceField(label=_("类别"), required=False)
    institution = forms.ChoiceField(label=_("机构"), required=False)
    since = DayField(label=_("从"), required=False)
    until = DayField(label=_("到"), required=False)

    def __init__(self, data: Any, kinds: Mapping[str, str], institutions: Mapping[UUID, str]) -> None:
        super().__init__(data)
        named = [(code, gettext(text)) for code, text in kinds.items()]
        self.fields["kind"] = forms.ChoiceField(
            label=_("类别"), required=False, choices=[("", _("全部（不含费用）")), *named]
        )
        listed = [(str(key), name) for key, name in institutions.items()]
        self.fields["institution"] = forms.ChoiceField(
            label=_("机构"), required=False, choices=[("", _("全部机构")), *listed]
        )


def narrowing(data: Mapping[str, Any]) -> Narrowing:
    """What the address bar asks for; a value that is no kind, institution or day is passed over."""
    form = TimelineFilter(data, {}, {})
    form.is_valid()
    since, until = (form.cleaned_data.get(name) for name in ("since", "until"))
    return Narrowing(
        kind=str(data.get("kind") or ""),
        institution=uuid_of(data.get("institution")),
        since=datetime.combine(since, time(), CHINA) if since else None,
        until=datetime.combine(until, time(), CHINA) + timedelta(days=1) if until and until.year < 9999 else None,
    )
