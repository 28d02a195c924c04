"""Random resources go to XML and back unchanged, by this code and past another program's reading and writing."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.structure import fields
from doorstep.fhir.tests.generate import TYPES, body, resources
from doorstep.fhir.xml import pretty, read, write


def content(data: bytes) -> Any:
    return json.loads(
        data, parse_int=lambda literal: {"number": literal}, parse_float=lambda literal: {"number": literal}
    )


@settings(max_examples=300, deadline=None)
@given(resources())
def test_json_to_xml_to_json(resource: dict[str, Any]) -> None:
    stored = body(resource)
    assert content(read(write(stored))) == content(stored)


@settings(max_examples=200, deadline=None)
@given(resources(), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(resource: dict[str, Any], random: Any) -> None:
    assert write(body(shuffled(resource, random))) == write(body(resource))


def shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: shuffled(value[name], random) for name in names}
    return [shuffled(each, random) for each in value] if isinstance(value, list) else value


@settings(max_examples=100, deadline=None)
@given(resources())
def test_xml_is_the_same_after_another_program_wrote_it(resource: dict[str, Any]) -> None:
    document = write(body(resource))
    rewritten = ElementTree.canonicalize(document).encode()
    assert without_narratives(content(read(rewritten))) == without_narratives(content(body(resource)))


@settings(max_examples=200, deadline=None)
@given(resources())
def test_indenting_changes_nothing_but_the_space_between_tags(resource: dict[str, Any]) -> None:
    document = write(body(resource))
    shown = pretty(document)
    assert read(shown) == read(document)
    assert all(line.strip() for line in shown.splitlines())


def without_narratives(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_narratives(each) for name, each in value.items() if name != "div"}
    return [without_narratives(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("type_name", TYPES)
def test_elements_of_every_type_stand_in_order(type_name: str) -> None:
    @settings(max_examples=3, deadline=None)
    @given(resources(type_name))
    def check(resource: dict[str, Any]) -> None:
        order = list(fields(type_name))
        places = [order.index(e.tag.partition("}")[2]) for e in ElementTree.fromstring(write(body(resource)))]
        assert places == sorted(places)

    check()


FRAGMENTS = """< > / " ' & ; &# &amp; Patient name value= xmlns : <!-- --> <![CDATA[ ]]> <? ?> div <!DOCTYPE [ ]"""
PIECES = st.sampled_from([*FRAGMENTS.split(), "\0", "\ud800", " ", "\n", "张", '<Basic xmlns="http://hl7.org/fhir">'])
DAMAGE = st.lists(st.tuples(st.integers(0, 5000), PIECES), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(resources("Patient"), DAMAGE)
def test_damage_gives_a_problem_or_a_resource_and_nothing_else(
    resource: dict[str, Any], damage: list[tuple[int, str]]
) -> None:
    document = write(body(resource))
    for place, text in damage:
        at = place % len(document)
        document = document[:at] + text.encode("utf-8", "surrogatepass") + document[at:]
    try:
        taken = read(document)
    except FhirProblem as problem:
        said = problem.message("zh"), problem.message("en")
    else:
        said = content(read(write(taken))), content(taken)
        assert said[0] == said[1]
    assert all(said)
