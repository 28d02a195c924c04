"""The ground of the matrix, built once a module and taken back at its end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import standing

if TYPE_CHECKING:
    from tests.access.situations import Ground


@pytest.fixture(scope="module")
def _ground(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    from django.contrib.auth.hashers import make_password

    from doorstep.registers.staff.tests import factory as staff
    from tests.access import situations
    from tests.access.asking import quick_calls

    with standing(django_db_blocker, tmp_path_factory):
        kept = staff.HASHED
        with quick_calls():
            staff.HASHED = make_password(staff.PASSWORD)  # before they sign in: a session ends with another password
            made = situations.make()
        staff.HASHED = kept
        yield made


@pytest.fixture
def ground(_ground: Ground, db: None) -> Iterator[Ground]:
    """Two consortia, and callers of every role; what a test does is taken back."""
    from doorstep.kernel import clock
    from doorstep.registers.staff.models import Session

    Session.objects.update(confirmed_at=clock.now(), seen_at=clock.now())
    log = logging.getLogger("django.request")  # that thousands were refused is not news
    log.setLevel(logging.CRITICAL)
    yield _ground
    log.setLevel(logging.NOTSET)
