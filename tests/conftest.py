"""A small district of two institutions that share nothing, built once a module and taken back at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.faults.two_sides import World


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from tests.faults import two_sides

    with standing(django_db_blocker, tmp_path_factory):
        yield two_sides.make()


@contextmanager
def standing(blocker: Any, paths: pytest.TempPathFactory) -> Iterator[None]:
    """What is built inside stands until a module's end."""
    from django.conf import settings
    from django.db import transaction

    # An identity provider that does not answer: its pages stand, and nothing is asked of anybody.
    kept, settings.DOORSTEP_IDENTITY = settings.DOORSTEP_IDENTITY, str(paths.mktemp("identity") / "it.json")
    Path(settings.DOORSTEP_IDENTITY).write_text(
        '{"issuer": "http://127.0.0.1:9", "client": "x", "title": "市统一身份"}'
    )
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
    settings.DOORSTEP_IDENTITY = kept


@pytest.fixture
def world(_world: World, db: None) -> Iterator[World]:
    """Both sides and a signed-in client for every role at A; what a test does is taken back."""
    from doorstep.kernel import clock
    from doorstep.registers.staff.models import Session

    # on a slow machine a module takes longer than a proof of who one is holds
    Session.objects.update(confirmed_at=clock.now(), seen_at=clock.now())
    cookies = {name: client.cookies.copy() for name, client in _world.clients.items()}
    yield _world
    for name, client in _world.clients.items():
        client.cookies = cookies[name]
