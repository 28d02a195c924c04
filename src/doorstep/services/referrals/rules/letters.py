"""The two letters: 转出单 and 回转单 of the national basic public-health norm, appendix 双向转诊单 (2017). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


def _(text: str) -> str:
    return text


class Part(StrEnum):
    """Which letter: out with the patient, or back."""

    OUT = "out"
    BACK = "back"


FIELDS: Final[Mapping[Part, Mapping[str, str]]] = {
    Part.OUT: {
        "impression": _("初步印象"),
        "present": _("主要现病史（转出原因）"),
        "past": _("主要既往史"),
        "treatment": _("治疗经过"),
    },
    Part.BACK: {
        "diagnosis": _("诊断结果"),
        "results": _("主要检查结果"),
        "plan": _("治疗经过、下一步治疗方案及康复建议"),
        "number": _("住院病案号"),
    },
}
MUST: Final[Mapping[Part, tuple[str, ...]]] = {
    Part.OUT: ("impression", "present"),
    Part.BACK: ("diagnosis", "plan"),
}
"""What a letter cannot do without; the rest of the form may be empty."""
LONGEST: Final = 4000


def missing(part: Part, letter: Mapping[str, str]) -> tuple[str, ...]:
    """The fields that the letter cannot do without and does not have."""
    return tuple(name for name in MUST[part] if not letter.get(name, "").strip())


def kept(part: Part, letter: Mapping[str, str]) -> dict[str, str]:
    """The letter's own fields, trimmed; what is no field of it is left out."""
    return {name: letter.get(name, "").strip()[:LONGEST] for name in FIELDS[part]}


def begun(problems: Iterable[str], medicines: Iterable[str], allergies: Iterable[str]) -> dict[str, str]:
    """What the chart already says of a letter out: the doctor reads, strikes and adds."""
    past = [("，".join(problems), ""), ("，".join(allergies), "过敏：")]
    taken = "，".join(medicines)
    return {
        "past": "；".join(f"{words}{text}" for text, words in past if text),
        "treatment": f"现用药：{taken}" if taken else "",
    }
