"""How the house is reached: loopback plainly, else by TLS, or behind a proxy that is named; nothing in between."""

from __future__ import annotations

import argparse
import http.client
import re
import signal
import ssl
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from doorstep.fhir.door.app import Door
from doorstep.fhir.door.house import Authorization
from doorstep.kernel.testing.loops import run
from doorstep.site import certificates, edge
from doorstep.site.certificates import EdgeError
from doorstep.site.tests import test_serve
from doorstep.site.tests.test_serve import empty, home

__all__ = ["empty", "home"]


def asked(*words: str) -> argparse.Namespace:
    """The options of a command that listens."""
    made = argparse.ArgumentParser()
    made.add_argument("--host", default="127.0.0.1")
    edge.grammar(made)
    return made.parse_args(words)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder."""
    monkeypatch.setenv("DOORSTEP_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_loopback_needs_no_tls(folder: Path, host: str) -> None:
    environment: dict[str, str] = {}
    assert edge.settle(asked("--host", host), environment).scheme == "http"
    assert environment == {edge.PROXIES: "", edge.TLS: ""}
    assert not (folder / "tls").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "house.example", "127.0.0.1.evil.example"])
def test_all_else_is_tls_by_a_certificate_of_its_own(folder: Path, host: str) -> None:
    environment = {"DOORSTEP_HOSTS": "jiamenkou.example,10.9.9.9,*"}
    found = edge.settle(asked("--host", host), environment)
    assert found.scheme == "https"
    assert environment[edge.TLS] == "1"
    assert found.key is not None
    assert found.certificate is not None
    assert stat.S_IMODE(found.key.stat().st_mode) == 0o600
    certificates.check(found.certificate, found.key)
    assert certificates.self_signed(found.certificate)
    first = certificates.fingerprint(found.certificate)
    edge.settle(asked("--host", host), environment)
    assert certificates.fingerprint(found.certificate) == first, "made once"
    edge.settle(asked("--host", "another.example"), environment)
    assert (certificates.fingerprint(found.certificate) == first) == (host == "another.example"), "a new name is held"


def test_it_is_renewed_before_it_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, _key = certificates.own(folder, [])
    first = certificates.fingerprint(certificate)
    monkeypatch.setattr(certificates, "DAYS", certificates.RENEWED)
    certificate.unlink()
    certificates.own(folder, [])
    short = certificates.fingerprint(certificate)
    monkeypatch.undo()
    certificates.own(folder, [])
    assert len({first, short, certificates.fingerprint(certificate)}) == 3
    assert certificates.days_left(certificate) > 390


def test_a_certificate_that_is_given_is_looked_at(folder: Path, tmp_path: Path) -> None:
    certificate, key = certificates.own(tmp_path / "one", [])
    _other, wrong = certificates.own(tmp_path / "two", [])
    good = edge.settle(asked("--tls-cert", str(certificate), "--tls-key", str(key)), {})
    assert (good.certificate, good.key, good.scheme) == (certificate, key, "https")
    for bad in (
        ("--tls-cert", str(certificate)),
        ("--tls-cert", str(certificate), "--tls-key", str(wrong)),
        ("--tls-cert", str(tmp_path / "none"), "--tls-key", str(key)),
        ("--tls-cert", str(key), "--tls-key", str(key)),
        ("--tls-cert", str(certificate), "--tls-key", str(key), "--behind-proxy", "10.0.0.1"),
        ("--behind-proxy", "0.0.0.0/0"),
        ("--behind-proxy", "*"),
        ("--behind-proxy", "10.0.0.1,nginx"),
    ):
        with pytest.raises(EdgeError) as said:
            edge.settle(asked(*bad), {})
        assert "\n" in str(said.value), "in both languages"


def test_a_key_that_others_may_read_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = edge.settle(asked("--host", "10.1.2.3"), {})
    assert found.key is not None
    edge.tell(found, "10.1.2.3", 8000)
    first = capsys.readouterr().err
    assert "https://10.1.2.3:8000/" in first
    assert re.search("SHA-256 ([0-9A-F]{2}:){31}", first)
    assert "0600" not in first
    found.key.chmod(0o644)
    edge.tell(found, "10.1.2.3", 8000)
    assert "0600" in capsys.readouterr().err


def reached(monkeypatch: pytest.MonkeyPatch, client: str, headers: dict[str, str]) -> tuple[str, str]:
    """Scheme and address of a request as the app behind sees it."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    monkeypatch.setenv(edge.PROXIES, "10.0.0.1,10.7.0.0/16")
    scope = {"type": "http", "scheme": "http", "client": (client, 1),
             "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}  # fmt: skip
    run(edge.behind_asgi(app)(scope, None, None))  # type: ignore[arg-type]  # nothing is received or sent
    return seen["scheme"], seen["client"][0]


def test_only_the_proxies_that_are_named_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = {"x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https"}
    assert reached(monkeypatch, "10.0.0.1", forged) == ("https", "1.2.3.4")
    assert reached(monkeypatch, "10.7.3.3", forged) == ("https", "1.2.3.4")
    assert reached(monkeypatch, "10.0.0.2", forged) == ("http", "10.0.0.2")
    assert reached(monkeypatch, "10.0.0.1", {"x-forwarded-proto": "https"}) == ("http", "10.0.0.1")
    # what the caller itself wrote stands left of what the proxy saw
    chain = {"x-forwarded-for": "6.6.6.6, 1.2.3.4", "x-forwarded-proto": "https"}
    assert reached(monkeypatch, "10.0.0.1", chain) == ("https", "1.2.3.4")


def test_whoever_goes_round_the_proxy_is_led_to_tls(settings: Any) -> None:
    """Pages lead there, the door refuses; only the sign of life answers plainly."""
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/sign-in")
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://testserver/sign-in")
    assert Client().get("/sign-in", secure=True).status_code == 200

    async def ask(scheme: str) -> int:
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "method": "GET", "path": "/metadata", "query_string": b"", "headers": [],
                 "scheme": scheme, "server": ("h", 1), "http_version": "1.1"}  # fmt: skip
        house: Any = SimpleNamespace(authorization=lambda _base: Authorization({}, {}))
        await Door(house, tls=True)(scope, None, send)  # type: ignore[arg-type]  # nothing is read of it
        return int(told[0]["status"])

    assert run(ask("http")) == 403
    assert run(ask("https")) == 200


def test_serve_outside_loopback_speaks_tls(home: Path) -> None:
    """The program itself: the certificate whose fingerprint it printed, no plain HTTP, cookies that keep to TLS."""
    port = test_serve._free_port()
    program = test_serve._doorstep(home, "serve", "--host", "0.0.0.0", "--port", str(port))
    try:
        log = home / "program.log"
        trusting = ssl.create_default_context()
        assert test_serve._until(lambda: "Started worker" in log.read_text()), log.read_text()
        trusting.load_verify_locations(home / "tls" / "certificate.pem")

        def get(path: str) -> http.client.HTTPResponse:
            line = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=20)
            line.request("GET", path)
            answer = line.getresponse()
            answer.read()
            return answer

        page, door = get("/sign-in"), get("/fhir/metadata")
        assert (page.status, door.status) == (200, 200)
        assert "max-age" in page.headers["Strict-Transport-Security"]
        assert "max-age" in door.headers["Strict-Transport-Security"]
        assert "Secure" in page.headers["Set-Cookie"]
        assert certificates.fingerprint(home / "tls" / "certificate.pem") in log.read_text()
        plain = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        plain.request("GET", "/sign-in")
        with pytest.raises((http.client.HTTPException, OSError)):
            plain.getresponse()

    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(timeout=60)
