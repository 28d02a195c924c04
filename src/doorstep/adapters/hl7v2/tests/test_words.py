"""Every reason that the code gives has its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doorstep.adapters.hl7v2.words import WORDS, advice, say

CODE = Path(__file__).parents[1]
GIVEN = re.compile(
    r'(?:Problem|Unreadable|Bad)\(\s*"([a-z-]+)"'
    r'|return "(batch)"|"(no-header)" if [^"]*"(empty)"|\("(unsupported-[a-z]+)"'
)


def test_every_reason_in_the_code_has_words():
    text = "".join(path.read_text("utf-8") for path in [*CODE.glob("*.py"), *CODE.glob("mapping/*.py")])
    given = {name for found in GIVEN.findall(text) for name in found if name}
    assert len(given) > 15
    assert given - WORDS.keys() == set()


@pytest.mark.parametrize("reason", WORDS)
def test_in_two_languages(reason):
    for chinese, english in ((say(reason), say(reason, "en")), (advice(reason), advice(reason, "en-gb"))):
        assert re.search(r"[\u4e00-\u9fff]", chinese)
        assert not re.search(r"[\u4e00-\u9fff]", english)


def test_what_is_not_known_is_said_by_its_code():
    assert (say("nothing-known"), advice("nothing-known")) == ("nothing-known", "")
