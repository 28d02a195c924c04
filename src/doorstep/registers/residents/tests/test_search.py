"""The search box: what it finds, within which scope, in which pages, and by which plans on 20,000 people."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection

from doorstep.kernel.call import EVERYWHERE, NOWHERE, Scope
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import BadCursor, Page, cursor
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.linkage import numbers
from doorstep.registers.residents import api
from doorstep.registers.residents.reads import search as box
from doorstep.registers.residents.rules import queries
from doorstep.registers.residents.shapes import Name, Phone
from doorstep.registers.residents.tests.conftest import hospital, make_organisation, number, record, resident_id


def search(call, text, page=Page()):  # noqa: B008  # frozen
    return box.search(call, text=text, page=page)


def found(call, text):
    return [line.name for line in search(call, text).paged.items]


@pytest.fixture
def district(hospital_a, hospital_b):
    api.take_in(
        system(),
        [
            record(
                "a1", hospital_a, resident_id(number(1)), hospital("H1"), name="王小明", phones=(Phone("10030000001"),)
            ),
            record("a2", hospital_a, resident_id(number(2)), name="覃小红", phones=(Phone("10030000002"),)),
            record("a3", hospital_a, names=(Name("Adán Portillo", "Portillo", "Adán"),)),
            record("b1", hospital_b, resident_id(number(3)), name="王小芳", phones=(Phone("10030000003"),)),
            record("b2", hospital_b, resident_id(number(1)), name="王晓明"),
            record("b3", hospital_b, name="买买提·吐尔逊"),
        ],
    )
    return hospital_a, hospital_b


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("王", ["王小明", "王小芳", "王小明"]),  # the first twice: once by each of two names
        ("王小明", ["王小明"]),
        ("wangxiao", ["王小芳", "王小明"]),
        ("wxf", ["王小芳"]),
        ("WXM", ["王小明"]),
        ("qxh", ["覃小红"]),
        ("tanxiao", ["覃小红"]),
        ("portillo", ["Adán Portillo"]),
        ("adan port", ["Adán Portillo"]),
        ("买买提·", ["买买提·吐尔逊"]),
        (number(2), ["覃小红"]),
        ("100 3000 0003", ["王小芳"]),
        ("10030000", ["王小明", "覃小红", "王小芳"]),
        ("H1", ["王小明"]),
        ("赵", []),
        ("%", []),
        ("", []),
    ],
)
def test_what_is_found(district, text, names):
    assert sorted(found(system(), text)) == sorted(names)


def test_each_institution_finds_its_own(district):
    a, b = district
    assert found(member(a), "wang") == ["王小明"]
    assert found(member(a), number(3)) == []
    assert found(member(a), "10030000003") == []
    assert sorted(found(member(b), "wxm")) == ["王小明"]
    both = member(a, scope=Scope(frozenset({a, b})))
    assert sorted(found(both, "wx")) == ["王小明", "王小芳"]
    assert found(member(a, scope=NOWHERE), "wang") == []


def test_the_name_that_matched_is_told(district):
    _, b = district
    (line,) = search(member(b), "王晓").paged.items
    assert (line.name, line.found_by) == ("王小明", "王晓明")
    assert line.organisations[0] == "乙医院"


def test_numbers_are_masked_in_lists(district):
    (line,) = search(system(), number(1)).paged.items
    assert line.number == number(1)[:3] + "*" * 11 + number(1)[-4:]
    assert line.phone == "100****0001"


def test_a_wrong_id_is_told(district):
    wrong = number(1)[:-1] + ("0" if number(1)[-1] != "0" else "1")
    assert search(system(), wrong).finding == "id_check_digit"


def test_the_trail_keeps_a_hash_and_whom_it_showed(district):
    a, _ = district
    shown = search(member(a), number(1)).paged.items
    line = TrailLine.objects.latest("pk")
    assert line.action == "residents.search"
    assert number(1) not in json.dumps([line.subject_id, line.detail])
    assert line.detail["shown"] == [str(shown[0].id)]


def test_a_refused_search_is_trailed(district):
    with pytest.raises(Refused):
        search(stranger(), "王")
    assert TrailLine.objects.latest("pk").outcome == "refused"


def test_reads_for_other_rooms_keep_the_scope(district):
    a, b = district
    of = api.residents_of(["a1", "b1", "b2"])
    assert of["a1"] == of["b2"]
    here, there = Scope(frozenset({a})), Scope(frozenset({b}))
    assert api.visible(here, of["a1"])
    assert not api.visible(here, of["b1"])
    assert [(s.patient_id, s.organisation_name) for s in api.records(here, of["a1"])] == [
        ("a1", "甲医院"),
        ("b2", "乙医院"),
    ]
    assert api.records(here, of["b1"]) == ()
    assert api.header(there, of["b1"]).name == "王小芳"
    with pytest.raises(Refused):
        api.header(here, of["b1"])
    assert api.names(here, of.values()) == {of["a1"]: "王小明"}


def _fill(count: int) -> tuple[UUID, UUID]:
    big, small = make_organisation("大").pk, make_organisation("小").pk
    rng, said = random.Random(7), []
    given = "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇静丽娜敏艳娟霞婷芳玲雪丹安爱海红"
    for i in range(count):
        birth = date(1940, 1, 1) + timedelta(days=i)
        body = f"439921{birth:%Y%m%d}{rng.randrange(1000):03d}"
        name = rng.choice("王李张刘陈杨黄赵吴周曾邹") + rng.choice(given) + rng.choice(given)
        said.append(
            record(
                f"p{i}",
                small if i % 200 == 0 else big,
                resident_id(body + numbers.check_digit(body)),
                name=name,
                sex="0",
                birth_date="",
                phones=(Phone(f"1003{rng.randrange(10**7):07d}"),),
            )
        )
    for at in range(0, len(said), 2000):
        api.take_in(system(), said[at : at + 2000])
    with connection.cursor() as link:
        link.execute("ANALYZE")
    return big, small


def _plan(scope, way, after=("", box.NIL)):
    sql, values = box.statement(scope, way, after, 21)
    with connection.cursor() as link:
        link.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}", values)
        raw = link.fetchone()[0]
    return (raw if isinstance(raw, list) else json.loads(raw))[0]["Plan"]


def _nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _rows_read(plan):
    # A bitmap of an index counts what rolled-back tests left in it; the scan of the heap above it counts rows.
    leaves = [n for n in _nodes(plan) if "Scan" in n["Node Type"] and n["Node Type"] != "Bitmap Index Scan"]
    return sum((n["Actual Rows"] + n.get("Rows Removed by Filter", 0)) * n["Actual Loops"] for n in leaves)


TEXTS = ("王", "王伟", "wang", "w", "wxm", "lh", "zh", "13", "10031234", "43992119400101")


def test_plans_read_ranges_of_indexes_and_few_rows(db):
    """On 20,000 people: every way, in every scope, on the first page and on a deep one."""
    big, small = _fill(20_000)
    for scope in (EVERYWHERE, Scope(frozenset({big})), Scope(frozenset({small})), Scope(frozenset({big, small}))):
        for way in (way for text in TEXTS for way in queries.read(text).ways):
            for after in (("", box.NIL), (way.text + "x", box.NIL)):
                plan = _plan(scope, way, after)
                assert "Seq Scan" not in {n["Node Type"] for n in _nodes(plan)}, (way, plan)
                names = [n for n in _nodes(plan) if n.get("Relation Name") == "residents_residentname"]
                assert all(n["Node Type"] == "Index Only Scan" for n in names), (way, plan)
                # What pinyin found before is passed over by the initials: for zh all 张h…, some hundreds of 20,000.
                assert _rows_read(plan) <= (600 if way.text == "zh" else 150), (way, plan)


def test_pages_follow_each_other_without_gap_or_repeat(db):
    big, _ = _fill(2_000)
    call, seen, after = member(big), [], None
    for _turn in range(60):
        answer = search(call, "zou", Page.read(after, 20, parts=3))
        seen += [line.id for line in answer.paged.items]
        after = answer.paged.next
        if after is None:
            break
    assert len(seen) > 60
    assert len(seen) == len(set(seen))
    with connection.cursor() as link:
        link.execute(
            "SELECT count(DISTINCT resident_id) FROM residents_residentname "
            "WHERE organisation_id = %s AND hanzi LIKE '邹%%'",
            [big],
        )
        assert len(seen) == link.fetchone()[0]


def test_forged_cursors_are_refused_or_harmless(district):
    with pytest.raises(BadCursor):
        search(system(), "王", Page.read(cursor("x", "王", "nonsense"), parts=3))
    answer = search(system(), "王", Page.read(cursor("0", "", str(box.NIL)), parts=3))
    assert len(answer.paged.items) == 3
    assert search(system(), "王", Page.read(cursor("9", "", str(box.NIL)), parts=3)).paged.items == ()
