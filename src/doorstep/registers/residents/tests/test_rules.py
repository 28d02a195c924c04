"""Properties of numbers, names, consistency, golden identity and queries."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.linkage import names, numbers
from doorstep.linkage.names import Agreement
from doorstep.registers.residents.rules import persons, queries, relations
from doorstep.registers.residents.rules.facts import Identifier, Kind, consistent, is_trusted, read_date, tidy
from doorstep.registers.residents.rules.persons import Person
from doorstep.registers.residents.rules.queries import By, Way

BIRTHS = st.dates(date(1900, 1, 1), date(2024, 12, 31))
BODIES = st.builds(
    lambda region, birth, sequence: f"{region:06d}{birth:%Y%m%d}{sequence:03d}",
    st.integers(110000, 659999),
    BIRTHS,
    st.integers(0, 999),
)
IDS = BODIES.map(lambda body: body + numbers.check_digit(body))
HANZI = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=4)
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize("value", ["11010519491231002X", "440524188001010014", "430204198503150012"])
def test_ids_printed_in_the_standard(value):
    assert numbers.read_id(value).number == value


@given(BODIES)
def test_an_id_says_its_birth_date_and_sex(body):
    facts = numbers.read_id(body + numbers.check_digit(body))
    assert facts.birth.strftime("%Y%m%d") == body[6:14]
    assert facts.sex == ("1" if int(body[16]) % 2 else "2")


@given(IDS, st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(value, at, shift):
    wrong = value[:at] + str((int(value[at]) + shift) % 10) + value[at + 1 :]
    assert isinstance(numbers.read_id(wrong), str)


@given(IDS, st.integers(0, 15))
def test_every_swap_of_neighbours_is_found(value, at):
    wrong = value[:at] + value[at + 1] + value[at] + value[at + 2 :]
    assert wrong == value or isinstance(numbers.read_id(wrong), str)


@given(IDS)
def test_one_form_folds_case_width_and_spaces(value):
    wide = "".join(chr(ord(c) + 0xFEE0) for c in value.lower())
    assert numbers.read_id(f" {wide[:6]} {wide[6:]} ").number == value


@given(IDS.filter(lambda v: v[6:8] == "19"))
def test_15_digits_become_the_same_18(value):
    assert numbers.read_id(value[:6] + value[8:17]).number == value


@given(st.text(max_size=30))
def test_reading_an_id_never_fails(text):
    assert isinstance(numbers.read_id(text), str | numbers.IdFacts)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("138 0013-8001", "13800138001"),
        ("+86 13800138001", "13800138001"),
        ("008613800138001", "13800138001"),
        ("8613800138001", "13800138001"),
        ("（0700）8000037转12", "07008000037"),
        ("tel:+1-555-978-4581", "15559784581"),
        ("555-713-4381", "5557134381"),
        ("无", ""),
        ("11111111111", ""),
        ("abc", ""),
    ],
)
def test_phones(said, kept):
    assert numbers.phone(said) == kept


@given(st.text(max_size=30))
def test_phones_are_digits_and_stable(text):
    kept = numbers.phone(text)
    assert kept == "" or (kept.isascii() and kept.isdigit() and 5 <= len(kept) <= 15)


@given(st.text(min_size=1, max_size=40))
def test_masks_keep_the_length_and_hide_most(value):
    masked = numbers.mask(value)
    assert len(masked) == len(value)
    assert masked.count("*") >= len(value) / 3


def test_the_mask_of_an_id():
    assert numbers.mask("430204198503150012") == "430***********0012"


@pytest.mark.parametrize(
    ("text", "family", "full", "short"),
    [
        ("王小明", "王", "wangxiaoming", "wxm"),
        ("单田芳", "单", "shantianfang", "stf"),
        ("尉迟恭", "尉迟", "yuchigong", "ycg"),
        ("欧阳娜娜", "欧阳", "ouyangnana", "oynn"),
        ("万俟卨", "万俟", "moqixie", "mqx"),
        ("仇英", "仇", "qiuying", "qy"),
        ("吕布", "吕", "lvbu", "lb"),
        ("买买提·吐尔逊", "", "maimaitituerxun", "mmttex"),
    ],
)
def test_surnames_and_pinyin(text, family, full, short):
    assert names.split(text)[0] == family
    assert names.keys(text)[0][1:] == (full, short)


def test_a_surname_with_two_readings_is_found_by_both():
    assert [k.full for k in names.keys("覃小红")] == ["qinxiaohong", "tanxiaohong"]


def test_latin_names_are_found_by_family_and_by_given_name():
    (found,) = names.keys("Adán Portillo", "Portillo", "Adán")
    assert found == ("", "portilloadan", "adanportillo")
    assert names.keys("Aaron697 Brekke496")[0].full == "brekke496aaron697"


@given(HANZI)
def test_a_chinese_name_is_its_surname_and_given_name(text):
    name = names.one_form(text)
    assert "".join(names.split(name)) == name
    assert all(k.hanzi == name for k in names.keys(name))


@given(st.text(max_size=40))
def test_one_form_of_names_is_stable(text):
    once = names.one_form(text)
    assert names.one_form(once) == once
    assert names.keys(once)


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("王小明", "王小明", Agreement.SAME),
        ("王小明", "王晓明", Agreement.LIKE),
        ("王小明", "WANG XIAOMING", Agreement.LIKE),
        ("王小明", "Xiaoming Wang", Agreement.LIKE),
        ("王文博", "王博文", Agreement.LIKE),
        ("王小明", "李小明", Agreement.LIKE),
        ("王小明", "王明", Agreement.LIKE),
        ("王伟", "李伟", Agreement.DIFFERENT),
        ("王伟", "王芳", Agreement.DIFFERENT),
        ("王小明", "赵国庆", Agreement.DIFFERENT),
        ("王小明", "王国庆", Agreement.DIFFERENT),
        ("李梅之子", "张天佑", Agreement.UNKNOWN),
        ("", "张三", Agreement.UNKNOWN),
        ("Addie Tremblay", "Addie Wolff", Agreement.LIKE),
        ("Aaron Brekke", "Bob Smith", Agreement.DIFFERENT),
    ],
)
def test_agreement_of_names(a, b, verdict):
    assert names.agree(a, b) is verdict
    assert names.agree(b, a) is verdict


@given(HANZI, HANZI)
def test_agreement_has_no_order(a, b):
    a, b = names.one_form(a), names.one_form(b)
    assert names.agree(a, b) == names.agree(b, a)
    assert names.agree(a, a) in (Agreement.SAME, Agreement.UNKNOWN)


def said(number="", sex="0", birth=""):
    held = (tidy(Identifier(Kind.RESIDENT_ID, "", number, "Patient.identifier[0].value")),) if number else ()
    return SimpleNamespace(identifiers=held, sex=sex, birth_date=birth)


@given(IDS)
def test_a_record_that_agrees_with_its_id_has_no_findings(value):
    facts = numbers.read_id(value)
    assert consistent(said(value, facts.sex, facts.birth.isoformat()), TODAY) == []
    assert consistent(said(value, facts.sex, facts.birth.isoformat()[:7]), TODAY) == []


@given(IDS, st.integers(1, 5000))
def test_another_birth_date_or_sex_is_a_warning(value, days):
    facts = numbers.read_id(value)
    other = facts.birth - timedelta(days=days)
    found = consistent(said(value, {"1": "2", "2": "1"}[facts.sex], other.isoformat()), TODAY)
    assert [f.code for f in found] == ["id_birth_mismatch", "id_sex_mismatch"]
    assert not any(f.error for f in found)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (said("430204198503150013"), "id_check_digit"),
        (said("4302041985"), "id_malformed"),
        (said(birth="2999-01-01"), "birth_date_future"),
        (said(birth="1985-02-30"), "birth_date_invalid"),
        (said(birth="1700-01-01"), "birth_date_impossible"),
        (said(birth="yesterday"), "birth_date_invalid"),
    ],
)
def test_errors(record, code):
    (found,) = consistent(record, TODAY)
    assert found.error
    assert found.code == code
    assert found.path.startswith("Patient.")


def test_an_id_of_a_day_that_does_not_exist_or_lies_ahead():
    for birth in ("19850230", "29990101", "17000101"):
        body = f"430204{birth}001"
        (found,) = consistent(said(body + numbers.check_digit(body)), TODAY)
        assert found.code == "id_birth_date"


@given(st.dates(date(1, 1, 1)), st.sampled_from([("year", 4), ("month", 7), ("day", 10)]))
def test_dates_are_read_with_their_precision(day, how):
    found = read_date(day.isoformat()[: how[1]])
    assert found is not None
    assert found[1] == how[0]
    assert found[0] <= day


@pytest.mark.parametrize(
    ("identifier", "trusted"),
    [
        (Identifier(Kind.RESIDENT_ID, "", "430204198503150012"), True),
        (Identifier(Kind.RESIDENT_ID, "", "430204198503150012", old=True), False),
        (Identifier(Kind.RESIDENT_ID, "", "430204198503150013"), False),
        (Identifier(Kind.PASSPORT, "http://hl7.org/fhir/sid/passport-CHN", "E12345678"), True),
        (Identifier(Kind.PASSPORT, "http://example.org", "E12345678"), False),
        (Identifier(Kind.ARCHIVE, "", "43020400100100001"), True),
        (Identifier(Kind.ARCHIVE, "", "4302040010010000"), False),
        (Identifier(Kind.INSURANCE, "", "1"), True),
        (Identifier(Kind.BIRTH_CERTIFICATE, "", "R430012345"), True),
        (Identifier(Kind.BIRTH_CERTIFICATE, "", "R000000000"), False),
        (Identifier(Kind.BIRTH_CERTIFICATE, "", "12345"), False),
        (Identifier(Kind.OTHER, "", "1"), False),
    ],
)
def test_which_numbers_are_trusted(identifier, trusted):
    assert is_trusted(identifier) is trusted


PERSONS = st.builds(
    Person,
    name=st.sampled_from(["", "王小明", "李梅之子"]),
    sex=st.sampled_from(["0", "1", "2", "9"]),
    birth=st.sampled_from(["", "1985", "1985-03-15"]),
    deceased=st.sampled_from(["", "yes"]),
    ethnic=st.sampled_from(["", "01"]),
)


@given(PERSONS, PERSONS)
def test_others_never_blank_what_is_known(current, other):
    settled = persons.settle(current, other)
    for known, found in zip(astuple(current), astuple(settled), strict=True):
        assert bool(found) >= bool(known)
    assert persons.settle(settled, other) == settled


@given(st.lists(PERSONS, max_size=4), st.lists(PERSONS, max_size=4))
def test_a_person_is_what_the_records_say_in_their_order(first, then):
    assert persons.fold([persons.fold(first), *then]) == persons.fold([*first, *then])


def test_ages():
    assert persons.age(date(2000, 11, 25), TODAY) == 25
    assert persons.age(date(2000, 11, 24), TODAY) == 26
    assert persons.age(None, TODAY) is None


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("430204198503150012", [Way(By.NUMBER, "430204198503150012")]),
        ("43020419850315001x", [Way(By.NUMBER, "43020419850315001X")]),
        ("王小", [Way(By.HANZI, "王小")]),
        (" 买买提 · 吐 ", [Way(By.HANZI, "买买提吐")]),
        ("WXM", [Way(By.FULL, "wxm"), Way(By.SHORT, "wxm")]),
        ("w", [Way(By.FULL, "w")]),
        ("wang xiao", [Way(By.FULL, "wangxiao"), Way(By.SHORT, "wangxiao")]),
        ("138 0013 8001", [Way(By.NUMBER, "13800138001"), Way(By.PHONE, "13800138001")]),
        ("43020400100100001", [Way(By.NUMBER, "43020400100100001")]),
        ("H00012", [Way(By.NUMBER, "H00012"), Way(By.FULL, "h00012"), Way(By.SHORT, "h00012")]),
        ("  ", []),
        ("%_'", []),
    ],
)
def test_what_a_query_asks_for(text, ways):
    assert list(queries.read(text).ways) == ways


def test_a_wrong_id_in_the_box_is_told():
    assert queries.read("430204198503150013").finding == "id_check_digit"


@given(st.text(max_size=200))
def test_any_text_can_be_asked(text):
    for way in queries.read(text).ways:
        assert way.text
        assert way.text < way.end
        assert "\x00" not in way.text


def test_relations_and_ethnic_groups():
    assert relations.relation("51") == "父亲"
    assert relations.relation("21") == "儿子"
    assert relations.relation("FTH") == "父亲"
    assert relations.relation("E") == "E"
    assert relations.ethnic_group("01") == "汉族"
    assert relations.ethnic_group("56", english=True) == "Jino"
    assert relations.ethnic_group("97") == relations.ethnic_group("") == ""
    assert len(relations.ETHNIC_GROUPS) == len(relations.ETHNIC_GROUPS_IN_ENGLISH) == 56
