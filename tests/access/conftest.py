"""The ground of the matrix, built once a module and taken back at its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import standing

if TYPE_CHECKING:
    from tests.access.situations import Ground


@pytest.fixture(scope="module")
def _grounds(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Ground]]:
    """The ground of today: made anew when a day ends between two tests, as what is booked for today is part of it."""
    from doorstep.kernel import clock

    made: dict[date, Ground] = {}
    with ExitStack() as stack:

        def of_today() -> Ground:
            today = clock.today()
            if today not in made:
                stack.close()
                stack.enter_context(standing(django_db_blocker, tmp_path_factory))
                made[today] = _make()
            return made[today]

        yield of_today


def _make() -> Ground:
    from django.contrib.auth.hashers import make_password

    from doorstep.registers.staff.tests import factory as staff
    from tests.access import situations
    from tests.access.asking import quick_calls

    kept = staff.HASHED
    with quick_calls():
        staff.HASHED = make_password(staff.PASSWORD)  # before they sign in: a session ends with another password
        made = situations.make()
    staff.HASHED = kept
    return made


@pytest.fixture
def _built(_grounds: Callable[[], Ground]) -> Ground:
    return _grounds()


@pytest.fixture
def ground(_built: Ground, db: None) -> Iterator[Ground]:
    """Two consortia, and callers of every role; what a test does is taken back: ``db`` begins after the ground, which
    stays, and is named here so that the database is made also where these tests run alone."""
    from doorstep.kernel import clock
    from doorstep.registers.staff.models import Session

    Session.objects.update(confirmed_at=clock.now(), seen_at=clock.now())
    log = logging.getLogger("django.request")  # that thousands were refused is not news
    log.setLevel(logging.CRITICAL)
    yield _built
    log.setLevel(logging.NOTSET)
