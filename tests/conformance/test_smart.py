"""Apps of other people, let in by a doctor at the real program: SMART's fhirclient, and panva's openid-client."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urljoin

import httpx
import pytest

from tests.conformance.clients import live
from tests.faults.house import ended, house, until

HERE = Path(__file__).parent / "smart"
Json = dict[str, Any]
PASSWORD = "correct-Horse-7-battery"
PREPARE = """
import json
from datetime import timedelta
from doorstep.kernel import clock
from doorstep.kernel.testing import callers
from doorstep.site import cli
with cli.house():
    from doorstep.record.exchange import api as exchange
    from doorstep.registers.apps import api as apps
    from doorstep.registers.consents import api as consents
    from doorstep.registers.organisations.models import Organisation
    from doorstep.registers.residents import api as residents
    from doorstep.registers.staff import api as staff
    from doorstep.registers.staff.tests import factory
    from joserfc.jwk import ECKey, KeySet
    from tests.faults.two_sides import clinical, number, patient
    place = Organisation.objects.unscoped("test").order_by("id").values_list("id", flat=True).first()
    whom = factory.person("王医生")
    factory.post(whom, place, "physician")
    staff.make_account(callers.system(), person=whom.pk, username="doctor", password={password!r}, must_change=False)
    sent = [patient("pa", number(41, 1), "甲"), *clinical("a", "pa", "甲")]
    sent += [patient("po", number(42, 1), "乙"), *clinical("o", "po", "乙")]
    body = {{"resourceType": "Bundle", "type": "collection", "entry": [{{"resource": each}} for each in sent]}}
    list(exchange.take(callers.system(), place, [exchange.Piece("bundle", "t", json.dumps(body).encode())], "test"))
    resident = residents.residents_of(["pa"])["pa"]
    opening = consents.Opening(
        resident, consents.Why.APPOINTMENT, "A/1", clock.now() - timedelta(days=1), organisation=place
    )
    consents.open_relation(opening)
    key = ECKey.generate_key("P-384", {{"kid": "k1", "use": "sig", "alg": "ES384"}})
    def app(kind, scopes, **more):
        facts = apps.Facts("某应用", "某公司", place, apps.Kind(kind), scopes=scopes, **more)
        ident, secret = apps.register(callers.system(), facts=facts)
        from doorstep.registers.apps.models import App
        return [App.objects.unscoped("test").get(pk=ident).client_id, secret, str(ident)]
    scopes = "openid fhirUser launch launch/patient offline_access patient/*.rs user/*.rs"
    back = dict(redirect_uris=({back!r},), launch_uri={launch!r})
    print(json.dumps({{
        "public": app("public", scopes, **back), "secret": app("secret", scopes, **back),
        "system": app("system", "system/*.rs", jwks=KeySet([key]).as_dict(private=False)),
        "key": key.as_dict(private=True), "resident": str(resident), "person": str(whom.pk),
    }}))
"""


@dataclass
class Here:
    """The running program, where the app's server will stand, and who and what is there."""

    url: str
    port: int
    said: Json


@pytest.fixture(scope="module")
def here() -> Iterator[Here]:
    live.installed(live.HERE)
    live.installed(HERE)
    with house() as home:
        port, own = _port(), _port()
        back = f"http://127.0.0.1:{port}"
        code = PREPARE.format(password=PASSWORD, back=f"{back}/back", launch=f"{back}/launch")
        said = json.loads(home.python(code).splitlines()[-1])
        program = home.start("serve", "--port", str(own))
        try:
            until(lambda: program.poll() is not None or live.alive(str(own)))
            yield Here(f"http://127.0.0.1:{own}", port, said)
        finally:
            _end(program)


def _node() -> str:
    found = shutil.which("node")
    if found is None:
        live.missing("node is not here, which runs the apps")
    return str(found)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


def _end(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    until(ended(program), 40)


@contextmanager
def app_server(here: Here, kind: str, scope: str) -> Iterator[None]:
    """The app, as a program of its own."""
    node = _node()
    ident, secret, _id = here.said[kind]
    program = subprocess.Popen(
        [node, "app.cjs", str(here.port), ident, secret, scope], cwd=HERE, text=True, stdout=subprocess.PIPE,
        env={"NODE_PATH": str(live.HERE / "node_modules"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    try:
        assert program.stdout
        assert program.stdout.readline().startswith("ready")
        yield
    finally:
        program.terminate()
        program.wait(20)


def signed_in(here: Here) -> httpx.Client:
    """A browser in which the doctor has signed in."""
    browser = httpx.Client(base_url=here.url, timeout=60)
    said = {"username": "doctor", "password": PASSWORD, "csrfmiddlewaretoken": _mark(browser.get("/sign-in").text)}
    answer = browser.post("/sign-in", data=said, headers={"Referer": f"{here.url}/sign-in"})
    assert answer.status_code == 302, answer.text[:2000]
    return browser


def _mark(text: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert found, text[:2000]
    return found[1]


def agree(browser: httpx.Client, address: str, resident: str = "") -> str:
    """What a person does at the consent page: look, choose the resident where that is asked, agree."""
    if resident:
        assert "要知道是为哪位居民" in browser.get(address).text
        address = f"{address}&{urlencode({'resident': resident})}"
    shown = browser.get(address)
    assert "您同意后，它可以" in shown.text, shown.text[:3000]
    hidden = re.search(r'name="resident" value="([^"]+)"', shown.text)
    form = {"answer": "allow", "csrfmiddlewaretoken": _mark(shown.text), "resident": hidden[1] if hidden else ""}
    answer = browser.post(address, data=form, headers={"Referer": address})
    assert answer.status_code == 302, answer.text[:2000]
    return answer.headers["location"]


def finished(back: str) -> Json:
    answer = httpx.get(back, timeout=60)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def check(here: Here, found: Json) -> None:
    assert found["patient"] == found["contextPatient"] == "pa"
    assert found["observations"] == found["again"] == ["oa"]
    assert found["user"] == f"Practitioner/{here.said['person']}"


@pytest.mark.parametrize("kind", ["public", "secret"])
def test_standalone_launch_by_fhirclient(here: Here, kind: str) -> None:
    """Discovery, PKCE, picker, consent, token, ID token, reads and searches, and (a server's app) refresh."""
    scope = "openid fhirUser launch/patient offline_access patient/*.rs"
    with app_server(here, kind, scope):
        start = httpx.get(f"http://127.0.0.1:{here.port}/launch?iss={here.url}/fhir", timeout=60)
        assert start.status_code == 302, start.text
        found = finished(agree(signed_in(here), start.headers["location"], here.said["resident"]))
    check(here, found)
    assert found["refreshed"] is True


def test_opened_from_a_chart_by_fhirclient(here: Here) -> None:
    """EHR launch: the chart's page leads to the app, which is told the patient without asking."""
    with app_server(here, "public", "openid fhirUser launch patient/*.rs"):
        browser, resident = signed_in(here), here.said["resident"]
        offers = f"/charts/{resident}/apps"
        mark = _mark(browser.get(offers).text)
        off = browser.post(
            f"{offers}/{here.said['public'][2]}", data={"csrfmiddlewaretoken": mark},
            headers={"Referer": urljoin(here.url, offers)},
        )  # fmt: skip
        start = httpx.get(off.headers["location"], timeout=60)
        assert start.status_code == 302, start.text
        check(here, finished(agree(browser, start.headers["location"])))


def test_a_strict_client_and_a_backend_service(here: Here) -> None:
    """openid-client checks issuer, state, iss, nonce, signature, token answers; and signs ES384 for itself."""
    node = _node()
    ident, secret, _id = here.said["secret"]
    told = {
        "app": {"id": ident, "secret": secret, "back": f"http://127.0.0.1:{here.port}/back",
                "scope": "openid fhirUser offline_access user/*.rs"},
        "system": {"id": here.said["system"][0], "key": here.said["key"], "scope": "system/Observation.rs"},
    }  # fmt: skip
    program = subprocess.Popen(
        [node, "strict.mjs", here.url, json.dumps(told)], cwd=HERE, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout
    address = program.stdout.readline().strip()
    assert address.startswith(here.url), address or program.communicate(timeout=30)[1]
    out, errors = program.communicate(agree(signed_in(here), address) + "\n", timeout=60)
    assert program.returncode == 0, errors
    found = json.loads(out)
    assert found["fhirUser"] == f"{here.url}/fhir/Practitioner/{here.said['person']}"
    assert (found["active"], found["revoked"]) == (True, False)
    assert found["refused"] == "invalid_scope"
    assert found["system"]["scope"] == "system/Observation.rs"
    headers = {"Authorization": f"Bearer {found['system']['token']}"}
    seen = httpx.get(f"{here.url}/fhir/Observation?_count=50", headers=headers, timeout=60).json()
    assert {each["resource"]["id"] for each in seen["entry"]} == {"oa", "oo"}
    assert httpx.get(f"{here.url}/fhir/Patient/pa", headers=headers, timeout=60).status_code == 403


def test_the_page_of_an_app_asks_the_door_from_its_own_origin(here: Here) -> None:
    """A browser's question beforehand and its request; from where no app is registered neither is let through."""
    mine, other = f"http://127.0.0.1:{here.port}", "https://evil.example"
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for path in ("/fhir/Observation?_count=1", "/fhir/metadata", "/fhir/.well-known/smart-configuration"):
        for origin, told in ((mine, mine), (other, None)):
            before = httpx.options(f"{here.url}{path}", headers={"Origin": origin, **asks}, timeout=60)
            assert before.headers.get("Access-Control-Allow-Origin") == told
            answer = httpx.get(f"{here.url}{path}", headers={"Origin": origin}, timeout=60)
            assert answer.headers.get("Access-Control-Allow-Origin") == told
            assert "Access-Control-Allow-Credentials" not in {**before.headers, **answer.headers}
