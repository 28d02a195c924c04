"""The endpoints, attacked: codes, verifiers, addresses, proofs, refresh tokens; what ends a token."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import KeySet

from doorstep.adapters import jwks
from doorstep.kernel import clock, fence
from doorstep.kernel.call import NOWHERE
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.at_once import at_once
from doorstep.registers.apps import api
from doorstep.registers.apps.actions import registering, tokens
from doorstep.registers.apps.models import App as Row
from doorstep.registers.apps.models import Assertion, Authorization, Launch, Token
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.staff.actions import accounts
from doorstep.registers.staff.models import Account, Post, Session
from doorstep.registers.staff.tests import factory as staff
from tests.smart import BACK, TOKEN, App, agreed, answered, asking, assertion, exchanged, let_in, post, register, rsa

pytestmark = pytest.mark.django_db
SCOPE = "openid fhirUser offline_access user/*.rs"


@pytest.fixture
def place(db: None) -> UUID:
    return places.make().lead


@pytest.fixture
def doctor(place: UUID) -> Account:
    return staff.somebody(place, username="doctor")


@pytest.fixture
def browser(doctor: Account) -> Client:
    return staff.client_of(doctor)


@pytest.fixture
def app(place: UUID) -> App:
    return register(place)


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def good(token: str) -> bool:
    return api.access_call(token) is not None


def test_the_whole_way(browser: Client, app: App, doctor: Account) -> None:
    """Code, token, ID token under a published key, introspection of a confidential app, revocation."""
    given = let_in(browser, app, SCOPE, nonce="n-1")
    assert given["token_type"] == "Bearer"
    assert set(given["scope"].split()) == set(SCOPE.split())
    keys = KeySet.import_key_set(Client().get("/oauth/jwks").json())
    assert "d" not in Client().get("/oauth/jwks").json()["keys"][0]
    claims = jwt.decode(given["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == ("http://testserver", app.client_id, "n-1")
    assert claims["fhirUser"] == f"http://testserver/fhir/Practitioner/{doctor.person_id}"
    call = api.access_call(given["access_token"])
    assert call is not None
    assert call.actor == f"staff:{doctor.person_id}"
    assert call.permissions <= {"charts.read", "imaging.view", "booking.read", "booking.book"}
    assert given["access_token"] not in str(list(Token.objects.values()))
    assert post("/oauth/revoke", app, token=given["access_token"]).status_code == 200
    assert not good(given["access_token"])
    lines = TrailLine.objects.filter(action__in=("apps.let_in", "apps.token"), outcome="done")
    assert {line.actor for line in lines} == {f"staff:{doctor.person_id}"}
    assert "应用" in lines.get(action="apps.token").name


def test_discovery_says_what_is_there() -> None:
    said = Client().get("/.well-known/openid-configuration").json()
    assert said["issuer"] == "http://testserver"
    assert said["code_challenge_methods_supported"] == ["S256"]
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        assert Client().post(urlsplit(said[name]).path).status_code == 401


def test_a_code_is_good_once_and_its_replay_ends_its_tokens(browser: Client, app: App) -> None:
    code = agreed(browser, app, SCOPE)
    given = exchanged(app, code).json()
    assert good(given["access_token"])
    assert error(exchanged(app, code)) == (400, "invalid_grant")
    assert not good(given["access_token"])
    refreshed = post("/oauth/token", app, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert error(refreshed) == (400, "invalid_grant")
    assert Authorization.objects.unscoped("test").get().ended == "replayed"
    assert TrailLine.objects.filter(action="apps.ended").exists()


def test_a_code_is_held_to_app_verifier_address_and_minute(browser: Client, app: App, place: UUID) -> None:
    other, code = register(place), agreed(browser, app, SCOPE)
    stolen = App(other.client_id, other.id, verifier=app.verifier)
    assert error(exchanged(stolen, code)) == (400, "invalid_grant"), "another app"
    for wrong in ({"code_verifier": "x" * 43}, {"code_verifier": ""}, {"code_verifier": app.challenge()},
                  {"redirect_uri": f"{BACK}/"}, {"redirect_uri": ""}, {"code": f"{code}x"}):  # fmt: skip
        assert error(exchanged(app, code, **wrong)) == (400, "invalid_grant"), wrong
    assert exchanged(app, code).status_code == 200
    late = agreed(browser, app, SCOPE)
    Authorization.objects.unscoped("test").filter(code_used__isnull=True).update(code_until=clock.now())
    assert error(exchanged(app, late)) == (400, "invalid_grant")


@pytest.mark.parametrize("wrong", [
    {"code_challenge_method": "plain"}, {"code_challenge_method": ""}, {"code_challenge": ""},
    {"code_challenge": "short"}, {"state": ""}, {"aud": ""}, {"aud": "https://evil.example/fhir"},
    {"response_type": "token"}, {"response_type": ""}, {"scope": "system/*.rs"}, {"scope": "nothing"},
])  # fmt: skip
def test_an_unsound_request_goes_back_with_an_error_and_no_code(
    browser: Client, app: App, wrong: dict[str, str]
) -> None:
    address = asking(app, wrong.get("scope", SCOPE), **{k: v for k, v in wrong.items() if k != "scope"})
    for answer in (browser.get(address), browser.post(address, {"answer": "allow"})):
        back = answered(answer)
        assert back["error"] in ("invalid_request", "unsupported_response_type", "invalid_scope")
        assert "code" not in back
    assert not Authorization.objects.unscoped("test").exists()


@pytest.mark.parametrize("uri", [
    "https://evil.example/back", f"{BACK}/", f"{BACK}?x=1", f"{BACK}/../other", "https://app.example.evil.example/back",
    "https://app.example@evil.example/back", "//app.example/back", "HTTPS://APP.EXAMPLE/back", "javascript:alert(1)",
    "",
])  # fmt: skip
def test_nobody_is_sent_to_an_address_that_was_not_registered(browser: Client, app: App, uri: str) -> None:
    """Exact, whatever else is wrong: no open redirect, with an answer nor with an error."""
    for more in ({}, {"response_type": "token"}):
        address = asking(app, SCOPE, redirect_uri=uri, **more)
        for answer in (browser.get(address), browser.post(address, {"answer": "allow"})):
            assert answer.status_code == 422
            assert "Location" not in answer


def test_a_doubled_parameter_is_refused(browser: Client, app: App) -> None:
    address = asking(app, SCOPE) + "&redirect_uri=https%3A%2F%2Fevil.example%2F"
    assert browser.get(address).status_code == 422
    assert (
        Client().post("/oauth/token", "grant_type=a&grant_type=b", "application/x-www-form-urlencoded").status_code
        == 400
    )


def test_refusing_sends_back_no_code_and_a_stranger_signs_in_first(browser: Client, app: App) -> None:
    assert answered(browser.post(asking(app, SCOPE), {"answer": "refuse"}))["error"] == "access_denied"
    assert Client().get(asking(app, SCOPE))["Location"].startswith("/sign-in?next=")
    assert not Authorization.objects.unscoped("test").exists()


def test_the_page_lets_its_form_lead_to_the_app_alone(browser: Client, app: App) -> None:
    policy = browser.get(asking(app, SCOPE))["Content-Security-Policy"]
    assert "form-action 'self' https://app.example;" in policy
    assert "frame-ancestors 'none'" in policy


def test_given_is_no_more_than_asked_and_allowed(browser: Client, place: UUID) -> None:
    app = register(place, scopes="openid user/Observation.rs user/Patient.r")
    given = let_in(browser, app, "openid fhirUser offline_access user/*.cruds patient/*.rs system/*.rs")
    assert set(given["scope"].split()) == {"openid", "user/Observation.rs", "user/Patient.r"}
    assert "refresh_token" not in given


def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_family(browser: Client, app: App) -> None:
    first = let_in(browser, app, SCOPE)

    def renewed(token: str, **more: str) -> Any:
        return post("/oauth/token", app, grant_type="refresh_token", refresh_token=token, **more)

    second = renewed(first["refresh_token"]).json()
    narrow = renewed(second["refresh_token"], scope="user/Patient.r").json()
    assert narrow["scope"] == "user/Patient.r"
    assert error(renewed(narrow["refresh_token"], scope="system/*.rs")) == (400, "invalid_scope")
    wide = renewed(narrow["refresh_token"]).json()
    assert set(wide["scope"].split()) == set(SCOPE.split())
    assert good(wide["access_token"])
    assert error(renewed(second["refresh_token"])) == (400, "invalid_grant")
    assert not good(wide["access_token"])
    assert error(renewed(wide["refresh_token"])) == (400, "invalid_grant")


def test_another_app_s_refresh_token_is_none(browser: Client, app: App, place: UUID) -> None:
    given, other = let_in(browser, app, SCOPE), register(place)
    stolen = post("/oauth/token", other, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert error(stolen) == (400, "invalid_grant")
    assert post("/oauth/revoke", other, token=given["refresh_token"]).status_code == 200
    assert good(given["access_token"]), "another app's token is passed over in silence"
    assert post("/oauth/revoke", app, token=given["refresh_token"]).status_code == 200
    assert not good(given["access_token"])


def test_a_refresh_token_names_its_app_where_that_is_a_public_one(browser: Client, app: App, place: UUID) -> None:
    """As SMART's own client asks; one that has a secret must still prove itself."""
    token = let_in(browser, app, SCOPE)["refresh_token"]
    assert post("/oauth/token", grant_type="refresh_token", refresh_token=token).status_code == 200
    token = let_in(browser, register(place, "secret"), SCOPE)["refresh_token"]
    assert error(post("/oauth/token", grant_type="refresh_token", refresh_token=token)) == (401, "invalid_client")


def test_secrets_are_asked(browser: Client, place: UUID) -> None:
    app = register(place, "secret")
    code = agreed(browser, app, SCOPE)
    bare = App(app.client_id, app.id, verifier=app.verifier)
    assert error(exchanged(bare, code)) == (401, "invalid_client")
    assert error(exchanged(App(app.client_id, app.id, "wrong", verifier=app.verifier), code)) == (401, "invalid_client")
    old = app.secret
    app.secret = registering.rotate(callers.system(), app=app.id, expect=1)
    assert error(exchanged(App(app.client_id, app.id, old, verifier=app.verifier), code)) == (401, "invalid_client")
    given = exchanged(app, code).json()
    assert post("/oauth/introspect", app, token=given["access_token"]).json()["active"] is True
    other = register(place, "secret")
    assert post("/oauth/introspect", other, token=given["access_token"]).json() == {"active": False}
    assert error(post("/oauth/introspect", register(place), token=given["access_token"])) == (401, "invalid_client")
    assert old not in str(list(Row.objects.unscoped("test").values()))


@pytest.fixture
def system(place: UUID) -> App:
    return register(place, "system", scopes="system/*.rs")


def asserted(app: App, token: str, **more: str) -> Any:
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_assertion": token}
    form |= {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    return Client().post("/oauth/token", form | more)


def test_an_assertion_is_its_app_s_for_us_and_of_now(system: App, place: UUID) -> None:
    now, other = int(time.time()), register(place, "system", scopes="system/*.rs")
    assert asserted(system, assertion(system)).status_code == 200
    for what in (
        {"exp": now - 1}, {"exp": now + 3600}, {"exp": None}, {"exp": "soon"}, {"exp": True},
        {"aud": "https://evil.example/token"}, {"aud": None}, {"aud": [TOKEN, "https://evil.example"]},
        {"iss": other.client_id}, {"sub": other.client_id}, {"iss": None}, {"jti": None}, {"jti": ""}, {"jti": 7},
        {"nbf": now + 1000},
    ):  # fmt: skip
        assert error(asserted(system, assertion(system, **what))) == (401, "invalid_client"), what
    assert error(asserted(system, assertion(system, key=other.key))) == (401, "invalid_client"), "another's key"
    assert error(asserted(system, assertion(system), client_assertion_type="x")) == (401, "invalid_client")
    assert error(asserted(system, assertion(system), client_id=other.client_id)) == (401, "invalid_client")
    assert error(asserted(system, assertion(system), scope="user/*.rs")) == (400, "invalid_scope")


def test_neither_none_nor_a_shared_secret_signs(system: App) -> None:
    sound = assertion(system)
    head = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    body = sound.split(".")[1]
    public = json.dumps(system.key.as_dict(private=False)).encode()
    pem = system.key.as_pem(private=False)
    forged = {"none": f"{head}.{body}.", "no dots": "abc", "empty": "", "cut": sound[:-6]}
    shared = urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').decode().rstrip("=")
    for name, secret in (("jwk", public), ("pem", pem)):  # the public key as if it were a secret (CVE-2015-9235)
        mark = hmac.new(secret, f"{shared}.{body}".encode(), "sha256").digest()
        forged[name] = f"{shared}.{body}.{urlsafe_b64encode(mark).decode().rstrip('=')}"
    for name, token in forged.items():
        assert error(asserted(system, token)) == (401, "invalid_client"), name
    assert not Token.objects.exists()


def test_rs384_signs_and_rs256_does_not(place: UUID) -> None:
    key = rsa()
    app = register(place, "system", scopes="system/*.rs", jwks=KeySet([key]).as_dict(private=False))
    assert asserted(app, assertion(app, alg="RS384", key=key)).status_code == 200
    assert error(asserted(app, assertion(app, alg="RS256", key=key))) == (401, "invalid_client")


def test_a_jti_is_taken_once(system: App) -> None:
    token = assertion(system)
    assert asserted(system, token).status_code == 200
    assert error(asserted(system, token)) == (401, "invalid_client")


@pytest.mark.django_db(transaction=True)
def test_of_one_assertion_that_comes_many_times_at_once_one_is_taken() -> None:
    """The constraint decides, and no look-up before."""
    app = register(places.make().lead, "system", scopes="system/*.rs")
    token = assertion(app)
    answers = at_once(*[lambda: asserted(app, token).status_code for _ in range(6)])
    assert sorted(map(str, answers)) == ["200"] + ["401"] * 5
    assert Assertion.objects.count() == 1
    assert Token.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_one_code_that_comes_many_times_at_once_nothing_is_left() -> None:
    place = places.make().lead
    app, browser = register(place), staff.client_of(staff.somebody(place))
    code = agreed(browser, app, SCOPE)
    answers = at_once(*[lambda: exchanged(app, code) for _ in range(5)])
    given = [each.json()["access_token"] for each in answers if each.status_code == 200]  # type: ignore[union-attr]
    assert len(given) == 1
    assert not good(given[0])


def test_a_system_asks_for_itself_alone_and_a_person_s_app_does_not(system: App, browser: Client, app: App) -> None:
    assert browser.get(asking(system, SCOPE)).status_code == 422
    assert error(post("/oauth/token", app, grant_type="client_credentials", scope="system/*.rs"))[0] == 400
    assert error(post("/oauth/token", app, grant_type="password", username="doctor"))[1] == "unsupported_grant_type"
    assert error(post("/oauth/token", system, grant_type="authorization_code", code="x"))[1] == "unauthorized_client"


def _ended_post(doctor: Account, app: App) -> None:
    Post.objects.unscoped("test").filter(person=doctor.person).update(until=date(2020, 6, 1))


def _closed_account(doctor: Account, app: App) -> None:
    accounts.close_account(callers.system(), person=doctor.person_id)


def _new_password(doctor: Account, app: App) -> None:
    accounts.set_password(callers.system(), person=doctor.person_id, password="Another-long-1-of-them")


def _app_off(doctor: Account, app: App) -> None:
    registering.switch(callers.system(), app=app.id, expect=1, on=False)
    registering.switch(callers.system(), app=app.id, expect=2, on=True)


def _ended_by_administrator(doctor: Account, app: App) -> None:
    row = Authorization.objects.unscoped("test").get()
    registering.end(callers.system(), app=app.id, authorization=row.pk)


def _withdrawn(doctor: Account, app: App) -> None:
    row = Authorization.objects.unscoped("test").get()
    assert staff.client_of(doctor).post(f"/me/apps/{row.pk}/withdraw").status_code == 302


@pytest.mark.parametrize(
    "end", [_ended_post, _closed_account, _new_password, _app_off, _ended_by_administrator, _withdrawn]
)
def test_what_ends_a_token_and_its_refresh(browser: Client, app: App, doctor: Account, end: Any) -> None:
    given = let_in(browser, app, SCOPE)
    assert good(given["access_token"])
    end(doctor, app)
    assert not good(given["access_token"])
    answer = post("/oauth/token", app, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert answer.status_code in (400, 401)


def test_a_session_s_end_ends_what_rests_on_it(browser: Client, app: App, doctor: Account) -> None:
    resting = let_in(browser, app, "user/*.rs")
    offline = let_in(browser, app, "offline_access user/*.rs")
    Session.objects.filter(account=doctor).delete()
    assert not good(resting["access_token"])
    assert good(offline["access_token"])


def test_scopes_taken_from_an_app_are_taken_from_its_tokens(browser: Client, app: App) -> None:
    token = let_in(browser, app, "user/*.rs")["access_token"]
    Row.objects.unscoped("test").filter(pk=app.id).update(scopes="user/Patient.r")
    call = api.access_call(token)
    assert call is not None
    assert call.grant is not None
    assert list(map(str, call.grant.scopes)) == ["user/Patient.r"]


def test_a_long_request_is_come_back_to_after_sign_in(app: App) -> None:
    address = asking(app, " ".join([SCOPE, *(f"user/Observation.rs?category=c{n}" for n in range(30))]))
    page = Client().get(Client().get(address)["Location"]).content.decode()
    assert "code_challenge_method" in page, "the way back stands in the form"


def test_another_s_authorization_cannot_be_withdrawn(browser: Client, app: App, place: UUID) -> None:
    given = let_in(browser, app, SCOPE)
    row, thief = Authorization.objects.unscoped("test").get(), staff.client_of(staff.somebody(place, name="李四"))
    assert thief.post(f"/me/apps/{row.pk}/withdraw").status_code == 404
    assert good(given["access_token"])


def test_an_access_token_is_over_after_its_minutes(browser: Client, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    given = let_in(browser, app, SCOPE)
    assert given["expires_in"] <= 3600
    later = clock.now() + timedelta(seconds=given["expires_in"] + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert not good(given["access_token"])
    tokens.forget(callers.system())
    assert Authorization.objects.unscoped("test").exists()


def test_what_is_registered_must_be_sound(place: UUID) -> None:
    """Addresses, keys with a private half, scopes that nobody can be held to."""
    system: dict[str, Any] = {"kind": "system", "scopes": "system/*.rs"}
    wrong: list[dict[str, Any]] = [
        {"redirect_uris": ("http://app.example/back",)}, {"redirect_uris": ()}, {"redirect_uris": (f"{BACK}#x",)},
        {"redirect_uris": ("https://*.example/",)}, {"scopes": "user/Observation.rs?code:text=x"},
        {"scopes": "user/Observation.rs?subject:Patient.name=x"}, {"scopes": "system/*.rs"}, {"scopes": "nothing"},
        {"scopes": "user/Observation.srdu"}, {**system, "jwks": {"keys": []}}, {**system, "jwks": None},
        {**system, "jwks": KeySet([rsa()]).as_dict(private=True)}, {**system, "scopes": "user/*.rs"},
    ]  # fmt: skip
    for each in wrong:
        with pytest.raises(Exception, match=r"uri|jwks|scope"):
            pytest.fail(str(register(place, **each)))
    assert register(place, redirect_uris=("cn.example.app:/back",), scopes="user/Observation.rs?category=laboratory")


def test_keys_at_an_address_are_asked_of_the_open_internet_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """SSRF: no other scheme, no place inside, also by a name or in another coat."""
    for address in ("http://keys.example/", "file:///etc/passwd", "https:///x"):
        with pytest.raises(jwks.Unreachable, match="https"):
            jwks.fetch(address)
    inside = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "::1", "::ffff:10.0.0.1", "fe80::1",
              "64:ff9b::a00:1", "2002:a00:1::", "100.64.0.1", "224.0.0.1", "fd00::1")  # fmt: skip
    for place in inside:
        assert not jwks.is_public(place), place
        host = f"[{place}]" if ":" in place else place
        with pytest.raises(jwks.Unreachable, match="private address"):
            jwks.fetch(f"https://{host}/keys")
    assert jwks.is_public("1.1.1.1")
    found = [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(jwks.socket, "getaddrinfo", lambda *a, **k: found)
    with pytest.raises(jwks.Unreachable, match="private address"):
        jwks.fetch("https://keys.example/")


@pytest.fixture
def chart(place: UUID, doctor: Account) -> UUID:
    from doorstep.record.exchange import api as exchange
    from doorstep.registers.consents import api as consents
    from doorstep.registers.residents import api as residents
    from tests.faults.two_sides import number, patient

    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": patient("p1", number(31, 1), "甲")}],
    }
    list(exchange.take(callers.system(), place, [exchange.Piece("bundle", "t", json.dumps(bundle).encode())], "test"))
    whom = residents.residents_of(["p1"])["p1"]
    since = clock.now() - timedelta(days=1)
    consents.open_relation(consents.Opening(whom, consents.Why.APPOINTMENT, "A/1", since, organisation=place))
    return whom


def test_opened_from_a_chart(browser: Client, place: UUID, chart: UUID) -> None:
    """EHR launch: the value is this person's, for this app, once; the token endpoint tells whom it is about."""
    app = register(place, launch_uri="https://app.example/launch")
    assert "应用" in browser.get(f"/charts/{chart}/apps").content.decode()
    off = browser.post(f"/charts/{chart}/apps/{app.id}", {"encounter": "e1"})["Location"]
    said = parse_qs(urlsplit(off).query)
    assert off.startswith("https://app.example/launch?")
    assert said["iss"] == ["http://testserver/fhir"]
    scope, [value] = "launch patient/*.rs", said["launch"]
    thief = staff.client_of(staff.somebody(place, name="李四"))
    assert thief.get(asking(app, scope, launch=value)).status_code == 422
    assert browser.get(asking(register(place), scope, launch=value)).status_code == 422
    given = let_in(browser, app, scope, launch=value)
    assert (given["patient"], given["encounter"], given["need_patient_banner"]) == ("p1", "e1", True)
    assert browser.get(asking(app, scope, launch=value)).status_code == 422
    assert browser.post(asking(app, scope, launch=value), {"answer": "allow"}).status_code == 422
    assert Launch.objects.unscoped("test").get().used_at is not None


def test_for_whom_is_asked_and_bounded(browser: Client, app: App, chart: UUID) -> None:
    """Standalone: the picker finds whom the person finds; without a reason to read the chart nothing is given."""
    from doorstep.registers.consents.models import Relation

    address = asking(app, "launch/patient patient/*.rs")
    assert "要知道是为哪位居民" in browser.get(address).content.decode()
    found = browser.get(f"{address}&q=甲").content.decode()
    assert f"resident={chart}" in found
    assert browser.post(address, {"answer": "allow"}).status_code == 422
    token = let_in(browser, app, "launch/patient patient/*.rs", chart)["access_token"]
    call = api.access_call(token)
    assert call is not None
    assert call.grant is not None
    assert call.grant.patients == ("p1",)
    Relation.objects.unscoped("test").update(until=clock.now())
    after = api.access_call(token)
    assert after is not None
    assert after.grant is not None
    assert not after.grant.whole, "asked again whenever the token is looked up"


def test_behind_the_second_fence(browser: Client, place: UUID, chart: UUID, doctor: Account) -> None:
    """The endpoints, where nobody is signed in and the session sees no resident: all of it works, also about one."""
    app = register(place, "secret")
    code = agreed(browser, app, "launch/patient offline_access patient/*.rs", chart)
    with fence.within(NOWHERE):
        given = exchanged(app, code).json()
        assert given["patient"] == "p1"
        told = post("/oauth/introspect", app, token=given["access_token"]).json()
        assert (told["active"], told["patient"], told["sub"]) == (True, "p1", str(doctor.pk))
        again = post("/oauth/token", app, grant_type="refresh_token", refresh_token=given["refresh_token"])
        assert again.status_code == 200
        assert post("/oauth/revoke", app, token=again.json()["refresh_token"]).status_code == 200
        assert post("/oauth/introspect", app, token=again.json()["access_token"]).json() == {"active": False}
