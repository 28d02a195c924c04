"""What an app asks for: clinical scopes and the words of launch and OpenID Connect; what of it is given. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from doorstep.fhir.smart import Clinical, narrowed, parse

WORDS: Final = (
    "openid", "fhirUser", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access",
)  # fmt: skip
SYSTEM: Final = frozenset({"system"})
STAFF: Final = frozenset({"patient", "user"})
RESIDENT: Final = frozenset({"patient"})
"""The levels of scopes that a system, one who works here and a resident can give."""
READING: Final = frozenset("rs")
MOST: Final = 60
"""How many scopes one request may name."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Scopes as they were understood; what is none is left out (RFC 6749 §3.3)."""

    clinical: tuple[Clinical, ...] = ()
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([*self.words, *map(str, self.clinical)])

    @property
    def of_patient(self) -> bool:
        """Whether it is about one patient, who must then be known."""
        return "launch/patient" in self.words or any(each.level == "patient" for each in self.clinical)

    @property
    def offline(self) -> bool:
        """Whether it shall go on when the person has left."""
        return "offline_access" in self.words


def read(text: str) -> Wish:
    """The scopes of a request, each once, in its order."""
    said = list(dict.fromkeys(text.split()))[:MOST]
    clinical = tuple(dict.fromkeys(found for each in said if (found := parse(each)) is not None))
    return Wish(clinical, tuple(each for each in said if each in WORDS))


def given(asked: Wish, allowed: Wish, levels: frozenset[str]) -> Wish:
    """What of the asked is allowed. A system has system scopes alone, a person's app none; what is kept to one patient
    is read and never written, since a write cannot be held to one."""
    both = [each for each in narrowed(asked.clinical, allowed.clinical) if each.level in levels]
    if levels == SYSTEM:
        return Wish(tuple(both))
    mine = [_readable(each) for each in both]
    return Wish(tuple(each for each in mine if each), tuple(w for w in asked.words if w in allowed.words))


def _readable(one: Clinical) -> Clinical | None:
    if one.level != "patient":
        return one
    letters = "".join(letter for letter in one.letters if letter in READING)
    return replace(one, letters=letters) if letters else None


def lines(clinical: Sequence[Clinical]) -> list[tuple[str, str, str, str]]:
    """Level, type, what may be done (codes of verbs, joined) and search of each scope, for a page to put in words."""
    return [(each.level, each.type, _verbs(each.letters), each.query) for each in clinical]


def _verbs(letters: str) -> str:
    found = set(letters)
    verbs = ["read"] if found & READING else []
    verbs += ["write"] if found & set("cu") else []
    verbs += ["delete"] if "d" in found else []
    return "+".join(verbs)
