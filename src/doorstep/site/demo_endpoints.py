"""Endpoints of the demo: the lead hospital's systems send HL7 v2 over a real socket, and the worker's part uses it.

Its reports about people whom another institution has an open referral of go on to that, over our own listener; there
they are kept and acknowledged and not worked on, for a copy of a report would stand in the chart twice.
"""

from __future__ import annotations

import json
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from doorstep.adapters.hl7v2.acks import stamp
from doorstep.adapters.hl7v2.frames import frame
from doorstep.kernel import clock, ledger
from doorstep.kernel.call import Call
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import editing, work
from doorstep.record.endpoints.models import Endpoint
from doorstep.record.endpoints.rules.outward import Carry
from doorstep.record.endpoints.shapes import Facts, Outward
from doorstep.registers.consents.models import Relation
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents.models import ResidentRecord
from doorstep.site import serve
from doorstep.site.demo import systems

WHY: Final = "the demo chooses whose results are sent"
PEOPLE: Final = 12
REFERRED: Final = 6
SEX: Final = {"male": "M", "female": "F"}
RESULTS: Final = (
    ("2345-7", "葡萄糖", "6.8", "mmol/L", "3.9-6.1", "H"),
    ("2093-3", "总胆固醇", "5.02", "mmol/L", "0-5.18", "N"),
    ("2160-0", "肌酐", "78", "umol/L", "57-97", "N"),
    ("718-7", "血红蛋白", "108", "g/L", "115-150", "L"),
)
"""LOINC, name, value, unit, reference range, flag."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What the hospital's systems know of somebody."""

    number: str
    resident_id: str
    name: str
    birth: str
    sex: str
    key: str


def build(call: Call, hospital: str) -> int:
    """Make them for an institution (credit code), unless there are any, and send; how many messages were kept."""
    place = organisations.by_uscc((hospital,)).get(hospital)
    if place is None or Endpoint.objects.unscoped(WHY).exists():
        return 0
    call = replace(call, permissions=call.permissions | {str(one) for one in Permission})
    authorities = {"HIS": systems.hospital_number(hospital)}
    port = _free_port()
    for name, application, facility in (("检验系统", "LIS", "LAB"), ("住院系统", "HIS", "WARD")):
        facts = Facts(
            name, place, port, application, facility, authorities=authorities, owner="信息科",
            charset="GB 18030" if application == "HIS" else "",
        )  # fmt: skip
        editing.make(call, facts=facts)
    system = systems.hospital_number(hospital)
    people = list(patients(place, system, PEOPLE))
    if (found := _referred(place)) is not None:
        to, residents = found
        _pass_on(call, to, port)
        people += [one for one in patients(place, system, REFERRED, residents) if one not in people]
    sent = 0
    with serve.running("mllp"):
        _wait(port)
        for message in _messages(people):
            sent += _send(port, message)
    while work.run(call):
        pass
    return sent


def _referred(place: UUID) -> tuple[UUID, list[UUID]] | None:
    """The institution, other than this, with the most open referrals of people whom this knows, and those people."""
    now = clock.now()
    rows = Relation.objects.unscoped(WHY).filter(Q(until__isnull=True) | Q(until__gt=now), basis="referral")
    rows = rows.filter(since__lte=now, organisation__isnull=False).exclude(organisation=place).order_by("reference")
    known = ResidentRecord.objects.unscoped(WHY).filter(organisation=place, patient_id__isnull=False)
    by_place: dict[UUID, list[UUID]] = defaultdict(list)
    for resident, to in rows.filter(resident__in=known.values("resident")).values_list("resident", "organisation"):
        by_place[to].append(resident)
    return max(by_place.items(), key=lambda one: (len(one[1]), str(one[0])), default=None)


def _pass_on(call: Call, to: UUID, port: int) -> None:
    """Reports go on to an institution; its own system is our listener."""
    kept = Facts("转诊报告收件", to, port, "DOORSTEP", "HUB", owner="信息科")
    editing.pause(call, endpoint=editing.make(call, facts=kept), expect=1, paused=True)
    out = Outward("127.0.0.1", to_application="HIS", to_facility="REFERRAL", carries=frozenset({Carry.RESULTS}))
    editing.make(call, facts=Facts("转诊报告转发", to, port, "DOORSTEP", "HUB", owner="信息科", out=out))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int) -> None:
    """Until the listener is there, for half a minute at most."""
    for _ in range(300):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.1)


def _send(port: int, message: bytes) -> int:
    """Send one and wait for its acknowledgement; 1 where it came."""
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(frame(message))
        return int(bool(line.recv(65_536)))


def patients(place: UUID, system: str, most: int = PEOPLE, residents: Sequence[UUID] = ()) -> Iterator[Patient]:
    """People whom an institution's systems know, the first, or the first of these, in an order that stays."""
    rows = ResidentRecord.objects.unscoped(WHY).filter(organisation=place, patient_id__isnull=False).order_by("pk")
    rows = rows.filter(resident__in=residents) if residents else rows
    for key in rows.values_list("patient_id", flat=True)[:most]:
        stored = ledger.read("Patient", key)
        if stored is None or stored.deleted:
            continue
        body = json.loads(stored.body)
        numbers = {one.get("system"): one["value"] for one in body["identifier"]}
        if system in numbers and systems.RESIDENT_ID in numbers:
            yield Patient(
                numbers[system], numbers[systems.RESIDENT_ID], body["name"][0]["text"],
                body["birthDate"].replace("-", ""), SEX.get(body["gender"], "U"), key,
            )  # fmt: skip


def _messages(people: Sequence[Patient]) -> Iterator[bytes]:
    """Results of the laboratory, stays of the wards, and two that cannot be used: a message that is not taken in, and
    one whose text is broken."""
    now = clock.now().astimezone(clock.CHINA)
    for at, one in enumerate(people):
        when = now - timedelta(minutes=7 * (len(people) - at))
        yield _result(one, at, when).encode()
        if at % 4 == 0:
            yield _stay(one, at, when).encode("gb18030")
    if people:
        yield _joined(_head("LIS|LAB", "RDE^O11", "X1", now, "UNICODE UTF-8"), _pid(people[0])).encode()
        yield _joined(_head("LIS|LAB", "ORU^R01", "X2", now, "UNICODE UTF-8"), "此行没有段名").encode()


def _result(one: Patient, at: int, when: datetime) -> str:
    lines = [
        f"OBX|{n}|NM|{code}^{name}^LN||{value}|{unit}^^UCUM|{normal}|{flag}|||F|||{stamp(when)}"
        for n, (code, name, value, unit, normal, flag) in enumerate(RESULTS[at % 2 :: 2], 1)
    ]
    order = f"OBR|1||L{when:%Y%m%d}{at:04d}|BIO^生化检验^L|||{stamp(when)}|||||||||||||||{stamp(when)}||LAB|F"
    return _joined(_head("LIS|LAB", "ORU^R01^ORU_R01", f"L{at:04d}", when, "UNICODE UTF-8"), _pid(one), order, *lines)


def _stay(one: Patient, at: int, when: datetime) -> str:
    visit = f"PV1|1|I|心血管内科^^12||||D{at:04d}^陆^文远|||CAR|||||||D{at:04d}^陆^文远||V{when:%Y%m%d}{at:04d}^^^HIS"
    return _joined(
        _head("HIS|WARD", "ADT^A01^ADT_A01", f"A{at:04d}", when, "GB 18030-2000"),
        f"EVN||{stamp(when)}", _pid(one), f"{visit}{'|' * 25}{stamp(when)}",
    )  # fmt: skip


def _head(sender: str, kind: str, number: str, when: datetime, charset: str) -> str:
    return f"MSH|^~\\&|{sender}|DOORSTEP|QINGHE|{stamp(when)}||{kind}|{number}|P|2.5.1||||||{charset}"


def _pid(one: Patient) -> str:
    numbers = f"{one.number}^^^HIS^MR~{one.resident_id}^^^PRC^NNCHN"
    return f"PID|1||{numbers}||{one.name[:1]}^{one.name[1:]}^^^^^L||{one.birth}|{one.sex}"


def _joined(*segments: str) -> str:
    return "".join(f"{segment}\r" for segment in segments)
