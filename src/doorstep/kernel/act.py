"""The two decorators through which rooms touch data: ``action`` for the only writers, ``ask`` for reads about people.

An action is one transaction, one permission, one line of the trail, one batch of events and one of projections: all
or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.db import transaction

from doorstep.kernel import clock, fence, publishing, room, ruleset, tracing, trail
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, Refused, demand

P = ParamSpec("P")
T = TypeVar("T")

GRAVE_RULE = "kernel.grave_acts"
GRAVE_MINUTES = 10
"""How long a proof of who one is holds for grave acts, unless a dated rule says ``minutes`` (our own choice)."""


@dataclass(slots=True)
class Work:
    """What the running action has said: whom it concerns, what the trail should tell, what is to be published."""

    permission: StrEnum
    subject: tuple[str, str] = ("", "")
    resident: UUID | None = None
    detail: dict[str, object] = field(default_factory=dict)
    published: dict[publishing.Key, publishing.Publication] = field(default_factory=dict)


_work: ContextVar[Work | None] = ContextVar("doorstep_work", default=None)


def about(kind: str, key: object, *, resident: UUID | None = None, **detail: object) -> None:
    """Tell the trail what the running action or read concerns; ``detail`` must be JSON and hold no clinical text."""
    work = _work.get()
    if work is None:
        raise RuntimeError("about() is called inside an action or a read")
    work.subject, work.resident = (kind, str(key)), resident or work.resident
    work.detail |= detail


def publish(resource: Mapping[str, Any], *, source: UUID) -> None:
    """Have a resource (with its id) stand in the ledger once the outermost action is done, in its transaction.

    ``source`` is the institution that answers for it. Equal content makes no new version; of two with one id the last
    one holds. Raises ``RuntimeError`` outside an action, ``Unpublishable`` for what is not valid or not the room's.
    """
    work = _publishing()
    one = publishing.publication(resource, source, room.publishes(type(work.permission)))
    work.published[one.key] = one


def withdraw(kind: str, key: str, *, source: UUID) -> None:
    """Have a resource stand as deleted, also one that never was: its id is kept for it. Raises as ``publish``."""
    work = _publishing()
    if kind not in room.publishes(type(work.permission)):
        raise publishing.Unpublishable(f"{kind} is not among what the room publishes")
    work.published[kind, key] = publishing.Publication(kind, key, source, None)


def _publishing() -> Work:
    work = _work.get()
    if work is None:
        raise RuntimeError("what a room publishes is published inside an action")
    return work


def confirmed(call: Call) -> Decision:
    """Whether the caller has proved who they are of late, as a grave act asks; systems are not asked."""
    held = ruleset.parameters(GRAVE_RULE, clock.today(), {"minutes": GRAVE_MINUTES})
    return call.has_confirmed(timedelta(minutes=float(held["minutes"])))


def action(
    permission: StrEnum, *, audits: str, beyond: str = "", grave: bool = False
) -> Callable[[Callable[Concatenate[Call, P], T]], Callable[Concatenate[Call, P], T]]:
    """Make a function ``(call, *, …)`` a writer. Raises ``Refused`` (trailed too) and then nothing was changed.

    ``beyond`` says why it must see or write rows outside its caller's scope, and lifts the second fence for it.
    A ``grave`` act asks that a person has proved who they are within the last minutes (see ``confirmed``).
    """

    def make(function: Callable[Concatenate[Call, P], T]) -> Callable[Concatenate[Call, P], T]:
        @wraps(function)
        def run(call: Call, *args: P.args, **kwargs: P.kwargs) -> T:
            return _run(call, permission, audits, lambda: function(call, *args, **kwargs), beyond=beyond, grave=grave)

        run.permission = permission  # type: ignore[attr-defined]  # read by the contract tests
        run.audits = audits  # type: ignore[attr-defined]  # read by the contract tests
        run.grave = grave  # type: ignore[attr-defined]  # read by the contract tests
        return cast("Callable[Concatenate[Call, P], T]", run)

    return make


# A read about a person is guarded and trailed as a write is; the two names tell the reader of the code which it is.
ask = action


def _run(call: Call, permission: StrEnum, audits: str, body: Callable[[], T], *, beyond: str, grave: bool) -> T:
    outer = _work.get()
    work = Work(permission)
    token = _work.set(work)
    try:
        with tracing.span(audits), transaction.atomic():
            demand(call.may(permission))
            if grave:
                demand(confirmed(call))
            with fence.lifted(beyond) if beyond else nullcontext():
                result = body()
                if outer is None:
                    publishing.write(work.published.values())
            trail.write(call, audits, subject=work.subject, resident=work.resident, detail=work.detail)
        if outer is not None:
            outer.published |= work.published
        return result
    except Refused as refused:
        if outer is None:
            said = {"reason": refused.decision.reason} | work.detail
            trail.write(call, audits, outcome="refused", subject=work.subject, resident=work.resident, detail=said)
            refused.trailed = True
        raise
    finally:
        _work.reset(token)
