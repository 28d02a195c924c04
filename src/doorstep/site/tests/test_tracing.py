"""Traces, received by an OTLP server that decodes what comes by the official protobuf: from the socket to the chart and
the outbox, from a browser's request to its action; without the environment's word nothing."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from doorstep.kernel import outbox, tracing
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent
from doorstep.kernel.testing.callers import stranger
from doorstep.kernel.testing.loops import run
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.tests import kit
from doorstep.record.exchange.tests.kit import make_organisation
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.tests import factory as staff
from doorstep.site import watching
from doorstep.site.tests.test_mllp import listening

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = PARENT.split("-")[1]
Spans = Callable[[], list[Span]]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    """A receiver of OTLP over HTTP; what it was sent once all is flushed."""
    got: list[Span] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            sent = ExportTraceServiceRequest.FromString(body)
            got.extend(span for r in sent.resource_spans for s in r.scope_spans for span in s.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    tracing.begin("test")
    assert tracing.is_on()

    def told() -> list[Span]:
        tracing.end()
        return got

    yield told
    tracing.end()
    server.shutdown()
    server.server_close()


def attributes(span: Span) -> dict[str, object]:
    return {a.key: getattr(a.value, str(a.value.WhichOneof("value"))) for a in span.attributes}


def named(found: list[Span], name: str) -> Span:
    [span] = [each for each in found if each.name == name]
    return span


def test_without_the_environments_word_nothing_is_imported() -> None:
    program = (
        "import sys\nfrom doorstep.kernel import tracing\ntracing.begin('x')\n"
        "with tracing.span('a', '', b=1): tracing.tell(c=2)\n"
        "tracing.link(['x']); tracing.done('d', 'x', tracing.now()); tracing.end()\n"
        "assert tracing.carried() == '' and tracing.opened('e')[0] == ''\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    function = object.__str__
    assert tracing.along(function) is function  # type: ignore[arg-type]  # any function
    assert tracing.span("a") is tracing.span("b")


@pytest.mark.django_db
def test_a_request_goes_on_with_its_callers_trace_and_names_nobody(spans: Spans) -> None:
    source = district.make().lead
    client = staff.client_of(staff.somebody(source, "exchange_operator", "王接口", "op"))
    endpoint = kit.make_endpoint(source)
    client.post(f"/endpoints/{endpoint}/pause", {"paused": "1", "expect": 1}, headers={"traceparent": PARENT})
    client.get("/healthz", headers={"traceparent": PARENT})
    found = [span for span in spans() if span.trace_id.hex() == TRACE]
    request = named(found, "POST /endpoints/<uuid:endpoint>/pause")
    assert request.parent_span_id.hex() == PARENT.split("-")[2]
    route = "/endpoints/<uuid:endpoint>/pause"
    told = {"http.request.method": "POST", "http.response.status_code": 302, "http.route": route}
    assert attributes(request) == told
    action = named(found, "endpoints.pause")
    assert action.parent_span_id == request.span_id
    assert {span.name for span in found} == {request.name, action.name}


@pytest.mark.django_db
def test_a_fault_tells_its_kind_and_never_its_words(spans: Spans) -> None:
    source = district.make().lead
    with pytest.raises(Refused):
        editing.switch(stranger(), endpoint=source, expect=1, on=False)
    with pytest.raises(ValueError, match="张三"), tracing.span("x"):
        raise ValueError("张三")
    found = spans()
    assert named(found, "endpoints.switch").status.message == "Refused"
    assert named(found, "x").status.message == "ValueError"
    assert all("张三" not in str(span) and not span.events for span in found)


def test_the_door_is_traced_by_kinds_and_not_by_ids(spans: Spans) -> None:
    async def app(scope, receive, send) -> None:
        await asyncio.get_running_loop().run_in_executor(None, tracing.along(inner))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def inner() -> None:
        with tracing.span("inside"):
            pass

    async def send(message) -> None:
        pass

    def ask(path: str) -> None:
        scope = {"type": "http", "path": path, "method": "GET", "headers": [(b"traceparent", PARENT.encode())]}
        run(watching.door(app)(scope, None, send))

    for path in ("/fhir/Patient/110101199001011234", "/fhir/Patient/1/$everything", "/fhir/张三", "/fhir", "/healthz"):
        ask(path)
    found = spans()
    assert [span.name for span in found if span.name != "inside"] == [
        "GET /fhir/Patient", "GET /fhir/Patient/$everything", "GET /fhir", "GET /fhir",
    ]  # fmt: skip
    requests = {span.span_id for span in found if span.name.startswith("GET")}
    inside = [span for span in found if span.name == "inside" and span.trace_id.hex() == TRACE]
    assert {span.parent_span_id for span in inside} == requests


@pytest.mark.django_db(transaction=True)
def test_one_trace_goes_from_the_socket_to_the_chart_and_on_to_what_hears_of_it(spans: Spans) -> None:
    port = kit.free_port()
    kit.make_endpoint(make_organisation("甲医院"), port=port)
    with listening(port):
        sender = kit.Sender(port)
        assert kit.code(sender.ask(kit.oru(1))) == "AA C1"
        sender.close()
    [row] = kit.inbound()
    kit.work_off()
    assert outbox.drain() >= 1
    [event] = OutboxEvent.objects.filter(name="exchange.RecordsArrived")
    found = [span for span in spans() if span.trace_id.hex() == row.trace.split("-")[1]]
    keep = named(found, "message.keep")
    assert (keep.span_id.hex(), bool(keep.parent_span_id)) == (row.trace.split("-")[2], False)
    for name in ("message.map", "message.write", "messages.take"):
        assert named(found, name).parent_span_id == keep.span_id, name
    assert attributes(named(found, "message.write"))["state"] == "used"
    delivered = [each for each in found if each.name == "outbox.deliver"]
    assert event.trace.split("-")[1] == row.trace.split("-")[1]
    assert {attributes(each)["event"] for each in delivered} == {"exchange.RecordsArrived"}
    told = str(found)
    assert all(word not in told for word in ("王", "P1", "8310", "C1"))


@pytest.mark.django_db
def test_messages_worked_on_together_are_linked(spans: Spans) -> None:
    source = make_organisation("甲医院")
    endpoint = kit.make_endpoint(source)
    kit.keep(endpoint, kit.oru(1), kit.oru(2), traces=(PARENT, PARENT.replace("0af7", "0bf7")))
    kit.work_off()
    found = spans()
    settle = named(found, "endpoints.settle")
    assert {each.trace_id.hex() for each in settle.links} == {TRACE, TRACE.replace("0af7", "0bf7")}
    assert sorted(span.trace_id.hex() for span in found if span.name == "message.write") == sorted(
        [TRACE, TRACE.replace("0af7", "0bf7")]
    )
    assert named(found, "messages.take").trace_id == settle.trace_id


def test_a_trace_that_is_none_begins_anew(spans: Spans) -> None:
    for wrong in ("nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "\0", "x" * 4000):
        with tracing.span("x", wrong):
            assert len(tracing.carried()) == 55
    assert len({span.trace_id for span in spans()}) == 4


@pytest.mark.django_db
def test_a_receiver_that_is_away_is_nobodys_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    tracing.begin("test")
    try:
        assert kit.make_endpoint(district.make().lead)
    finally:
        tracing.end()
