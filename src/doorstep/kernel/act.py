"""The two decorators through which rooms touch data: ``action`` for the only writers, ``ask`` for reads about people.

An action is one transaction, one permission, one line of the trail, and one batch of events: all or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.db import transaction

from doorstep.kernel import trail
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Work:
    """What the running action has said about itself: whom it concerns and what the trail should tell."""

    subject: tuple[str, str] = ("", "")
    resident: UUID | None = None
    detail: dict[str, object] = field(default_factory=dict)


_work: ContextVar[Work | None] = ContextVar("doorstep_work", default=None)


def about(kind: str, key: object, *, resident: UUID | None = None, **detail: object) -> None:
    """Tell the trail what the running action or read concerns; ``detail`` must be JSON and hold no clinical text."""
    work = _work.get()
    if work is None:
        raise RuntimeError("about() is called inside an action or a read")
    work.subject, work.resident = (kind, str(key)), resident or work.resident
    work.detail |= detail


def action(
    permission: StrEnum, *, audits: str
) -> Callable[[Callable[Concatenate[Call, P], T]], Callable[Concatenate[Call, P], T]]:
    """Make a function ``(call, *, …)`` a writer. Raises ``Refused`` (trailed too) and then nothing was changed."""

    def make(function: Callable[Concatenate[Call, P], T]) -> Callable[Concatenate[Call, P], T]:
        @wraps(function)
        def run(call: Call, *args: P.args, **kwargs: P.kwargs) -> T:
            return _run(call, permission, audits, lambda: function(call, *args, **kwargs))

        run.permission = permission  # type: ignore[attr-defined]  # read by the contract tests
        run.audits = audits  # type: ignore[attr-defined]  # read by the contract tests
        return cast("Callable[Concatenate[Call, P], T]", run)

    return make


# A read about a person is guarded and trailed as a write is; the two names tell the reader of the code which it is.
ask = action


def _run(call: Call, permission: StrEnum, audits: str, body: Callable[[], T]) -> T:
    outer = _work.get()
    work = Work()
    token = _work.set(work)
    try:
        with transaction.atomic():
            demand(call.may(permission))
            result = body()
            trail.write(call, audits, subject=work.subject, resident=work.resident, detail=work.detail)
            return result
    except Refused as refused:
        if outer is None:
            said = {"reason": refused.decision.reason} | work.detail
            trail.write(call, audits, outcome="refused", subject=work.subject, resident=work.resident, detail=said)
            refused.trailed = True
        raise
    finally:
        _work.reset(token)
