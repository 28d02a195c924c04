"""Reading keeps literals, finds every planted fault and its place, and raises nothing but FhirProblem."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.problems import KINDS, FhirProblem
from doorstep.fhir.reading import Limits, minify, parse, read_resource

LIMITS = Limits(today=date(2026, 11, 24))
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NUMBERS = st.sampled_from(
    ["0", "-0", "72.50", "1e5", "1.0E+2", "100", "0.10", "-3.00", "12345678901234567890123", "6.02e-23"]
)
SPACE = st.sampled_from(["", " ", "\n", "\t", "  \r\n"])


@st.composite
def documents(draw: st.DrawFn, depth: int = 4) -> str:
    """Any JSON value as text, spaced and escaped at whim."""
    kind = draw(st.integers(0, 6 if depth else 3))
    if kind == 0:
        return draw(NUMBERS)
    if kind == 1:
        return json.dumps(draw(TEXT), ensure_ascii=draw(st.booleans()))
    if kind in (2, 3):
        return draw(st.sampled_from(["true", "false", "null"]))
    below = st.lists(documents(depth - 1), max_size=4)
    if kind == 4:
        return "[" + ",".join(draw(SPACE) + each for each in draw(below)) + draw(SPACE) + "]"
    return draw(objects(depth - 1))


@st.composite
def objects(draw: st.DrawFn, depth: int = 4) -> str:
    """Any JSON object as text, without doubled keys."""
    keys = draw(st.lists(KEYS, max_size=4, unique=True))
    spell = draw(st.booleans())
    parts = [
        draw(SPACE) + json.dumps(key, ensure_ascii=spell) + draw(SPACE) + ":" + draw(SPACE) + draw(documents(depth))
        for key in keys
    ]
    return "{" + ",".join(parts) + draw(SPACE) + "}"


def exact(text: str | bytes) -> object:
    """Parse with numbers as they were written and pairs in order."""
    return json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=list)


def problem_of(data: bytes, limits: Limits = LIMITS) -> FhirProblem:
    with pytest.raises(FhirProblem) as caught:
        read_resource(data, limits)
    return caught.value


@settings(deadline=None)
@given(objects())
def test_minify_keeps_literals_order_and_content(text: str) -> None:
    small = minify(text.encode())
    assert exact(small) == exact(text)
    assert len(small) <= len(text.encode())
    assert minify(small) == small
    assert b"\n" not in small


@settings(deadline=None)
@given(objects())
def test_an_object_without_doubled_keys_is_never_refused(text: str) -> None:
    body = minify(text.encode())
    assert parse(body) == json.loads(text, parse_int=float)


@settings(deadline=None)
@given(objects(), KEYS, st.booleans(), st.integers(0, 3), documents(2), documents(2))
def test_a_doubled_key_is_found_wherever_it_is_planted(
    text: str, key: str, spell: bool, depth: int, first: str, second: str
) -> None:
    planted = f"{{{json.dumps(key)}:{first},{json.dumps(key, ensure_ascii=spell)}:{second}}}"
    for _ in range(depth):
        planted = f'{{"inner":[{text},{planted}]}}'
    with pytest.raises(FhirProblem) as caught:
        parse(minify(planted.encode()))
    assert caught.value.code == "duplicate-key"
    assert (caught.value.expression or "").startswith("inner[1]" if depth else "")


@pytest.mark.parametrize(
    "text", [r'{"a\u0062":1,"ab":2}', r'{"x":"\u0022:","y":1,"y":2}', r'{"x":"\":","y":"\":","y":2}', '{"":1,"":1}']
)
def test_a_doubled_key_is_found_behind_escapes(text: str) -> None:
    with pytest.raises(FhirProblem) as caught:
        parse(minify(text.encode()))
    assert caught.value.code == "duplicate-key"


@settings(deadline=None)
@given(st.integers(1, 130), st.lists(st.booleans(), min_size=130, max_size=130), st.integers(0, 100))
def test_nesting_is_measured_exactly(depth: int, lists: list[bool], broad: int) -> None:
    text = '"[[[[\\"{{{"'
    for level in range(depth):
        wide = "".join(f"[{number}]," for number in range(broad))
        text = f"[{wide if level % 7 else ''}{text}]" if lists[level] and level < depth - 1 else f'{{"a":{text}}}'
    body = minify(text.encode())
    if depth + (broad > 0) <= 64:
        parse(body)
    elif depth > 64:
        with pytest.raises(FhirProblem, match="nested deeper"):
            parse(body)


@pytest.mark.parametrize("depth", [65, 300, 1_000, 100_000])
def test_deep_nesting_is_placed(depth: int) -> None:
    problem = problem_of(b'{"resourceType":"Patient",\n"a":' + b"[" * depth + b"]" * depth + b"}")
    assert (problem.code, problem.line, problem.column) == ("too-deep", 2, 68)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_broken_bytes_raise_nothing_but_problems(data: bytes) -> None:
    with pytest.raises(FhirProblem):
        read_resource(data)


GOOD = '{"resourceType": "Patient", "id": "p1", "name": [{"text": "张三", "given": ["三"]}], "active": true}'.encode()


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=4), st.integers(0, 3))
def test_a_damaged_resource_raises_nothing_but_problems(at: int, put: bytes, drop: int) -> None:
    damaged = GOOD[:at] + put + GOOD[at + drop :]
    with contextlib.suppress(FhirProblem):
        assert read_resource(damaged).type == "Patient"


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_a_truncated_resource_is_called_truncated(length: int) -> None:
    problem = problem_of(GOOD[:length])
    assert problem.code in ("truncated", "empty")
    if length:
        assert problem.line == 1
        assert problem.column is not None


@pytest.mark.parametrize(
    ("data", "code", "expression", "line", "column"),
    [
        ('{"resourceType":"Patient",\n "name":[{"text":"张三"}]}'.encode("gbk"), "encoding", None, 2, 19),
        ('{"resourceType":"Patient"}'.encode("utf-16"), "encoding", None, 1, 1),
        ('{"resourceType":"Patient"}'.encode("utf-16-le"), "encoding", None, 1, 1),
        (b"", "empty", None, 1, 1),
        (b'{"resourceType":"Patient",\n "x": }', "syntax", None, 2, 7),
        (b'{"resourceType":"Patient",\n "x": 01}', "syntax", None, 2, 7),
        (b'{"resourceType":"Patient","x":NaN}', "non-finite", None, 1, 31),
        (b'{"resourceType":"Patient","x":-Infinity}', "non-finite", None, 1, 32),
        (b'{"resourceType":"Patient","x":1e999}', "non-finite", None, 1, 31),
        (b'{"resourceType":"Patient","name":[{"text":"a\\u0000b"}]}', "nul-character", "name[0].text", None, None),
        (b'{"resourceType":"Patient","x":"a\x00b"}', "nul-character", None, 1, 33),
        (b'{"resourceType":"Patient","x":"\\ud800"}', "surrogate", None, 1, 32),
        (b'{"resourceType":"Patient","x":"\xed\xa0\x80"}', "encoding", None, 1, 32),
        (b'{"resourceType":"Patient","name":[{"use":"a","use":"b"}]}', "duplicate-key", "name[0].use", None, None),
        (b"[]", "not-object", None, None, None),
        (b'"Patient"', "not-object", None, None, None),
        (b"{}", "no-resource-type", None, None, None),
        (b'{"resourceType":"Patience"}', "unknown-type", "resourceType", None, None),
        (b'{"resourceType":["Patient"]}', "unknown-type", "resourceType", None, None),
        (b'{"resourceType":"SubscriptionStatus"}', "unknown-type", "resourceType", None, None),
        (b'{"resourceType":"Patient","id":"a b"}', "bad-id", "id", None, None),
        (b'{"resourceType":"Patient","id":7}', "bad-id", "id", None, None),
        (b'{"resourceType":"Patient","id":""}', "bad-id", "id", None, None),
        (b'{"resourceType":"Patient","birthDate":"1990-02-30"}', "bad-date", "birthDate", None, None),
        (b'{"resourceType":"Patient","birthDate":"1990-1-3"}', "bad-date", "birthDate", None, None),
        (b'{"resourceType":"Patient","birthDate":19900101}', "bad-date", "birthDate", None, None),
        (b'{"resourceType":"Patient","birthDate":"2026-11-25"}', "future-birth-date", "birthDate", None, None),
        (b'{"resourceType":"Patient","birthDate":"2027"}', "future-birth-date", "birthDate", None, None),
    ],
)
def test_a_fault_is_named_and_placed(
    data: bytes, code: str, expression: str | None, line: int | None, column: int | None
) -> None:
    problem = problem_of(data)
    assert (problem.code, problem.expression, problem.line, problem.column) == (code, expression, line, column)
    assert FhirProblem.from_dict(json.loads(json.dumps(problem.as_dict()))).as_dict() == problem.as_dict()


def test_gbk_is_guessed_and_a_mark_before_utf8_is_taken() -> None:
    assert problem_of('{"resourceType":"Patient","x":"张三"}'.encode("gb18030")).params["guess"] == "GBK / GB18030"
    assert read_resource(b"\xef\xbb\xbf" + GOOD).id == "p1"


def test_size_limit_and_today() -> None:
    assert problem_of(GOOD, Limits(resource_bytes=len(GOOD) - 1)).code == "too-large"
    assert read_resource(GOOD, Limits(resource_bytes=len(GOOD))).type == "Patient"
    assert read_resource(b'{"resourceType":"Patient","birthDate":"2026-11-24"}', LIMITS).type == "Patient"


def test_text_about_nul_and_keys_is_no_fault() -> None:
    body = read_resource(rb'{"resourceType":"Basic","x":"\\u0000","y":"\\\\u0000 \":\\","z":"a\/b"}').body
    assert body == rb'{"resourceType":"Basic","x":"\\u0000","y":"\\\\u0000 \":\\","z":"a\/b"}'


def test_numbers_stay_as_written() -> None:
    body = read_resource(b'{"resourceType":"Observation","valueQuantity":{"value": 72.50}}').body
    assert b'"value":72.50}' in body
    assert json.loads(body, parse_float=Decimal)["valueQuantity"]["value"].as_tuple().exponent == -2


@settings(deadline=None)
@given(st.integers(10_000, 200_000))
def test_hostile_backslashes_cost_no_more_than_their_length(length: int) -> None:
    read_resource(b'{"resourceType":"Basic","x":"' + b"\\\\" * length + b'"}')


@pytest.mark.parametrize("code", sorted(KINDS))
def test_messages_are_whole_in_both_languages(code: str) -> None:
    kind = KINDS[code]
    names = re.findall(r"{(\w+)}", kind.zh)
    assert sorted(names) == sorted(re.findall(r"{(\w+)}", kind.en))
    problem = FhirProblem(code, None, 3, 4, **dict.fromkeys(names, "x" * 200))
    assert "第 3 行第 4 列" in problem.message()
    assert "line 3, column 4" in problem.message("en-GB")
