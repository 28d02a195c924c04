"""The contract that every room inherits: who may nothing gets nothing, and each right has words in both languages."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import translation

from doorstep.kernel import ledger, publishing, room
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.site.rooms import APPS

ROOMS = {name.rsplit(".", 1)[-1]: name for name in APPS}
LAYERS = ("actions", "reads")


def _modules(package: str) -> Iterator[Any]:
    """The modules of the layers that touch data."""
    for layer in LAYERS:
        try:
            found = import_module(f"{package}.{layer}")
        except ModuleNotFoundError:
            continue
        yield found
        for inside in pkgutil.iter_modules(getattr(found, "__path__", ())):
            yield import_module(f"{found.__name__}.{inside.name}")


def _functions(package: str) -> dict[str, Callable[..., Any]]:
    """Every public function that stands in those layers, by its full name."""
    found: dict[str, Callable[..., Any]] = {}
    for module in _modules(package):
        for name, thing in inspect.getmembers(module, inspect.isfunction):
            if thing.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{module.__name__}.{name}"] = thing
    return found


def _guarded() -> dict[str, Callable[..., Any]]:
    return {name: f for package in APPS for name, f in _functions(package).items() if hasattr(f, "audits")}


def test_there_are_rooms_and_they_guard_something() -> None:
    assert {"organisations", "staff", "residents", "charts", "exchange"} <= set(ROOMS)
    assert len(_guarded()) > 40


@pytest.mark.parametrize("name", sorted(_guarded()))
@pytest.mark.django_db(transaction=True)
def test_a_stranger_is_refused_nothing_happens_and_the_trail_tells_it(name: str) -> None:
    guarded = _guarded()[name]
    with pytest.raises(Refused) as refused:
        guarded(stranger())
    assert refused.value.decision.reason == "permission"
    [line] = TrailLine.objects.all()
    assert (line.action, line.outcome, line.actor) == (guarded.audits, "refused", "staff:stranger")  # type: ignore[attr-defined]  # set by @action
    assert not OutboxEvent.objects.exists()
    assert not connection.in_atomic_block


@pytest.mark.parametrize("name", sorted(_guarded()))
def test_what_is_guarded_names_a_right_of_its_own_room(name: str) -> None:
    guarded = _guarded()[name]
    package = next(p for p in APPS if name.startswith(f"{p}."))
    own = next(r for r in room.installed() if r.name == package.rsplit(".", 1)[-1])
    assert own.permissions is not None
    assert guarded.permission in own.permissions  # type: ignore[attr-defined]  # set by @action
    prefixes = {str(permission).partition(".")[0] for permission in own.permissions}
    assert guarded.audits.partition(".")[0] in prefixes  # type: ignore[attr-defined]  # set by @action


@pytest.mark.parametrize("installed", room.installed(), ids=lambda r: r.name)
def test_every_right_is_told_in_a_sentence_of_both_languages(installed: room.Room) -> None:
    for permission in installed.permissions or ():
        sentence = str(installed.sentences[str(permission)])
        assert sentence
        with translation.override("en"):
            assert translation.gettext(sentence).isascii(), sentence


PUBLISHERS = [r for r in room.installed() if r.publishes]


def test_there_are_rooms_that_publish_and_no_type_has_two_rooms() -> None:
    kinds = [kind for r in PUBLISHERS for kind in r.publishes]
    assert {"Organization", "Practitioner"} <= set(kinds)
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("installed", room.installed(), ids=lambda r: r.name)
def test_a_room_that_publishes_can_do_so_again_and_proves_its_projections(installed: room.Room) -> None:
    """``republish`` is an action of the room's own, a job runs it, and a test of the room inherits the contract."""
    assert bool(installed.publishes) == (installed.republish is not None)
    if installed.republish is None:
        return
    package = next(p for p in APPS if p.rsplit(".", 1)[-1] == installed.name)
    assert installed.republish in _functions(package).values()
    assert isinstance(installed.republish.permission, installed.permissions or ())  # type: ignore[attr-defined]  # set by @action
    assert f"{installed.name}.publish" in {job.name for job in installed.jobs}
    tests = import_module(f"{package}.tests.test_fhir")
    proofs = [t for _, t in inspect.getmembers(tests, inspect.isclass) if issubclass(t, ProjectionContract)]
    assert installed.name in {t.room for t in proofs if t is not ProjectionContract}


@pytest.mark.parametrize("installed", PUBLISHERS, ids=lambda r: r.name)
@pytest.mark.django_db
def test_a_room_publishes_these_types_and_no_other_and_all_that_it_has(
    installed: room.Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    _a_district()
    seen: dict[tuple[str, str], ledger.Fresh] = {}
    with connection.cursor() as cursor:
        for kind in installed.publishes:
            cursor.execute(f"DELETE FROM fhir_{kind.lower()}")
    real = ledger.write
    monkeypatch.setattr(
        ledger, "write", lambda rows, *rest: seen.update({(r.type, r.id): r for r in rows}) or real(rows, *rest)
    )
    assert installed.republish is not None
    publishing.everything(system(), installed.republish)
    living = {r.type for r in seen.values() if not r.deleted}
    assert living == set(installed.publishes)
    assert {r.message for r in seen.values()} == {None}
    seen.clear()
    publishing.everything(system(), installed.republish)
    assert seen == {}, "published again, nothing is written"


def _a_district() -> None:
    """Institutions (one with its place), consortia, people with posts: something for every type."""
    from dataclasses import replace
    from decimal import Decimal

    from doorstep.registers.consents.actions import consenting
    from doorstep.registers.consents.shapes import Signed
    from doorstep.registers.organisations import api as organisations
    from doorstep.registers.organisations.tests import factory
    from doorstep.registers.residents import api as residents
    from doorstep.registers.staff.tests import factory as people
    from doorstep.services.referrals.actions import drafting, moving
    from doorstep.services.referrals.shapes import Wish

    district = factory.make()
    first = factory.DIRECTORY.organisations[0]
    placed = replace(first, facts=replace(first.facts, longitude=Decimal("112.5"), latitude=Decimal("27.5")))
    organisations.load(system(), directory=organisations.DirectoryIn(organisations=(placed,)))
    people.somebody(district.lead)
    two = [residents.Incoming(key, district.lead, names=(residents.Name("王小明"),)) for key in ("a", "b")]
    one, other = (verdict.resident for verdict in residents.take_in(system(), two))
    assert one is not None
    assert other is not None
    residents.merge(system(), kept=one, gone=other)
    signed = Signed(district.second, permit=True, signer="self", signer_name="王小明")
    consenting.record(member(district.lead), resident=one, signed=signed)
    referral = drafting.draft(
        member(district.lead), resident=one,
        wish=Wish(
            destination=district.centre, criteria=("D1",), letter={"impression": "好转", "present": "好转"},
            consenter="self", consent_name="王小明", consent_channel="paper",
        ),
    )  # fmt: skip
    moving.send(member(district.lead), referral=referral, expect=1)
    _a_booking(district.lead, one)
    _a_study(district.lead, one)


def _a_study(organisation: UUID, resident: UUID) -> None:
    """An archive, and a study in it that is the resident's."""
    from doorstep.record.imaging.actions import archives, following, settling, tying
    from doorstep.record.imaging.models import Archive, Study
    from doorstep.record.imaging.rules.reading import Found
    from doorstep.record.imaging.shapes import ArchiveFacts

    key = archives.add(system(), facts=ArchiveFacts(organisation, "影像中心", "http://127.0.0.1:1/dicom-web"))
    following.mark(Archive.objects.unscoped("test").get(pk=key), ["1.2.3"])
    study = Study.objects.unscoped("test").get().pk
    settling.settle(system(), study=study, found=Found("1.2.3"))
    tying.tie(member(organisation), study=study, expect=1, resident=resident)


def _a_booking(organisation: UUID, resident: UUID) -> None:
    """A clinic tomorrow, and somebody who has a place in it."""
    from doorstep.registers.organisations.models import Department
    from doorstep.resources.booking.actions import appointments
    from doorstep.resources.booking.rules import Channel
    from doorstep.resources.booking.tests.conftest import ahead, sitting, slots

    department = Department.objects.unscoped("test").filter(organisation=organisation).first()
    keeper = member(organisation)
    session = sitting(keeper, department.pk, ahead(1))
    appointments.book(keeper, slot=slots(session)[0].id, resident=resident, channel=Channel.WINDOW)
