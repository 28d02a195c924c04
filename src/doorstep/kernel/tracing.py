"""Traces by OpenTelemetry, where the standard ``OTEL_EXPORTER_OTLP_ENDPOINT`` says to whom.

Else nothing of it is imported, and a span costs the call of a function.

A trace is carried as W3C's ``traceparent``: in from a request's header, along with a message in its row, on to what an
event sets off. Attributes name doors, routes, kinds and endpoints, never a person, and of a fault its kind alone.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeVar

T = TypeVar("T")
Attribute = str | int | float | bool
log = logging.getLogger(__name__)
WANTED: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
LINKS: Final = 100
_OFF: AbstractContextManager[None] = nullcontext()


class _Traces:
    """OpenTelemetry, set up; made only where traces are wanted."""

    def __init__(self, part: str) -> None:
        from opentelemetry import context, trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        named = os.environ.get("OTEL_SERVICE_NAME") or f"doorstep-{part}"
        self.provider = TracerProvider(resource=Resource.create({"service.name": named}))
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = self.provider.get_tracer("doorstep")
        self.context, self.trace, self.way = context, trace, TraceContextTextMapPropagator()

    def of(self, carried: str) -> Any:
        """The context that a ``traceparent`` tells; where it is none, the one that we are in."""
        return self.way.extract({"traceparent": carried}) if carried else None

    def written(self, span: Any) -> str:
        """A span as a ``traceparent``."""
        carrier: dict[str, str] = {}
        self.way.inject(carrier, self.trace.set_span_in_context(span))
        return carrier.get("traceparent", "")

    @contextmanager
    def within(self, name: str, carried: str, attributes: dict[str, Attribute]) -> Iterator[None]:
        """A span around what is done; the words of a fault stay out of it, for they may tell of somebody."""
        with self.tracer.start_as_current_span(
            name, self.of(carried), attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(self.trace.StatusCode.ERROR, type(error).__name__)
                raise


class _Now:
    on: _Traces | None = None


_now = _Now()


def begin(part: str) -> None:
    """Set traces up for this process, if the environment wants them; ``part`` is its name where it gives none."""
    if _now.on is not None or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    if not any(os.environ.get(name) for name in WANTED):
        return
    try:
        _now.on = _Traces(part)
    except ImportError as error:
        log.warning("no traces: %s is missing; install doorstep[traces]", error.name)


def end() -> None:
    """Send what is not sent yet, and trace no longer."""
    ended, _now.on = _now.on, None
    if ended is not None:
        ended.provider.shutdown()


def is_on() -> bool:
    """Whether spans are recorded."""
    return _now.on is not None


def span(name: str, carried: str = "", **attributes: Attribute) -> AbstractContextManager[None]:
    """A span around what is done in it; ``carried`` is the ``traceparent`` that it goes on with."""
    return _OFF if _now.on is None else _now.on.within(name, carried, attributes)


def tell(name: str = "", **attributes: Attribute) -> None:
    """What is known later of the span that we are in: its name, attributes."""
    if _now.on is not None:
        current = _now.on.trace.get_current_span()
        current.set_attributes(attributes)
        if name:
            current.update_name(name)


def carried() -> str:
    """The ``traceparent`` of the span that we are in; empty where there is none, or nothing is recorded."""
    if _now.on is None:
        return ""
    current = _now.on.trace.get_current_span()
    return _now.on.written(current) if current.get_span_context().is_valid else ""


def link(traces: Iterable[str]) -> None:
    """Say that the span that we are in works on these, each with a trace of its own."""
    if _now.on is not None:
        current = _now.on.trace.get_current_span()
        for each in [each for each in traces if each][:LINKS]:
            current.add_link(_now.on.trace.get_current_span(_now.on.of(each)).get_span_context())


def opened(name: str, **attributes: Attribute) -> tuple[str, Callable[[], None]]:
    """A span that is ended by a call, and not the one that we are in; with its ``traceparent``."""
    if _now.on is None:
        return "", _nothing
    made = _now.on.tracer.start_span(name, attributes=attributes)
    return _now.on.written(made), made.end


def done(name: str, carried: str, since: int, **attributes: Attribute) -> None:
    """A span of what was done since (``now``), told afterwards."""
    if _now.on is not None and carried:
        _now.on.tracer.start_span(name, _now.on.of(carried), attributes=attributes, start_time=since).end()


def now() -> int:
    """The time as spans count it; 0 where nothing is recorded."""
    return 0 if _now.on is None else time.time_ns()


def along(function: Callable[[], T]) -> Callable[[], T]:
    """The function, to be run in another thread, within the span that we are in."""
    if _now.on is None:
        return function
    held, here = _now.on.context, _now.on.context.get_current()

    def run() -> T:
        token = held.attach(here)
        try:
            return function()
        finally:
            held.detach(token)

    return run


def _nothing() -> None:
    """Ends a span that is none."""
