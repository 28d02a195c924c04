"""What is unusual in the trail, by its pages: counted by person and day, each with its lines; and who is watched."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest
from django.test import Client

from doorstep.insight.trail import actions, rules
from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.models import Watched
from doorstep.insight.trail.reads import unusual as reads
from doorstep.insight.trail.rules import Kind
from doorstep.kernel import clock
from doorstep.kernel.decision import Refused
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing import callers
from doorstep.registers.residents.models import Household, HouseholdMember, Resident, ResidentAddress
from doorstep.registers.staff.models import Person

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 4)  # a Wednesday
BORN = date(1980, 5, 6)


def resident(name: str, born: date | None = None) -> UUID:
    return Resident.objects.create(name=name, birth_date=born).pk


def colleague(name: str) -> str:
    made = Person.objects.create(name=name, pinyin="x", initials="x", birth_date=BORN)
    return f"staff:{made.pk}"


def look(who: str, whom: UUID | None = None, hour: int = 10, day: date = DAY, **more: object) -> None:
    at = datetime.combine(day, time(hour), clock.CHINA)
    told: dict[str, object] = {"action": "charts.read", "outcome": "done", "name": "王芳"}
    TrailLine.objects.create(at=at, actor=who, resident=whom, **told | more)


def found(kind: Kind, since: date = DAY, until: date = DAY) -> list[tuple[str, int, int]]:
    page = reads.findings(reads.asked(callers.system(), kind, since, until), Page((), 50))
    return [(finding.actor, finding.lines, finding.residents) for finding in page.items]


def lines(kind: Kind, who: str, day: date = DAY) -> int:
    return len(reads.lines(reads.asked(callers.system(), kind, day, day), who, Page((), 200)).items)


def test_bulk_is_told_from_its_bound_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "BULK", 3)
    for _ in range(3):
        look("staff:a", new_id())
        look("source:his", new_id())
    for _ in range(2):
        look("staff:b", new_id())
    one = new_id()
    for _ in range(9):
        look("staff:c", one)
    look("staff:d", detail={"residents": ["x", "y", "z"]})
    assert sorted(found(Kind.BULK)) == [("staff:a", 3, 3), ("staff:d", 1, 3)]
    assert lines(Kind.BULK, "staff:a") == 3


def test_refusals_are_told_when_repeated() -> None:
    for _ in range(3):
        look("staff:a", outcome="refused")
    for _ in range(2):
        look("staff:b", outcome="refused")
    look("staff:a", new_id())
    assert found(Kind.REFUSED) == [("staff:a", 3, 0)]
    assert lines(Kind.REFUSED, "staff:a") == 3


def test_off_hours_are_nights_and_days_without_work() -> None:
    someone = new_id()
    for hour in (6, 7, 19, 20):
        look("staff:a", someone, hour)
    sunday = DAY + timedelta(days=4)
    look("staff:b", someone, 10, sunday)
    look("staff:b", None, 10, sunday)
    assert sorted(found(Kind.OFF_HOURS, DAY, sunday)) == [("staff:a", 2, 1), ("staff:b", 1, 1)]
    for at in TrailLine.objects.filter(actor="staff:a"):
        local = at.at.astimezone(clock.CHINA)
        assert rules.is_off_hours(local, set()) is (local.hour in (6, 20))


def test_namesakes_are_those_of_one_surname() -> None:
    look("staff:a", resident("王五"))
    look("staff:a", resident("李四"))
    look("staff:b", resident("欧阳修"), name="欧阳锋")
    look("staff:b", resident("欧洋"), name="欧阳锋")
    assert sorted(found(Kind.NAMESAKES)) == [("staff:a", 1, 1), ("staff:b", 1, 1)]


def test_neighbours_are_housemates_those_of_an_address_and_oneself() -> None:
    who, me = colleague("王芳"), resident("王芳", BORN)
    wife, next_door, far = resident("李四"), resident("赵六"), resident("王五")
    home = Household.objects.create(head_id=me)
    for each, relation in ((me, "02"), (wife, "10")):
        HouseholdMember.objects.create(household=home, resident_id=each, relation=relation, start=BORN)
    for each, text in ((me, "清禾县石桥镇一组1号"), (next_door, "清禾县石桥镇 一组1号"), (far, "清禾县石桥镇九组1号")):
        ResidentAddress.objects.create(resident_id=each, text=text, division="439900101")
    for each in (me, wife, next_door, far):
        look(who, each)
    look(f"staff:{new_id()}", wife)
    look("staff:not-an-id", wife)
    assert found(Kind.NEIGHBOURS) == [(who, 3, 3)]
    assert lines(Kind.NEIGHBOURS, who) == 3


def test_the_watched_are_told_while_they_are_on_the_list_and_for_what_was_before() -> None:
    famous = resident("刘德")
    look("staff:a", famous)
    look("staff:a", resident("王五"))
    assert found(Kind.WATCHED) == []
    row = Watched.objects.create(resident_id=famous, reason="x", by="y", since=clock.now())
    assert found(Kind.WATCHED) == [("staff:a", 1, 1)]
    Watched.objects.filter(pk=row.pk).update(ended_at=datetime.combine(DAY, time(0), clock.CHINA))
    assert found(Kind.WATCHED) == []


def test_pages_go_on_where_they_ended() -> None:
    someone = new_id()
    for n in range(7):
        for _ in range(1 + n // 2):
            look(f"staff:{n}", someone, 22)
    asked = reads.asked(callers.system(), Kind.OFF_HOURS, DAY, DAY)
    seen, cursor = [], None
    while True:
        page = reads.findings(asked, Page.read(cursor, 2, parts=3))
        seen += [(f.actor, f.lines) for f in page.items]
        if not (cursor := page.next):
            break
    assert seen == [("staff:6", 4), ("staff:4", 3), ("staff:5", 3), ("staff:2", 2), ("staff:3", 2), ("staff:0", 1),
                    ("staff:1", 1)]  # fmt: skip
    first = reads.lines(asked, "staff:6", Page((), 3))
    rest = reads.lines(asked, "staff:6", Page.read(first.next, 3, parts=2))
    assert (len(first.items), len(rest.items), rest.next) == (3, 1, None)


def test_too_many_pairs_are_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "PAIRS", 2)
    for _ in range(3):
        look("staff:a", resident("王五"))
    assert reads.asked(callers.system(), Kind.NAMESAKES, DAY, DAY).cut
    assert found(Kind.NAMESAKES) == [("staff:a", 2, 2)]


class TestPages:
    @pytest.fixture
    def client(self, as_caller) -> Client:
        as_caller(callers.system())
        return Client(headers={"accept-language": "zh-CN"})

    @pytest.mark.parametrize("kind", Kind)
    def test_every_kind_has_its_page_within_few_queries(
        self, client: Client, kind: Kind, django_assert_max_num_queries
    ) -> None:
        for n in range(60):
            look(f"staff:{n % 3}", resident("王五"), 22, clock.today() - timedelta(days=1), outcome="refused")
        with django_assert_max_num_queries(16):
            page = client.get("/trail/unusual", {"kind": kind.value}).text
        assert "这里列出的不一定是违规" in page
        shown = kind in (Kind.OFF_HOURS, Kind.NAMESAKES, Kind.REFUSED)
        assert ("逐条查看" in page) is shown
        assert TrailLine.objects.filter(action="trail.unusual").count() == 1
        day = f"{clock.today() - timedelta(days=1)}"
        answer = client.get("/trail/unusual/lines", {"kind": kind.value, "who": "staff:1", "day": day}).text
        assert answer.count('scope="row"') == (20 if shown or kind is Kind.BULK else 0)

    def test_what_makes_no_sense_is_said_or_refused(self, client: Client) -> None:
        assert client.get("/trail/unusual?kind=nonsense&since=x").status_code == 200
        assert client.get("/trail/unusual/lines?kind=bulk&day=x").status_code == 400
        assert client.get("/trail/unusual/lines?kind=x&day=2026-01-01").status_code == 400
        assert client.get("/trail/unusual?after=WyIxIiwieCIsImEiXQ").status_code == 400

    def test_someone_is_watched_once_and_let_go(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "名单是空的" in client.get("/trail/watched").text
        assert client.post("/trail/watched", {"number": "1", "reason": "公众人物"}).status_code == 422
        form = {"number": "439921195803150113", "reason": "公众人物"}
        answer = client.post("/trail/watched", form)
        assert (answer.status_code, "没有这个身份证号" in answer.text) == (422, True)
        famous = resident("刘德")
        monkeypatch.setattr(actions.residents, "by_number", lambda call, number: famous)
        assert "已加入名单" in client.post("/trail/watched", form, follow=True).text
        assert "已经在名单里" in client.post("/trail/watched", form).text
        row = Watched.objects.get()
        assert (row.resident_id, row.reason) == (famous, "公众人物")
        assert TrailLine.objects.filter(action="trail.watch", outcome="done", resident=famous).count() == 1
        assert client.get(f"/trail/watched/{row.pk}/end").status_code == 405
        assert "已移出名单" in client.post(f"/trail/watched/{row.pk}/end", follow=True).text
        assert client.post(f"/trail/watched/{row.pk}/end").status_code == 422
        assert client.post("/trail/watched/999999/end").status_code == 404
        assert "名单是空的" in client.get("/trail/watched").text


def test_without_the_permission_nothing_is_told_or_changed() -> None:
    stranger = callers.stranger()
    for act in (
        lambda: actions.unusual(stranger, kind=Kind.BULK, since=DAY, until=DAY, page=Page()),
        lambda: actions.unusual_lines(stranger, kind=Kind.BULK, who="x", day=DAY, page=Page()),
        lambda: actions.watched(stranger, page=Page()),
        lambda: actions.watch(stranger, number="439921195803150113", reason="x"),
        lambda: actions.end_watch(stranger, watched=1),
    ):
        with pytest.raises(Refused):
            act()
    assert not Watched.objects.exists()
    assert TrailLine.objects.filter(outcome="refused").count() == 5
    assert Permission.WATCH in callers.everyone_permissions()
