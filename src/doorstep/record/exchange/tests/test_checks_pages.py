"""The pages of the levels of checking: what they say in two languages, to whom, at what cost, in a browser."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import api
from doorstep.record.exchange.api import Checks, Level
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import send
from doorstep.record.exchange.tests.test_pages import ENGLISH, enter, html

pytestmark = pytest.mark.django_db
__all__ = ["enter"]
PAGE = "/exchange/sources"


def names(answer) -> list[str]:
    return [row["source"].name for row in answer.context["rows"]]


def test_nothing_yet(source, enter):
    assert "还没有机构送来数据" in html(enter(member(source, ["exchange.read"])).get(PAGE))


def test_those_that_send_are_listed_with_how_they_are_checked(source, other, enter):
    send(source, kit.sound(1), b"{")
    send(other, kit.sound(3))
    answer = enter(member(source, ["exchange.read"])).get(PAGE)
    said = html(answer)
    for words in ("甲医院", "只校验结构", "不合格的搁置"):
        assert words in said, words
    assert "乙医院" not in said
    assert f"{PAGE}/" not in said[said.index("<main") :]
    assert answer.context["rows"][0]["source"].aside == 1
    assert names(enter(system()).get(PAGE)) == ["甲医院", "乙医院"]


def test_set_on_the_page(source, enter):
    send(source, kit.sound(1))
    client = enter(member(source, ["exchange.read", "exchange.mend"]))
    assert "结构和规则" in html(client.get(f"{PAGE}/{source}"))
    answer = client.post(f"{PAGE}/{source}", {"level": "invariants", "expect": 0}, follow=True)
    said = html(answer)
    for words in ("已设置", "结构和规则", "不校验"):
        assert words in said, words
    assert api.checks_of(source) == Checks(Level.INVARIANTS, False, 1)
    html(client.post(f"{PAGE}/{source}", {"level": "structure", "expect": 0}), 409)
    html(client.post(f"{PAGE}/{source}", {"level": "none", "expect": 1}), 422)
    html(client.post(f"{PAGE}/{source}", {}), 422)
    assert api.checks_of(source).version == 1


def test_pages_hold_every_source_once(source, enter):
    made = [kit.make_organisation(f"医院{n:03}") for n in range(70)]
    for each in made:
        api.set_checks(system(), source=each, expect=0, level=Level.INVARIANTS, strict_bundles=True)
    client, seen, address = enter(member(source, ["exchange.read"], scope=system().scope)), [], PAGE
    while address:
        answer = client.get(address)
        html(answer)
        seen += [row["source"].id for row in answer.context["rows"]]
        more = answer.context["paged"].next
        address = f"{PAGE}?after={more}" if more else ""
    assert seen == made


@pytest.mark.parametrize("after", ["x", "WyJ4Il0", "W10"])
def test_a_forged_page_is_refused_in_words(source, enter, after):
    html(enter(member(source)).get(PAGE, {"after": after}), 400)


def test_few_questions_to_the_database(source, enter, django_assert_max_num_queries):
    for n in range(40):
        send(kit.make_organisation(f"医院{n:03}"), b"{")
    client = enter(system())
    with django_assert_max_num_queries(9):
        assert len(names(client.get(PAGE))) == 30
    with django_assert_max_num_queries(7):
        html(client.get(f"{PAGE}/{source}"))


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_enter(source, other, enter, method):
    send(source, b"{")
    for path, reads in ((PAGE, 200), (f"{PAGE}/{source}", 403)):
        assert getattr(enter(None), method)(path).status_code == 302
        assert getattr(enter(stranger()), method)(path).status_code == 403
        assert getattr(enter(member(source, ["exchange.read"])), method)(path).status_code == reads
        answer = getattr(enter(member(other)), method)(path, {"level": "invariants", "expect": 0})
        assert answer.status_code == (200 if path == PAGE else 404)
        assert "甲医院" not in answer.content.decode()
    assert api.checks_of(source) == Checks()


def test_one_that_is_none(enter, db):
    html(enter(system()).get(f"{PAGE}/{uuid4()}"), 404)


def test_in_english(source, enter):
    send(source, b"{")
    api.set_checks(system(), source=source, expect=0, level=Level.INVARIANTS, strict_bundles=False)
    client = enter(replace(member(source), name="x"), **ENGLISH)
    for address in (PAGE, f"{PAGE}/{source}"):
        said = html(client.get(address))
        body = said[said.index("<main") :].replace("中文", "").replace("甲医院", "")
        assert not {c for c in body if "\u4e00" <= c <= "\u9fff"}, body


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_in_a_browser(source, as_caller, open_page, language):
    as_caller(system())
    long = kit.make_organisation("一个名字很长很长很长很长的县人民医院医共体总医院分院")
    send(source, b"{")
    send(long, kit.sound(1))
    page = open_page(language=language)
    page.goto(PAGE)
    for _width in at_widths(page):
        axe(page)
    page.locator("main td a.btn").last.click()
    for _width in at_widths(page):
        axe(page)
    page.locator("input[value=invariants]").check()
    page.locator("main form button").click()
    page.wait_for_url(f"**{PAGE}")
    assert {api.checks_of(one).level for one in (source, long)} == set(Level)
