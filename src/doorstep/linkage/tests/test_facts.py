"""Records in their one form: what is folded, what is set aside, and that nothing that is said makes it fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.linkage.addresses import parse
from doorstep.linkage.facts import Said, standard

ID = "11010519491231002X"


TEXTS = (
    "key", "name", "sex", "birth_date", "resident_id", "phone", "insurance", "address", "guardian", "guardian_id",
    "certificate", "mother", "father",
)  # fmt: skip


@given(st.builds(Said, **{name: st.text(max_size=60) for name in TEXTS}))
def test_anything_may_be_said(said: Said) -> None:
    found = standard(said)
    assert found.key == said.key
    assert standard(said) == found


@pytest.mark.parametrize("size", [10_000])
def test_long_texts_are_cut_and_take_no_time(size: int) -> None:
    found = standard(Said("a", name="王" * size, address="石桥镇" * size, resident_id="1" * size, phone="1" * size))
    assert len(found.name) <= 200
    assert found.typed == found.phone == ""


def test_an_id_fixes_birth_date_and_sex() -> None:
    found = standard(Said("a", birth_date="1950-01-30", resident_id=ID))
    assert (found.number, found.birth, found.sex) == (ID, "1949-12-31", "female")


def test_an_id_of_somebody_a_generation_older_is_a_parents() -> None:
    found = standard(Said("a", name="王小宝", birth_date="2020-05-01", resident_id=ID))
    assert (found.number, found.typed, found.parent, found.birth) == ("", "", ID, "2020-05-01")


def test_an_id_that_is_the_guardians_or_a_newborns_without_a_birth_date_is_a_parents() -> None:
    same = standard(Said("a", name="王小宝", resident_id=ID, guardian_id=ID))
    born = standard(Said("a", name="李梅之子", resident_id=ID))
    assert (same.number, same.parent) == (born.number, born.parent) == ("", ID)
    assert standard(Said("a", name="李梅之子", birth_date="1949-12-31", resident_id=ID)).number == ID


@pytest.mark.parametrize(
    ("name", "mother", "rank"),
    [
        ("李梅之子", "李梅", 0),
        ("李梅之大女", "李梅", 1),
        ("李梅之次子", "李梅", 2),
        ("李梅毛毛", "李梅", 0),
        ("李梅宝宝", "李梅", 0),
        ("李梅之男", "李梅", 0),
        ("李梅之子大", "李梅", 1),
        ("李梅大毛", "李梅", 1),
        ("李梅小女", "李梅", 2),
        ("李梅女", "李梅", 0),
        ("李梅婴", "李梅", 0),
        ("李梅之婴儿", "李梅", 0),
        ("李梅之子B", "李梅", 2),
        ("李梅之女1", "李梅", 1),
        ("李梅二毛", "李梅", 2),
    ],
)
def test_a_newborn_has_its_mothers_name(name: str, mother: str, rank: int) -> None:
    found = standard(Said("a", name=name))
    assert (found.name, found.guardian, found.mother, found.rank) == ("", mother, mother, rank)


def test_beside_the_mother_of_a_newborns_name_stands_the_father() -> None:
    told = [
        standard(Said("a", name="李梅之子", guardian="王强")),
        standard(Said("a", name="李梅之子", guardian="李梅", father="王 强")),
        standard(Said("a", name="王小宝", guardian="李梅", mother="李梅", father="王强")),
    ]
    assert {(one.guardian, one.mother, one.father) for one in told} == {("李梅", "李梅", "王强")}
    assert standard(Said("a", name="王小宝", guardian="李梅")).mother == ""


def test_a_name_that_ends_like_a_newborns_is_a_name_where_there_is_an_id() -> None:
    found = standard(Said("a", name="郑兰女", resident_id=ID))
    assert (found.name, found.guardian) == ("郑兰女", "")


def test_a_name_that_ends_like_a_newborns_is_one_where_the_guardian_says_so() -> None:
    assert standard(Said("a", name="李梅子", resident_id=ID, birth_date="1949-12-31", guardian="李梅")).name == ""
    assert standard(Said("a", name="李梅子", resident_id=ID, birth_date="1949-12-31", guardian="王强")).name == "李梅子"


@pytest.mark.parametrize(
    ("name", "family", "parts"),
    [
        ("Jacob Lanyon", "", ("jacob", "lanyon")),
        ("Lanyon, Jacob", "Lanyon", ("jacob", "lanyon")),
        ("José Muñoz", "", ("jose", "munoz")),
        ("Lanyon", "Lanyon", ("", "lanyon")),
        ("Jacob", "", ("jacob", "")),
        ("王伟", "王", ("", "")),
    ],
)
def test_a_name_in_letters_has_its_parts(name: str, family: str, parts: tuple[str, str]) -> None:
    found = standard(Said("a", name=name, family=family))
    assert (found.forename, found.surname) == parts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("R430012345", "R430012345"),
        (" ｒ43001-2345", "R430012345"),
        ("R000000000", ""),
        ("R999999999", ""),
        ("430012345", ""),
        ("R43001234", ""),
        ("R4300123456", ""),
        ("RR30012345", ""),
        ("无", ""),
    ],
)
def test_the_number_of_a_certificate_of_birth(text: str, number: str) -> None:
    assert standard(Said("a", certificate=text)).certificate == number


@pytest.mark.parametrize("phone", ["13800138000", "11111111111", "无", "12", ""])
def test_a_phone_that_is_nobodys_says_nothing(phone: str) -> None:
    assert standard(Said("a", phone=phone)).phone == ""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("湖南省长沙市清禾县石桥镇麻石村3组12号", ("清禾县", "石桥镇", "麻石村", "3-12")),
        ("清禾县石桥镇阳光社区锦绣花园3幢2单元501室", ("清禾县", "石桥镇", "锦绣花园", "3-2-501")),
        ("清禾县锦绣花园3号楼2单元501", ("清禾县", "", "锦绣花园", "3-2-501")),
        ("清禾县锦绣花园3-2-501", ("清禾县", "", "锦绣花园", "3-2-501")),
        ("6 Tullaroop Street, Willaroo, St James, 4011, WA", ("4011", "stjames", "tullaroop", "6")),
        ("10 Downing St, London SW1A 2AA", ("sw1a2aa", "london", "downing", "10")),
        ("London", ("", "london", "", "")),
        ("", ("", "", "", "")),
    ],
)
def test_addresses(text: str, place: tuple[str, str, str, str]) -> None:
    assert tuple(parse(text)) == place
