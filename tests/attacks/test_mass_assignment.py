"""Every form with fields that it does not have: none is stored, and the author stays the signed-in person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from django.db import connection

from doorstep.kernel.models import TrailLine
from doorstep.registers.staff.models import Account
from doorstep.registers.staff.rules import ROLES
from tests.access.asking import written
from tests.faults.samples import FORMS, Address, addresses, ask_for
from tests.faults.two_sides import World, undone

PLANTED = "5e471e11-0000-4000-8000-00000000a77c"
"""Good as text and as a key; stands nowhere but in the fields that are planted."""
KEYS = (
    "id", "pk", "uuid", "key", "account", "account_id", "person_id", "post_id", "resident_id_id", "organisation_id",
    "source", "source_id", "merged_into", "merged_into_id", "household_id", "consortium_id", "session", "user",
    "user_id",
)  # fmt: skip
AUTHORS = (
    "actor", "actor_name", "author", "by", "made_by", "created_by", "changed_by", "ended_by", "decided_by", "caller",
    "requester", "signed_by", "recorder", "on_behalf_of", "recorded_by", "recorded_name", "reviewed_by", "withdrawn_by",
    "maker", "desk", "desk_id", "person_name", "by_name", "author_id", "actor_id", "performer",
)  # fmt: skip
TIMES = (
    "at",
    "made_at",
    "created_at",
    "changed_at",
    "decided_at",
    "received_at",
    "ended_at",
    "last_login",
    "date_joined",
)
RIGHTS = ("is_superuser", "is_staff", "permissions", "groups", "user_permissions", "scope", "everywhere", "purpose")
STATES = ("version", "state", "digest", "trusted", "shadow", "model", "bits", "deleted", "waits", "attempts")
CALLERS = (
    "administrator", "bureau_manager", "hospital_manager", "exchange_operator", "township_physician", "auditor",
)  # fmt: skip


def extras(form: dict[str, object]) -> dict[str, object]:
    """The form with everything planted that it does not have."""
    planted = dict.fromkeys((*KEYS, *AUTHORS, *TIMES, *STATES, *RIGHTS), PLANTED)
    planted |= {"is_superuser": "on", "is_staff": "on", "everywhere": "on", "trusted": "on"}
    return planted | form


def workers(world: World) -> Iterator[tuple[Address, str]]:
    """Every address with a form, and a caller who may send it."""
    for each in addresses():
        able = (c for c in CALLERS if each.rule in ROLES[c].permissions)
        if each.name in FORMS and each.rule != "anyone":
            yield each, next(able, "administrator")


def rows_with(text: str, tables: Iterable[str]) -> dict[str, int]:
    """How many rows of some tables hold a text; the trail counts too."""
    with connection.cursor() as cursor:
        names = [*tables, "kernel_trailline"]
        parts = [f"SELECT '{n}', count(*) FROM {n} t WHERE t::text LIKE '%{text}%'" for n in names]
        cursor.execute(" UNION ALL ".join(parts))
        return {name: count for name, count in cursor.fetchall() if count}


def privileged() -> int:
    """Accounts that Django would let do anything."""
    return Account.objects.filter(is_superuser=True).count() if hasattr(Account, "is_superuser") else 0


@pytest.mark.parametrize("how", ["form", "query"])
def test_no_field_is_taken_that_the_form_does_not_have(world: World, how: str) -> None:
    bad, done = [], 0
    for each, caller in workers(world):
        client, asked = world.clients[caller], ask_for(each.name, world, world.a)
        cookies = client.cookies.copy()
        with undone():
            plain = client.post(asked.url, asked.form).status_code
        client.cookies = cookies.copy()
        with undone():
            last, before, counted = newest(), privileged(), written()
            if how == "form":
                answer = client.post(asked.url, extras(asked.form))
            else:
                answer = client.post(asked.path, asked.form, query_params=extras(asked.query))
            if answer.status_code != plain:
                bad.append(f"{each.name} by {caller}: {plain} without, {answer.status_code} with more fields")
            moved = [table for table, count in written().items() if count != counted.get(table, 0)]
            bad += [f"{each.name}: planted in {table}" for table in rows_with(PLANTED, moved)]
            bad += [f"{each.name}: a right was given" for _ in range(privileged() - before)]
            bad += [f"{each.name}: acted as {actor}" for actor in actors(last) if not own(actor, caller)]
            done += answer.status_code == 302
        client.cookies = cookies
    assert not bad, "\n".join(bad)
    assert done > 20, "the forms should do their work"


def newest() -> int:
    """The number of the newest line of the trail."""
    return TrailLine.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def actors(after: int) -> set[str]:
    """Who the trail says has acted since."""
    return set(TrailLine.objects.filter(pk__gt=after).values_list("actor", flat=True))


def own(actor: str, caller: str) -> bool:
    """Whether it is the signed-in person."""
    return actor == f"staff:{Account.objects.get(username=f'on.{caller}').person_id}"


def test_the_test_finds_what_is_planted(world: World) -> None:
    """It can fail: a name that is stored is found."""
    client, asked = world.clients["administrator"], ask_for("staff:add", world, world.a)
    with undone():
        client.post(asked.url, {**asked.form, "name": PLANTED})
        assert rows_with(PLANTED, written()).get("staff_person") == 1
