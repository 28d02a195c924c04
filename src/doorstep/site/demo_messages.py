"""A referral of the demo that comes by a FHIR message, from the platform of another hospital."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.adapters.fhirmessaging import composing
from doorstep.adapters.fhirmessaging.composing import Correspondent
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.linkage.numbers import check_digit
from doorstep.record.endpoints import api as endpoints
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import editing, work
from doorstep.record.endpoints.models import Endpoint
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.rules.messages import EVENTS, SYSTEM
from doorstep.record.endpoints.shapes import Facts
from doorstep.registers.organisations import api as organisations
from doorstep.services.referrals.fhir.messages import letter_text

WHY: Final = "the demo makes its endpoint once"
CONTROL: Final = UUID("5b0a1d52-6a0c-4a55-9d3e-1f6f0e2f4c01")
NUMBER: Final = "43992119580612031"  # of a region that does not exist
LETTER: Final[Mapping[str, str]] = {
    "impression": "急性脑梗死恢复期", "present": "左侧肢体乏力 12 天，病情平稳，需继续住院康复。",
    "past": "高血压十年，服氨氯地平。", "treatment": "抗血小板、调脂、降压。",
}  # fmt: skip


def build(call: Call, hospital: str, other: str) -> bool:
    """Take messages of another hospital for this one (credit codes), and one that it sends; whether it was done now."""
    codes = organisations.by_uscc((hospital, other))
    if len(codes) < 2 or Endpoint.objects.unscoped(WHY).filter(protocol=MESSAGES).exists():
        return False
    here, there = codes[hospital], codes[other]
    call = replace(call, permissions=call.permissions | {str(one) for one in Permission} | {"exchange.send"})
    facts = Facts(
        "省转诊平台", there, 0, protocol=MESSAGES, mapping="sichuan", receiver=here, owner="信息科"
    )  # fmt: skip
    editing.make(call, facts=facts)
    names = organisations.names([here, there])
    bundle = composing.message(
        CONTROL, composing.Event("C01001", SYSTEM, EVENTS["C01001"].title),
        Correspondent(names[there], other, "https://platform.example/fhir"),
        Correspondent(names[here], hospital, "https://doorstep.example/fhir/$process-message"), _resources(), call.at,
    )  # fmt: skip
    arrived = endpoints.arriving(replace(call, organisation=there), composing.encoded(bundle, "sichuan"), "127.0.0.1")
    with connection.cursor() as cursor:  # as the keeper does it, over Django's connection
        cursor.execute(re.sub(r"\$[0-9]+", "%s", endpoints.KEEP), endpoints.columns([arrived.arrival]))
    while work.run(call):
        pass
    return True


def _resources() -> list[dict[str, Any]]:
    start = clock.now() + timedelta(days=2)
    data = base64.b64encode(letter_text(LETTER).encode()).decode()
    doctor, subject = {"reference": "Practitioner/demo-message"}, {"reference": "Patient/demo-message"}
    return [
        {"resourceType": "Appointment", "id": "demo-message", "status": "proposed", "priority": 4,
         "description": LETTER["impression"], "comment": LETTER["present"], "serviceType": [{"text": "康复医学科"}],
         "start": start.isoformat(), "end": (start + timedelta(days=5)).isoformat(),
         "participant": [{"actor": doctor, "status": "needs-action"}, {"actor": subject, "status": "accepted"}]},
        {"resourceType": "Patient", "id": "demo-message", "name": [{"text": "周建国"}], "gender": "male",
         "birthDate": "1958-06-12", "telecom": [{"system": "phone", "value": "13900000058"}],
         "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": NUMBER + check_digit(NUMBER)}]},
        {"resourceType": "Practitioner", "id": "demo-message", "name": [{"text": "何医生"}]},
        {"resourceType": "DocumentReference", "id": "demo-message", "status": "current", "subject": subject,
         "author": [doctor], "content": [{"attachment": {"contentType": "text/plain", "data": data,
                                                         "title": "转诊（院）记录"}}]},
    ]  # fmt: skip
