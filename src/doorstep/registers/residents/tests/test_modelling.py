"""Models: learnt from the register, tried, compared, put to use from a day on, and taken back; filled records."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.events.residents import MatchRunAsked
from doorstep.kernel import clock, outbox
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import RuleSet
from doorstep.kernel.testing.callers import system
from doorstep.linkage.conflicts import conflict
from doorstep.linkage.expected import EXPECTED_M, EXPECTED_U
from doorstep.linkage.model import Model
from doorstep.linkage.tests import people
from doorstep.linkage.tests.making import facts as any_facts
from doorstep.registers.residents import models
from doorstep.registers.residents.actions import counting, filling, modelling, running
from doorstep.registers.residents.reads import modelling as shown
from doorstep.registers.residents.reads.near import ADDED
from doorstep.registers.residents.reads.rule import CODE, current, shares
from doorstep.registers.residents.reads.workspace import one
from doorstep.registers.residents.rules import modelling as rules
from doorstep.registers.residents.rules.placing import MORE, Near, Rule, Weighed, opposed, sure
from doorstep.registers.residents.shapes import Guardian
from doorstep.registers.residents.tests.conftest import number, record, resident_id
from doorstep.registers.residents.tests.test_linking import incoming, key, owner, pair, run, take

EXPECTED = Model(EXPECTED_M, EXPECTED_U, 1e-6)


def trained() -> int:
    return [*modelling.train(system())][-1].outcome["model"]


def compared(model: int) -> None:
    for _ in modelling.shadow(system(), model):
        pass


@settings(max_examples=40)
@given(any_facts("a"), any_facts("b"), st.booleans())
def test_sql_and_python_find_the_same_pairs_sure(a, b, common):
    rule = Rule(EXPECTED, 12.0, 0.0, 4.0)
    shared = {"phone": dict.fromkeys((a.phone, b.phone), 0.999 if common else 0.001)}
    score = rule.model.score(a, b, shared)
    db = people.table([a, b], "records")
    try:
        for column in ("name", "reading", "phone"):
            db.execute(f"CREATE TABLE {rules.tables(column)} ({column} VARCHAR, tf_{column} DOUBLE)")
        for phone, value in shared["phone"].items():
            db.execute("INSERT INTO shares_phone SELECT ?, ? WHERE ? <> ''", [phone, value, phone])
        db.execute("CREATE TABLE pairs AS SELECT 'a' AS key_l, 'b' AS key_r")
        met = "pairs JOIN records l ON l.key = key_l JOIN records r ON r.key = key_r"
        bits = one(db, f"SELECT bits FROM ({rules.weighed_sql(rule.model, met)}) w")
        assert bits == pytest.approx(score.bits)
        pair = f"records l JOIN records r ON l.key < r.key CROSS JOIN (SELECT {score.bits!r} AS bits) p"
        said = f"FROM {pair} {rules.joins_sql()}"
        assert one(db, f"SELECT {rules.certain_sql(rule.model)} {said}") == any(
            p.bits > 0 for p in score.parts if p.comparison in MORE
        )
        assert one(db, f"SELECT {rules.OPPOSED_SQL} {said}") == opposed(a, b)
        odd, clash = one(db, f"SELECT {rules.ODD_SQL} {said}"), conflict(a, b)
        assert odd or not clash
        if not clash:
            near = Weighed(Near(UUID(int=0), UUID(int=0), "", b), score)
            assert (one(db, f"SELECT {rules.side_sql(rule)} {said}") == 2) == sure(a, near, rule)
    finally:
        db.close()


def test_what_changed_most_is_told_first():
    m = {name: tuple(levels) for name, levels in EXPECTED_M.items()}
    m["sex"] = (m["sex"][0] / 16, *m["sex"][1:])
    m["phone"] = (m["phone"][0] / 2, *m["phone"][1:])
    told = rules.changes(Model(m, EXPECTED_U, 1e-6), EXPECTED)
    assert [(each["comparison"], round(each["after"] - each["before"])) for each in told] == [
        ("sex", -4),
        ("phone", -1),
    ]
    assert rules.changes(EXPECTED, EXPECTED) == []


def test_agreement_counts_what_people_said_against_what_the_rule_does():
    found = rules.agreement([(True, "link"), (True, "review"), (False, "link"), (False, "apart"), (False, "review")])
    assert (found["agreed"], found["decided"], found["linked"], found["right"], found["true"]) == (2, 3, 2, 1, 2)
    assert rules.share(1, 0) is None
    assert rules.share(1, 4) == 25


@pytest.mark.django_db
def test_a_model_is_learnt_compared_used_and_taken_back(hospital_a):
    take(*incoming(150, hospital_a)[0])
    first = trained()
    row = models.MatchModel.objects.get(pk=first)
    silver = row.figures["silver"]
    assert row.figures["held"] > 0
    assert silver["linked"] >= silver["right"] > 0.8 * silver["true"] > 0
    assert silver["right"] >= 0.98 * silver["linked"]
    assert row.figures["changed"]
    before = current(clock.today())
    with pytest.raises(Refused) as refused:
        modelling.use(system(), model=first)
    assert refused.value.decision.reason == "model.no_shadow"
    compared(first)
    shadow = models.MatchModel.objects.get(pk=first).shadow
    assert shadow["records"] > 0
    assert shadow["pairs"] > 0
    assert sum(each["pairs"] for each in shadow["changed"]) >= len(shadow["examples"])
    assert current(clock.today()) == before
    modelling.use(system(), model=first)
    assert current(clock.today()).model == Model.from_dict(row.model)
    assert modelling.in_use() == first
    assert models.ResidentFrequency.objects.filter(column="name", value="").exists()
    with pytest.raises(Refused):
        modelling.use(system(), model=first)
    second = trained()
    compared(second)
    modelling.use(system(), model=second)
    modelling.use(system(), model=first)
    assert modelling.in_use() == first
    [rule] = RuleSet.objects.filter(code=CODE)
    assert (rule.effective_from, rule.effective_to, rule.revision) == (clock.today(), None, str(first))


@pytest.mark.django_db
def test_an_earlier_rule_is_closed_and_stays(hospital_a):
    take(*incoming(40, hospital_a)[0])
    made = trained()
    compared(made)
    told = modelling.parameters(models.MatchModel.objects.get(pk=made)) | {"made": None}
    start = clock.today() - timedelta(days=30)
    RuleSet.objects.create(code=CODE, revision="0", issuer="x", effective_from=start, parameters=told)
    modelling.use(system(), model=made)
    old, new = RuleSet.objects.filter(code=CODE).order_by("effective_from")
    assert (old.effective_to, new.effective_from) == (clock.today() - timedelta(days=1), clock.today())


@pytest.mark.django_db
def test_what_people_answered_teaches_and_is_measured(hospital_a):
    said, whose = incoming(60, hospital_a)
    take(*said)
    rows = []
    for at in range(40):
        for other in range(at + 1, 40):
            if whose[at] == whose[other] or (at, other) == (0, 39):
                left, right = sorted((key(f"p{at:05}"), key(f"p{other:05}")))
                state = "same" if whose[at] == whose[other] else "different"
                rows.append(models.Doubt(left_id=left, right_id=right, reason="weight", bits=5, state=state))
    models.Doubt.objects.unscoped("test").delete()
    models.Doubt.objects.bulk_create(rows)
    answers = models.MatchModel.objects.get(pk=trained()).figures["answers"]
    assert sum(answers["same"].values()) == len(rows) - 1
    assert answers["different"] == {"apart": 1, "review": 0, "link": 0}
    assert answers["agreed"] > 0.7 * len(rows)


@pytest.mark.django_db
def test_too_few_records_teach_nothing(hospital_a):
    take(record("a", hospital_a))
    with pytest.raises(Refused) as refused:
        trained()
    assert refused.value.decision.reason == "model.too_few"


@pytest.mark.django_db
def test_a_model_of_other_comparisons_cannot_be_used(hospital_a):
    row = models.MatchModel.objects.create(
        made_at=clock.now(), made_by="x", model={"prior": 0.1, "comparisons": {}}, shadow={"pairs": 1}
    )
    with pytest.raises(Refused) as refused:
        modelling.use(system(), model=row.pk)
    assert refused.value.decision.reason == "model.outdated"
    assert shown.model(row.pk).weights == ()
    for number_ in (row.pk + 1,):
        with pytest.raises(Refused):
            modelling.use(system(), model=number_)
        with pytest.raises(Refused):
            shown.model(number_)


@pytest.mark.django_db
def test_values_are_counted_as_a_batch_counts_them(hospital_a):
    take(*(record(f"p{n}", hospital_a, resident_id(number(n)), name="王伟", phones=()) for n in range(1, 6)))
    counting.count()
    facts = people.records(1)[0][0]
    known = replace(facts, name="王伟", reading="wangwei")
    assert shares([known])["name"]["王伟"] == pytest.approx(3.2 / 5)
    assert shares([facts])["name"][""] == pytest.approx(0.2 / 5)
    other = EXPECTED.score(facts, facts, shares([facts])).parts[0].bits
    assert other == pytest.approx(EXPECTED.score(facts, facts, {"name": {facts.name: 0.2 / 5}}).parts[0].bits)


@pytest.mark.django_db
def test_parents_of_records_of_before_are_told_apart_when_they_are_filled(hospital_a):
    both = (Guardian("王强", "", "51"), Guardian("李梅", "", "MTH"))
    take(record("a", hospital_a, name="王小宝", birth_date="2024-05-01", guardians=both))
    row = models.ResidentFacts.objects.get()
    assert (row.said["mother"], row.said["father"]) == ("李梅", "王强")
    of_before = {name: value for name, value in row.said.items() if name not in ("mother", "father")}
    models.ResidentFacts.objects.update(said=of_before, facts=row.facts[:-ADDED], keys=row.keys[:1])
    models.ResidentKey.objects.exclude(key=row.keys[0]).delete()
    assert [*filling.fill_facts(system())][-1].outcome == {"filled": 1, "left": 0}
    filled = models.ResidentFacts.objects.get()
    assert (filled.said, filled.facts, filled.keys) == (row.said, row.facts, row.keys)


@pytest.mark.django_db
def test_records_of_before_are_filled_and_then_found(hospital_a, hospital_b):
    take(record("a", hospital_a, resident_id(number()), name="欧阳若兰"))
    take(record("b", hospital_b, resident_id(number()), name="欧阳若兰"))
    before = {row.record_id: (row.facts, sorted(row.keys)) for row in models.ResidentFacts.objects.all()}
    models.ResidentKey.objects.filter(record=key("a")).delete()
    models.ResidentFacts.objects.filter(record=key("a")).delete()
    models.ResidentFacts.objects.filter(record=key("b")).update(facts=["of", "before"])
    last = [*filling.fill_facts(system())][-1]
    assert last.outcome == {"filled": 2, "left": 0}
    assert {row.record_id: (row.facts, sorted(row.keys)) for row in models.ResidentFacts.objects.all()} == before
    assert models.ResidentKey.objects.count() == sum(len(keys) for _, keys in before.values())
    assert [*filling.fill_facts(system())][-1].outcome == {"filled": 0, "left": 0}
    take(record("c", hospital_b, name="欧阳若兰"))
    assert owner("c") == owner("a")


@pytest.mark.django_db
def test_a_run_is_asked_for_once_done_by_the_worker_and_told(hospital_a):
    take(*incoming(40, hospital_a)[0])
    run_ = running.ask(system(), kind="train")
    assert shown.under_way().id == run_
    with pytest.raises(Refused) as refused:
        running.ask(system(), kind="link")
    assert refused.value.decision.reason == "run.under_way"
    outbox.drain()
    [done] = shown.runs()
    assert (done.kind, done.percent, done.error, done.model) == ("train", 100, "", models.MatchModel.objects.get().pk)
    assert shown.under_way() is None
    running.ask(system(), kind="shadow", model=done.model)
    outbox.drain()
    assert models.MatchModel.objects.get().shadow
    running.ask(system(), kind="link")
    outbox.drain()
    assert shown.runs()[0].outcome["records"] > 0
    running.perform(system(), run_)  # told twice, done once
    assert models.MatchModel.objects.count() == 1
    with pytest.raises(Refused):
        running.ask(system(), kind="shadow", model=done.model + 1)


@pytest.mark.django_db
def test_a_run_that_cannot_be_done_says_why(hospital_a):
    running.ask(system(), kind="train")
    outbox.drain()
    assert "20" in shown.runs()[0].error
    assert MatchRunAsked(1).subject == "matching"


@pytest.mark.django_db
def test_the_clock_links_what_came_on_the_last_day(hospital_a, hospital_b):
    assert running.relink(system()).outcome["records"] == 0
    pair(hospital_a, hospital_b)
    assert running.relink(system()).outcome["merged"] == 1
    assert running.fill(system()).outcome == {"filled": 0, "left": 0}
    assert run()["merged"] == 0
