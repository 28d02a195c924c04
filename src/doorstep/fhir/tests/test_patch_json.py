"""JSON Patch: every operation and every fault, literals, and that a difference patched gives the other document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.patch import json_patch, require_same
from doorstep.fhir.patch.nodes import number
from doorstep.fhir.problems import KINDS, FhirProblem

BODY = b'{"a":{"b":[1,2,{"c":72.50}]},"d":"x","e~f":1,"g/h":2,"":3,"n":null}'
# as orjson spells them, so that what is not touched can be compared as text
HOLE = re.compile(r"\{\w+\}")
DECODER = msgspec.json.Decoder(float_hook=lambda literal: {"literal": literal})


def fault(body: bytes, patch: Any) -> FhirProblem:
    given = patch if isinstance(patch, bytes) else json.dumps(patch).encode()
    with pytest.raises(FhirProblem) as caught:
        json_patch(body, given)
    assert caught.value.message("zh")
    assert caught.value.message("en")
    return caught.value


def patched(*operations: str) -> bytes:
    return json_patch(BODY, ("[" + ",".join(operations) + "]").encode())


@pytest.mark.parametrize(
    ("operation", "old", "new"),
    [
        ('{"op":"add","path":"/d","value":1.50}', b'"d":"x"', b'"d":1.50'),
        ('{"op":"add","path":"/a/b/0","value":0}', b"[1,", b"[0,1,"),
        ('{"op":"add","path":"/a/b/3","value":0}', b"72.50}]", b"72.50},0]"),
        ('{"op":"add","path":"/a/b/-","value":[1.0]}', b"72.50}]", b"72.50},[1.0]]"),
        ('{"op":"remove","path":"/a/b/1"}', b"[1,2,", b"[1,"),
        ('{"op":"remove","path":"/n"}', b',"n":null', b""),
        ('{"op":"replace","path":"/e~0f","value":-0}', b'"e~f":1', b'"e~f":-0'),
        ('{"op":"replace","path":"/g~1h","value":1e3}', b'"g/h":2', b'"g/h":1e3'),
        ('{"op":"replace","path":"/","value":true}', b'"":3', b'"":true'),
        ('{"op":"replace","path":"/a/b/2/c","value":1}', b"72.50", b"1"),
        ('{"op":"move","from":"/a/b/2","path":"/a/b/0"}', b'[1,2,{"c":72.50}]', b'[{"c":72.50},1,2]'),
        ('{"op":"move","from":"/d","path":"/d"}', b"", b""),
        ('{"op":"move","from":"/d","path":"/a"}', b'{"b":[1,2,{"c":72.50}]},"d":"x"', b'"x"'),
        ('{"op":"copy","from":"/a/b/2/c","path":"/d"}', b'"x"', b"72.50"),
        ('{"op":"copy","from":"/a","path":"/a/b/0"}', b'[1,2,{"c', b'[{"b":[1,2,{"c":72.50}]},1,2,{"c'),
        ('{"op":"test","path":"/a/b/2/c","value":725e-1}', b"", b""),
        ('{"op":"test","path":"/n","value":null}', b"", b""),
        ('{"op":"test","path":"/a","value":{"b":[1.0,2e0,{"c":72.5000}]}}', b"", b""),
        ('{"op":"add","path":"/d","value":2,"from":17,"note":"ignored"}', b'"x"', b"2"),
        ('{"\\u006fp":"remove","path":"/n"}', b',"n":null', b""),
    ],
)
def test_operation(operation: str, old: bytes, new: bytes) -> None:
    assert patched(operation) == BODY.replace(old, new, 1)


def test_the_whole_document_can_be_replaced_tested_and_copied_into_itself() -> None:
    assert patched('{"op":"replace","path":"","value":{"z":1.0}}', '{"op":"test","path":"","value":{"z":1}}') == (
        b'{"z":1.0}'
    )
    assert json_patch(b'{"a":1.0}', b'[{"op":"copy","from":"","path":"/b"},{"op":"copy","from":"","path":"/c"}]') == (
        b'{"a":1.0,"b":{"a":1.0},"c":{"a":1.0,"b":{"a":1.0}}}'
    )


def test_a_copy_is_no_longer_the_original() -> None:
    changed = patched(
        '{"op":"copy","from":"/a","path":"/z"}',
        '{"op":"replace","path":"/z/b/2/c","value":"other"}',
        '{"op":"remove","path":"/a/b/0"}',
    )
    found = json.loads(changed)
    assert found["a"] == {"b": [2, {"c": 72.5}]}
    assert found["z"] == {"b": [1, 2, {"c": "other"}]}


@pytest.mark.parametrize(
    ("patch", "code", "place"),
    [
        ({"op": "add"}, "patch-not-array", None),
        (b'{"op":"add"', "truncated", None),
        (b"", "empty", None),
        (b"[1", "truncated", None),
        (b'["\xff"]', "encoding", None),
        (b'[{"op":"test","op":"test","path":"","value":1}]', "duplicate-key", "patch[0].op"),
        (b'[{"op":"add","path":"/z","value":{"a":1,"a":2}}]', "duplicate-key", "patch[0].value.a"),
        (b'[{"op":"add","path":"/z","value":"\\u0000"}]', "nul-character", "patch[0].value"),
        ([{"op": "remove", "path": "/n"}, 1], "patch-not-object", "patch[1]"),
        ([{"path": "/n"}], "patch-member-missing", "patch[0]"),
        ([{"op": "remove"}], "patch-member-missing", "patch[0]"),
        ([{"op": "add", "path": "/n"}], "patch-member-missing", "patch[0]"),
        ([{"op": "replace", "path": "/n"}], "patch-member-missing", "patch[0]"),
        ([{"op": "test", "path": "/n"}], "patch-member-missing", "patch[0]"),
        ([{"op": "move", "path": "/n"}], "patch-member-missing", "patch[0]"),
        ([{"op": 1, "path": "/n"}], "patch-member-text", "patch[0]"),
        ([{"op": "remove", "path": None}], "patch-member-text", "patch[0]"),
        ([{"op": "copy", "path": "/n", "from": ["a"]}], "patch-member-text", "patch[0]"),
        ([{"op": "Add", "path": "/n", "value": 1}], "patch-unknown-operation", "patch[0]"),
        ([{"op": "remove", "path": "n"}], "patch-bad-pointer", "patch[0]"),
        ([{"op": "remove", "path": "/~2"}], "patch-bad-pointer", "patch[0]"),
        ([{"op": "remove", "path": "/a~"}], "patch-bad-pointer", "patch[0]"),
        ([{"op": "remove", "path": "#/n"}], "patch-bad-pointer", "patch[0]"),
        ([{"op": "remove", "path": ""}], "patch-whole", "patch[0]"),
        ([{"op": "remove", "path": "/z"}], "patch-no-target", "patch[0]"),
        ([{"op": "replace", "path": "/z", "value": 1}], "patch-no-target", "patch[0]"),
        ([{"op": "test", "path": "/z", "value": None}], "patch-no-target", "patch[0]"),
        ([{"op": "add", "path": "/z/y", "value": 1}], "patch-no-target", "patch[0]"),
        ([{"op": "add", "path": "/d/y", "value": 1}], "patch-no-target", "patch[0]"),
        ([{"op": "add", "path": "/a/b/4", "value": 1}], "patch-no-target", "patch[0]"),
        ([{"op": "replace", "path": "/a/b/3", "value": 1}], "patch-no-target", "patch[0]"),
        ([{"op": "remove", "path": "/a/b/-"}], "patch-bad-index", "patch[0]"),
        ([{"op": "add", "path": "/a/b/c", "value": 1}], "patch-bad-index", "patch[0]"),
        ([{"op": "copy", "from": "/z", "path": "/y"}], "patch-no-target", "patch[0]"),
        ([{"op": "move", "from": "/z", "path": "/z"}], "patch-no-target", "patch[0]"),
        ([{"op": "move", "from": "/a", "path": "/a/b/0"}], "patch-into-itself", "patch[0]"),
        ([{"op": "move", "from": "", "path": "/z"}], "patch-into-itself", "patch[0]"),
        ([{"op": "test", "path": "/d", "value": "y"}], "patch-test-failed", "patch[0]"),
        ([{"op": "test", "path": "/a/b/0", "value": "1"}], "patch-test-failed", "patch[0]"),
        ([{"op": "test", "path": "/a/b/0", "value": True}], "patch-test-failed", "patch[0]"),
        ([{"op": "test", "path": "/a/b/0", "value": ["number", "1e0"]}], "patch-test-failed", "patch[0]"),
        ([{"op": "replace", "path": "", "value": []}], "not-object", None),
    ],
)
def test_every_fault_names_operation_and_place(patch: Any, code: str, place: str | None) -> None:
    problem = fault(BODY, patch)
    assert (problem.code, problem.expression) == (code, place)
    malformed = code not in {"patch-no-target", "patch-test-failed", "patch-bad-index", "patch-whole"}
    assert problem.kind.status == (400 if malformed else 422)


def test_a_fault_says_index_and_pointer_in_words() -> None:
    steps = [{"op": "remove", "path": "/n"}, {"op": "replace", "path": "/a/q/r", "value": 1}]
    problem = fault(BODY, steps)
    assert problem.message("en") == "operation 1 (/a/q/r): the resource has no “/a/q”"
    assert problem.message("zh") == "第 1 个操作（/a/q/r）：资源中没有“/a/q”"
    assert FhirProblem.from_dict(problem.as_dict()).message() == problem.message()


def test_words_in_both_languages_say_the_same_things() -> None:
    for code, kind in KINDS.items():
        if code.startswith(("patch-", "parameter")):
            assert set(HOLE.findall(kind.zh)) == set(HOLE.findall(kind.en)), code


def test_type_and_id_stay() -> None:
    before = b'{"resourceType":"Patient","id":"a"}'
    require_same(before, b'{"id":"a","resourceType":"Patient","active":true}')
    for after in (b'{"resourceType":"Patient"}', b'{"resourceType":"Group","id":"a"}'):
        with pytest.raises(FhirProblem) as caught:
            require_same(before, after)
        assert (caught.value.code, caught.value.kind.status) == ("patch-identity", 422)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("72.50", "725e-1"),
        ("0.00", "0"),
        ("-0", "0"),
        ("-0e9", "0"),
        ("100", "1e2"),
        ("1E+2", "1e2"),
        ("0.010", "1e-2"),
        ("-12.0e-1", "-12e-1"),
        ("1e" + "9" * 30, "1e" + "9" * 30),
    ],
)
def test_one_spelling_of_a_number(literal: str, value: str) -> None:
    assert number(literal) == value


@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers(-3, 3))
def test_equal_numbers_are_spelt_alike_and_others_are_not(value: Any, shift: int) -> None:
    text = format(value, "f") if abs(value.adjusted()) < 50 else str(value)
    assert number(str(value)) == number(text)
    assert (number(str(value)) == number(str(value + shift))) == (value == value + shift)


class Text(str):
    """A JSON number as its literal, for the tests' own diff."""


literals = st.sampled_from(["0", "72.50", "72.5", "1e3", "1000", "-0.10", "12345678901234567890123"])
keys = st.sampled_from(["a", "b", "~", "/", "~1", "0", "-", "中", '"', "\\", ""])
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
    | literals.map(Text),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(keys, below, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(keys, values, max_size=4)


def text(value: Any) -> bytes:
    """Compact JSON, with the literals as they are."""
    if isinstance(value, Text):
        return value.encode()
    if isinstance(value, dict):
        return b"{" + b",".join(text(key) + b":" + text(below) for key, below in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(text(below) for below in value) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def difference(one: Any, other: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """The operations that make one document of another, plainly."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            place = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in other:
                yield {"op": "remove", "path": place}
            elif key not in one:
                yield {"op": "add", "path": place, "value": other[key]}
            else:
                yield from difference(one[key], other[key], place)
    elif isinstance(one, list) and isinstance(other, list):
        for index in range(min(len(one), len(other))):
            yield from difference(one[index], other[index], f"{path}/{index}")
        for index in reversed(range(len(other), len(one))):
            yield {"op": "remove", "path": f"{path}/{index}"}
        for below in other[len(one) :]:
            yield {"op": "add", "path": f"{path}/-", "value": below}
    elif type(one) is not type(other) or one != other:
        yield {"op": "replace", "path": path, "value": other}


@given(documents, documents)
def test_a_difference_patched_gives_the_other_document_to_the_literal(one: Any, other: Any) -> None:
    body = text(one)
    kept = bytes(body)
    patch = text([*difference(one, other)])
    result = json_patch(body, patch)
    assert DECODER.decode(result) == DECODER.decode(text(other))
    assert json.loads(result, parse_int=Text, parse_float=Text) == other
    assert body == kept
    tests = [{"op": "test", "path": "", "value": other}]
    assert json_patch(result, text(tests)) == result


@given(documents, keys, values)
def test_add_then_remove_is_nothing(document: Any, key: str, value: Any) -> None:
    place = "/" + key.replace("~", "~0").replace("/", "~1")
    document.pop(key, None)
    body = text(document)
    both = [{"op": "add", "path": place, "value": value}, {"op": "remove", "path": place}]
    assert json_patch(body, text(both)) == body


@given(
    documents, st.lists(st.sampled_from(["", "/a", "/a/0", "/b", "/b/a", "/~01", "/0", "/-"]), min_size=2, max_size=6)
)
def test_moves_and_copies_do_what_a_plain_model_does(document: Any, places: list[str]) -> None:
    operations = [
        {"op": ("move", "copy")[number % 2], "from": one, "path": other}
        for number, (one, other) in enumerate(pairwise(places))
    ]
    body = text(document)
    try:
        wanted = model(document, operations)
    except (LookupError, TypeError, ValueError):
        assert fault(body, text(operations)).code.startswith("patch-")
        return
    if isinstance(wanted, dict):
        assert json_patch(body, text(operations)) == text(wanted)
    else:
        assert fault(body, text(operations)).code == "not-object"


def model(document: Any, operations: list[dict[str, Any]]) -> Any:
    """Moves and copies in the plainest way: on values, deeply copied, each as a removal and an addition."""
    box: Any = {"": document}
    for each in operations:
        source, target = steps(each["from"]), steps(each["path"])
        if each["op"] == "move" and target[: len(source)] == source and target != source:
            raise ValueError("into itself")
        value = json.loads(text(at(box, source)), parse_int=Text, parse_float=Text)
        if each["op"] == "move" and source == target:
            continue
        if each["op"] == "move":
            del at(box, source[:-1])[key_of(at(box, source[:-1]), source[-1])]
        holder = at(box, target[:-1])
        if isinstance(holder, list):
            index = len(holder) if target[-1] == "-" else key_of(holder, target[-1])
            if index > len(holder):
                raise IndexError(index)
            holder.insert(index, value)
        elif isinstance(holder, dict):
            holder[target[-1]] = value
        else:
            raise TypeError(holder)
    return box[""]


def steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def key_of(holder: Any, step: str) -> Any:
    return int(step) if isinstance(holder, list) else step


def at(node: Any, path: list[str]) -> Any:
    for step in path:
        if not isinstance(node, dict | list):
            raise TypeError(node)
        node = node[key_of(node, step)]
    return node
