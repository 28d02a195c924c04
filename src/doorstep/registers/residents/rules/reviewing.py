"""What reviewers' answers make of a doubtful pair, how far reviewers agree, and how a pair is shown to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import log2
from typing import Final, NamedTuple

from doorstep.linkage.model import Model, Score

OPEN, SAME, DIFFERENT, UNSURE = "open", "same", "different", "unsure"
ANSWERABLE: Final = frozenset({OPEN, UNSURE})
"""The states in which a pair still takes answers."""
_VOTES: Final = (SAME, DIFFERENT)
_LIKELY, _POSSIBLE = log2(99), 0.0
_LONGEST: Final = 300
"""Characters of a text that are compared one by one."""


def outcome(answers: Sequence[str], needed: int) -> str:
    """The state of a pair by its standing answers, one a reviewer: the votes decide where ``needed`` agree and nobody
    disagrees; where two disagree a third is asked, and the majority decides. Who cannot say does not vote; where
    ``needed`` reviewers could not say and nobody voted, the pair is unsure."""
    (first, most), (_, fewer) = sorted(((v, answers.count(v)) for v in _VOTES), key=lambda pair: -pair[1])
    if most > fewer and most >= (max(needed, 2) if fewer else needed):
        return first
    return UNSURE if not most and len(answers) >= needed else OPEN


def more_needed(answers: Sequence[str], needed: int) -> int:
    """How many answers are wanted at least before the pair can be decided; 0 where it is."""
    if outcome(answers, needed) in _VOTES:
        return 0
    votes = [answers.count(vote) for vote in _VOTES]
    return max(needed - max(votes), 1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two reviewers of one pair gave the same answer: ``agreed`` of ``pairs``, and what remains of it beyond
    chance (Cohen 1960): kappa = ``above`` / ``beyond``, whole numbers; no kappa where chance alone explains all."""

    pairs: int
    agreed: int
    above: int
    beyond: int

    @property
    def kappa(self) -> float | None:
        """From -1 to 1; None where there is nothing to measure."""
        return self.above / self.beyond if self.beyond else None


def agreement(answered: Iterable[tuple[str, str]]) -> Agreement:
    """The agreement of pairs of answers: the first and the second reviewer's. With n pairs, a agreed and c the pairs of
    marginal counts multiplied and summed: kappa = (a/n - c/n²) / (1 - c/n²) = (a·n - c) / (n² - c)."""
    both = list(answered)
    one, two = Counter(a for a, _ in both), Counter(b for _, b in both)
    count, agreed = len(both), sum(a == b for a, b in both)
    chance = sum(one[answer] * two[answer] for answer in one)
    return Agreement(count, agreed, agreed * count - chance, count * count - chance)


def likelihood(bits: float) -> str:
    """``likely`` (99 % and more), ``possible`` (more likely one person's than not) or ``doubtful``."""
    return "likely" if bits >= _LIKELY else "possible" if bits >= _POSSIBLE else "doubtful"


class Step(NamedTuple):
    """A bar of the waterfall: what adds these bits, and the sum before and after it."""

    key: str
    level: str
    bits: float
    start: float
    end: float


def steps(model: Model, score: Score) -> tuple[Step, ...]:
    """How a score comes about, from the prior over every comparison that weighs anything to the sum."""
    total = log2(model.prior / (1 - model.prior))
    found = [Step("prior", "", total, 0.0, total)]
    for part in score.parts:
        if part.level >= 0 and round(part.bits, 1):
            found.append(Step(part.comparison, part.name, part.bits, total, total + part.bits))
            total += part.bits
    return tuple(found)


def verdict(level: int, name: str, bits: float) -> str:
    """How one comparison came out: ``silent``, ``same``, ``near`` or ``differs``."""
    if level < 0:
        return "silent"
    if name.startswith("exact") or name in ("same home", "same ID", "same name"):
        return "same"
    return "near" if bits > 0 else "differs"


Marked = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it differs from the other side's."""


def differing(text: str, other: str, shown: str | None = None) -> Marked:
    """The text in pieces, those marked that the other lacks; ``shown`` is the text as it may be seen, sign for sign."""
    seen = text if shown is None or len(shown) != len(text) else shown
    if not other or text == other or max(len(text), len(other)) > _LONGEST:
        return ((seen, bool(other) and text != other),) if seen else ()
    pieces: list[tuple[str, bool]] = []
    for kind, start, end, _, _ in SequenceMatcher(None, text, other, autojunk=False).get_opcodes():
        if start < end:
            pieces.append((seen[start:end], kind != "equal"))
    return tuple(pieces)


def beside(
    left: Sequence[str], right: Sequence[str], shown: Mapping[str, str] | None = None
) -> tuple[tuple[Marked, ...], tuple[Marked, ...]]:
    """The values of two sides, each marked against the one of the other side that is most like it."""
    masks = shown or {}

    def side(own: Sequence[str], others: Sequence[str]) -> tuple[Marked, ...]:
        return tuple(differing(text, _nearest(text, others), masks.get(text)) for text in own)

    return side(left, right), side(right, left)


def _nearest(text: str, others: Sequence[str]) -> str:
    if text in others:
        return text
    return max(others, key=lambda other: SequenceMatcher(None, text[:50], other[:50]).ratio(), default="")
