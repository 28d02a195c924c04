"""Forms as this house shows them, and the version that a person saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.forms import BoundField
from django.http import HttpRequest, QueryDict

from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.web.pages import STATUS
from doorstep.kernel.web.words import sentence

CHOICES = (forms.RadioSelect, forms.CheckboxSelectMultiple)
SELECTS = (forms.Select, forms.SelectMultiple)


class HouseForm(forms.Form):
    """A form whose errors are told by the page and not by the browser, with the hidden version ``expect``."""

    use_required_attribute = False
    focus_errors = True
    expect = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)

    _refused = ""

    def add_refusal(self, refused: Refused, field: str | None = None) -> None:
        """Show why an action refused, as an error of the form or of one field."""
        self.add_error(field, sentence(refused.decision))
        self._refused = refused.decision.reason

    @property
    def http_status(self) -> int:
        """The status of a page that shows the form as it stands: of why an action refused, else 422 where anything in
        it is wrong, else 200."""
        if self._refused:
            return STATUS.get(self._refused, 422)
        return 422 if self.errors else 200


def given(request: HttpRequest) -> QueryDict | None:
    """What a form is filled with: what was posted, also where that is nothing; None where the form is only shown."""
    return request.POST if request.method == "POST" else None


def attempt(form: HouseForm, work: Callable[[], object], fields: Mapping[str, str]) -> bool:
    """Do the work of a form that is well filled in; its refusal becomes an error of the form, of the field that
    ``fields`` names for the reason. True where it is done.

    Raises ``Refused`` for what the form cannot mend: a thing that is not there, or has changed meanwhile.
    """
    if not form.is_valid():
        return False
    try:
        work()
    except Stale:
        raise
    except Refused as refused:
        if refused.decision.reason in {"not_found", "permission", "confirm.first"}:
            raise
        field = fields.get(refused.decision.reason, "")
        form.add_refusal(refused, field if field in form.fields else None)
        return False
    return True


class DayField(forms.DateField):
    """A day, chosen with the browser's own calendar; ISO 8601 in the form."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "max": "9999-12-31"})
        super().__init__(widget=kwargs.pop("widget", widget), input_formats=["%Y-%m-%d"], **kwargs)


def kind(bound: BoundField) -> str:
    """How a field is laid out: ``check`` (one box), ``choices`` (a group), ``plain``."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "choices" if isinstance(widget, CHOICES) else "plain"


def dress(bound: BoundField, *, focus: bool = False) -> str:
    """The widget's HTML with classes, and with its help and errors tied to it for screen readers."""
    name, widget = bound.auto_id, bound.field.widget
    classes = {"check": "form-check-input", "choices": "form-check-input"}.get(
        kind(bound), "form-select" if isinstance(widget, SELECTS) else "form-control"
    )
    attrs: dict[str, Any] = {"class": " ".join(filter(None, (classes, widget.attrs.get("class"))))}
    if kind(bound) == "choices":
        widget.attrs["class"] = classes  # each box is drawn by itself, from the widget's own attributes
    told = [f"{name}_help"] * bool(bound.help_text) + [f"{name}_error"] * bool(bound.errors)
    if told and kind(bound) != "choices":
        attrs["aria-describedby"] = " ".join(told)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if bound.field.required and kind(bound) == "plain":
        attrs["aria-required"] = "true"
    if focus:
        attrs["autofocus"] = True
    return bound.as_widget(attrs=attrs)


def first_focus(bound: BoundField) -> bool:
    """Whether this is the first field with an error."""
    form = bound.form
    if not (form.is_bound and getattr(form, "focus_errors", True)):
        return False
    return bool(form.errors) and next((n for n in form.fields if n in form.errors), "") == bound.name


def complaints(form: forms.BaseForm) -> list[tuple[str, str, str]]:
    """All errors as (anchor of the field or empty, label or empty, text), in the order of the fields."""
    found = [("", "", str(error)) for error in form.non_field_errors()]
    for bound in (form[name] for name in form.fields if name in form.errors):
        anchor = bound.id_for_label or f"{bound.auto_id}_0"
        found += [(anchor, str(bound.label or ""), str(error)) for error in bound.errors]
    return found
