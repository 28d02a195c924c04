"""The life of a study, its words, and its picture in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from doorstep.kernel.testing.contracts import FlowContract
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.flow import FLOW
from doorstep.record.imaging.pages import saying
from doorstep.record.imaging.pages.entry import STATUS
from doorstep.record.imaging.room import ROOM
from doorstep.record.imaging.rules import placing, words
from doorstep.registers.staff.rules import ROLES


class TestFlow(FlowContract):
    flow = FLOW
    column = ("imaging_study", "study_state")


def test_every_permission_has_a_sentence_and_a_role() -> None:
    assert {str(p) for p in Permission} <= set(map(str, ROOM.sentences))
    held = frozenset().union(*(role.permissions for role in ROLES.values()))
    assert {str(p) for p in Permission} <= held


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_reason_fault_and_refusal_has_words_in_both_languages(language: str) -> None:
    with translation.override(language):
        said = [saying.reason(code, {"against": "name", "copies": 2, "residents": 2}) for code in placing.REASONS]
        said += [saying.fault(code, {"megabytes": 32, "status": 500}) for code in words.FAULTS]
        said += [translation.gettext(text) for text in words.DOOR.values()]
    assert all(said)
    assert language != "en" or all(text.isascii() for text in said)
    assert set(placing.REASONS) == set(words.RESTS)
    assert STATUS.keys() == words.DOOR.keys()
    assert not any("{" in text for text in said[: len(placing.REASONS) + len(words.FAULTS)])


def test_the_picture_in_the_documentation_is_the_flow() -> None:
    page = Path(__file__).parents[5] / "docs" / "rooms" / "imaging.md"
    assert FLOW.mermaid() in page.read_text()
