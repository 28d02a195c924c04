"""Endpoints of each side: what came in, one message in the chart and one that rests; what goes out, one that rests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from doorstep.kernel.testing import callers
from doorstep.record.endpoints import api
from doorstep.record.endpoints.actions import editing, mapping, watching
from doorstep.record.endpoints.models import Alert, Outbound
from doorstep.record.endpoints.rules.facts import Ordering
from doorstep.record.endpoints.rules.watching import RANGES, Kind
from doorstep.record.endpoints.shapes import Facts
from doorstep.record.endpoints.tests import kit
from tests.faults import sheet_sides


def fill(side: Any) -> None:
    """Make them; everything that is text says the side's text."""
    facts = Facts(
        side.text[:60], side.organisation, 30_000 + sum(side.text.encode()) % 10_000, application=side.text[:200],
        owner=side.text[:100], authorities={side.text[:40]: "urn:x"}, ordering=Ordering.PATIENT,
    )  # fmt: skip
    side.ids["endpoint"] = editing.make(callers.system(), facts=facts)
    plain = side.text.replace("|", "").replace("^", "").replace("&", "").replace("\\", "")
    lost = kit.oru(1).replace(b"P1^^^LAB^MR", b"").replace("王^小明".encode(), plain.encode())
    [side.ids["inbound"]] = kit.keep(side.endpoint, lost)
    kit.keep(side.endpoint, kit.oru(2, f"P{side.number[-6:]}"))
    kit.work_off()
    call = callers.system()
    side.ids["mapping"] = mapping.begin(call, organisation=side.organisation, note=side.text[:200])
    used = mapping.begin(call, organisation=side.organisation, note=side.text[:200])
    mapping.use(call, mapping=used, expect=1)
    watching.watch(call)
    side.ids["alert"] = Alert.objects.unscoped("a test's own").get(endpoint=side.endpoint, kind=Kind.RESTS).pk
    out = {"to_application": side.text[:200], "to_facility": side.text[:200]}
    side.ids["target"] = kit.make_target(side.organisation, out=out, name=side.text[:60], owner=side.text[:100])
    with transaction.atomic():
        side.ids["outbound"] = api.send(
            callers.system(), endpoint=side.target, cause=side.text[:200], key="", kind="ORU^R01", body=lost,
            residents=(side.resident,), inbound=side.inbound,
        )  # fmt: skip
    answered = {"code": "AR", "error": "204", "said": side.text[:200]}
    rests = {"state": "resting", "tries": 1, "reason": "answered-refused", "params": answered}
    Outbound.objects.unscoped("a side").filter(pk=side.outbound).update(**rests)


def rules(kinds: Sequence[Kind]) -> dict[str, Any]:
    """What a person types of the rules for alerts."""
    limits = {f"{kind}_limit": RANGES[kind][1] for kind in kinds}
    return {**limits, f"{kinds[0]}_on": "on", "faults_minutes": 9, "expect": 0}


def form(side: Any) -> dict[str, Any]:
    """What a person types of another endpoint of the side."""
    return {
        "name": "新接口", "organisation": side.organisation, "port": 29_999, "ordering": "patient", "megabytes": 8,
        "most_connections": 4, "depth": 100, "keep_days": 30, "mapping": "standard",
        "authorities": "LAB=urn:x", "key": "",
    }  # fmt: skip


def messages_in(side: Any) -> dict[str, Any]:
    """What a person types of an institution whose FHIR messages come."""
    return {
        "name": "省转诊平台", "organisation": side.organisation, "mapping": "sichuan", "ordering": "patient",
        "keep_days": 30, "megabytes": 8, "depth": 100, "silence": 5, "speaks_for": "", "receiver": "",
    }  # fmt: skip


def messages_out(side: Any) -> dict[str, Any]:
    """What a person types of an institution that our FHIR messages go to."""
    return {
        "name": "送省转诊平台", "organisation": side.organisation, "mapping": "standard", "ordering": "patient",
        "keep_days": 30, "host": "platform.example", "port": 443, "path": "fhir", "secured": "on", "patience": 20,
        "most_tries": 5, "most_connections": 2, "key": "", "speaks_for": "",
    }  # fmt: skip


def uploaded() -> dict[str, Any]:
    """A file of messages that a person hands in."""
    return {"file": sheet_sides.Again("夜间.hl7", kit.oru(77, "P77"))}


def target_form(side: Any) -> dict[str, Any]:
    """What a person types of another endpoint of the side that we send to."""
    return {
        "name": "新接口", "organisation": side.organisation, "host": "10.0.0.9", "port": 6661,
        "application": "DOORSTEP", "standard": "2.5.1", "ordering": "patient", "mapping": "standard",
        "most_connections": 2, "rate": 0, "patience": 30, "most_tries": 8, "keep_days": 0, "key": "",
    }  # fmt: skip
