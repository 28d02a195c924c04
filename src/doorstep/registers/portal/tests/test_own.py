"""A resident's own pages, and those of a guardian for their ward: what opens, what ends, and what stays another's."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import clock, fence
from doorstep.kernel.call import EVERYWHERE, NOWHERE
from doorstep.kernel.models import TrailLine
from doorstep.kernel.sensitive import Kind
from doorstep.record.charts.tests.conftest import organisation, patient, send
from doorstep.registers.consents.models import Consent, Relation
from doorstep.registers.portal.models import Session
from doorstep.registers.portal.rules import cards, codes, guardians
from doorstep.registers.portal.tests import factory
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.models import Resident, ResidentGuardian

DATES = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@given(DATES, st.none() | DATES, st.none() | DATES, DATES)
def test_a_child_s_guardian_acts_until_the_day_of_age(
    birth: date, start: date | None, end: date | None, on: date
) -> None:
    acts = guardians.acts(birth=birth, start=start, end=end, deceased=False, on=on)
    of_age = guardians.birthday(birth, 18)
    if acts:
        assert end is None or on < end
        assert start is None or start <= on
        assert on < of_age or (start is not None and start >= of_age), "of age, only by a guardianship of the adult"
    assert not guardians.acts(birth=birth, start=start, end=end, deceased=True, on=on)
    assert not guardians.acts(birth=None, start=start, end=end, deceased=False, on=on)
    if start is not None and start < of_age:
        assert not guardians.acts(birth=birth, start=start, end=None, deceased=False, on=of_age)


@given(DATES, DATES)
def test_from_14_to_18_consent_is_one_s_own(birth: date, on: date) -> None:
    between = guardians.birthday(birth, 14) <= on < guardians.birthday(birth, 18)
    assert guardians.consents_for(birth, on) is not between


@given(st.text(min_size=1, max_size=40), st.uuids(), st.text(max_size=8))
def test_a_code_is_six_digits_of_its_row_and_key(key: str, row: UUID, given_: str) -> None:
    code = codes.code(key, row)
    assert len(code) == 6
    assert code.isascii()
    assert code.isdigit()
    assert codes.is_right(key, row, f" {code[:3]} {code[3:]} ")
    assert codes.is_right(key, row, given_) is ("".join(given_.split()) == code)


def test_codes_of_rows_are_spread() -> None:
    assert len({codes.code("k", uuid4()) for _n in range(1000)}) > 990


@given(st.uuids(), st.uuids(), st.integers(0, 10**9), st.integers(-100, 200))
def test_a_shown_code_holds_to_its_end(key: UUID, whose: UUID, second: int, later: int) -> None:
    from datetime import UTC, datetime

    until = datetime.fromtimestamp(second, UTC)
    claim = cards.Claim(key, whose, until)
    found = cards.read(cards.written(claim), until + timedelta(seconds=later))
    assert found == (claim if later <= 0 else None)


@given(st.text(max_size=90))
def test_what_is_no_code_is_none(text: str) -> None:
    from datetime import UTC, datetime

    cards.read(text, datetime(2020, 1, 1, tzinfo=UTC))
    assert cards.weak(text) or (len(text) == 6 and text.isdigit() and len(set(text)) > 1)


def test_sm3_is_the_standard_s() -> None:
    """GB/T 32905-2016 annex A: the hash of "abc" (which our index writes in capitals)."""
    from cryptography.hazmat.primitives.hashes import SM3, Hash

    found = Hash(SM3())
    found.update(b"abc")
    assert found.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert len(cards.index(factory.number())) == 64
    assert cards.index(factory.number().lower()) == cards.index(factory.number())


@pytest.fixture
def county(db: None) -> UUID:
    """The county hospital."""
    return organisation("县人民医院")


@pytest.fixture
def township(db: None) -> UUID:
    """The township health centre."""
    return organisation("清溪镇卫生院")


@pytest.fixture
def mother(county: UUID) -> UUID:
    """The guardian."""
    return factory.resident(county)


def born(years: int) -> date:
    """The birthday of one who is so many years and a day old."""
    return guardians.birthday(clock.today() - timedelta(days=1), 0).replace(year=clock.today().year - years)


@pytest.fixture
def child(county: UUID, mother: UUID) -> UUID:
    """A ward of nine."""
    made = factory.resident(county, name="欧阳小宝", phone="", serial=4, born=born(9))
    factory.guardian(made, mother)
    return made


def condition(county: UUID, key: str, number: str, name: str, text: str) -> UUID:
    """A record of one, with a diagnosis."""
    told = {
        "resourceType": "Condition", "id": f"c{key}", "code": {"text": text}, "recordedDate": "2024-01-01",
        "subject": {"reference": f"Patient/{key}"},
    }  # fmt: skip
    send(county, patient(key, number, name), told)
    return residents.residents_of([key])[key]


def test_one_s_own_record_and_no_other_s(county: UUID) -> None:
    mine = condition(county, "pm", factory.number(11), "诸葛静", "高血压")
    theirs = condition(county, "pt", factory.number(12), "诸葛动", "糖尿病")
    client = factory.client_of(mine)
    page = client.get("/my/record").content.decode()
    assert "高血压" in page
    assert "糖尿病" not in page
    assert f"/charts/{mine}" not in page, "no link leads to a page of the staff"
    read = TrailLine.objects.get(action="charts.read_own")
    assert (read.resident, read.purpose, read.detail["basis"]) == (mine, "PATRQT", "self")
    for path in (f"/charts/{mine}/", f"/charts/{theirs}/", f"/charts/{theirs}/Condition/cpt/"):
        assert client.get(path).status_code == 403


def test_the_second_fence_holds_one_s_own_rows(county: UUID) -> None:
    mine = condition(county, "pm", factory.number(11), "诸葛静", "高血压")
    theirs = condition(county, "pt", factory.number(12), "诸葛动", "糖尿病")
    with fence.within(NOWHERE, resident=mine):
        assert residents.visible(EVERYWHERE, mine)
        assert not residents.visible(EVERYWHERE, theirs)
        assert [r.patient_id for r in residents.records(EVERYWHERE, mine)] == ["pm"]
        assert residents.records(EVERYWHERE, theirs) == ()


def test_a_guardian_acts_for_a_child(mother: UUID, child: UUID) -> None:
    client = factory.client_of(mother)
    assert "欧阳小宝" in client.get("/my/").content.decode()
    assert client.post("/my/for", {"ward": str(child)}).status_code == 302
    page = client.get("/my/record").content.decode()
    assert "以监护人的身份看 欧阳小宝" in page
    read = TrailLine.objects.get(action="charts.read_own")
    assert (read.actor, read.resident, read.purpose) == (f"resident:{mother}", child, "FAMRQT")
    assert read.detail["basis"] == "guardian"
    child_s = factory.client_of(child, phone="13500000001").get("/my/looks").content.decode()
    assert "您的监护人" in child_s
    client.post("/my/for", {"ward": ""})
    assert "以监护人的身份" not in client.get("/my/").content.decode()


def test_a_guardianship_that_ends_opens_nothing_at_once(mother: UUID, child: UUID) -> None:
    client = factory.client_of(mother, acting_for=child)
    assert "以监护人的身份" in client.get("/my/record").content.decode()
    ResidentGuardian.objects.unscoped("test").update(end=clock.today())
    page = client.get("/my/record").content.decode()
    assert "以监护人的身份" not in page
    assert "欧阳小宝" not in page
    assert client.post("/my/for", {"ward": str(child)}).status_code == 404


def test_at_18_it_ends_by_itself(mother: UUID, child: UUID) -> None:
    client = factory.client_of(mother, acting_for=child)
    ResidentGuardian.objects.unscoped("test").update(start=clock.today() - timedelta(days=2000))
    Resident.objects.unscoped("test").filter(pk=child).update(birth_date=guardians.birthday(clock.today(), -18))
    assert "以监护人的身份" not in client.get("/my/record").content.decode()


def test_nobody_acts_for_a_stranger(county: UUID, mother: UUID, child: UUID) -> None:
    other = factory.resident(county, name="司马光", phone="13600000003", serial=2)
    client = factory.client_of(other, phone="13600000003")
    for wanted in (str(child), str(mother), "nonsense", str(uuid4())):
        assert client.post("/my/for", {"ward": wanted}).status_code == 404
    assert Session.objects.get(resident=other).acting_for is None
    forced = factory.client_of(other, phone="13600000003", acting_for=child)
    page = forced.get("/my/record").content.decode()
    assert "欧阳小宝" not in page


def consent(client: object, where: UUID, decision: str = "permit", **more: str) -> int:
    """What one says online."""
    form = {"organisation": str(where), "decision": decision, "confirm": "1"} | more
    status: int = client.post("/my/consents/new", form).status_code  # type: ignore[attr-defined]
    return status


def test_a_resident_consents_sees_its_effect_first_and_takes_it_back(county: UUID, township: UUID) -> None:
    mine = condition(county, "pm", factory.number(11), "诸葛静", "高血压")
    send(township, patient("pn", factory.number(11), "诸葛静"))
    client = factory.client_of(mine)
    form = {"organisation": str(township), "decision": "permit"}
    before = client.post("/my/consents/new", form).content.decode()
    assert "清溪镇卫生院的人员可以看到" in before
    assert "诊断 1" in before
    assert not Consent.objects.unscoped("test").exists()
    assert consent(client, township) == 302
    row = Consent.objects.unscoped("test").select_related("relation").get()
    assert (row.signer, row.recorded_by, row.relation.basis) == ("self", f"resident:{mine}", "consent")
    assert "清溪镇卫生院" in client.get("/my/consents").content.decode()
    assert client.post(f"/my/consents/{row.pk}/withdraw").status_code == 302
    row.relation.refresh_from_db()
    assert row.relation.until <= clock.now()
    assert consent(client, township, "deny") == 302
    assert Relation.objects.unscoped("test").filter(basis="denial").count() == 1


def test_what_is_specially_protected_is_opened_only_where_it_is_ticked(county: UUID, township: UUID) -> None:
    """Named in words before it holds; a refusal opens nothing, whatever is ticked."""
    client = factory.client_of(condition(county, "pm", factory.number(11), "诸葛静", "高血压"))
    send(township, patient("pn", factory.number(11), "诸葛静"))
    form = {"organisation": str(township), "decision": "permit"}
    assert "不包括在内" in client.post("/my/consents/new", form).content.decode()
    shown = client.post("/my/consents/new", form | {"kinds": ["HIV"]}).content.decode()
    assert "只包括您勾选的这几类（如果有）：艾滋病相关" in shown
    assert 'name="kinds" value="HIV"' in shown
    for decision, kinds in (("permit", int(Kind.HIV)), ("deny", 0)):
        assert consent(client, township, decision, kinds="HIV") == 302
        assert Relation.objects.unscoped("test").latest("id").kinds == kinds
    assert consent(client, township, kinds="NONE") == 422


def test_another_s_consent_is_not_taken_back(county: UUID) -> None:
    mine = condition(county, "pm", factory.number(11), "诸葛静", "高血压")
    theirs = condition(county, "pt", factory.number(12), "诸葛动", "糖尿病")
    assert consent(factory.client_of(theirs, phone="13500000001"), county) == 302
    row = Consent.objects.unscoped("test").get()
    assert factory.client_of(mine).post(f"/my/consents/{row.pk}/withdraw").status_code == 404
    assert Relation.objects.unscoped("test").get().until is None


def test_an_institution_that_is_not_near_cannot_be_named(county: UUID, township: UUID) -> None:
    mine = condition(county, "pm", factory.number(11), "诸葛静", "高血压")
    assert consent(factory.client_of(mine), township) == 422
    assert not Consent.objects.unscoped("test").exists()


@pytest.mark.parametrize(("years", "self_", "for_child"), [(9, 422, 302), (15, 302, 422)])
def test_whose_consent_a_child_s_is(county: UUID, mother: UUID, years: int, self_: int, for_child: int) -> None:
    """Below 14 the guardian's, from 14 the child's own (个人信息保护法 art. 31); whoever refuses is always heard."""
    child = factory.resident(county, name="欧阳小宝", phone="", serial=4, born=born(years))
    factory.guardian(child, mother)
    own = factory.client_of(child, phone="13500000001")
    guardian = factory.client_of(mother, acting_for=child)
    assert consent(own, county) == self_
    assert consent(guardian, county) == for_child
    assert consent(guardian, county, "deny") == 302
    assert consent(own, county, "deny") == 302
