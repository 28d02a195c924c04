"""Which FHIR messages are taken, as a table: 四川省 双向转诊（住院） and 区域检验 (activity codes of hl7fhir.cn).

Who they are for is named in their header, or follows from the request that they go on with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SYSTEM: Final = "http://CodeSystem.hl7fhir.cn/activity-code"


class Way(StrEnum):
    """Which way a message goes between the two who speak of one matter."""

    ASKS = "asks"
    ANSWERS = "answers"
    ADDS = "adds"


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of message: its title, the type that its header is about, its way, the request that it goes on with.

    ``handed``: a service acts on it where it is for an institution here. ``charted``: its records go into the chart of
    whoever sent them also where it is only passed on.
    """

    title: str
    focus: str
    way: Way
    request: str
    handed: bool = False
    charted: bool = False


EVENTS: Final[Mapping[str, Event]] = {
    "C01001": Event("转诊预约申请", "Appointment", Way.ASKS, "C01001", handed=True),
    "C01002": Event("转诊预约应答", "AppointmentResponse", Way.ANSWERS, "C01001", handed=True),
    "C01003": Event("患者到诊应答", "AppointmentResponse", Way.ANSWERS, "C01001", handed=True),
    "C01004": Event("上传完整病历", "Task", Way.ADDS, "C01001", handed=True),
    "C01005": Event("实验室检验申请", "ServiceRequest", Way.ASKS, "C01005", charted=True),
    "C01006": Event("发布实验室检验报告", "DiagnosticReport", Way.ANSWERS, "C01005", charted=True),
}
APART: Final = frozenset({"MessageHeader", "Appointment", "AppointmentResponse"})
"""What of a message is no record of the chart: who speaks, and what a service keeps in its own way."""
