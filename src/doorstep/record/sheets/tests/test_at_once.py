"""Several clerks and several workers at the same moment: each row is done once."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.decision import Refused
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import member
from doorstep.record.exchange.tests import kit as exchange
from doorstep.record.sheets.actions import deciding, uploading, working
from doorstep.record.sheets.models import Entry, Import
from doorstep.record.sheets.tests import kit

ROWS = [kit.resident(n) for n in range(1, 8)]


@pytest.mark.django_db(transaction=True)
def test_two_clerks_send_and_apply_the_same_file(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One import, applied once; the slower clerk is told."""
    monkeypatch.setattr(working, "SLICE", 2)
    clerks = [member(source) for _ in range(3)]
    raw = kit.sheet("residents", *ROWS)
    sent = at_once(*[lambda c=c: uploading.upload(c, kind="residents", file="a.csv", raw=raw) for c in clerks])
    assert len({each.id for each in sent}) == 1, sent
    assert sorted(each.known for each in sent) == [False, True, True]
    batch = sent[0].id
    at_once(kit.work_off, kit.work_off)
    kit.work_off()
    expect = kit.version(batch)
    pressed = at_once(*[lambda c=c: deciding.apply(c, batch=batch, expect=expect) for c in clerks])
    refused = [each.decision.reason for each in pressed if isinstance(each, Refused)]
    assert refused == ["wrong_state", "wrong_state"], pressed
    at_once(kit.work_off, kit.work_off, kit.work_off)
    kit.work_off()
    assert kit.row(batch).tally == {"new": len(ROWS)}
    assert exchange.count("fhir_patient") == len(ROWS) == exchange.messages().count()
    assert Import.objects.unscoped("test").count() == 1
    assert Entry.objects.unscoped("test").count() == len(ROWS)
    undone = at_once(*[lambda c=c: deciding.undo(c, batch=batch, expect=kit.version(batch)) for c in clerks])
    assert sum(each is None for each in undone) == 1, undone
    at_once(kit.work_off, kit.work_off)
    kit.work_off()
    assert kit.row(batch).undid == {"undone": len(ROWS)}
    assert exchange.count("residents_resident") == 0
