"""Names as they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.pinyin import spelled, spelled_person, typed


@pytest.mark.parametrize(
    ("name", "whole", "initials"),
    [
        ("王小明", "wangxiaoming", "wxm"),
        ("曾小明", "zengxiaoming", "zxm"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("吕女", "lvnv", "ln"),
    ],
)
def test_people(name: str, whole: str, initials: str) -> None:
    assert spelled_person(name) == (whole, initials)


def test_institutions() -> None:
    assert spelled("清禾县CT中心 2院") == ("qinghexianctzhongxin2yuan", "qhxctzx2y")


@given(st.text(max_size=40))
def test_any_text_gives_letters_and_digits_only(text: str) -> None:
    for spelling in (spelled, spelled_person):
        assert all(part.isalnum() or not part for part in spelling(text))
    assert typed(text).isascii()


def test_what_was_typed() -> None:
    assert typed("Wang Xiao-Ming") == "wangxiaoming"
    assert typed("王 wang") == ""
