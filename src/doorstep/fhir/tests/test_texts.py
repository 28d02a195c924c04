"""The form in which texts are compared."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doorstep.fhir.texts import normalise


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Müller", "muller"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("ＡＢＣ　１２", "abc 12"),
        ("  a \t b\n", "a b"), ("王小明", "王小明"), ("İstanbul", "istanbul"), ("が", "が"), ("ガ", "ガ"), ("ｶﾞ", "ガ"),
        ("हिन्दी", "हिन्दी"), ("한글", "한글"), ("ﬁn", "fin"), ("", ""), ("Ǻ", "a"), ("豈", "豈"),
    ],
)  # fmt: skip
def test_texts_are_folded(text: str, plain: str) -> None:
    assert normalise(text) == plain


@given(st.text())
@example("ΐ̈")
def test_folding_twice_is_folding_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(st.characters(categories=["L", "N", "Zs"]), max_size=150))
def test_case_and_form_do_not_matter(text: str) -> None:
    assert normalise(text) == normalise(unicodedata.normalize("NFD", text)) == normalise(f" {text}\n")


def test_every_character_is_stable() -> None:
    unstable = [hex(n) for n in range(sys.maxunicode) if normalise(once := normalise(chr(n))) != once]
    assert not unstable
