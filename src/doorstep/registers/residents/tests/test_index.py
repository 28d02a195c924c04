"""The person index as a whole: whose records are, whatever the order and however many come at once; merge and back."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import replace
from datetime import date
from itertools import permutations
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.kernel import outbox
from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent
from doorstep.kernel.testing import published
from doorstep.kernel.testing.callers import stranger, system
from doorstep.registers.residents import api, models
from doorstep.registers.residents.actions import merging
from doorstep.registers.residents.actions.regrouping import regroup
from doorstep.registers.residents.reads import rule
from doorstep.registers.residents.reads.identity import current
from doorstep.registers.residents.shapes import Address, Guardian, Name, Phone
from doorstep.registers.residents.tests.conftest import hospital, make_organisation, number, record, resident_id
from doorstep.registers.residents.tests.people import PEOPLE, records, tell

ALL = frozenset({"id", "card", "phone", "address", "birth"})
NO_ID = ALL - {"id", "card"}
TABLES = (
    "residentrecord", "residentidentifier", "residentname", "residentphone", "residentaddress", "residentguardian",
    "residentpresence", "residentfacts", "residentkey", "household", "householdmember",
)  # fmt: skip


class Undo(Exception):
    """Ends a transaction so that nothing of it stays."""


def take(*incoming):
    return api.take_in(system(), incoming)


def clusters(incoming):
    """Whose records are, as sets of patient ids."""
    found = defaultdict(set)
    for key, resident in api.residents_of([each.patient_id for each in incoming]).items():
        found[resident].add(key)
    return sorted(sorted(each) for each in found.values())


def state():
    """All rows of the room, without versions: what a merge and its way back must leave as they were."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT to_jsonb(t) - 'version' FROM residents_{table} t")
            found[table] = sorted(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT to_jsonb(t) - 'version' FROM residents_resident t ORDER BY id")
        found["resident"] = [row[0] for row in cursor.fetchall()]
    return found


SLOW = settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def arrive(incoming, sizes):
    """Clusters after records came in this order, in batches of these sizes; nothing stays."""
    try:
        with transaction.atomic():
            at, turns = 0, iter([*sizes, *[99] * 9])
            while at < len(incoming):
                size = next(turns)
                take(*incoming[at : at + size])
                at += size
            found = clusters(incoming)
            raise Undo
    except Undo:
        return found


@SLOW
@given(data=st.data())
def test_the_order_of_arrival_does_not_change_the_clusters(hospital_a, hospital_b, data):
    told = data.draw(records([hospital_a, hospital_b]))
    turned = data.draw(st.permutations(told))
    sizes = data.draw(st.lists(st.integers(1, 4), max_size=8))
    assert arrive(told, [1] * len(told)) == arrive(turned, sizes)


@SLOW
@given(data=st.data())
def test_two_valid_ids_and_two_ranks_are_never_in_one_cluster(hospital_a, hospital_b, data):
    told = data.draw(records([hospital_a, hospital_b]))
    found = arrive(told, data.draw(st.lists(st.integers(1, 4), max_size=8)))
    by_key = {each.patient_id: each for each in told}
    for cluster in found:
        ids = {i.value for key in cluster for i in by_key[key].identifiers if i.kind == "resident_id"}
        assert len(ids) <= 1
        assert len({by_key[key].rank for key in cluster} - {0}) <= 1


def test_one_person_told_by_five_institutions_is_one(hospital_a, hospital_b):
    says = [ALL, NO_ID, NO_ID | {"homophone"}, ALL - {"phone"}, ALL - {"id"} | {"slip"}]
    told = [tell(PEOPLE[0], f"p{n}", (hospital_a, hospital_b)[n % 2], each) for n, each in enumerate(says)]
    assert arrive(told, [1] * 5) == [[each.patient_id for each in told]]


def test_what_is_likely_and_not_sure_is_shown_to_a_person_once(hospital_a, hospital_b):
    take(tell(PEOPLE[0], "a", hospital_a, NO_ID))
    for key in ("b", "c"):
        told = tell(PEOPLE[0], key, hospital_b, frozenset({"birth"}))
        take(told._replace(identifiers=(hospital("H1"),)))
    doubt = models.Doubt.objects.unscoped("test").get()
    assert (doubt.reason, doubt.state) == ("weight", "open")
    assert {doubt.left.patient_id, doubt.right.patient_id} == {"a", "b"}
    assert len(set(api.residents_of(["a", "b", "c"]).values())) == 2


def test_a_couple_and_twins_stay_four(hospital_a, hospital_b):
    told = [
        tell(who, f"{who.name}{n}", source, says)
        for n, (source, says) in enumerate([(hospital_a, ALL), (hospital_b, NO_ID)])
        for who in PEOPLE[:4]
    ]
    assert arrive(told, []) == sorted([f"{who.name}0", f"{who.name}1"] for who in PEOPLE[:4])


def test_a_newborn_is_found_again_under_a_name(hospital_a, hospital_b):
    said = {
        "birth_date": "2025-05-01",
        "guardians": (Guardian("李梅"),),
        "addresses": (Address("石桥区锦绣花园3-2-501"),),
    }
    first = record("a", hospital_a, name="李梅之子", **said)
    then = record("b", hospital_b, resident_id(number(3, date(2025, 5, 1))), name="王天佑", **said)
    take(first, then)
    found = models.Doubt.objects.unscoped("test").filter(state="open").count(), len(clusters([first, then]))
    assert found in ((1, 2), (0, 1)), "joined, or shown to a person; never just two"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (0, 2, 1)])
def test_a_nameless_record_that_fits_both_twins_is_joined_with_neither(hospital_a, hospital_b, order):
    first, second = (replace(who, rank=0, sex="1") for who in PEOPLE[2:4])
    nameless = tell(first, "n", hospital_a, ALL - {"id", "card"} | {"newborn"})._replace(names=(Name("李梅之子"),))
    told = [tell(first, "a", hospital_b, ALL), tell(second, "b", hospital_b, ALL), nameless]
    for at in order:
        take(told[at])
    assert len(clusters(told)) == 3
    asked = models.Doubt.objects.unscoped("test").filter(state="open")
    pairs = {frozenset((d.left.patient_id, d.right.patient_id)) for d in asked}
    assert pairs == {frozenset("na"), frozenset("nb")}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_nameless_record_beside_a_twin_that_is_told_is_joined_with_nobody(hospital_a, hospital_b, order, monkeypatch):
    """A ward that says 李梅之小子 of one had two: 李梅之子 may be either, though only one of them is known by name."""
    easy = replace(rule.current(date(2026, 1, 1)), link=5.0)  # else so little is never joined, twin or not
    monkeypatch.setattr(rule, "_expected", lambda: easy)
    first, second = PEOPLE[2:4]
    ward = ALL - {"id", "card"} | {"newborn"}
    nameless = tell(replace(first, rank=0), "n", hospital_a, ward)._replace(names=(Name("李梅之子"),), rank=0)
    told = [tell(second, "w", hospital_a, ward), tell(replace(second, rank=0), "b", hospital_b, ALL), nameless]
    for at in order:
        take(told[at])
    assert ["n"] in clusters(told)
    list(api.link_all(system()))
    assert ["n"] in clusters(told)


def test_a_rare_name_weighs_more_than_a_frequent_one(hospital_a, hospital_b):
    models.ResidentFrequency.objects.create(column="name", value="王伟", share=0.004)
    models.ResidentFrequency.objects.create(column="reading", value="wangwei", share=0.006)
    models.ResidentFrequency.objects.create(column="name", value="某某", share=1e-6)
    said = {"phones": (), "addresses": (Address("石桥区石桥镇阳光社区锦绣花园"),)}
    common = [record("a", hospital_a, name="王伟", **said), record("b", hospital_b, name="王伟", **said)]
    rare = [record("c", hospital_a, name="欧阳若兰", **said), record("d", hospital_b, name="欧阳若兰", **said)]
    take(*common, *rare)
    bits = {frozenset((d.left.patient_id, d.right.patient_id)): d.bits for d in models.Doubt.objects.unscoped("test")}
    linked = dict(models.ResidentRecord.objects.unscoped("test").values_list("patient_id", "bits"))
    assert linked["d"] or bits[frozenset("cd")] > bits.get(frozenset("ab"), 0) + 8


def test_a_replayed_message_changes_nothing(hospital_a, hospital_b):
    told = [tell(who, f"{who.name}{n}", at, NO_ID) for who in PEOPLE for n, at in enumerate((hospital_a, hospital_b))]
    take(*told)
    before = state(), models.Doubt.objects.unscoped("test").count(), OutboxEvent.objects.count()
    take(*told)
    take(*reversed(told))
    assert (state(), models.Doubt.objects.unscoped("test").count(), OutboxEvent.objects.count()) == before


class TestMerge:
    @pytest.fixture
    def two(self, hospital_a, hospital_b):
        """Two people with all that can hang on a person."""
        names = Name("王小明"), Name("王晓明", use="old")
        other = {"name": "赵国庆", "birth_date": "1950-01-01", "guardians": (Guardian("赵强", "10035556666"),)}
        a, b = take(
            record("a", hospital_a, hospital("H1"), phones=(), addresses=(Address("南门"),), names=names),
            record("b", hospital_b, resident_id(number(7, date(1950, 1, 1))), hospital("H1"), **other),
        )
        for verdict in (a, b):
            models.ResidentPhone.objects.create(resident_id=verdict.resident, value="10037778888")
            home = models.Household.objects.create(head_id=verdict.resident)
            models.HouseholdMember.objects.create(
                household=home, resident_id=verdict.resident, relation="02", start=date(2020, 1, 1)
            )
        return a.resident, b.resident

    def test_all_goes_along_and_comes_back(self, two):
        before = state()
        for kept, gone in (two, two[::-1]):
            merge = api.merge(system(), kept=kept, gone=gone, note="同一人")
            assert set(api.residents_of(["a", "b"]).values()) == {kept}
            assert current(gone) == kept
            assert not models.ResidentPresence.objects.filter(resident=gone).exists()
            header = api.header(system().scope, gone)
            assert (header.id, header.number[:3]) == (kept, "439")
            assert api.unmerge(system(), merge=merge) == gone
            assert state() == before

    def test_a_chain_of_merges_comes_apart_in_any_order(self, two, hospital_a):
        (c,) = take(record("c", hospital_a, name="钱三", birth_date="1970-02-02", phones=()))
        before = state()
        for order in ((0, 1), (1, 0)):
            merges = [
                api.merge(system(), kept=two[1], gone=two[0]),
                api.merge(system(), kept=c.resident, gone=two[1]),
            ]
            assert set(api.residents_of(["a", "b", "c"]).values()) == {c.resident}
            assert current(two[0]) == c.resident
            for at in order:
                api.unmerge(system(), merge=merges[at])
            assert state() == before

    def test_what_comes_after_a_merge_is_the_records_own(self, two, hospital_a):
        merge = api.merge(system(), kept=two[1], gone=two[0])
        take(record("a", hospital_a, hospital("H1"), hospital("H9"), name="王小明", phones=(Phone("10030000001"),)))
        api.unmerge(system(), merge=merge)
        phones = models.ResidentPhone.objects.unscoped("test").filter(resident=two[0], record__isnull=False)
        assert list(phones.values_list("value", flat=True)) == ["10030000001"]
        assert models.ResidentIdentifier.objects.unscoped("test").get(value="H9").resident_id == two[0]

    def test_two_ids_one_and_the_same_gone_and_unseen_are_refused(self, two, hospital_a):
        (c,) = take(record("c", hospital_a, resident_id(number(8)), name="钱三", phones=()))
        for kept, gone, why in (
            (two[1], c.resident, "merge.two_ids"), (two[0], two[0], "merge.same"), (two[0], uuid4(), "not_found"),
        ):  # fmt: skip
            with pytest.raises(Refused) as refused:
                api.merge(system(), kept=kept, gone=gone)
            assert refused.value.decision.reason == why
        api.merge(system(), kept=two[1], gone=two[0])
        with pytest.raises(Refused):
            api.merge(system(), kept=c.resident, gone=two[0])
        with pytest.raises(Refused):
            api.merge(stranger(), kept=two[1], gone=c.resident)

    def test_it_is_told_once_and_an_undone_one_not_again(self, two):
        merge = api.merge(system(), kept=two[1], gone=two[0])
        told = OutboxEvent.objects.filter(name="residents.ResidentsMerged").latest("pk").body
        assert (told["kept"], told["gone"], told["patient_ids"]) == (str(two[1]), str(two[0]), ["a"])
        api.unmerge(system(), merge=merge)
        assert OutboxEvent.objects.filter(name="residents.ResidentsUnmerged").count() == 1
        with pytest.raises(Refused):
            api.unmerge(system(), merge=merge)

    def test_other_systems_are_told_by_link_and_active(self, two):
        merge = api.merge(system(), kept=two[1], gone=two[0])
        outbox.drain()
        kept, gone = published.body("Patient", two[1]), published.body("Patient", two[0])
        assert (kept["active"], gone["active"]) == (True, False)
        assert gone["link"] == [{"other": {"reference": f"Patient/{two[1]}"}, "type": "replaced-by"}]
        assert {link["other"]["reference"] for link in kept["link"]} == {f"Patient/{two[0]}", "Patient/a", "Patient/b"}
        api.unmerge(system(), merge=merge)
        outbox.drain()
        assert [link["type"] for link in published.body("Patient", two[0])["link"]] == ["seealso"]
        assert published.body("Patient", two[0])["active"] is True

    def test_the_index_does_not_join_again_what_was_parted(self, hospital_a, hospital_b):
        says = ALL - {"id", "card"}
        first, second = (tell(PEOPLE[0], key, source, says) for key, source in (("a", hospital_a), ("b", hospital_b)))
        a, b = take(first, second)
        assert a.resident == b.resident
        theirs = models.ResidentRecord.objects.unscoped("test").get(patient_id="b").pk
        other = merging.separate(system(), resident=a.resident, records=[theirs])
        assert api.residents_of(["a", "b"]) == {"a": a.resident, "b": other}
        take(tell(PEOPLE[0], "b", hospital_b, says | {"card"}), tell(PEOPLE[0], "c", hospital_b, says))
        found = api.residents_of(["a", "b", "c"])
        assert found["a"] != found["b"]
        with pytest.raises(Refused):
            merging.separate(system(), resident=other, records=[theirs])

    def test_a_review_that_was_undone_by_hand_binds_no_longer(self, two):
        rows = models.ResidentRecord.objects.unscoped("test").filter(patient_id__in=("a", "b"))
        left, right = sorted(rows.values_list("pk", flat=True))
        doubt = models.Doubt.objects.create(left_id=left, right_id=right, reason="weight", bits=5.0, state="same")
        api.unmerge(system(), merge=api.merge(system(), kept=two[1], gone=two[0]))
        doubt.refresh_from_db()
        assert doubt.state == "different"

    def test_a_merge_by_hand_after_an_unmerge_holds(self, two):
        api.unmerge(system(), merge=api.merge(system(), kept=two[1], gone=two[0]))
        api.merge(system(), kept=two[1], gone=two[0])
        regroup(system(), list(models.ResidentRecord.objects.unscoped("test").values_list("pk", flat=True)))
        assert set(api.residents_of(["a", "b"]).values()) == {two[1]}

    def test_who_sees_the_last_of_a_chain_may_undo_the_first(self, two, hospital_a):
        (c,) = take(record("c", hospital_a, name="钱三", birth_date="1970-02-02", phones=()))
        first = api.merge(system(), kept=two[1], gone=two[0])
        api.merge(system(), kept=c.resident, gone=two[1])
        caller = replace(system(), scope=Scope(frozenset({hospital_a})))
        assert api.unmerge(caller, merge=first) == two[0]

    def test_the_index_parts_a_wrong_join_when_better_evidence_comes(self, hospital_a, hospital_b):
        """r1 and r2 look alike; then each turns out to have an ID of their own."""
        who = PEOPLE[0]
        r1, r2 = tell(who, "a", hospital_a, NO_ID), tell(who, "b", hospital_b, NO_ID)
        take(r1, r2)
        assert len(clusters([r1, r2])) == 1
        other = replace(who, sequence=9, card="C9")
        later = [tell(who, "a", hospital_a, ALL), tell(other, "b", hospital_b, ALL)]
        take(*later)
        assert len(clusters(later)) == 2


def _at_once(batches):
    """Take in each batch on a connection of its own, at one moment."""
    gate, ends = threading.Barrier(len(batches), timeout=30), {}

    def run(at, batch):
        try:
            gate.wait()
            ends[at] = take(*batch)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(batches)]
    [t.start() for t in threads]
    [t.join(60) for t in threads]
    return [ends[at] for at in range(len(batches))]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("says", [NO_ID, NO_ID | {"homophone"}])
def test_one_new_person_who_arrives_everywhere_at_once_is_one(says):
    sources = [make_organisation(f"医院{n}").pk for n in range(8)]
    batches = [[tell(PEOPLE[0], f"p{n}", source, NO_ID if n % 2 else says)] for n, source in enumerate(sources)]
    ends = _at_once(batches)
    assert len({end[0].resident for end in ends}) == 1
    assert sum(end[0].created for end in ends) == 1


@pytest.mark.django_db(transaction=True)
def test_batches_of_the_same_people_at_once_make_each_one():
    sources = [make_organisation(f"医院{n}").pk for n in range(4)]
    batches = [
        [tell(who, f"p{n}-{who.name}", source, NO_ID if n else ALL) for who in PEOPLE[:: -1 if n % 2 else 1]]
        for n, source in enumerate(sources)
    ]
    _at_once(batches)
    told = [each for batch in batches for each in batch]
    assert len(clusters(told)) == len(PEOPLE)


READ = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables"
FLOOD = (
    "INSERT INTO residents_residentrecord"
    " (id, version, created_at, organisation_id, resident_id, patient_id, digest,"
    " how, first_seen, last_seen) SELECT gen_random_uuid(), 1, now(), organisation_id, resident_id, 'flood' || n,"
    " digest,"
    " how, now(), now() FROM residents_residentrecord, generate_series(1, %s) n",
    "INSERT INTO residents_residentfacts (record_id, said, facts, keys) SELECT r.id, f.said, f.facts, f.keys"
    " FROM residents_residentrecord r, residents_residentfacts f WHERE r.patient_id LIKE 'flood%%'",
    "INSERT INTO residents_residentkey (key, record_id) SELECT key, record_id FROM residents_residentfacts f,"
    " unnest(f.keys) key ON CONFLICT DO NOTHING",
    "INSERT INTO residents_residentname (resident_id, record_id, organisation_id, use, text, family, given, hanzi,"
    " \"full\", short) SELECT n.resident_id, r.id, n.organisation_id, '', n.text, '', '', n.hanzi, n.\"full\", n.short"
    " FROM residents_residentrecord r, residents_residentname n WHERE r.patient_id LIKE 'flood%%'",
)
FLOODED = (
    "residents_residentrecord",
    "residents_residentfacts",
    "residents_residentkey",
    "residents_residentname",
)


def rows_read(work):
    """Rows that PostgreSQL read while something was done, in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute(READ)
        before = cursor.fetchone()[0]
        work()
        cursor.execute(READ)
        return cursor.fetchone()[0] - before


class TestHostile:
    def test_a_hundred_thousand_identical_records_cost_the_newcomer_what_a_hundred_do(self, hospital_a):
        take(record("first", hospital_a))
        with connection.cursor() as cursor:
            for statement in FLOOD:
                cursor.execute(statement, [100_000] if "%s" in statement else [])
                # a check of a foreign key that was planned while the table was empty reads all of it for each row
                cursor.execute(f"ANALYZE {', '.join(FLOODED)}")
        read = rows_read(lambda: take(record("new", hospital_a)))
        assert models.Resident.objects.unscoped("test").count() == 1
        assert 0 < read < 3_000
        read = rows_read(lambda: take(record("other", hospital_a, name="赵国庆", birth_date="1950-01-01")))
        assert models.Resident.objects.unscoped("test").count() == 2
        assert read < 3_000

    def test_a_telephone_of_a_thousand_people_joins_nobody(self, hospital_a):
        days = [f"{1930 + n % 80}-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(1000)]
        told = [
            record(f"p{n}", hospital_a, name=f"王{chr(0x4E00 + 7 * n)}", birth_date=day) for n, day in enumerate(days)
        ]
        take(*told)
        assert models.Resident.objects.unscoped("test").count() > 990

    def test_names_of_ten_thousand_characters(self, hospital_a):
        a, b = take(*(record(key, hospital_a, name=key * 200, phones=()) for key in "王x"))
        assert a.resident != b.resident


def test_queries_are_as_many_for_a_family_as_for_a_village(hospital_a, hospital_b, django_assert_max_num_queries):
    def village(key, source, says, homes):
        living = [[replace(who, phone=f"1003{n:07}", card=f"{n}") for who in PEOPLE] for n in range(homes)]
        return [tell(who, f"{key}{n}-{who.name}", source, says) for n, home in enumerate(living) for who in home]

    take(*village("x", hospital_a, NO_ID, 20))
    with django_assert_max_num_queries(26):
        take(*(tell(who, f"y-{who.name}", hospital_b, ALL) for who in PEOPLE[4:]))
    with django_assert_max_num_queries(26):
        ids = [resident_id(number(n, date(1960, 1, 1))) for n in range(1, 300)]
        take(*(record(f"z{n}", hospital_b, own, name=f"赵{chr(0x4E00 + n)}") for n, own in enumerate(ids)))
