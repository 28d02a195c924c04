"""Messages over a real socket: what is sent, which answers count, and where nothing is followed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from doorstep.adapters.fhirmessaging import client


class Platform(BaseHTTPRequestHandler):
    """Answers with the status that the path says; what came is kept."""

    came: list[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.came.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"said")

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Platform.came = []
    server = HTTPServer(("127.0.0.1", 0), Platform)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("status", [200, 302, 307, 403, 404, 422, 503])
def test_the_status_and_what_is_said_come_back_and_no_redirect_is_followed(port: int, status: int) -> None:
    address = client.Address("127.0.0.1", port, str(status), secured=False)
    assert client.ask(address, b"{}", 10) == (status, b"said")
    assert len(Platform.came) == 1


def test_the_token_is_read_from_its_file_and_the_body_names_its_form(port: int, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("ds_secret\n")
    address = client.Address("127.0.0.1", port, "200/fhir", secured=False, credential=str(token))
    client.ask(address, b"\xef\xbb\xbf<Bundle/>", 10)
    client.ask(address, b'{"resourceType":"Bundle"}', 10)
    (path, headers, body), (_, other, _) = Platform.came
    assert (path, body) == ("/200/fhir/$process-message", b"\xef\xbb\xbf<Bundle/>")
    assert (headers["authorization"], headers["content-type"]) == ("Bearer ds_secret", "application/fhir+xml")
    assert other["content-type"] == "application/fhir+json"
    assert "ds_secret" not in repr(address)


def test_who_is_not_there_or_has_no_file_is_told(port: int) -> None:
    for address, reason in (
        (client.Address("127.0.0.1", 1, "", secured=False), "not-reached"),
        (client.Address("127.0.0.1", port, "", credential="/nowhere"), "bad-file"),
        (client.Address("127.0.0.1", port, "", authority="/nowhere"), "bad-file"),
        (client.Address("127.0.0.1", port, "200"), "not-reached"),  # it speaks no TLS
    ):
        with pytest.raises(client.NotReached) as caught:
            client.ask(address, b"{}", 5)
        assert caught.value.reason == reason
    assert Platform.came == []
