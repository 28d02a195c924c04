"""What the other platform says of a FHIR message: taken, to be tried again, or refused (R4, response-code)."""

from __future__ import annotations

from typing import Final

from doorstep.adapters.fhirmessaging.answering import Code, said
from doorstep.fhir.problems import FhirProblem
from doorstep.record.endpoints.rules.answers import WORDS, Outcome, Verdict

_OUTCOMES: Final = {Code.OK: Outcome.TAKEN, Code.TRANSIENT: Outcome.AGAIN, Code.FATAL: Outcome.REFUSED}
_REASONS: Final = {Code.TRANSIENT: "answered-error", Code.FATAL: "answered-refused"}


def judge(control: str, answer: bytes) -> Verdict:
    """What an answer says of the message with this id; one that cannot be read, or is another's, is no answer to it."""
    try:
        found = said(answer)
    except FhirProblem:
        return Verdict(Outcome.AGAIN, reason="answer-unreadable")
    if found.control and found.control != control:
        return Verdict(Outcome.AGAIN, found.code, "answer-of-another")
    params = {} if found.code is Code.OK else {"code": found.code.value, "error": "", "said": found.words[:WORDS]}
    return Verdict(_OUTCOMES[found.code], found.code.value, _REASONS.get(found.code, ""), params)
