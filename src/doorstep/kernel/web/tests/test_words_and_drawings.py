"""Days, ages, marks, masks, trends, refusals: what the components say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import clock
from doorstep.kernel.decision import refuse
from doorstep.kernel.paging import Paged
from doorstep.kernel.web import drawing, filters, moments, words


def draw(text: str, **context: object) -> str:
    """A template's text in Chinese."""
    with override("zh-hans"):
        return Template("{% load i18n doorstep %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (date(2026, 11, 24), "2026年11月24日", "24 Nov 2026"),
        (datetime(2026, 11, 24, 17, 30, tzinfo=UTC), "2026年11月25日", "25 Nov 2026"),
        ("1958", "1958年", "1958"),
        ("1958-03", "1958年3月", "Mar 1958"),
        ("1958-03-01", "1958年3月1日", "1 Mar 1958"),
        ("1958-13", "1958-13", "1958-13"),
        ("<b>", "<b>", "<b>"),
        (None, "", ""),
    ],
)
def test_day(value: object, zh: str, en: str) -> None:
    for language, wanted in (("zh-hans", zh), ("en", en)):
        with override(language):
            said = str(filters.day(value))
        assert said == wanted or f">{wanted}</time>" in said


def test_moment_is_told_in_chinas_time_and_a_day_stays_a_day() -> None:
    with override("zh-hans"):
        assert ">2026年11月25日 01:30</time>" in filters.moment(datetime(2026, 11, 24, 17, 30, tzinfo=UTC))
        assert ">2026年11月24日</time>" in filters.moment("2026-11-24")
        assert ">2026年11月24日 14:05</time>" in filters.moment("2026-11-24T14:05:00+08:00")


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=20), "刚刚"),
        (timedelta(minutes=5), "5 分钟前"),
        (timedelta(hours=3), "3 小时前"),
        (timedelta(days=2), "2 天前"),
    ],
)
def test_ago(passed: timedelta, said: str) -> None:
    with override("zh-hans"):
        assert moments.ago(clock.now() - passed) == said


def test_ago_tells_the_day_of_what_is_long_past_or_still_to_come() -> None:
    with override("zh-hans"):
        for away in (timedelta(days=-3), timedelta(days=30)):
            assert moments.ago(clock.now() - away).endswith("日")


@pytest.mark.parametrize(
    ("born", "on", "said"),
    [
        (date(2026, 11, 1), date(2026, 11, 13), "12 天"),
        (date(2026, 5, 21), date(2026, 11, 24), "6 个月"),
        (date(2024, 2, 29), date(2026, 2, 28), "23 个月"),
        (date(1958, 11, 25), date(2026, 11, 24), "67 岁"),
        (date(1958, 11, 24), date(2026, 11, 24), "68 岁"),
    ],
)
def test_age(born: date, on: date, said: str) -> None:
    with override("zh-hans"):
        assert moments.age(born, on) == said


def test_masked_keeps_what_it_is_told_and_no_more() -> None:
    said = filters.masked("421302195103081234", "6,4")
    assert said.startswith('<span class="masked">421302<span aria-hidden="true">********</span>1234')
    assert filters.masked("123", "2,2") == "123"
    assert "abc" not in filters.masked("abcdefgh", "0,0")


def test_marked_escapes_and_marks() -> None:
    assert filters.marked("A<b>a", "a") == "<mark>A</mark>&lt;b&gt;<mark>a</mark>"
    assert filters.marked("a+b", "+") == "a<mark>+</mark>b"


@given(st.text(), st.text())
def test_marked_never_lets_markup_through(text: str, query: str) -> None:
    rest = str(filters.marked(text, query)).replace("<mark>", "").replace("</mark>", "")
    assert "<" not in rest
    assert ">" not in rest


points = st.lists(
    st.tuples(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.floats(-1e6, 1e6)), min_size=1, max_size=40
)
edges = st.one_of(st.none(), st.floats(-1e6, 1e6))


@given(points, edges, edges)
def test_every_dot_lies_on_the_paper_in_order(values: list, low: float | None, high: float | None) -> None:
    drawn = drawing.trend(values, low, high)
    assert drawn is not None
    assert [d.on for d in drawn.dots] == sorted(at for at, _value in values)
    for dot in drawn.dots:
        assert drawn.left <= dot.x <= drawn.right
        assert 0 <= dot.y <= drawn.bottom
    for dot in drawn.dots:
        assert (dot.tone == "out") == drawing.out_of(dot.value, low, high)


def test_no_values_no_drawing_but_words() -> None:
    assert drawing.trend([]) is None
    assert "无数据" in draw('{% trend p _("收缩压") "mmHg" %}', p=[])


def test_a_trend_speaks_its_values() -> None:
    said = draw('{% trend p _("收缩压") "mmHg" 90 140 %}', p=[(date(2026, 1, 1), 168.0), (date(2026, 2, 1), 120.0)])
    assert "2026-01-01 168 超出参考范围, 2026-02-01 120" in said


def test_zero_of_zero_is_no_data() -> None:
    assert "无数据" in draw('{% progress 0 0 "x" %}')
    assert "50%" in draw('{% progress 1 2 "x" %}')


def test_what_is_not_recorded_is_said() -> None:
    assert "未记录" in draw('{% fact "x" %}{{ nothing }}{% endfact %}')
    assert "未记录" not in draw('{% fact "x" %}0{% endfact %}')


def test_components_escape_what_people_typed() -> None:
    bad = "<script>alert(1)</script>"
    text = (
        "{% badge bad %}{% card title=bad %}{{ bad }}{% endcard %}{% crumb bad bad %}{% empty bad bad %}"
        "{% fact bad %}{{ bad }}{% endfact %}{% cell bad %}{{ bad }}{% endcell %}{% tab bad bad %}"
        "{% event title=bad meta=bad %}{{ bad }}{% endevent %}{% mark bad bad %}"
        "{% icon bad bad bad %}{% print_head bad %}"
    )
    assert "<script" not in draw(text, bad=bad)


def test_print_head_cannot_leave_its_string() -> None:
    said = draw("{% print_head bad %}", bad='张"}</style><b>')
    assert said.count("</style>") == 1
    assert "张\\000022" in said


def test_pager_keeps_the_filter_and_knows_the_way_back() -> None:
    request = RequestFactory().get("/x?q=张&after=abc")
    said = draw("{% pager p %}", request=request, p=Paged((1,), "next1"))
    assert "q=%E5%BC%A0&amp;after=next1" in said
    assert 'href="?q=%E5%BC%A0"' in said
    part = RequestFactory().get("/x?after=abc", headers={"HX-Request": "true"})
    assert "回到第一页" not in draw('{% pager p more="rows" %}', request=part, p=Paged((1,)))


@pytest.mark.parametrize("reason", [*words.KNOWN, "never.heard"])
def test_every_refusal_has_words_in_both_languages(reason: str) -> None:
    with override("zh-hans"):
        chinese = words.words(refuse(reason))
    with override("en"):
        english = words.words(refuse(reason))
    assert chinese.text
    assert chinese.text != english.text
    assert english.text.isascii()


def test_a_rooms_own_words_take_values_from_the_detail() -> None:
    assert words.fill("校验位不对：{number}", refuse("x", number="<1>")) == "校验位不对：<1>"
    with override("zh-hans"):
        assert "已经有人处理过" in words.sentence(refuse("not_dead"))
