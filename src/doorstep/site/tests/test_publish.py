"""``doorstep publish``: publishes what a house held before, goes on where it stopped, and changes nothing again."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from doorstep.kernel import clock, ledger, room
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.ids import new_id
from doorstep.registers.organisations.actions import publishing as organisations
from doorstep.registers.organisations.tests import factory
from doorstep.registers.staff.actions import publishing as staff
from doorstep.registers.staff.tests import factory as people
from doorstep.site import publish

pytestmark = pytest.mark.django_db
KINDS = sorted(kind for one in room.installed() for kind in one.publishes)


def every() -> dict[tuple[str, str], tuple[int, str]]:
    found = {}
    with connection.cursor() as cursor:
        for kind in KINDS:
            cursor.execute(f"SELECT id, version, body FROM fhir_{kind.lower()} WHERE NOT deleted")
            found |= {(kind, row[0]): (row[1], row[2]) for row in cursor.fetchall()}
    return found


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> factory.District:
    """A small district with three people, from before anything was published; pages are short."""
    district = factory.make()
    for name in ("王一", "王二", "王三"):
        people.somebody(district.lead, name=name)
    with connection.cursor() as cursor:
        for kind in KINDS:
            cursor.execute(f"DELETE FROM fhir_{kind.lower()}")
    monkeypatch.setattr(organisations, "PAGE", 2)
    monkeypatch.setattr(staff, "PAGE", 2)
    return district


def test_all_that_is_there_is_published_and_again_nothing_changes(
    before: factory.District, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish.run() == 0
    found = every()
    count = {kind: [k for k, _ in found].count(kind) for kind in KINDS}
    assert count == {
        "Organization": 17, "OrganizationAffiliation": 5, "Location": 0, "Practitioner": 3, "PractitionerRole": 3,
        "Patient": 0, "Consent": 0, "Schedule": 0, "Slot": 0, "Appointment": 0, "ServiceRequest": 0, "Task": 0,
        "ImagingStudy": 0, "Endpoint": 0,
    }  # fmt: skip
    assert {version for version, _ in found.values()} == {1}
    said = capsys.readouterr().out.splitlines()
    rooms = ("booking", "consents", "imaging", "organisations", "referrals", "residents", "staff")
    assert sorted(line for line in said if line.endswith(" OK")) == [f"{room} OK" for room in rooms]
    assert publish.run() == 0
    assert every() == found


def test_it_goes_on_behind_the_line_where_it_stopped(
    before: factory.District, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(staff, "publish_people", stopped)
        with pytest.raises(KeyboardInterrupt):
            publish.run()
    *_, last = capsys.readouterr().out.splitlines()
    half = every()
    assert {kind for kind, _ in half} == {"Organization", "OrganizationAffiliation"}
    assert last == "organisations OK"
    assert publish.run("staff ") == 0
    first, *_ = capsys.readouterr().out.splitlines()
    whole = every()
    assert len(whole) == len(half) + 6
    assert publish.run(first) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert every() == whole


def test_a_room_that_is_refused_is_told_in_words_and_the_others_go_on(
    before: factory.District, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = {"resourceType": "Organization", "id": str(before.lead), "name": "别处"}
    text = b'{"resourceType":"Organization","id":"%s"}' % theirs["id"].encode()
    with transaction.atomic():
        row = ledger.Fresh("Organization", theirs["id"], text, new_id(), 7, index_of("Organization", theirs))
        ledger.write([row], clock.now())
    assert publish.run() == 1
    said = capsys.readouterr()
    assert f"Organization/{before.lead}" in said.err
    assert "staff OK" in said.out
    assert ledger.read("Organization", str(before.lead)).body == text  # type: ignore[union-attr]


def test_a_room_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert publish.run("kitchen 7") == 1
    assert "organisations, staff" in capsys.readouterr().err
