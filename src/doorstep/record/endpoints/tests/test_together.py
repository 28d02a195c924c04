"""Messages that share a transaction come to what they come to one by one, whatever they seek, whichever is bad."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from doorstep.kernel.models import TrailLine
from doorstep.record.endpoints.actions import work
from doorstep.record.endpoints.rules.facts import Ordering
from doorstep.record.endpoints.tests import kit
from doorstep.record.exchange.models import Message
from doorstep.record.exchange.tests.kit import make_organisation

pytestmark = pytest.mark.django_db
SOME = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
PEOPLE = ("王^小明||19850315|M", "王^小明||19850315|F", "李^娜||19900101|F")
UNLIKELY = "王^小明||20990315|M"
"""Born in the future: it is mapped, and refused by exchange."""


def pid(patient: int, said: str) -> str:
    return f"PID|1||P{patient}^^^LAB^MR||{said}"


def adt(number: int, event: str, first: str, second: str) -> bytes:
    kind = "ADT^A40^ADT_A39" if event == "A40" else f"ADT^{event}^ADT_A01"
    lines = [f"MSH|^~\\&|HIS|H|D|D|20260301080000+0800||{kind}|A{number}|P|2.5.1", f"EVN|{event}|20260301080000"]
    return "".join(f"{line}\r" for line in (*lines, first, second)).encode()


def visit(number: int, event: str, patient: int, said: str, ward: int) -> bytes:
    return adt(number, event, pid(patient, said), f"PV1|1|I|W{ward}^1^1|||||||||||||||||V{patient}")


def result(number: int, patient: int, said: str, order: int) -> bytes:
    plain = kit.oru(order, f"P{patient}", value=f"{30 + number % 3}").split(b"\r")
    plain[0] = plain[0].replace(b"|C%d|" % order, b"|C%d|" % number)
    plain[1] = pid(patient, said).encode()
    return b"\r".join(plain)


PATIENTS, SAYINGS = st.integers(1, 3), st.sampled_from(PEOPLE)
SENT = st.one_of(
    st.tuples(st.just(visit), st.sampled_from(["A01", "A08"]), PATIENTS, SAYINGS, st.integers(1, 2)),
    st.tuples(st.just(result), PATIENTS, SAYINGS, st.integers(1, 3)),
    st.tuples(st.just(visit), st.just("A08"), PATIENTS, st.just(UNLIKELY), st.just(1)),
    st.tuples(st.just(result), PATIENTS, st.just(UNLIKELY), st.integers(1, 3)),
    st.builds(lambda a, b, said: (adt, "A40", pid(a, said), f"MRG|P{b}^^^LAB^MR"), PATIENTS, PATIENTS, SAYINGS),
    st.just((adt, "A01", "PID|1", "PV1|1|I")),
)


def told() -> dict[str, Any]:
    """All that is there afterwards, but for what is made anew each time: ids of residents, numbers, times."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT control, state, reason, place, wrote FROM endpoints_inbound ORDER BY id")
        inbound = cursor.fetchall()
        ledger = []
        for kind in ("patient", "encounter", "observation", "diagnosticreport"):
            cursor.execute(f"SELECT id, version, deleted, body, patient, tok FROM fhir_{kind} ORDER BY id")
            ledger += cursor.fetchall()
        cursor.execute("SELECT type, id, version, deleted FROM fhir_past ORDER BY 1, 2, 3")
        past = cursor.fetchall()
        cursor.execute(
            "SELECT patient_id, resident_id, r.version, p.name, p.sex, p.birth_date, p.version FROM"
            " residents_residentrecord r JOIN residents_resident p ON p.id = r.resident_id ORDER BY patient_id"
        )
        people = cursor.fetchall()
    homes: dict[UUID, list[str]] = defaultdict(list)
    for patient, resident, *_ in people:
        homes[resident].append(patient)
    messages = Message.objects.unscoped("test").order_by("pk")
    return {
        "inbound": inbound, "ledger": ledger, "past": past, "people": [(p[0], *p[2:]) for p in people],
        "homes": sorted(homes.values()),
        "messages": list(messages.values_list("origin", "state", "counts", "received", "digest")),
        "trail": sorted(TrailLine.objects.filter(action="exchange.message").values_list("outcome", "detail__created")),
    }  # fmt: skip


def done(
    endpoint: UUID, before: Sequence[bytes], messages: Sequence[bytes], at_once: int, monkeypatch
) -> dict[str, Any]:
    """What comes of messages of which so many share a transaction; undone afterwards."""
    with transaction.atomic(), monkeypatch.context() as patch:
        patch.setattr(work, "BATCH", 1)
        if before:
            kit.keep(endpoint, *before)
            kit.work_off()
        patch.setattr(work, "BATCH", at_once)
        kit.keep(endpoint, *messages)
        kit.work_off()
        found = told()
        transaction.set_rollback(True)
    return found


@pytest.fixture
def ordered(db: None) -> UUID:
    """All messages of the endpoint in one line."""
    return kit.make_endpoint(make_organisation("甲医院"), ordering=Ordering.ENDPOINT)


@SOME
@given(st.lists(SENT, max_size=2), st.lists(SENT, min_size=2, max_size=8))
@example([], [(visit, "A01", 1, PEOPLE[0], 1), (result, 1, PEOPLE[0], 1), (visit, "A08", 1, PEOPLE[1], 2)])
@example([], [(result, 1, PEOPLE[0], 1), (visit, "A08", 1, UNLIKELY, 1), (result, 1, PEOPLE[0], 2)])
@example([], [(visit, "A08", 1, UNLIKELY, 1), (result, 1, PEOPLE[0], 1)])
@example([(result, 2, PEOPLE[0], 1)], [(adt, "A40", pid(1, PEOPLE[0]), "MRG|P2^^^LAB^MR"), (result, 2, PEOPLE[0], 2)])
def test_together_as_one_by_one(ordered, monkeypatch, before, sent):
    first = [make(number, *rest) for number, (make, *rest) in enumerate(before, 100)]
    messages = [make(number, *rest) for number, (make, *rest) in enumerate(sent, 1)]
    alone = done(ordered, first, messages, 1, monkeypatch)
    together = done(ordered, first, messages, 100, monkeypatch)
    for each, found in alone.items():
        assert together[each] == found, each
