"""Patches made to hurt: each is a clear problem, in little time."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.patch import fhirpath_patch, json_patch
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import Limits, parse

BODY = b'{"resourceType":"Patient","a":[1,2],"b":{"c":{}}}'
SECONDS = 4.0  # of a processor; each takes a tenth of that on a free one


@contextmanager
def quick() -> Iterator[None]:
    # the collector would walk over all that other tests have left in this process
    gc.disable()
    try:
        start = time.process_time()
        yield
        spent = time.process_time() - start
    finally:
        gc.enable()
    assert spent < SECONDS


def fault(call: Callable[[], bytes]) -> FhirProblem:
    with quick(), pytest.raises(FhirProblem) as caught:
        call()
    assert len(caught.value.message("zh")) < 400
    assert len(caught.value.message("en")) < 400
    return caught.value


def of(patch: Any, body: bytes = BODY, **limits: int) -> str:
    given = patch if isinstance(patch, bytes) else json.dumps(patch).encode()
    return fault(lambda: json_patch(body, given, Limits(**limits))).code


def parameter(kind: str, path: str, *parts: dict[str, Any]) -> dict[str, Any]:
    head = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    return {"name": "operation", "part": [*head, *parts]}


def of_fhir(parameters: Any, body: bytes = BODY) -> str:
    given = json.dumps({"resourceType": "Parameters", "parameter": parameters}).encode()
    return fault(lambda: fhirpath_patch(body, "Patient", given)).code


def add(path: str, value: Any = 1) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def copy(source: str, path: str) -> dict[str, Any]:
    return {"op": "copy", "from": source, "path": path}


def test_a_hundred_thousand_operations() -> None:
    assert of([add("/a/-")] * 100_000) == "patch-too-many"
    assert of([1] * 1_001) == "patch-too-many"
    assert of_fhir([parameter("delete", "Patient.name")] * 100_000) == "patch-too-many"


def test_a_thousand_operations_are_taken() -> None:
    with quick():
        assert json_patch(BODY, json.dumps([add("/a/-")] * 1_000).encode()).count(b"1") == 1_001
        name = {"name": "name", "valueString": "identifier"}
        adds = [parameter("add", "Patient", name, {"name": "value", "valueIdentifier": {"value": "x"}})] * 1_000
        given = {"resourceType": "Parameters", "parameter": adds}
        assert fhirpath_patch(b'{"resourceType":"Patient"}', "Patient", given).count(b"value") == 1_000


@pytest.mark.parametrize("steps", [64, 65, 66, 1_000, 1_000_000])
def test_deep_pointers(steps: int) -> None:
    assert of([add("/a" * steps)]) in {"patch-bad-index", "patch-no-target", "too-deep"}
    assert of([{"op": "move", "from": "/a" * steps, "path": "/z"}]) in {"patch-bad-index", "too-deep"}


def test_a_document_grown_deep_step_by_step() -> None:
    assert of([add("/z" * depth, {}) for depth in range(1, 64)] + [add("/z" * 64, [1])]) == "too-deep"
    assert of([copy("", "/z")] * 20 + [copy("", "/z/z/z/z/z/z/z/z/z")] * 60) in {"too-deep", "patch-too-costly"}
    chain = [{"op": "move", "from": "/b", "path": "/y"}, add("/b", {}), {"op": "move", "from": "/y", "path": "/b/c"}]
    assert of(chain * 300) == "too-deep"


@pytest.mark.parametrize("value", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000])
def test_deep_values(value: bytes) -> None:
    assert of(b'[{"op":"add","path":"/z","value":' + value + b"}]") == "too-deep"
    assert of(b'[{"op":"test","path":"/a","value":' + value + b"}]") == "too-deep"
    assert of(value) in {"too-deep", "patch-not-array"}


@pytest.mark.parametrize(
    "step",
    ["-1", "01", "00", "1e3", "1.0", "+1", " 1", "1 ", "0x1", "１", "²", "1_0", "", "a", "9" * 100, "9" * 1_000_000],
)
def test_odd_indices(step: str) -> None:
    for path in (f"/a/{step}", f"/a/{step}/b"):
        assert of([add(path)]) == "patch-bad-index"
        assert of([{"op": "remove", "path": path}]) == "patch-bad-index"
    assert of([copy(f"/a/{step}", "/z")]) == "patch-bad-index"


@pytest.mark.parametrize("step", ["2147483648", "9999999999", "2"])
def test_indices_beyond_the_end(step: str) -> None:
    assert of([{"op": "remove", "path": f"/a/{step}"}]) == "patch-no-target"
    assert of([add(f"/a/{step}0")]) in {"patch-no-target", "patch-bad-index"}


def test_the_end_is_a_place_only_for_what_is_added() -> None:
    for operation in ({"op": "remove"}, {"op": "replace", "value": 1}, {"op": "test", "value": 1}):
        assert of([{**operation, "path": "/a/-"}]) == "patch-bad-index"
    assert of([copy("/a/-", "/z")]) == "patch-bad-index"
    assert of([add("/a/-/b")]) == "patch-bad-index"
    assert json_patch(BODY, b'[{"op":"add","path":"/b/-","value":1}]').endswith(b'"b":{"c":{},"-":1}}')


@pytest.mark.parametrize("pointer", ["~", "/~", "/a~2", "/~~", "/~01~", "a", "//a~x", "~0", "\\/a", "#/a", " /a"])
def test_bad_pointers(pointer: str) -> None:
    assert of([add(pointer)]) == "patch-bad-pointer"
    assert of([copy(pointer, "/z")]) == "patch-bad-pointer"


def test_escapes_a_million_times() -> None:
    assert of([{"op": "remove", "path": "/" + "~0~1" * 250_000}]) == "patch-no-target"
    assert of([{"op": "remove", "path": "/" + "~0~1" * 250_000 + "~"}]) == "patch-bad-pointer"


def test_moves_into_own_children() -> None:
    for source, path in (("", "/a"), ("/b", "/b/c"), ("/b", "/b/c/d/e"), ("/a", "/a/-"), ("/a", "/a/0")):
        assert of([{"op": "move", "from": source, "path": path}]) == "patch-into-itself"
    beside = b'[{"op":"move","from":"/b","path":"/bc"}]'
    assert json_patch(BODY, beside).endswith(b'"bc":{"c":{}}}')


@pytest.mark.parametrize("odd", [None, 1, True, [], {}, ["add"], 1e300])
def test_members_that_are_no_strings(odd: Any) -> None:
    for name in ("op", "path", "from"):
        operation = {"op": "move", "from": "/a", "path": "/z", name: odd}
        assert of([operation]) == "patch-member-text"


def test_doubling_again_and_again() -> None:
    doubling = [copy("", "/z")] * 100
    assert of(doubling) in {"patch-too-costly", "too-deep"}
    assert of([copy("/b", f"/b/{n}") for n in range(1_000)]) in {"patch-too-costly", "too-deep"}
    arrays = [add("/z", ["x" * 1_000]), *[copy("/z", "/z/-")] * 40]
    assert of(arrays) in {"patch-too-costly", "too-deep"}


def test_a_large_thing_copied_over_itself_tested_and_moved_a_thousand_times() -> None:
    large = b'{"resourceType":"Patient","a":"' + b"x" * (1 << 20) + b'","b":[]}'
    assert of([copy("/a", "/z")] * 1_000, large) == "patch-too-costly"
    assert of([copy("/a", "/b/-")] * 1_000, large) == "patch-too-costly"
    there_and_back = [{"op": "move", "from": "/a", "path": "/z"}, {"op": "move", "from": "/z", "path": "/a"}]
    assert of(there_and_back * 500, large) == "patch-too-costly"


def test_a_result_that_is_too_large() -> None:
    assert of([add("/z", "x" * 60), copy("/z", "/y"), copy("/z", "/x")], resource_bytes=200) == "patch-result-too-large"
    assert of([add("/z", "x" * 60)], resource_bytes=60) == "too-large"


def peak_of(call: Callable[[], Any]) -> int:
    """The most bytes that a call holds, in objects of Python."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_crowds_are_refused_before_they_fill_the_memory() -> None:
    crowd = b"[" + b"0," * 2_000_000 + b"1]"
    head = b'[{"op":"add","path":"/z","value":' + crowd + b"},"
    whole = peak_of(lambda: parse(b'{"patch":' + head + b"{}]}"))
    opened = head + b'{"op":"remove","path":"/z/0"}]'
    tested = head + b'{"op":"test","path":"/z","value":[]}]'
    for patch in (opened, tested):
        found: list[str] = []
        assert peak_of(lambda patch=patch, found=found: found.append(of(patch))) < whole + (80 << 20)
        assert found == ["patch-too-costly"]


def test_numbers_without_end() -> None:
    long = b'{"resourceType":"Patient","a":1.' + b"0" * 1_000_000 + b"}"
    with quick():
        assert json_patch(long, b'[{"op":"test","path":"/a","value":1}]') == long
    assert of(b'[{"op":"test","path":"/a","value":1.' + b"0" * 1_000_000 + b"1}]", long) == "patch-test-failed"
    assert of(b'[{"op":"test","path":"/a/0","value":1e-' + b"9" * 1_000_000 + b"}]") == "patch-test-failed"
    assert of(b'[{"op":"test","path":"/a/0","value":1e' + b"9" * 1_000 + b"}]") == "non-finite"
    assert of(b'[{"op":"test","path":"/a/0","value":NaN}]') in {"syntax", "non-finite"}


@pytest.mark.parametrize(
    "path",
    [
        "Patient" + ".name" * 800,
        "Patient" + ".contained" * 400,
        "Patient" + ".name" * 1_000_000,
        "Patient.name" + ".where(use = 'x')" * 200 + ".foo",
        "Patient.name.where(" + "(" * 4_000,
        "Patient.name.where(" + "use.not()" + ".not()" * 500 + ")" * 2,
        "Patient.name.where(" + "use = 'x' or " * 200 + ")",
        "Patient.name.where(" + "name.where(" * 300,
        "Patient.name[" + "9" * 1_000 + "]",
        "Patient." + "é" * 100,
        "'" * 4_001,
        "Patient.name.where(use = '" + "\\" * 3_001,
        "`" * 1_000,
        "Patient\x00.name",
    ],
)
def test_hostile_paths(path: str) -> None:
    code = of_fhir([parameter("replace", path, {"name": "value", "valueString": "x"})])
    assert code in {"patch-path-unsupported", "patch-not-one", "patch-no-element", "nul-character"}


def test_long_lists_walked_a_thousand_times() -> None:
    body = json.dumps({"resourceType": "Patient", "identifier": [{"value": str(n)} for n in range(50_000)]}).encode()
    path = "Patient.identifier.where(value = 'none' or value = 'no')"
    assert of_fhir([parameter("delete", path)] * 1_000, body) == "patch-too-costly"
    numbers = [{"name": name, "valueInteger": at} for name, at in (("source", 0), ("destination", 9))]
    assert of_fhir([parameter("move", "Patient.identifier", *numbers)] * 1_000, body) == "patch-too-costly"


def test_parts_within_parts() -> None:
    inner: dict[str, Any] = {"name": "text", "valueString": "x"}
    for _ in range(30):
        inner = {"name": "item", "part": [inner]}
    contact = {"name": "name", "valueString": "contact"}
    assert of_fhir([parameter("add", "Patient", contact, inner)]) in {
        "patch-odd-part",
        "too-deep",
    }
    many = {"name": "value", "part": [{"name": "gender", "valueCode": "x"}] * 100_000}
    assert (
        of_fhir([parameter("add", "Patient", {"name": "name", "valueString": "contact"}, many)])
        == "patch-already-there"
    )


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["add", "/a", "", "/-", "op"]),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(st.sampled_from(["op", "path", "from", "value", "name", "part", "valueString"]), below)
    ),
    max_leaves=20,
)


def problem_of(call: Callable[[], bytes]) -> FhirProblem | None:
    """The fault of a call; where there is none, what it answers is JSON."""
    try:
        json.loads(call())
    except FhirProblem as problem:
        return problem
    return None


@given(junk)
def test_any_json_at_all_is_a_patch_or_a_problem(patch: Any) -> None:
    parameters = json.dumps({"resourceType": "Parameters", "parameter": patch}).encode()
    for problem in (
        problem_of(lambda: json_patch(BODY, json.dumps(patch).encode())),
        problem_of(lambda: fhirpath_patch(BODY, "Patient", parameters)),
    ):
        assert problem is None or problem.kind.status in (400, 413, 422)
        assert problem is None or problem.message("en")


@given(st.binary(max_size=40))
def test_any_bytes_at_all_are_a_problem_at_most(patch: bytes) -> None:
    for problem in (
        problem_of(lambda: json_patch(BODY, patch)),
        problem_of(lambda: fhirpath_patch(BODY, "Patient", patch)),
    ):
        assert problem is None or problem.kind.status == 400
