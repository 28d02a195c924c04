"""Other people's messages, where this machine has them, and small ones of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.fhir.tests.samples import ROOT

FOLDER = "hl7v2/microsoft-fhir-converter/data/SampleData/Hl7v2"
ABSENT = f"test data is not on this machine: {FOLDER}"


def files() -> list[Path]:
    """All message files; skips the test, saying why, where they are absent."""
    found = sorted((ROOT / FOLDER).glob("*.hl7"))
    if not found:
        pytest.skip(ABSENT)
    return found


def message(name: str) -> bytes:
    """One of them."""
    path = ROOT / FOLDER / f"{name}.hl7"
    if not path.exists():
        pytest.skip(ABSENT)
    return path.read_bytes()


def lines(*segments: str, end: str = "\r") -> str:
    """A message of these segments."""
    return "".join(segment + end for segment in segments)


MSH = "MSH|^~\\&|LIS|山口医院|HUB|医共体|20260301080000+0800||ORU^R01^ORU_R01|M1|P|2.5.1|||||CHN|UNICODE UTF-8"
ORU = lines(
    MSH,
    "PID|1||000123^^^山口医院^MR~11010119900307109X^^^GA^CHID||王^小明||19900307|M",
    "OBR|1|A1|B1|718-7^血红蛋白^LN|||20260301073000+0800",
    "OBX|1|NM|718-7^血红蛋白^LN||142|g/L|130-175|N|||F|||20260301073000+0800",
    "ZCN|自有|值~二",
)
