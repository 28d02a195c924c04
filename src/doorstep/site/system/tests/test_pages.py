"""Dead letters, by their pages."""

from __future__ import annotations

import pytest
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import Delivery, OutboxEvent, TrailLine
from doorstep.kernel.testing import callers
from doorstep.site.system.access import Permission

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(as_caller) -> Client:
    as_caller(callers.system())
    return Client(headers={"accept-language": "zh-CN"})


def dead(n: int = 1, subject: str = "resident:1", state: str = "dead") -> list[Delivery]:
    made = []
    for number in range(n):
        body = {"resident": "r-1", "number": number}
        event = OutboxEvent.objects.create(name="residents.Merged", subject=subject, body=body, at=clock.now())
        made.append(
            Delivery.objects.create(
                event=event, handler="charts.move", subject=subject, state=state, attempts=8,
                due_at=clock.now(), error="ValueError: no <b>chart</b>\nline two",
            )
        )  # fmt: skip
    return made


def test_an_empty_list_says_that_all_is_well(operator: Client) -> None:
    assert "全部送达" in operator.get("/system/outbox").text


def test_a_letter_is_listed_read_and_replayed(operator: Client) -> None:
    (letter,) = dead()
    dead(2, state="waiting")
    page = operator.get("/system/outbox").text
    assert "residents.Merged" in page
    assert "no &lt;b&gt;chart" in page
    page = operator.get(f"/system/outbox/{letter.pk}").text
    assert "line two" in page
    assert "&quot;number&quot;: 0" in page
    assert "还有 2 条消息排在它后面" in page
    assert operator.get(f"/system/outbox/{letter.pk}/replay").status_code == 405
    answer = operator.post(f"/system/outbox/{letter.pk}/replay", follow=True)
    assert "已放回队列" in answer.text
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("waiting", 0)
    assert TrailLine.objects.filter(action="outbox.replay", subject_id=str(letter.pk), outcome="done").count() == 1


def test_a_letter_seen_to_by_another_is_refused_in_words(operator: Client) -> None:
    (letter,) = dead(state="done")
    answer = operator.post(f"/system/outbox/{letter.pk}/replay")
    assert answer.status_code == 422
    assert "已经有人处理过了" in answer.text
    assert operator.get("/system/outbox/99999").status_code == 404


def test_to_dismiss_asks_first_and_wants_a_reason(operator: Client) -> None:
    (letter,) = dead()
    assert "放弃这条消息？" in operator.get(f"/system/outbox/{letter.pk}/dismiss").text
    assert operator.post(f"/system/outbox/{letter.pk}/dismiss", {"reason": ""}).status_code == 422
    letter.refresh_from_db()
    assert letter.state == "dead"
    operator.post(f"/system/outbox/{letter.pk}/dismiss", {"reason": "重复的通知"})
    letter.refresh_from_db()
    assert letter.state == "dismissed"
    assert TrailLine.objects.get(action="outbox.dismiss").detail == {"why": "重复的通知"}


def test_the_list_is_paged_and_narrowed(operator: Client) -> None:
    dead(25)
    dead(1, subject="resident:2")
    first = operator.get("/system/outbox")
    assert first.text.count('scope="row"') == 20
    second = operator.get("/system/outbox", {"after": first.context["paged"].next})
    assert second.text.count('scope="row"') == 6
    assert operator.get("/system/outbox?subject=resident:2").text.count('scope="row"') == 1
    assert operator.get("/system/outbox?after=nonsense").status_code == 400
    assert "这一页的地址不对" in operator.get("/system/outbox?after=WyJhIl0").text


PAGES = (
    ("get", "/system/outbox", Permission.OUTBOX_READ),
    ("get", "/system/outbox/{key}", Permission.OUTBOX_READ),
    ("post", "/system/outbox/{key}/replay", Permission.OUTBOX_REPLAY),
    ("post", "/system/outbox/{key}/dismiss", Permission.OUTBOX_REPLAY),
)


@pytest.mark.parametrize(("method", "path", "permission"), PAGES)
def test_no_page_without_its_permission(as_caller, method: str, path: str, permission: Permission) -> None:
    (letter,) = dead()
    client = Client()
    ask = getattr(client, method)
    where = path.format(key=letter.pk)
    assert ask(where).status_code == 302
    others = callers.everyone_permissions() - {str(permission)}
    as_caller(callers.member(new_id(), others))
    assert ask(where, {"reason": "weil"}).status_code == 403
    letter.refresh_from_db()
    assert letter.state == "dead"


def test_the_style_page_answers_a_good_form_and_a_bad_one(operator: Client) -> None:
    assert operator.post("/system/style", {"name": ""}).status_code == 422
    good = {"name": "张", "phone": "13800000000", "sex": "1", "area": "a", "agreed": "on"}
    assert "已保存" in operator.post("/system/style", good, follow=True).text
