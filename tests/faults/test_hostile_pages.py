"""What a hostile user types into addresses, queries, forms and headers: always a clear answer, never a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.kernel.paging import cursor
from doorstep.registers.staff.rules import ROLES
from doorstep.registers.staff.rules.roles import OWN
from tests.access.asking import CALLER, Caller, known_calls
from tests.faults.samples import FORMS, Asked, addresses, ask_for
from tests.faults.two_sides import AWAY, LAUNCH, MARKUP, World, undone

LONG = 5_000
HOSTILE: dict[str, str] = {
    "nothing": "",
    "blank": "   ",
    "nul": "a\0b",
    "huge": "9" * LONG,
    "over 64 bits": str(2**63),
    "over 32 bits": str(2**31),
    "negative": "-1",
    "float": "1e999999999",
    "nan": "NaN",
    "other digits": "１２٣",
    "long": "王" * 100_000,
    "long word": "x" * LONG,
    "right to left": "\u202eabc\u202c\u200b\u2066",
    "zero width": "\u200b\ufeff\u2060",
    "combining": "e" + "\u0301" * 400,
    "outside the plane": "𠮷🧑‍⚕️\U0010ffff",
    "not a character": "\ufffe\uffff",
    "sql": "' OR 1=1; DROP TABLE staff_person; --",
    "like": "%_\\%",
    "template": "{{7*7}}{% load x %}${7*7}",
    "markup": MARKUP,
    "format": "%s%n{0}{name.__class__}",
    "header": "a\r\nSet-Cookie: x=1",
    "no day": "2024-02-30",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "list": "[1,2]",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "path": "../../../etc/passwd",
}
CURSORS: dict[str, str] = {
    "not base64": "&&&",
    "negative": cursor("-1"),
    "one part": cursor("x"),
    "two parts": cursor("x", "y"),
    "three parts": cursor("-99999999999999999999", "", "00000000-0000-0000-0000-000000000000"),
    "a far offset": cursor("2024-01-01T00:00:00+23:59", "a", "Observation"),
    "a far offset of two": cursor("2024-01-01T00:00:00-23:59", "a"),
    "before the first day": cursor("0001-01-01T00:00:00+14:00", "a", "Observation"),
    "after the last day": cursor("9999-12-31T23:59:59-14:00", "a"),
    "nul": cursor("\0", "\0", "\0"),
    "huge": cursor("9" * 299),
    "numbers": "WzEsMl0",
    "object": "e30",
    "deep": "W" * 8000,
    "two of the right shape": cursor("zz", "00000000-0000-0000-0000-000000000000"),
    "other digits": cursor("１２", "a", "00000000-0000-0000-0000-000000000000"),
    "markup": cursor(MARKUP, MARKUP),
}
ROUGH = {"nothing", "nul", "huge", "over 64 bits", "negative", "float", "other digits", "long", "outside the plane",
         "markup", "format", "header", "last day", "first day", "uuid"}  # fmt: skip
LIGHT = HOSTILE.keys() - {"nul", "long", "markup", "outside the plane", "sql"}  # a password costs 50 ms each
SENDERS = (
    "exchange_operator", "township_physician", "administrator", "hospital_manager", "bureau_manager", "auditor",
    "privacy_officer",
)  # fmt: skip


@pytest.fixture
def quiet(world: World) -> Iterator[World]:
    """The world with clients that answer 500 as a browser would see it, instead of raising."""
    for client in world.clients.values():
        client.raise_request_exception = False
    yield world
    for client in world.clients.values():
        client.raise_request_exception = True


@pytest.fixture(scope="module")
def callers(_world: World, django_db_blocker: Any) -> dict[str, Caller]:
    """Who the clients of the world are, as the house knows them once they have signed in."""
    with django_db_blocker.unblock():
        return {name: Caller.of(name, client) for name, client in _world.clients.items()}


@pytest.fixture
def known(quiet: World, callers: dict[str, Caller]) -> Iterator[World]:
    """The quiet world where who asks is looked up once a module, not for each of thousands of requests about the rest:
    what is hostile about sessions themselves is sent to ``quiet``."""
    for name, client in quiet.clients.items():
        client.defaults[CALLER] = callers[name]
    with known_calls():
        yield quiet
    for client in quiet.clients.values():
        del client.defaults[CALLER]


@contextmanager
def forgotten(client: Client) -> Iterator[None]:
    """What happens inside is taken back, with what the client was given of it: a new session that is not kept."""
    cookies = client.cookies.copy()
    with undone():
        yield
    client.cookies = cookies


def who(rule: str) -> str:
    """A caller who may enter under the rule."""
    if rule in OWN:
        return "resident"
    return next((c for c in SENDERS if rule in ROLES[c].permissions), SENDERS[0])


REGISTERED = (AWAY, LAUNCH)
"""Where the sample's app was registered: the one place outside to which a page leads."""


def bad(answer: HttpResponse, what: str) -> list[str]:
    """What is wrong with an answer: a fault, a redirect outside, or markup that was not escaped."""
    found = []
    if answer.status_code >= 500:
        error = getattr(answer, "exc_info", None)
        found.append(f"{what}: {answer.status_code} {error[1]!r}"[:300] if error else f"{what}: {answer.status_code}")
    where = urlsplit(answer.headers.get("Location", ""))
    if (where.netloc or where.scheme) and where._replace(query="").geturl() not in REGISTERED:
        found.append(f"{what}: leads to {answer.headers['Location'][:80]}")
    kind = answer.headers.get("Content-Type", "")
    body = answer.content if kind.startswith("text/html") and not answer.streaming else b""
    if b"<img src=x" in body or b"<script>x9" in body:
        found.append(f"{what}: markup not escaped")
    if "x" in answer.cookies:
        found.append(f"{what}: a header was smuggled in")
    return found


NAMES = {
    "apps:authorize": ("client_id", "redirect_uri", "scope", "state", "aud", "launch", "nonce", "resident", "q"),
    "apps:list": ("after",), "apps:one": ("after",), "apps:mine": ("after",),
    "residents:search": ("q", "after"), "residents:register": ("name",), "residents:check_number": ("resident_id",),
    "residents:review": ("state", "reason", "mine", "after"),
    "residents:merge": ("q", "after", "with"), "residents:separate": ("record",),
    "residents:explain": ("left", "right", "one", "other", "record"),
    "residents:add_member": ("q", "after"), "charts:timeline": ("kind", "institution", "since", "until", "after"),
    "charts:series": ("code", "after"), "charts:entry": ("version",), "charts:raw": ("version",),
    "charts:changes": ("from", "to"), "exchange:list": ("state", "q", "after"),
    "organisations:list": ("q", "type", "level", "tier", "area", "consortium", "primary", "after"),
    "organisations:consortium": ("day",), "staff:list": ("q", "organisation", "role", "profession", "former", "after"),
    "staff:add": ("organisation",), "staff:begin_post": ("organisation",), "staff:sign_in": ("next",),
    "staff:proposals": ("state", "after"), "staff:role": ("after",), "staff:edit_role": ("version",),
    "staff:post": ("next",), "system:outbox": ("event", "subject", "after"),
    "portal:sign_in": ("next",), "consents:own": ("after",), "trail:looks": ("since", "until", "after"),
    "trail:object": ("line",), "trail:own_objections": ("after",), "trail:objections": ("state", "after"),
    "booking:week": ("at", "day", "after"), "booking:new_clinic": ("at",), "booking:book": ("q",),
    "booking:own": ("after",), "booking:own_new": ("by", "q", "after"), "booking:own_department": ("day",),
    "booking:own_clinic": ("day",), "booking:waiting": ("q", "after"), "booking:sanctions": ("state", "after"),
    "consents:list": ("after",), "consents:glasses": ("state", "after"),
    "trail:search": ("who", "action", "outcome", "since", "until", "resident", "after"), "system:style": ("after",),
}  # fmt: skip


CHOSEN = {
    "type",
    "level",
    "tier",
    "primary",
    "role",
    "profession",
    "former",
    "kind",
    "outcome",
    "state",
    "from",
    "until",
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_queries(known: World, name: str) -> None:
    """Each parameter of each page with each hostile value, for whole pages and parts."""
    troubles = []
    rule = next(a.rule for a in addresses() if a.name == name)
    client, asked = known.clients[who(rule)], ask_for(name, known, known.a)
    for param in NAMES[name]:
        values = CURSORS if param == "after" else HOSTILE
        for label, value in values.items():
            if param in CHOSEN and label not in ROUGH:
                continue
            query = Asked(asked.path, {**asked.query, "q": "x", param: value[:60_000]})
            troubles += bad(client.get(query.url), f"{name} {param}={label}")
    param = NAMES[name][0]
    for odd in (
        f"{param}=a&{param}=b",
        f"{param}[]=1",
        f"{param}",
        f"{param}=%ED%A0%80",
        f"{param}=%FF%FE",
        f"{param}=%",
    ):
        answer = client.get(f"{asked.path}?{odd}", headers={"HX-Request": "true"})
        troubles += bad(answer, f"{name} {odd}")
    assert not troubles


PATH_VALUES = {
    "uuid": ["0", "x", "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000", "%00"],
    "int": ["0", "-1", "9" * 19, "9" * 40, "9" * 5000, "１", "1.0", "%00", str(2**31), str(2**63)],
    "str": ["%00", "..%2f..%2fetc", quote(MARKUP, safe=""), "x" * 5000, "%ED%A0%80", "%E2%80%AE", "Observation", "a'b"],
    "path": [
        "%00",
        "1.2.3/..%2f..%2fetc",
        "1.2.3/series/1.2.4/../../../archives",
        quote(MARKUP, safe=""),
        "1." * 2500,
        "1.2.3/series/1.2.4/instances/1.2.5/frames/" + "1," * 500,
        "%E2%80%AE",
        "//x.example/1.2.3",
        "1.2.3/rendered",
    ],
    "slug": ["x", "-", "_" * 5000, "%00", "..%2f..%2fetc", quote(MARKUP, safe=""), "0", "residents%20"],
}


def paths() -> Iterator[tuple[str, str, list[str]]]:
    """Every address with parts: its name, its template, and the kinds of its parts."""
    for address in addresses():
        space, _, own = address.name.rpartition(":")
        resolver: Any = get_resolver()
        if space:
            resolver = resolver.namespace_dict[space][1]
        shape = resolver.reverse_dict[own]
        template, parts = shape[0][0]
        if parts:
            kinds = {
                p: type(c).__name__.removesuffix("Converter").lower().replace("string", "str")
                for p, c in shape[3].items()
            }
            yield address.name, "/" + template, [kinds[p] for p in parts]


def test_paths(known: World) -> None:
    """Each part of each address with each hostile value, by GET and POST."""
    troubles, seen = [], 0
    for name, template, kinds in paths():
        rule = next(a.rule for a in addresses() if a.name == name)
        client = known.clients[who(rule)]
        mine = [part for part in ask_for(name, known, known.a).path.split("/") if part not in template.split("/")]
        for place, kind in enumerate(kinds):
            for value in PATH_VALUES[kind]:
                filled = template
                for at, slot in enumerate(re.findall(r"%\(\w+\)s", template)):
                    filled = filled.replace(slot, value if at == place else quote(str(mine[at]), safe=""), 1)
                for method in ("get", "post"):
                    seen += 1
                    with forgotten(client):
                        troubles += bad(getattr(client, method)(filled), f"{method} {name} {kind}={value[:30]}")
    assert not troubles
    assert seen > 300


@pytest.mark.parametrize("name", sorted(FORMS))
def test_forms(known: World, name: str) -> None:
    """Each field of each form with each hostile value, and ten ways to send it wrongly."""
    troubles = []
    rule = next(a.rule for a in addresses() if a.name == name)
    caller = "stranger" if name == "staff:sign_in" else who(rule)
    asked, client = ask_for(name, known, known.a), known.clients[caller]
    for field in [*asked.form, "expect", "next"]:
        for label, value in HOSTILE.items():
            if label in LIGHT if field in ("password", "username") else label not in ROUGH:
                continue
            with forgotten(client):
                troubles += bad(client.post(asked.url, {**asked.form, field: value}), f"{name} {field}={label}")
        with forgotten(client):
            troubles += bad(client.post(asked.url, {**asked.form, field: ["a", "b"]}), f"{name} {field} twice")
    for how, body, kind in BODIES if name in WHOLLY else BODIES[:5:2]:
        with forgotten(client):
            troubles += bad(client.generic("POST", asked.url, body, kind), f"{name} {how}")
    assert not troubles


WHOLLY = {"staff:sign_in", "staff:edit", "residents:register", "exchange:mend", "language"}
BODIES = (
    ("empty", b"", "application/x-www-form-urlencoded"),
    ("no percent", b"%=%&name=%ED%A0%80&%00=%00&expect=%FF", "application/x-www-form-urlencoded"),
    ("many fields", b"&".join(b"a%d=1" % n for n in range(1200)), "application/x-www-form-urlencoded"),
    ("json", b'{"name": ["x"]}', "application/json"),
    ("broken json", b"{", "application/json"),
    ("broken multipart", b"--x\r\nContent-Disposition: form-data; name=", "multipart/form-data; boundary=x"),
    ("no boundary", b"--x", "multipart/form-data"),
    ("bad boundary", b"--x", "multipart/form-data; boundary=\xff".encode("latin-1").decode("latin-1")),
    ("file", b'--x\r\nContent-Disposition: form-data; name="name"; filename="../../x"\r\n\r\nabc\r\n--x--\r\n',
     "multipart/form-data; boundary=x"),
    ("bad base64", b'--x\r\nContent-Disposition: form-data; name="name"\r\n'
     b'Content-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n',
     "multipart/form-data; boundary=x"),
    ("other charset", b"name=%E4", "application/x-www-form-urlencoded; charset=utf-7"),
    ("unknown charset", b"name=%E4", "application/x-www-form-urlencoded; charset=nonsense"),
)  # fmt: skip


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods(known: World, method: str) -> None:
    """Only what a page answers is answered: all other methods are 405, for those who may enter."""
    for address in addresses():
        client, asked = known.clients[who(address.rule)], ask_for(address.name, known, known.a)
        answer = getattr(client, method)(asked.url)
        assert answer.status_code == 405, f"{method} {address.name}: {answer.status_code}"


HEADERS: tuple[dict[str, str], ...] = (
    {"HX-Request": "true", "HX-Current-URL": "javascript:alert(1)", "HX-Target": MARKUP, "HX-Trigger": MARKUP},
    {"HX-Request": "true", "HX-Current-URL-URI-AutoEncoded": "true", "HX-Current-URL": "http://evil.example/%ZZ"},
    {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    {"HX-Boosted": "true", "HX-Prompt": "\x7f" * 500, "HX-Prompt-URI-AutoEncoded": "true"},
    {"Accept-Language": "en-" + "x" * 4000}, {"Accept-Language": "*;q=nan, " * 300},
    {"X-Request-Id": "x" * 500}, {"X-Request-Id": "' OR 1=1"}, {"X-Forwarded-Host": "evil.example"},
    {"Cookie": "sessionid=../../x; django_language=" + "z" * 3000}, {"Cookie": "sessionid=\x00; messages=[[[["},
    {"Cookie": "messages=W1siX19qc29uX21lc3NhZ2UiXV0:x:y; csrftoken=" + "a" * 5000},
    {"If-Modified-Since": "nonsense"}, {"Referer": "http://evil.example/" + "x" * 5000}, {"Range": "bytes=9-1"},
)  # fmt: skip


@pytest.mark.parametrize("name", ["start", "residents:search", "charts:timeline", "exchange:list", "staff:sign_in"])
def test_headers(quiet: World, name: str) -> None:
    """Headers are read as carefully as forms."""
    rule = next(a.rule for a in addresses() if a.name == name)
    troubles = []
    for headers in HEADERS:
        client = Client(raise_request_exception=False)
        client.cookies = quiet.clients[who(rule)].cookies.copy()
        if "Cookie" in headers:
            client.cookies.clear()
        answer = client.get(ask_for(name, quiet, quiet.a).url, headers=headers)
        troubles += bad(answer, f"{name} {headers}"[:200])
        assert b"evil.example" not in answer.content
    assert not troubles


@pytest.mark.parametrize("host", ["evil.example", "a b", "[::1", "127.0.0.1@evil.example", "x" * 300])
def test_a_forged_host(quiet: World, host: str) -> None:
    """A name that is not ours is refused with a page of ours."""
    for caller in ("stranger", "physician"):
        for path in ("/", "/sign-in", "/residents/?q=x", "/no-such-page"):
            answer = quiet.clients[caller].get(path, headers={"Host": host}, HTTP_HOST=host)
            assert answer.status_code == 400, (path, answer.status_code)
            assert "evil" not in answer.headers.get("Location", "")
            assert b"evil.example" not in answer.content


OUTSIDE = (
    "//evil.example",
    "///evil.example",
    "http://evil.example",
    "https:evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example\\@testserver",
    "http:///evil.example",
    "//testserver@evil.example",
    "\x00//evil.example",
    "http://testserver:80@evil.example",
    "ftp://testserver/",
    "abc",
    "start",
    "staff:list",
    "residents:show",
    "?x=1",
    "#",
    "",
    "é",
    "/" + "x" * 3000,
    "/%0d%0aSet-Cookie:x=1",
    "/\r\nx: 1",
    "..//evil.example",
)


@pytest.mark.parametrize("target", OUTSIDE)
def test_no_redirect_leads_out(quiet: World, target: str) -> None:
    """Where a person wanted to go is followed only within the house, and never a fault."""
    signed, stranger = quiet.clients["physician"], Client(raise_request_exception=False)
    with undone():
        answers = {
            "language": stranger.post("/language", {"language": "en", "next": target}),
            "sign in again": signed.get("/sign-in", {"next": target}),
            "sign in": stranger.post(
                "/sign-in", {"username": "on.nurse", "password": "correct-horse-7", "next": target}
            ),
            "post": signed.post("/post", {"post": str(post_of(quiet)), "next": target}),
            "post shown": signed.get("/post", {"next": target}),
            "to sign in": Client(raise_request_exception=False).get(f"/residents/?next={quote(target)}"),
        }
    assert not [found for what, answer in answers.items() for found in bad(answer, f"{what} next={target!r}"[:120])]
    for answer in answers.values():
        assert not answer.headers.get("Location", "/").startswith(("//", "/\\", "\\"))


def post_of(world: World) -> object:
    """The post of the physician who is signed in."""
    from doorstep.registers.staff.models import Account, Post

    person = Account.objects.get(username="on.physician").person
    return Post.objects.unscoped("test").get(person=person).pk


@pytest.mark.parametrize(
    "path",
    [
        "../secret_key",
        "..%2fsecret_key",
        "%2e%2e/%2e%2e/secret_key",
        "..\\secret_key",
        "....//secret_key",
        "/etc/passwd",
        "doorstep/../../secret_key",
        "%00",
        "doorstep.css%00.png",
        "doorstep/",
        "",
        "x" * 5000,
        "%ED%A0%80",
        "..%252fsecret_key",
    ],
)
def test_static_files_are_those_of_the_house(quiet: World, path: str) -> None:
    """No address under /static leaves its folder."""
    from django.conf import settings as house

    answer = Client(raise_request_exception=False).get(f"/static/{path}")
    assert answer.status_code in (301, 302, 400, 404)
    assert house.SECRET_KEY.encode() not in answer.getvalue()
    assert not bad(answer, path) if not answer.streaming else True


def test_too_much(quiet: World) -> None:
    """A form of more than the limit is refused and not read on."""
    answer = quiet.clients["exchange_operator"].post(
        ask_for("exchange:mend", quiet, quiet.a).url,
        "text=" + "x" * (21 << 20),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code in (400, 413)


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.sampled_from(
    list(HOSTILE.values())[:-1]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(NAMES)),
    st.dictionaries(st.sampled_from(sorted({p for n in NAMES.values() for p in n})), anything, max_size=4),
)
def test_any_query(known: World, name: str, query: dict[str, str]) -> None:
    """Whatever stands in the address bar together, the answer is a page."""
    rule = next(a.rule for a in addresses() if a.name == name)
    path = ask_for(name, known, known.a).path
    query = {k: v[:20_000] for k, v in query.items()}
    with undone():
        assert not bad(known.clients[who(rule)].get(Asked(path, query).url), f"{name} {query}")


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(sorted(FORMS.keys() - {"staff:sign_in"})), st.data())
def test_any_form(known: World, name: str, data: st.DataObject) -> None:
    """Whatever a form holds together, the answer is a page."""
    rule = next(a.rule for a in addresses() if a.name == name)
    asked, client = ask_for(name, known, known.a), known.clients[who(rule)]
    form = {**asked.form, **{k: data.draw(anything, label=k) for k in asked.form if data.draw(st.booleans())}}
    with forgotten(client):
        assert not bad(client.post(asked.url, form), f"{name} {form}"[:500])
