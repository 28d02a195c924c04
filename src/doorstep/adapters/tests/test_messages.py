"""The gateways of short messages, against a carrier that listens."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from doorstep.adapters.messages import Message, NotSent
from doorstep.adapters.messages.files import FileGateway
from doorstep.adapters.messages.http import Carrier, HttpGateway, signature

MESSAGE = Message("code-1", "13912345678", "code", {"code": "123456"}, "验证码 123456")


class Listening(HTTPServer):
    """A carrier that keeps what it was sent, and answers as it was told."""

    came: list[tuple[dict[str, str], bytes]]
    answers: list[tuple[int, bytes, dict[str, str]]]


class _Handler(BaseHTTPRequestHandler):
    server: Listening

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((dict(self.headers), body))
        code, text, headers = self.server.answers.pop(0) if self.server.answers else (200, b'{"code": "OK"}', {})
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        self.server.came.append(({}, b"GET"))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return None


@pytest.fixture
def carrier() -> Iterator[Listening]:
    """It listens on this machine."""
    server = Listening(("127.0.0.1", 0), _Handler)
    server.came, server.answers = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def gateway(carrier: Listening) -> HttpGateway:
    url = f"http://127.0.0.1:{carrier.server_port}/send"
    return HttpGateway(Carrier(url, "bureau", {"code": "SMS_1"}, "家门口"), "secret")


def test_a_message_is_signed_and_named(carrier: Listening) -> None:
    gateway(carrier).send(MESSAGE)
    [(headers, body)] = carrier.came
    said = json.loads(body)
    assert said == {"id": "code-1", "account": "bureau", "phone": "13912345678", "template": "SMS_1",
                    "values": {"code": "123456"}, "sign": "家门口"}  # fmt: skip
    assert headers["X-Signature"] == signature("secret", headers["X-Timestamp"], body)
    assert headers["X-Signature"] != signature("other", headers["X-Timestamp"], body)


@pytest.mark.parametrize("answer", [
    (500, b"", {}), (403, b"", {}), (200, b'{"code": "LIMIT"}', {}), (302, b"", {"Location": "/elsewhere"}),
])  # fmt: skip
def test_what_is_not_taken_is_told_without_what_it_was(carrier: Listening, answer: Any) -> None:
    carrier.answers.append(answer)
    with pytest.raises(NotSent) as raised:
        gateway(carrier).send(MESSAGE)
    assert "123456" not in str(raised.value)
    assert "139" not in str(raised.value)
    assert [body for _headers, body in carrier.came if body == b"GET"] == [], "no redirect is followed"


def test_nobody_listens() -> None:
    with pytest.raises(NotSent):
        HttpGateway(Carrier("http://127.0.0.1:9/x"), "s").send(MESSAGE)


@pytest.mark.parametrize("url", ["http://sms.example/send", "file:///etc/passwd", "ftp://x", "https://", "x"])
def test_an_address_without_tls_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Carrier(url)


def test_neither_message_nor_gateway_tells_itself() -> None:
    assert "123456" not in repr(MESSAGE)
    assert "hush" not in repr(HttpGateway(Carrier("https://sms.example/send"), "hush"))


def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    for _n in range(2):
        FileGateway(path).send(MESSAGE)
    assert [json.loads(line)["text"] for line in path.read_text().splitlines()] == ["验证码 123456"] * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(NotSent):
        FileGateway(tmp_path / "missing" / "x").send(MESSAGE)
