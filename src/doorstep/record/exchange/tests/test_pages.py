"""The pages: what they say in two languages, to whom, and at what cost."""

from __future__ import annotations

import pytest
from django.test import Client

from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import api
from doorstep.record.exchange.tests import bad, kit
from doorstep.record.exchange.tests.kit import send

pytestmark = pytest.mark.django_db
CHINESE, ENGLISH = {"accept-language": "zh-CN"}, {"accept-language": "en"}


@pytest.fixture
def enter(as_caller):
    """A client as which a caller enters."""

    def make(call, **headers) -> Client:
        as_caller(call)
        return Client(headers={**CHINESE, **headers})

    return make


def html(answer, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def one_aside() -> int:
    return kit.messages().get(state="set_aside").pk


class TestList:
    def test_what_waits_for_a_person_comes_first(self, source, enter):
        send(source, kit.sound(1), b"{", bad.BAD["birth in the future"].raw)
        said = html(enter(member(source)).get("/exchange/"))
        assert "甲医院" in said
        assert "JSON 不完整" in said
        assert "2999-01-01" in said
        assert "待修正 2 件" in said
        assert "0.json" not in said
        assert "0.json" in html(enter(member(source)).get("/exchange/", {"state": "applied"}))

    def test_nothing_waits(self, source, enter):
        assert "没有待修正的报文" in html(enter(member(source)).get("/exchange/"))
        assert "没有符合条件的报文" in html(enter(member(source)).get("/exchange/", {"q": "x"}))

    def test_found_by_file_and_problem(self, source, enter):
        send(source, b"{", bad.BAD["reference to nowhere"].raw)
        client = enter(member(source))
        assert html(client.get("/exchange/", {"q": "missing-reference"})).count("<tr>") == 2
        assert html(client.get("/exchange/", {"q": "1.json"})).count("<tr>") == 2

    def test_pages_hold_every_message_once(self, source, enter):
        send(source, *[b"{" + b" " * n for n in range(70)])
        seen, address = [], "/exchange/?state=set_aside"
        client = enter(member(source))
        for _ in range(5):
            answer = client.get(address)
            html(answer)
            seen += [row["line"].id for row in answer.context["lines"]]
            if not answer.context["paged"].next:
                break
            address = f"/exchange/?state=set_aside&after={answer.context['paged'].next}"
        assert (len(seen), len(set(seen)), seen) == (70, 70, sorted(seen, reverse=True))

    @pytest.mark.parametrize("after", ["x", "WyLCsiJd", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ", "W1tbW1tb", "WyItMSJd"])
    def test_a_forged_page_is_refused_in_words(self, source, enter, after):
        html(enter(member(source)).get("/exchange/", {"after": after}), 400)

    @pytest.mark.parametrize("query", [{"state": "nothing"}, {"q": "\0"}, {"q": "x" * 300}, {"q": "%_'\""}])
    def test_odd_questions_are_answered(self, source, enter, query):
        send(source, b"{")
        html(enter(member(source)).get("/exchange/", query))

    def test_few_questions_to_the_database_however_many_messages(self, source, enter, django_assert_max_num_queries):
        send(source, *[b"{" + b" " * n for n in range(40)])
        client = enter(member(source))
        with django_assert_max_num_queries(7):
            html(client.get("/exchange/"))


class TestOne:
    def test_it_says_where_from_what_is_wrong_where_and_what_to_do(self, source, enter):
        send(source, bad.BAD["reference to nowhere"].raw)
        said = html(enter(member(source)).get(f"/exchange/{one_aside()}/"))
        for words in (
            "甲医院",
            "Patient/nowhere",
            "指向的资源不存在",
            "先送来被引用的资源",
            "subject.reference",
            "修正并采用",
        ):
            assert words in said, words

    def test_it_is_written_down_who_read_it(self, source, enter):
        send(source, b"{")
        html(enter(member(source)).get(f"/exchange/{one_aside()}/"))
        line = TrailLine.objects.get(action="exchange.read")
        assert (line.actor, line.subject_type, line.subject_id) == ("staff:member", "Message", str(one_aside()))

    def test_what_was_used_shows_its_count_and_no_buttons(self, source, enter):
        [receipt] = send(source, kit.sound(1))
        said = html(enter(member(source)).get(f"/exchange/{receipt.message}/"))
        assert "新增 2，更新 0，未变 0，搁置 0" in said
        assert "修正并采用" not in said
        assert "原样重放" not in said

    def test_one_who_may_only_read_has_no_buttons(self, source, enter):
        send(source, b"{")
        said = html(enter(member(source, ["exchange.read"])).get(f"/exchange/{one_aside()}/"))
        assert "修正并采用" not in said
        assert "原样重放" not in said

    def test_what_it_holds_is_text_and_never_part_of_the_page(self, source, enter):
        send(source, b"<script>alert(1)</script>\xff\x00{{ 7|add:7 }}")
        said = html(enter(member(source)).get(f"/exchange/{one_aside()}/"))
        assert "<script>alert" not in said
        assert "{{ 7|add:7 }}" in said

    def test_a_large_one_is_cut_and_not_mended_on_the_page(self, source, enter):
        send(source, b"[" + b" " * (1 << 20) + b"\xe6\x97")
        said = html(enter(member(source)).get(f"/exchange/{one_aside()}/"))
        assert "只显示开头一兆字节" in said
        assert "修正并采用" not in said

    def test_a_file_that_was_not_kept(self, source, enter):
        problem = api.Problem("archive-bomb", params={"limit": 5, "ratio": 200})
        api.set_aside_fault(system(), source=source, origin="x.zip!bomb.json", problem=problem, channel="file")
        said = html(enter(member(source)).get(f"/exchange/{one_aside()}/"))
        assert "压缩包解开后超过上限" in said
        assert "原样重放" not in said
        assert "放弃" in said

    def test_few_questions_to_the_database(self, source, enter, django_assert_max_num_queries):
        send(source, b"{")
        client = enter(member(source))
        with django_assert_max_num_queries(12):  # four count what waits, for the menu
            html(client.get(f"/exchange/{one_aside()}/"))

    @pytest.mark.parametrize("number", [0, 12345, 99999999999999999999999])
    def test_a_number_that_is_none(self, source, enter, number):
        html(enter(member(source)).get(f"/exchange/{number}/"), 404)


class TestMoves:
    def test_mended_on_the_page(self, source, enter):
        send(source, kit.sound(1)[:-1])
        number, client = one_aside(), enter(member(source))
        answer = client.post(f"/exchange/{number}/mend", {"text": kit.sound(1).decode()}, follow=True)
        assert "已修正并采用" in html(answer)
        assert f"/exchange/{number}/" in html(answer)
        assert kit.count("fhir_patient") == 1

    def test_still_wrong_it_says_why_and_keeps_what_was_typed(self, source, enter):
        send(source, b"{")
        answer = enter(member(source)).post(f"/exchange/{one_aside()}/mend", {"text": '{"typed": "打过的字"'})
        said = html(answer, 422)
        assert "打过的字" in said
        assert "JSON 不完整" in said

    def test_nothing_typed(self, source, enter):
        send(source, b"{")
        html(enter(member(source)).post(f"/exchange/{one_aside()}/mend", {"text": ""}), 422)

    def test_tried_again(self, source, enter):
        send(source, bad.BAD["reference to nowhere"].raw)
        number, client = one_aside(), enter(member(source))
        assert "重放后仍有问题" in html(client.post(f"/exchange/{number}/retry", follow=True))
        send(source, kit.bundle("collection", kit.entry(kit.patient(1) | {"id": "nowhere"}, None, None)))
        assert "已重放并采用" in html(client.post(f"/exchange/{number}/retry", follow=True))
        html(client.post(f"/exchange/{number}/retry"), 409)

    def test_dismissed_after_a_question_with_a_reason(self, source, enter):
        send(source, b"{")
        number, client = one_aside(), enter(member(source))
        assert f"放弃报文 {number}" in html(client.get(f"/exchange/{number}/dismiss"))
        html(client.post(f"/exchange/{number}/dismiss", {"reason": " "}), 422)
        assert "已放弃" in html(client.post(f"/exchange/{number}/dismiss", {"reason": "测试数据"}, follow=True))

    def test_what_was_done_with_is_not_moved_again(self, source, enter):
        [receipt] = send(source, kit.sound(1))
        client = enter(member(source))
        for move, data in (("retry", {}), ("mend", {"text": "{}"}), ("dismiss", {"reason": "x"})):
            html(client.post(f"/exchange/{receipt.message}/{move}", data), 409)

    def test_only_by_post(self, source, enter):
        send(source, b"{")
        client = enter(member(source))
        assert client.get(f"/exchange/{one_aside()}/retry").status_code == 405
        assert client.get(f"/exchange/{one_aside()}/mend").status_code == 405


PATHS = ("", "{}/", "{}/mend", "{}/retry", "{}/dismiss")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post"])
class TestWhoMayEnter:
    def call(self, client: Client, method: str, path: str):
        data = {"text": kit.sound(1).decode(), "reason": "x"} if method == "post" else {}
        return getattr(client, method)(f"/exchange/{path.format(kit.messages().first().pk)}", data)

    def test_nobody_is_sent_to_sign_in(self, source, enter, method, path):
        send(source, b"{")
        answer = self.call(enter(None), method, path)
        assert (answer.status_code, answer.headers.get("Location", "").startswith("/sign-in")) == (302, True)

    def test_one_without_the_permission_is_refused(self, source, enter, method, path):
        send(source, b"{")
        assert self.call(enter(stranger()), method, path).status_code == 403

    def test_another_institution_sees_and_moves_nothing(self, source, other, enter, method, path):
        send(source, b"{")
        before = list(kit.messages().values())
        answer = self.call(enter(member(other)), method, path)
        assert answer.status_code in ((200,) if not path else (404, 405, 200))
        said = answer.content.decode()
        assert "甲医院" not in said
        assert "JSON 不完整" not in said
        assert list(kit.messages().values()) == before


@pytest.mark.parametrize("name", ["truncated", "wrong check digit", "reference to nowhere", "birth in the future"])
def test_in_english(source, enter, name):
    send(source, bad.BAD[name].raw)
    client = enter(member(source), **ENGLISH)
    for address in ("/exchange/", f"/exchange/{one_aside()}/", f"/exchange/{one_aside()}/dismiss"):
        said = html(client.get(address))
        body = (
            said[said.index("<main") :]
            .replace("甲医院", "")
            .replace("王小明", "")
            .replace("王乙", "")
            .replace("中文", "")
        )
        left = {c for c in body if "\u4e00" <= c <= "\u9fff"}
        assert not left, (address, left)
