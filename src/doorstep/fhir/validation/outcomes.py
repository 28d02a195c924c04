"""Findings as an OperationOutcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from doorstep.fhir.validation.findings import Finding

_ALL_WELL: Final = ("校验通过，未发现问题", "all well: no problem was found")


def outcome(findings: Sequence[Finding], language: str = "zh") -> bytes:
    """Return an OperationOutcome of all findings, in Chinese ("zh") or English ("en"); without any "all well"."""
    issues = [_issue(each, language) for each in findings] or [_all_well(language)]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})


def _issue(found: Finding, language: str) -> dict[str, Any]:
    return {
        "severity": found.severity,
        "code": found.issue_code,
        "details": {"coding": [{"code": found.code}], "text": found.message(language)},
        "expression": [found.expression],
    }


def _all_well(language: str) -> dict[str, Any]:
    text = _ALL_WELL[language.startswith("en")]
    return {"severity": "information", "code": "informational", "details": {"text": text}}
