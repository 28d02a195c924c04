"""The pages of the index: history, merging and parting by hand, why two records are one or not, the sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member, system
from doorstep.registers.residents import api, models
from doorstep.registers.residents.actions import merging
from doorstep.registers.residents.reads import clusters, explaining, history
from doorstep.registers.residents.shapes import Phone
from doorstep.registers.residents.tests.conftest import hospital, number, record, resident_id

READ = "residents.read"


@pytest.fixture
def entering(as_caller: Callable[[Call | None], None]) -> Callable[[Call], Client]:
    """A client whose caller is given: sign-in is the staff room's business."""

    def make(call: Call) -> Client:
        as_caller(call)
        return Client()

    return make


@pytest.fixture
def two(hospital_a: UUID) -> tuple[UUID, UUID]:
    """Two residents of one institution who have nothing in common: the first with two records, the second with one."""
    said = [
        record("p1", hospital_a, resident_id(number(1)), hospital("H1"), name="王小明"),
        record("p2", hospital_a, resident_id(number(1)), name="王小明"),
        record("p3", hospital_a, name="赵国庆", sex="1", birth_date="1951-10-01", phones=(Phone("10037777777"),)),
    ]
    found = [v.resident for v in api.take_in(system(), said)]
    assert found[0] == found[1] != found[2]
    return found[0], found[2]


def records(*patients: str) -> list[UUID]:
    rows = models.ResidentRecord.objects.unscoped("test").filter(patient_id__in=patients)
    held = dict(rows.values_list("patient_id", "pk"))
    return [held[each] for each in patients]


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestIndex:
    def test_it_tells_how_each_record_came(self, entering, two, hospital_a, django_assert_max_num_queries):
        client = entering(member(hospital_a))
        with django_assert_max_num_queries(20):
            html = text(client.get(f"/residents/{two[0]}/index"))
        for words in (">p1<", ">p2<", "号码相同", "没有相符的居民，新建", "为什么", "没有合并过"):
            assert words in html
        assert ">p3<" not in html
        assert number(1) not in html
        assert f"/residents/{two[0]}/index" in text(client.get(f"/residents/{two[0]}/"))
        line = TrailLine.objects.filter(action="residents.history").latest("pk")
        assert line.resident == two[0]

    def test_readers_see_it_without_buttons(self, entering, two, hospital_a):
        merging.merge(system(), kept=two[0], gone=two[1])
        client = entering(member(hospital_a, {READ}))
        html = text(client.get(f"/residents/{two[0]}/index"))
        assert "赵国庆" in html
        assert "撤销合并" not in html
        assert "分出所选记录" not in html
        merge = models.Merge.objects.unscoped("test").get()
        for path in ("merge", f"merges/{merge.pk}/undo", f"separate?record={records('p3')[0]}"):
            assert client.get(f"/residents/{two[0]}/{path}").status_code == 403
            assert client.post(f"/residents/{two[0]}/{path}").status_code == 403
        assert client.get("/residents/clusters.csv").status_code == 403

    def test_strangers_and_other_institutions_see_nothing(self, entering, two, hospital_a, hospital_b):
        assert entering(member(hospital_a, set())).get(f"/residents/{two[0]}/index").status_code == 403
        client = entering(member(hospital_b))
        for path in ("index", "merge", f"separate?record={records('p1')[0]}", f"merges/{uuid4()}/undo"):
            assert client.get(f"/residents/{two[0]}/{path}").status_code == 404

    def test_records_of_others_are_shown_to_those_who_sent_one(self, two, hospital_a, hospital_b):
        api.take_in(system(), [record("b1", hospital_b, resident_id(number(1)))])
        shown = history.history(member(hospital_b), resident=two[0])
        assert [each.patient_id for each in shown.records] == ["p1", "p2", "b1"]
        models.ResidentRecord.objects.unscoped("test").filter(patient_id="b1").update(patient_id=None)
        shown = history.history(member(hospital_b), resident=two[0])
        assert [each.patient_id for each in shown.records] == [""]

    def test_the_address_of_one_who_was_merged_leads_on(self, entering, two, hospital_a):
        merging.merge(system(), kept=two[0], gone=two[1])
        answer = entering(member(hospital_a)).get(f"/residents/{two[1]}/index", follow=True)
        assert answer.redirect_chain == [(f"/residents/{two[0]}/index", 302)]
        assert "已合并到这一位" in text(answer)

    def test_many_records_are_told_in_number(self, entering, hospital_a, monkeypatch):
        said = [record(f"m{n}", hospital_a, resident_id(number(1))) for n in range(5)]
        resident = api.take_in(system(), said)[0].resident
        monkeypatch.setattr(history, "MOST", 3)
        html = text(entering(member(hospital_a)).get(f"/residents/{resident}/index"))
        assert "共 5 条，这里列出最早的 3 条" in html


class TestMerge:
    def test_search_compare_and_merge(self, entering, two, hospital_a, django_assert_max_num_queries):
        client = entering(member(hospital_a))
        path = f"/residents/{two[0]}/merge"
        assert "查找" in text(client.get(path))
        assert f"?with={two[1]}" in text(client.get(path, {"q": "赵国庆"}))
        assert "就是这一位" in text(client.get(path, {"q": "王小明"}))
        with django_assert_max_num_queries(45):
            html = text(client.get(path, {"with": str(two[1])}))
        assert "1951" in html
        assert number(1) not in html
        sent = {"with": str(two[1]), "kept": str(two[0])}
        refused = client.post(path, sent)
        assert refused.status_code == 422
        assert not models.Merge.objects.unscoped("test").exists()
        done = client.post(path, {**sent, "note": "已核对身份证原件"})
        assert done.headers["Location"] == f"/residents/{two[0]}/index"
        html = text(client.get(done.headers["Location"]))
        for words in ("两位居民已合并", "赵国庆", "已核对身份证原件", "人工处理", "记录的移动"):
            assert words in html

    def test_the_other_one_may_stay(self, entering, two, hospital_a):
        client = entering(member(hospital_a))
        sent = {"with": str(two[1]), "kept": str(two[1]), "note": "以新的为准"}
        assert client.post(f"/residents/{two[0]}/merge", sent).headers["Location"] == f"/residents/{two[1]}/index"

    def test_refusals_are_told_on_the_page(self, entering, two, hospital_a):
        client = entering(member(hospital_a))
        other = api.take_in(system(), [record("p9", hospital_a, resident_id(number(9)), name="钱多多")])[0].resident
        sent = {"with": str(other), "kept": str(two[0]), "note": "x"}
        answer = client.post(f"/residents/{two[0]}/merge", sent)
        assert answer.status_code == 422
        assert "两位居民各有一个有效的身份证号" in text(answer)
        same = client.post(f"/residents/{two[0]}/merge", {**sent, "with": str(two[0])})
        assert same.status_code == 422
        assert "同一位居民" in text(same)
        wrong = client.post(f"/residents/{two[0]}/merge", {**sent, "kept": str(uuid4())})
        assert wrong.status_code == 422
        for name in (str(uuid4()), "nothing"):
            assert client.get(f"/residents/{two[0]}/merge", {"with": name}).status_code in (200, 404)

    def test_undo_is_confirmed_and_done_once(self, entering, two, hospital_a):
        client = entering(member(hospital_a))
        merge = merging.merge(system(), kept=two[0], gone=two[1], note="误合并")
        path = f"/residents/{two[0]}/merges/{merge}/undo"
        html = text(client.get(path))
        assert "赵国庆" in html
        assert "误合并" in html
        done = client.post(path)
        assert done.headers["Location"] == f"/residents/{two[1]}/index"
        assert "合并已撤销" in text(client.get(done.headers["Location"]))
        again = client.post(path)
        assert again.status_code == 422
        assert "已经撤销" in text(again)
        assert "已撤销" in text(client.get(f"/residents/{two[0]}/index"))
        assert client.get(f"/residents/{two[1]}/merges/{merge}/undo").status_code == 404

    def test_records_are_taken_out(self, entering, two, hospital_a):
        client = entering(member(hospital_a))
        path = f"/residents/{two[0]}/separate"
        one, both = records("p2"), records("p1", "p2")
        html = text(client.get(path, {"record": [str(each) for each in one]}))
        assert "p2" in html
        assert "还留下 1 条记录" in html
        everything = client.get(path, {"record": [str(each) for each in both]})
        assert everything.status_code == 422
        assert "至少要留下一条记录" in text(everything)
        assert client.post(path, {"record": [str(each) for each in both]}).status_code == 422
        for nothing in ([], ["x"], [str(records("p3")[0])]):
            assert client.post(path, {"record": nothing}).headers["Location"] == f"/residents/{two[0]}/index"
        done = client.post(path, {"record": [str(one[0])]})
        html = text(client.get(done.headers["Location"]))
        assert "已分出 1 条记录" in html
        assert "p2" in html
        assert ">p1<" not in html, "in words, for the page's nonce may hold a p1"
        assert "p2" in text(client.get(done.headers["Location"]))


class TestExplain:
    def explain(self, client: Client, *patients: str) -> str:
        left, right = records(*patients)
        answer = client.get("/residents/explain", {"left": str(left), "right": str(right)})
        assert answer.status_code == 200
        return text(answer)

    def test_joined_by_a_number(self, entering, two, hospital_a, django_assert_max_num_queries):
        client = entering(member(hospital_a))
        left, right = records("p1", "p2")
        with django_assert_max_num_queries(40):
            html = text(client.get("/residents/explain", {"left": str(left), "right": str(right)}))
        for words in ("为什么归到一起", "同一位居民", "凭相同的号码", "身份证号", "起点", "合计"):
            assert words in html
        assert number(1) not in html
        seen = TrailLine.objects.filter(action="residents.explain").values_list("resident", flat=True)
        assert list(seen) == [two[0], two[0]]

    def test_two_people_without_a_key(self, entering, two, hospital_a):
        html = self.explain(entering(member(hospital_a)), "p1", "p3")
        for words in ("为什么没有归到一起", "两位居民", "没有共同的查找项"):
            assert words in html

    def test_two_ids_conflict_and_a_persons_word(self, entering, two, hospital_a):
        said = [
            record("q1", hospital_a, resident_id(number(3)), name="王小明"),
            record("q2", hospital_a, resident_id(number(1)), name="李四海", sex="2", birth_date="1990-05-05"),
        ]
        api.take_in(system(), said)
        client = entering(member(hospital_a))
        assert "各有一个有效的身份证号" in self.explain(client, "p1", "q1")
        assert "姓名对不上" in self.explain(client, "p1", "q2")
        merge = merging.merge(system(), kept=two[0], gone=two[1])
        merging.unmerge(system(), merge=merge)
        assert "有人判断过" in self.explain(client, "p1", "p3")

    def test_the_way_over_other_records(self, entering, hospital_a):
        said = [
            record("w1", hospital_a, resident_id(number(1)), name="欧阳若兰", phones=(Phone("10039999999"),)),
            record("w2", hospital_a, resident_id(number(1)), name="欧阳若兰", phones=(Phone("10030000002"),)),
            record("w3", hospital_a, name="欧阳若兰", phones=(Phone("10030000002"),)),
        ]
        assert len({v.resident for v in api.take_in(system(), said)}) == 1
        left, right = records("w1", "w3")
        told = explaining.explain(system(), left=left, right=right)
        assert told.joined
        assert told.verdict in ("weak", "review")  # a name and a day alone
        assert told.weight is not None
        hops = [(hop.left.patient_id, hop.right.patient_id) for hop in told.path if hop.left and hop.right]
        assert hops == [("w1", "w2"), ("w2", "w3")]
        assert [hop.bits is None for hop in told.path] == [True, False]
        html = self.explain(entering(member(hospital_a)), "w1", "w3")
        for words in ("它们经过其他记录归到一起", "经过其他记录的连接", "号码、合并或人的判断"):
            assert words in html

    def test_a_merge_that_nothing_else_explains(self, entering, two, hospital_a):
        merging.merge(system(), kept=two[0], gone=two[1])
        html = self.explain(entering(member(hospital_a)), "p1", "p3")
        assert "为什么归到一起" in html
        assert "没有共同的查找项" in html
        assert "经过" in html

    def test_from_two_residents(self, entering, two, hospital_a, hospital_b):
        client = entering(member(hospital_a))
        answer = client.get("/residents/explain", {"one": str(two[0]), "other": str(two[1])})
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/residents/explain?left=")
        assert client.get(answer.headers["Location"]).status_code == 200
        assert client.get("/residents/explain", {"one": str(two[1]), "other": str(two[1])}).status_code == 404

    @pytest.mark.parametrize("query", [{}, {"left": "x", "right": "y"}, {"left": str(uuid4())}, {"one": "x"}])
    def test_what_is_not_there(self, entering, two, hospital_a, query):
        assert entering(member(hospital_a)).get("/residents/explain", query).status_code == 404

    def test_nothing_of_another_institution(self, entering, two, hospital_a, hospital_b):
        api.take_in(system(), [record("b1", hospital_b, name="孙悟空", birth_date="1977-07-07")])
        left, right = records("p1", "b1")
        for caller in (hospital_a, hospital_b):
            client = entering(member(caller))
            for one, other in ((left, right), (right, left), (left, left)):
                asked = {"left": str(one), "right": str(other)}
                assert client.get("/residents/explain", asked).status_code == 404

    def test_a_registration_by_hand_opens_nothing(self, two, hospital_a, hospital_b):
        api.take_in(system(), [record("", hospital_b, resident_id(number(1)))])
        rows = models.ResidentRecord.objects.unscoped("test")
        by_hand = rows.get(patient_id=None)
        assert by_hand.resident_id == two[0]
        with pytest.raises(Refused):
            explaining.explain(member(hospital_b), left=by_hand.pk, right=records("p1")[0])
        api.take_in(system(), [record("b1", hospital_b, resident_id(number(1)))])
        told = explaining.explain(member(hospital_b), left=by_hand.pk, right=records("p1")[0])
        assert told.joined

    def test_chosen_on_the_page(self, entering, two, hospital_a):
        client = entering(member(hospital_a))
        one, other = (str(each) for each in records("p1", "p2"))
        chosen = {"resident": str(two[0]), "record": [one, other]}
        assert client.get("/residents/explain", chosen).status_code == 200
        answer = client.get("/residents/explain", {**chosen, "record": [one]}, follow=True)
        assert "请选出两条记录" in text(answer)


class TestSheet:
    def rows(self, answer: Any) -> list[dict[str, str]]:
        body = b"".join(answer.streaming_content).decode("utf-8")
        assert body.startswith("\ufeff")
        return list(csv.DictReader(io.StringIO(body[1:])))

    def test_records_and_merged_residents(self, entering, two, hospital_a, hospital_b):
        merging.merge(system(), kept=two[0], gone=two[1])
        api.take_in(system(), [record("=cmd|' /C calc'!A0", hospital_b, name="孙悟空", birth_date="1977-07-07")])
        rows = self.rows(entering(member(hospital_a)).get("/residents/clusters.csv"))
        assert [row["patient_id"] for row in rows] == ["p1", "p2", "p3", ""]
        assert {row["resident"] for row in rows[:3]} == {str(two[0])}
        assert (rows[3]["resident"], rows[3]["merged_into"]) == (str(two[1]), str(two[0]))
        assert {row["institution"] for row in rows[:3]} == {"甲医院"}
        assert rows[1]["how"] == "number"
        line = TrailLine.objects.get(action="residents.export_clusters")
        assert line.detail["institutions"] == 1
        everything = self.rows(entering(system()).get("/residents/clusters.csv"))
        assert "'=cmd|' /C calc'!A0" in [row["patient_id"] for row in everything]

    def test_batches_hold_all_in_order(self, hospital_a, hospital_b, monkeypatch, django_assert_max_num_queries):
        said = [record(f"r{n}", hospital_a, resident_id(number(1 + 2 * (n % 7)))) for n in range(40)]
        said += [record(f"s{n}", hospital_b, resident_id(number(1 + 2 * (n % 7)))) for n in range(10)]
        api.take_in(system(), said)
        scope = Scope(frozenset({hospital_a}))
        whole = "".join(clusters.lines(scope))
        monkeypatch.setattr(clusters, "RESIDENTS", 2)
        monkeypatch.setattr(clusters, "RECORDS", 3)
        assert "".join(clusters.lines(scope)) == whole
        assert whole.count("甲医院") == 40
        assert "乙医院" not in whole
        everywhere = "".join(clusters.lines(system().scope))
        assert everywhere.count("\r\n") == 51

    def test_nothing_outside_the_scope(self, two):
        assert len("".join(clusters.lines(Scope())).splitlines()) == 1


def test_pages_in_english(entering, two, hospital_a):
    client = entering(member(hospital_a))
    client.cookies["django_language"] = "en"
    merge = merging.merge(system(), kept=two[0], gone=two[1])
    left, right = records("p1", "p2")
    for path in (
        f"{two[0]}/index", f"{two[0]}/merge", f"{two[0]}/merges/{merge}/undo", f"{two[0]}/separate?record={left}",
        f"explain?left={left}&right={right}",
    ):  # fmt: skip
        html = text(client.get(f"/residents/{path}"))
        body = html[html.index("<main") : html.index("</main")]
        for name in ("王小明", "赵国庆", "甲医院", "测试"):
            body = body.replace(name, "")
        assert not [sign for sign in body if "\u4e00" <= sign <= "\u9fff"], path
