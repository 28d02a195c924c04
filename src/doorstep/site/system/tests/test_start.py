"""The start page, the choice of language, and the pages that say that something went wrong."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from django.utils.translation import override

from doorstep.kernel import clock, room
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import Delivery, JobRun, OutboxEvent
from doorstep.kernel.testing import callers
from doorstep.site import faults

pytestmark = pytest.mark.django_db
QUERIES = 9  # state of outbox and jobs (2), messages to mend (1), open alerts (1), the rest for rooms to come


@pytest.fixture
def client(as_caller) -> Client:
    as_caller(callers.system())
    return Client(headers={"accept-language": "zh-CN"})


def test_strangers_are_led_to_the_sign_in(as_caller) -> None:
    as_caller(None)
    answer = Client().get("/?x=1")
    assert answer.status_code == 302
    assert answer.url == "/sign-in?next=/%3Fx%3D1"


def test_start_shows_what_the_caller_may_do_and_no_more(client: Client, as_caller) -> None:
    every = [entry for r in room.installed() for entry in r.menu]
    assert len(client.get("/").context["tasks"]) <= len(every)
    as_caller(callers.member(new_id(), {"trail.read"}))
    answer = client.get("/")
    assert [task.url for task in answer.context["tasks"]] == ["/trail", "/trail/unusual"]
    assert answer.context["state"] is None
    as_caller(callers.stranger())
    assert "您现在的岗位还没有开通任何功能" in client.get("/").text


def test_start_makes_few_queries(client: Client, django_assert_max_num_queries) -> None:
    client.get("/")
    with django_assert_max_num_queries(QUERIES):
        client.get("/")


def test_operators_see_what_is_wrong(client: Client) -> None:
    assert "系统有事要处理" not in client.get("/").text
    event = OutboxEvent.objects.create(name="a.B", subject="s", body={}, at=clock.now())
    Delivery.objects.create(event=event, handler="h", subject="s", state="dead", due_at=clock.now())
    JobRun.objects.create(name="nightly", at=clock.now(), error="ValueError")
    said = client.get("/").text
    assert "1 条内部消息没有送达" in said
    assert "nightly" in said


def test_the_language_is_chosen_and_kept(client: Client) -> None:
    answer = client.post("/language", {"language": "en", "next": "/system/style"})
    assert answer.url == "/system/style"
    assert "Page style" in client.get("/system/style").text
    client.post("/language", {"language": "zh-hans", "next": "/"})
    assert "页面样式" in client.get("/system/style").text
    assert client.post("/language", {"language": "en", "next": "https://evil.example/"}).url == "/"
    assert client.post("/language", {"language": "xx"}).status_code == 302


def test_english_pages_say_nothing_in_chinese(client: Client) -> None:
    client.post("/language", {"language": "en"})
    for path in ("/system/outbox", "/trail?since=2026-02-02&until=2026-01-01", "/system/outbox/1", "/nothing"):
        text = client.get(path).text
        main = text[text.index("<main") : text.index("</main>")].replace("测试", "")
        assert not [c for c in main if "\u4e00" <= c <= "\u9fff"], path


def test_what_is_not_there_is_said_with_its_status(client: Client, as_caller) -> None:
    assert client.get("/nothing").status_code == 404
    as_caller(None)
    answer = Client(headers={"accept-language": "zh-CN"}).get("/nothing")
    assert answer.status_code == 404
    assert "没有找到" in answer.text
    assert "主菜单" not in answer.text


def test_a_form_without_its_secret_is_refused_in_words(as_caller) -> None:
    as_caller(callers.system())
    answer = Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"}).post("/system/style", {"name": "x"})
    assert answer.status_code == 403
    assert "页面放得太久了" in answer.text


def test_a_fault_gives_a_number_and_no_secrets(as_caller, monkeypatch, caplog) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret of the machine")

    as_caller(callers.system())
    monkeypatch.setattr("doorstep.kernel.letters.state", broken)
    answer = Client(raise_request_exception=False, headers={"accept-language": "zh-CN"}).get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    number = answer.headers["X-Request-Id"]
    assert number in answer.text
    assert f"server error {number}" in caplog.text


def test_the_fault_page_needs_no_database(django_db_blocker) -> None:
    with django_db_blocker.block(), override("zh-hans"):
        assert faults.server_error(RequestFactory().get("/x")).status_code == 500


def test_static_files_carry_their_checksum(client: Client) -> None:
    from django.templatetags.static import static

    address = static("doorstep/doorstep.css")
    assert len(address.rpartition("?v=")[2]) == 8
    assert static("doorstep/not-there.css") == "/static/doorstep/not-there.css"
