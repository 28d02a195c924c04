"""CPU a resource of each step from the bytes of a bundle to its index entries, beside parsing alone.

Reads Synthea's bundles where this machine has them (DOORSTEP_TEST_DATA, or shared/data beside the checkout), else
bundles of its own. `python benchmarks/fhir_reading.py [--bundles 40]`.
"""

from __future__ import annotations

import argparse
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from doorstep.fhir.bundle import BundlePlan, read_bundle
from doorstep.fhir.indexing import index
from doorstep.fhir.reading import minify, text_of
from doorstep.fhir.resolution import resolve

DATA = Path(os.environ.get("DOORSTEP_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SYNTHEA = DATA / "synthea-bundles" / "smart-generated-R4-bundles.zip"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
BUDGET = 90.0
ROUNDS = 5


def bundles(count: int) -> list[bytes]:
    """Bundles of real size: Synthea's, evenly taken, or as many of our own."""
    if not SYNTHEA.exists():
        return [own_bundle(number) for number in range(count)]
    with zipfile.ZipFile(SYNTHEA) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".json"))
        return [archive.read(name) for name in names[:: max(1, len(names) // count)][:count]]


def own_bundle(number: int) -> bytes:
    """A patient with 200 observations of about 1 kB."""
    patient = {"resourceType": "Patient", "id": f"p{number}", "name": [{"text": "张三"}], "birthDate": "1950-03-01"}
    resources: list[dict[str, Any]] = [patient, *(observation(number, each) for each in range(200))]
    entries = [
        {
            "fullUrl": f"urn:uuid:{each['id']}",
            "resource": each,
            "request": {"method": "POST", "url": each["resourceType"]},
        }
        for each in resources
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}, option=orjson.OPT_INDENT_2)


def observation(patient: int, number: int) -> dict[str, Any]:
    """One measured blood pressure, with its components."""
    parts = [
        {"code": coded("8480-6", "收缩压"), "valueQuantity": {"value": 132.5, "unit": "mmHg", "code": "mm[Hg]"}},
        {"code": coded("8462-4", "舒张压"), "valueQuantity": {"value": 81.0, "unit": "mmHg", "code": "mm[Hg]"}},
    ]
    return {
        "resourceType": "Observation",
        "id": f"o{patient}-{number}",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}],
        "code": coded("85354-9", "血压"),
        "subject": {"reference": f"urn:uuid:p{patient}"},
        "effectiveDateTime": f"2024-{number % 12 + 1:02}-11T08:30:00+08:00",
        "component": parts,
    }


def coded(code: str, text: str) -> dict[str, Any]:
    """A LOINC concept."""
    return {"coding": [{"system": "http://loinc.org", "code": code, "display": text}], "text": text}


def best(step: Callable[[bytes], Any], inputs: list[Any]) -> float:
    """The least CPU seconds of some rounds, one input after the other, as a worker does."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for each in inputs:
            step(each)
        times.append(time.process_time() - began)
    return min(times)


def resolved(data: bytes) -> BundlePlan:
    """Read a bundle and resolve it, each resource keeping the id it came with."""
    plan = read_bundle(data)
    resolve(plan, lambda item: item.id or f"n{item.index}")
    return plan


def indexed(data: bytes) -> None:
    """Everything: from bytes to index entries."""
    for item in resolved(data).items:
        index(item.type, item.resource)


def main() -> int:
    """Print the table; 1 if all steps together pass the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundles", type=int, default=40)
    inputs = bundles(parser.parse_args().bundles)
    plans = [resolved(data) for data in inputs]
    count = sum(len(plan.items) for plan in plans)
    small = sum(len(item.body) for plan in plans for item in plan.items) / count
    del plans
    print(
        f"{len(inputs)} bundles, {count} resources, {sum(map(len, inputs)) / count:.0f} B each, {small:.0f} B minified"
    )
    total = report(inputs, count)
    print(f"budget {BUDGET:.0f} µs: {'kept' if total <= BUDGET else 'PASSED'}")
    return int(total > BUDGET)


def report(inputs: list[bytes], count: int) -> float:
    """Print µs a resource by step, and return the whole."""
    steps: tuple[tuple[str, Callable[[bytes], Any]], ...] = (
        ("parse only (orjson, the limit)", orjson.loads),
        ("  utf-8 and minify", lambda data: minify(text_of(data))),
        ("read_bundle (with those)", read_bundle),
        ("+ resolve", resolved),
        ("+ parse again and index: whole", indexed),
    )
    micro = 0.0
    for name, step in steps:
        micro = best(step, inputs) / count * 1e6
        print(f"{name:34}{micro:8.1f} µs")
    return micro


if __name__ == "__main__":
    raise SystemExit(main())
