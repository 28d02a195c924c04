"""Definition lists of resources in the caller's language, with references that lead to entries of the same chart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from doorstep.record.charts.pages import words
from doorstep.record.charts.pages.elements import ELEMENTS
from doorstep.record.charts.pages.present import Presenter, Row
from doorstep.record.charts.shapes import Entry, Fact, Ref, Shown, Target, When

_CODED: Final[Mapping[str, Mapping[str, str]]] = {
    "status": words.STATUSES,
    "lifecycleStatus": words.STATUSES,
    "clinicalStatus": words.CLINICAL,
    "verificationStatus": words.VERIFICATION,
    "criticality": words.CRITICALITY,
    "class": words.CLASSES,
    "gender": words.GENDERS,
}


@dataclass(frozen=True, slots=True)
class Told:
    """A value of a definition list: text, dates, a link, inner lists, or the entry that it leads to (``row``)."""

    kind: str
    text: str = ""
    code: str = ""
    start: When | None = None
    end: When | None = None
    url: str = ""
    row: Row | None = None
    facts: tuple[ToldFact, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldFact:
    """A labelled list of values."""

    label: str
    values: tuple[Told, ...]


class Teller:
    """Tells the facts of one entry."""

    def __init__(self, entry: Entry, presenter: Presenter) -> None:
        self.targets, self.presenter = entry.targets, presenter

    def facts(self, facts: Iterable[Fact]) -> tuple[ToldFact, ...]:
        """Facts with their labels in words."""
        return tuple(
            ToldFact(words.word(ELEMENTS, fact.name), tuple(self._told(v, fact.name) for v in fact.values))
            for fact in facts
        )

    def _told(self, shown: Shown, name: str) -> Told:
        if shown.kind == "ref" and shown.ref is not None:
            return self._reference(shown.ref)
        if shown.kind == "group":
            return Told("group", facts=self.facts(shown.facts))
        text = _TEXTS[shown.kind](shown.text) if shown.kind in _TEXTS else shown.text
        code = next((c.code for c in shown.codings), shown.text)
        if name in _CODED and code in _CODED[name]:
            return Told(shown.kind, words.word(_CODED[name], code))
        return Told(shown.kind, text, words.codes(shown.codings, shown.text), shown.start, shown.end)

    def _reference(self, ref: Ref) -> Told:
        target = self.targets.get(ref.key) if ref.key is not None else None
        if target is None or ref.key is None:
            return Told("text", ref.display or ref.reference)
        text = target.title or ref.display or words.type_word(ref.key[0])
        return self._open(target, text, *ref.key) if target.open else Told("text", text)

    def _open(self, target: Target, text: str, kind: str, key: str) -> Told:
        row = None
        if target.reading.measures or target.reading.notes:
            row = self.presenter.of(target.reading)
        return Told("link", text, url=self.presenter.address(kind, key), row=row)


def _size(text: str) -> str:
    return ngettext("内嵌数据，%(count)d 个字符", "内嵌数据，%(count)d 个字符", int(text)) % {"count": int(text)}


def _absent(text: str) -> str:
    return f"{_('未提供')}（{words.word(words.ABSENT, text)}）" if text else _("未提供")


_TEXTS: Final[Mapping[str, Callable[[str], str]]] = {
    "data": _size,
    "absent": _absent,
    "more": lambda _text: _("内容还有更多层，见原始数据"),
    "flag": lambda text: _("是") if text == "true" else _("否"),
}
