"""Review of doubtful pairs: what answers decide, who may answer and see what, undo, races, agreement, the pages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import pairwise, permutations
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import BadCursor, Page
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.linkage.expected import EXPECTED_M, EXPECTED_U
from doorstep.linkage.facts import Said, standard
from doorstep.linkage.model import Model
from doorstep.registers.residents import api, models
from doorstep.registers.residents.actions import doubts, merging, reviewing
from doorstep.registers.residents.reads import reviewing as reads
from doorstep.registers.residents.rules import reviewing as rules
from doorstep.registers.residents.rules.placing import Question
from doorstep.registers.residents.shapes import Guardian, Phone
from doorstep.registers.residents.tests.conftest import hospital, make_organisation, number, record, resident_id

ANSWER = st.sampled_from(("same", "different", "unsure"))
ANSWERS = st.lists(ANSWER, max_size=7)
NEEDED = st.sampled_from((1, 2))
TEXT = st.text(alphabet="王小晓明民李1985 -", max_size=12)
MODEL = Model(EXPECTED_M, EXPECTED_U, 1e-6)


class TestRules:
    @given(ANSWERS, NEEDED)
    def test_a_decision_has_its_votes_and_nobody_outvotes_it(self, answers, needed):
        found = rules.outcome(answers, needed)
        if found in ("same", "different"):
            other = {"same": "different", "different": "same"}[found]
            assert answers.count(found) >= needed
            assert answers.count(found) > answers.count(other)

    @given(ANSWERS, NEEDED)
    def test_the_order_of_answers_and_the_names_of_the_sides_do_not_matter(self, answers, needed):
        turn = {"same": "different", "different": "same"}
        found = rules.outcome(answers, needed)
        assert {rules.outcome(each, needed) for each in list(permutations(answers))[:30]} == {found}
        assert rules.outcome([turn.get(a, a) for a in answers], needed) == turn.get(found, found)

    @given(ANSWERS, NEEDED)
    def test_who_cannot_say_changes_no_decision(self, answers, needed):
        votes = [a for a in answers if a != "unsure"]
        assert (rules.outcome(answers, needed) == "unsure") == (not votes and len(answers) >= needed)
        if votes:
            assert rules.outcome(answers, needed) == rules.outcome(votes, needed)

    @given(ANSWERS, NEEDED)
    def test_so_many_more_of_one_voice_decide(self, answers, needed):
        more = rules.more_needed(answers, needed)
        decided = {rules.outcome([*answers, *[vote] * more], needed) for vote in ("same", "different")}
        assert decided & {"same", "different"}
        assert (more == 0) == (rules.outcome(answers, needed) in ("same", "different"))

    def test_a_third_decides_where_two_disagree(self):
        assert rules.outcome(["same", "different"], 2) == "open"
        assert rules.outcome(["same", "different", "different"], 2) == "different"
        assert rules.outcome(["same", "different"], 1) == "open"

    @given(st.lists(st.tuples(ANSWER, ANSWER), max_size=40))
    def test_agreement_lies_within_its_bounds(self, both):
        found = rules.agreement(both)
        assert 0 <= found.agreed <= found.pairs == len(both)
        turned = rules.agreement((b, a) for a, b in both)
        assert (turned.agreed, turned.kappa) == (found.agreed, found.kappa)
        if found.kappa is not None:
            assert -1 <= found.kappa <= 1
            assert (found.kappa == 1) == (found.agreed == found.pairs)

    def test_kappa_of_cohen_by_hand(self):
        """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5, kappa 0.4."""
        both = [("same", "same")] * 20 + [("same", "different")] * 5 + [("different", "same")] * 10
        found = rules.agreement(both + [("different", "different")] * 15)
        assert (found.pairs, found.agreed) == (50, 35)
        assert found.kappa == pytest.approx(0.4)

    @given(TEXT, TEXT)
    def test_marking_loses_no_sign_and_marks_only_what_differs(self, one, other):
        pieces = rules.differing(one, other)
        assert "".join(text for text, _ in pieces) == one
        if other:
            assert any(marked for _, marked in pieces) <= (one != other)
        else:
            assert not any(marked for _, marked in pieces)

    @given(TEXT, TEXT)
    def test_a_masked_text_shows_where_it_differs_and_not_what(self, one, other):
        pieces = rules.differing(one, other, "*" * len(one))
        assert "".join(text for text, _ in pieces) == "*" * len(one)
        assert [len(text) for text, _ in pieces] == [len(text) for text, _ in rules.differing(one, other)]

    def test_long_texts_are_marked_whole(self):
        assert rules.differing("王" * 10_000, "李" * 10_000) == (("王" * 10_000, True),)

    @given(TEXT, TEXT, st.sampled_from(("1985-03-15", "1985-03-16", "")), st.sampled_from(("10031234567", "")))
    def test_the_waterfall_ends_at_the_score(self, one, other, birth, phone):
        a = standard(Said("a", one, "1", "1985-03-15", phone="10031234567"))
        b = standard(Said("b", other, "1", birth, phone=phone))
        score = MODEL.score(a, b, {})
        bars = rules.steps(MODEL, score)
        assert bars[0].start == 0
        assert all(after.start == before.end for before, after in pairwise(bars))
        assert bars[-1].end == pytest.approx(score.bits, abs=0.5)  # what rounds to nothing is not drawn

    def test_likelihood(self):
        assert [rules.likelihood(bits) for bits in (10, 6, 0, -1)] == ["likely", "possible", "possible", "doubtful"]


def doubt_rows():
    return models.Doubt.objects.unscoped("test")


def homes():
    return api.residents_of(["a", "b"])


@pytest.fixture
def both(hospital_a, hospital_b):
    """A reviewer of both hospitals."""
    return member(hospital_a, scope=Scope(frozenset({hospital_a, hospital_b})))


@pytest.fixture
def second(both):
    return replace(both, actor="staff:second", name="第二人")


@pytest.fixture
def third(both):
    return replace(both, actor="staff:third", name="第三人")


@pytest.fixture
def alike(hospital_a, hospital_b):
    """Two records with one name and birth date, and nothing else: one reviewer decides."""
    api.take_in(system(), [record("a", hospital_a, phones=()), record("b", hospital_b, phones=())])
    found = doubt_rows().get()
    assert (found.reason, found.needed) == ("weight", 1)
    return found.pk


@pytest.fixture
def lent(hospital_a, hospital_b):
    """One ID and two names: two reviewers must agree."""
    api.take_in(system(), [record("a", hospital_a, resident_id(number()))])
    api.take_in(
        system(), [record("b", hospital_b, resident_id(number()), name="赵国庆", phones=(Phone("10039998888"),))]
    )
    found = doubt_rows().get()
    assert (found.reason, found.needed) == ("number", 2)
    return found.pk


def judge(call, doubt, answer, **more):
    expect = more.pop("expect", None) or doubt_rows().get(pk=doubt).version
    return reviewing.judge(call, doubt=doubt, expect=expect, answer=answer, **more)


def state(doubt):
    return doubt_rows().get(pk=doubt).state


def refused(work):
    with pytest.raises(Refused) as caught:
        work()
    return caught.value.decision.reason


class TestJudging:
    def test_the_same_merges_and_undo_parts_again(self, both, alike):
        before = homes()
        done = judge(both, alike, "same", note="已电话核实")
        assert done.state == state(alike) == "same"
        assert len(set(homes().values())) == 1
        merge = models.Merge.objects.unscoped("test").get()
        assert (merge.how, merge.doubt_id, merge.actor_name, merge.note) == ("review", alike, both.name, "已电话核实")
        assert reviewing.withdraw(both, judgement=done.judgement) == alike
        assert homes() == before
        assert state(alike) == "open"
        merge.refresh_from_db()
        assert merge.undone_by == both.name
        kept = models.Judgement.objects.unscoped("test").get()
        assert kept.withdrawn_at is not None
        assert judge(both, alike, "different").state == "different"

    def test_the_one_with_the_resident_id_is_kept(self, both, hospital_a, hospital_b):
        api.take_in(system(), [record("a", hospital_a, phones=())])
        api.take_in(system(), [record("b", hospital_b, resident_id(number()), phones=())])
        before = homes()
        judge(both, doubt_rows().get().pk, "same")
        assert set(homes().values()) == {before["b"]}

    def test_different_keeps_apart(self, both, alike, hospital_b):
        before = homes()
        judge(both, alike, "different")
        assert state(alike) == "different"
        assert homes() == before
        # the same telephone would join them, had nobody said that they are two
        for key, source in (("a", both.organisation), ("b", hospital_b)):
            api.take_in(system(), [record(key, source, phones=(Phone("10031234567"),))])
        assert homes() == before

    def test_two_reviewers_must_agree(self, both, second, lent):
        first = judge(both, lent, "same")
        assert first.state == "open"
        assert len(set(homes().values())) == 2
        assert judge(second, lent, "same").state == "same"
        assert len(set(homes().values())) == 1
        reviewing.withdraw(both, judgement=first.judgement)
        assert state(lent) == "open"
        assert len(set(homes().values())) == 2

    def test_a_third_decides_where_two_disagree(self, both, second, third, lent):
        judge(both, lent, "same")
        assert judge(second, lent, "different").state == "open"
        assert judge(third, lent, "different").state == "different"

    def test_unsure_stays_answerable(self, both, second, alike):
        done = judge(both, alike, "unsure")
        assert done.state == "unsure"
        assert judge(second, alike, "different").state == "different"
        reviewing.withdraw(both, judgement=done.judgement)
        assert state(alike) == "different"

    def test_one_answer_a_reviewer(self, both, lent):
        judge(both, lent, "same")
        assert refused(lambda: judge(both, lent, "different")) == "review.answered"
        assert models.Judgement.objects.unscoped("test").count() == 1

    def test_what_is_decided_takes_no_answer(self, both, second, alike):
        seen = doubt_rows().get().version
        judge(both, alike, "different")
        with pytest.raises(Stale):
            judge(second, alike, "same", expect=seen)
        assert refused(lambda: judge(second, alike, "same")) == "review.settled"
        assert refused(lambda: judge(second, alike, "perhaps")) == "review.answer"

    def test_two_valid_ids_are_told_and_change_nothing(self, both, hospital_a, hospital_b):
        said = [record("a", hospital_a, resident_id(number(1))), record("b", hospital_b, resident_id(number(3)))]
        api.take_in(system(), said)
        rows = models.ResidentRecord.objects.unscoped("test").order_by("patient_id")
        one, two = rows.values_list("pk", flat=True)
        doubts.raise_([(one, Question(two, "weight", "", 8.0, 1))])
        doubt = doubt_rows().get().pk
        assert refused(lambda: judge(both, doubt, "same")) == "merge.two_ids"
        assert state(doubt) == "open"
        assert not models.Judgement.objects.unscoped("test").exists()
        assert TrailLine.objects.filter(action="residents.review", outcome="refused").exists()

    def test_another_s_answer_is_not_one_s_own(self, both, second, alike):
        done = judge(both, alike, "different")
        assert refused(lambda: reviewing.withdraw(second, judgement=done.judgement)) == "review.not_yours"
        reviewing.withdraw(both, judgement=done.judgement)
        assert refused(lambda: reviewing.withdraw(both, judgement=done.judgement)) == "review.withdrawn"

    def test_what_was_settled_otherwise_stays(self, both, lent):
        done = judge(both, lent, "different")
        whose = homes()
        merging.merge(system(), kept=whose["a"], gone=whose["b"])
        assert state(lent) == "settled"
        reviewing.withdraw(both, judgement=done.judgement)
        assert state(lent) == "settled"
        assert len(set(homes().values())) == 1

    def test_a_merge_undone_by_hand_is_not_undone_again(self, both, alike):
        done = judge(both, alike, "same")
        merging.unmerge(system(), merge=models.Merge.objects.unscoped("test").get().pk)
        reviewing.withdraw(both, judgement=done.judgement)
        assert len(set(homes().values())) == 2

    def test_only_within_the_scope_and_with_the_permission(self, both, alike, hospital_a):
        bounded = member(hospital_a)
        assert refused(lambda: judge(bounded, alike, "same")) == "not_found"
        assert refused(lambda: reads.pair(bounded, doubt=alike)) == "not_found"
        done = judge(both, alike, "different")
        assert refused(lambda: reviewing.withdraw(bounded, judgement=done.judgement)) == "not_found"
        assert not reads.queue(bounded, page=Page(), state="").paged.items
        assert refused(lambda: judge(stranger(), alike, "same")) == "permission"

    def test_it_is_trailed_with_both_residents(self, both, alike):
        reads.pair(both, doubt=alike)
        lines = TrailLine.objects.filter(action="residents.review_pair")
        assert {line.resident for line in lines} == set(homes().values())
        reads.queue(both, page=Page())
        line = TrailLine.objects.get(action="residents.review_queue")
        assert set(line.detail["shown"]) == {str(each) for each in homes().values()}


@pytest.mark.django_db(transaction=True)
def test_of_two_judges_at_once_one_decides():
    a, b = make_organisation("甲").pk, make_organisation("乙").pk
    api.take_in(system(), [record("a", a, phones=()), record("b", b, phones=())])
    doubt = doubt_rows().get().pk
    call = member(a, scope=Scope(frozenset({a, b})))
    other = replace(call, actor="staff:other")
    works = [lambda c=c, s=s: judge(c, doubt, s, expect=1) for c, s in ((call, "same"), (other, "different"))]
    answers = at_once(*works)
    assert sorted(type(answer).__name__ for answer in answers) == ["Judged", "Stale"]
    won = next(answer for answer in answers if not isinstance(answer, BaseException))
    assert state(doubt) == won.state
    assert (len(set(homes().values())) == 1) == (won.state == "same")


@pytest.mark.django_db(transaction=True)
def test_one_reviewer_at_two_screens_answers_once_and_withdraws_once():
    a, b = make_organisation("甲").pk, make_organisation("乙").pk
    api.take_in(system(), [record("a", a, resident_id(number()))])
    api.take_in(system(), [record("b", b, resident_id(number()), name="赵国庆")])
    doubt = doubt_rows().get().pk
    call = member(a, scope=Scope(frozenset({a, b})))
    answers = at_once(*[lambda: judge(call, doubt, "same", expect=1)] * 3)
    assert sum(isinstance(answer, Refused) for answer in answers) == 2
    said = models.Judgement.objects.unscoped("test").get().pk
    ends = at_once(*[lambda: reviewing.withdraw(call, judgement=said)] * 3)
    assert sum(isinstance(end, UUID) for end in ends) == 1


class TestReads:
    def test_the_second_is_blind_until_they_answer(self, both, second, lent):
        judge(both, lent, "different", note="两张照片")
        found = reads.pair(second, doubt=lent)
        assert (found.answers, found.hidden, found.more) == ((), 1, 0)
        assert found.waiting.answered == 1
        judge(second, lent, "same")
        found = reads.pair(second, doubt=lent)
        assert [(t.answer, t.mine) for t in found.answers] == [("different", False), ("same", True)]
        assert (found.hidden, found.more) == (0, 1)

    def test_blind_again_after_an_undo(self, both, second, alike):
        done = judge(both, alike, "same")
        assert len(reads.pair(second, doubt=alike).merges) == 1
        reviewing.withdraw(both, judgement=done.judgement)
        found = reads.pair(second, doubt=alike)
        assert (found.answers, found.merges, found.hidden) == ((), (), 0)
        assert [t.answer for t in reads.pair(both, doubt=alike).answers] == ["same"]

    def test_what_each_says_and_how_it_compares(self, both, hospital_a, hospital_b):
        card, guardian = resident_id(number()), Guardian("王建国", "10031112222", "51")
        api.take_in(system(), [record("a", hospital_a, card, hospital("H1"), guardians=(guardian,))])
        api.take_in(system(), [record("b", hospital_b, card, name="赵国庆", phones=(Phone("10031234568"),))])
        found = reads.pair(replace(both, permissions=frozenset({"residents.review"})), doubt=doubt_rows().get().pk)
        lines = {line.key: line for line in found.lines}
        first = found.waiting.left.patient_id == "a"
        assert lines["name"].verdict == "differs"
        assert (lines["number"].verdict, lines["sex"].verdict, lines["birth"].verdict) == ("same", "same", "silent")
        phone = lines["phone"]
        assert (phone.verdict, phone.level) == ("near", "one digit")
        mine = phone.left if first else phone.right
        assert mine == ((("100****456", False), ("7", True)),)
        told = lines["guardian_phone"].left if first else lines["guardian_phone"].right
        assert told == ((("100****2222", False),),)
        assert number() not in str(found)
        assert found.weight.steps[0].key == "prior"
        assert found.weight.link > found.weight.review

    def test_pages_of_the_queue_hold_every_pair_once(self, both, hospital_a, hospital_b):
        said = [
            record(f"{side}{n}", source, phones=(), name=f"欧阳若{name}", birth_date=f"19{60 + n}-01-0{n % 9 + 1}")
            for n, name in enumerate("明红刚强丽芳伟")
            for side, source in (("a", hospital_a), ("b", hospital_b))
        ]
        api.take_in(system(), said)
        total = doubt_rows().count()
        assert total >= 7
        seen, after = [], None
        while True:
            found = reads.queue(both, page=Page.read(after, limit=3, parts=1), mine="todo")
            seen += [line.id for line in found.paged.items]
            after = found.paged.next
            if after is None:
                break
        assert len(seen) == len(set(seen)) == total == found.counts["open"]
        assert seen == sorted(seen, reverse=True)
        middle = reads.pair(both, doubt=seen[3])
        assert (middle.newer, middle.older) == (seen[2], seen[4])
        judge(both, seen[3], "unsure")
        assert reads.following(both, doubt=seen[3]) == seen[4]
        assert reads.following(both, doubt=seen[-1]) == seen[0]
        assert [line.id for line in reads.queue(both, page=Page(), state="unsure").paged.items] == [seen[3]]
        assert [line.id for line in reads.queue(both, page=Page(), state="", mine="done").paged.items] == [seen[3]]
        assert not reads.queue(both, page=Page(), reason="split").paged.items
        with pytest.raises(BadCursor):
            reads.queue(both, page=Page(("x",)))

    def test_counts_end_at_a_bound(self, both, alike, monkeypatch):
        monkeypatch.setattr(reads, "MOST", 0)
        assert reads.queue(both, page=Page()).counts["open"] == 1

    def test_agreement(self, both, second, third, lent, hospital_a):
        assert reads.agreement(both).kappa is None
        judge(both, lent, "same")
        judge(second, lent, "different")
        judge(third, lent, "different")
        found = reads.agreement(both)
        assert (found.pairs, found.agreed, found.kappa) == (1, 0, 0.0)
        assert reads.agreement(member(hospital_a)).pairs == 0


@pytest.fixture
def entering(as_caller):
    def make(call, **headers):
        as_caller(call)
        return Client(headers={"accept-language": "zh-CN", **headers})

    return make


def html(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer.content.decode()


def version(page):
    return re.search(r'name="expect" value="(\d+)"', page)[1]


class TestPages:
    def test_from_the_queue_to_an_answer_and_back(self, entering, both, alike):
        client = entering(both)
        page = html(client.get("/residents/review"))
        assert f"/residents/review/{alike}" in page
        assert "很可能" in page
        assert "甲医院" in page
        path = f"/residents/review/{alike}"
        page = html(client.get(path))
        assert "相似，但不足以确定" in page
        answer = client.post(path, {"answer": "same", "expect": version(page), "note": ""}, follow=True)
        page = html(answer)
        assert "归到了一位居民" in page
        undo = re.search(r'action="(/residents/review/answers/\d+/withdraw)"', page)[1]
        page = html(client.post(undo, follow=True))
        assert "已撤销您的回答" in page
        assert state(alike) == "open"

    def test_a_late_answer_is_told(self, entering, both, second, alike):
        client = entering(both)
        path = f"/residents/review/{alike}"
        seen = version(html(client.get(path)))
        judge(second, alike, "different")
        page = html(client.post(path, {"answer": "same", "expect": seen}), 409)
        assert "别人刚刚处理了这一对" in page
        assert "不是同一人" in page

    def test_the_second_does_not_see_what_the_first_said(self, entering, both, second, lent):
        judge(both, lent, "different", note="照片不像")
        page = html(entering(second).get(f"/residents/review/{lent}"))
        assert "照片不像" not in page
        assert "已有 1 位回答" in page
        judge(second, lent, "different")
        assert "照片不像" in html(entering(second).get(f"/residents/review/{lent}"))

    def test_a_refusal_is_told_in_words(self, entering, both, hospital_a, hospital_b):
        said = [record("a", hospital_a, resident_id(number(1))), record("b", hospital_b, resident_id(number(3)))]
        api.take_in(system(), said)
        rows = models.ResidentRecord.objects.unscoped("test").order_by("patient_id")
        one, two = rows.values_list("pk", flat=True)
        doubts.raise_([(one, Question(two, "weight", "", 8.0, 1))])
        path = f"/residents/review/{doubt_rows().get().pk}"
        page = html(entering(both).post(path, {"answer": "same", "expect": 1}), 422)
        assert "各有一个有效的身份证号" in page
        assert html(entering(both).post(path, {"answer": "x", "expect": 1}), 422)
        assert state(doubt_rows().get().pk) == "open"

    def test_nothing_of_a_record_is_markup(self, entering, both, hospital_a, hospital_b):
        for key, source in (("a", hospital_a), ("b", hospital_b)):
            api.take_in(system(), [record(key, source, name="王<b>小明", phones=())])
        doubt = doubt_rows().get().pk
        client = entering(both)
        for path in ("/residents/review", f"/residents/review/{doubt}"):
            page = html(client.get(path))
            assert "<b>" not in page
            assert "王&lt;b&gt;小明" in page.replace("<mark>", "").replace("</mark>", "")

    def test_the_number_of_queries_is_fixed(
        self, entering, both, hospital_a, hospital_b, django_assert_max_num_queries
    ):
        said = [
            record(f"{side}{n}", source, phones=(), name=f"欧阳若{name}", birth_date=date(1960 + n, 1, 1).isoformat())
            for n, name in enumerate("明红刚强丽芳伟静娜敏飞超")
            for side, source in (("a", hospital_a), ("b", hospital_b))
        ]
        api.take_in(system(), said)
        client = entering(both)
        with django_assert_max_num_queries(20):
            assert html(client.get("/residents/review")).count("<tr>") == 13
        with django_assert_max_num_queries(45):
            html(client.get(f"/residents/review/{doubt_rows().first().pk}"))

    def test_nothing_waits(self, entering, both):
        client = entering(both)
        assert "没有等您核对的记录" in html(client.get("/residents/review"))
        assert "没有符合条件的记录" in html(client.get("/residents/review?state=same"))
        assert html(client.get("/residents/review?state=zzz&mine=zzz&reason=zzz"))
        assert client.get("/residents/review?after=zzz").status_code == 400

    def test_only_reviewers_enter(self, entering, alike, hospital_a):
        client = entering(member(hospital_a, {"residents.read"}))
        assert client.get("/residents/review").status_code == 403
        assert client.get(f"/residents/review/{alike}").status_code == 403
        client = entering(member(hospital_a))
        assert client.get(f"/residents/review/{alike}").status_code == 404
        assert client.post("/residents/review/answers/999/withdraw").status_code == 404

    def test_in_english(self, entering, both, lent):
        client = entering(both)
        client.cookies["django_language"] = "en"
        chinese = re.compile("[\u4e00-\u9fff]+")
        known = {"甲医院", "乙医院", "王小明", "赵国庆", "成员", "明", "甲", "乙"}
        for path in ("/residents/review", f"/residents/review/{lent}"):
            page = html(client.get(path))
            main = page[page.index("<main") : page.index("</main>")]
            assert not set(chinese.findall(main)) - known
