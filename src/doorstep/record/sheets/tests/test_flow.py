"""The life of an import, its words, and its picture in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from doorstep.kernel.decision import refuse
from doorstep.kernel.testing.contracts import FlowContract, WordsContract
from doorstep.kernel.web.words import OTHER, sentence
from doorstep.record.sheets.access import NEEDED, Permission
from doorstep.record.sheets.flow import FLOW, State
from doorstep.record.sheets.forms import STATES
from doorstep.record.sheets.reads.forms import FORMS
from doorstep.record.sheets.room import ROOM
from doorstep.record.sheets.rules.words import SENTENCES


class TestFlow(FlowContract):
    flow = FLOW
    column = ("sheets_import", "import_state")


class TestWords(WordsContract):
    states = State
    words = STATES


def test_every_permission_has_a_sentence() -> None:
    assert {str(p) for p in Permission} <= set(map(str, ROOM.sentences))


def test_every_kind_has_a_table_and_what_its_sender_must_hold() -> None:
    assert FORMS.keys() == NEEDED.keys()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_code_has_words_in_both_languages(language: str) -> None:
    with translation.override(language):
        said = {code: sentence(refuse(code)) for code in SENTENCES}
    assert OTHER.text not in said.values()
    if language == "en":
        assert not [text for text in said.values() if any("\u3400" <= c <= "\u9fff" for c in text)]


def test_the_page_of_the_room_shows_the_flow_as_it_is() -> None:
    page = Path(__file__).parents[5] / "docs" / "rooms" / "sheets.md"
    assert FLOW.mermaid() in page.read_text()
