"""The tables of all kinds: as the registers declare theirs, and the returns of this room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.utils import translation
from django.utils.translation import gettext

from doorstep.adapters.sheets.columns import Form
from doorstep.record.sheets.rules import returns
from doorstep.record.sheets.rules.parsing import Check
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

FORMS: Final[Mapping[str, Form]] = {
    form.key: form
    for form in (
        organisations.sheet.FORM, organisations.sheet.DEPARTMENTS, organisations.sheet.RETURN, staff.sheet.FORM,
        staff.sheet.CERTIFICATES, staff.sheet.TITLES, residents.sheet.FORM, returns.FOLLOWUPS, returns.VACCINATIONS,
    )
}  # fmt: skip
CHECKS: Final[Mapping[str, Check]] = {
    "counts": organisations.sheet.wrong_counts, "residents": residents.sheet.wrong, "followups": returns.wrong_followup,
}  # fmt: skip
"""What is asked of a row whose cells are all right by themselves."""


def in_english_too(form: Form) -> Form:
    """The table, whose codes are known by their English words too."""
    with translation.override("en"):
        columns = tuple(
            replace(c, others={gettext(words): code for code, words in c.codes.items()}) for c in form.columns
        )
    return replace(form, columns=columns)
