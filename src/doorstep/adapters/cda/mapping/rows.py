"""What stands in the tables, once they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from doorstep.adapters.cda.mapping.grammar import Source, Test
from doorstep.adapters.hl7v2.mapping.grammar import Step


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what is taken, when, and where and how it goes; ``many``: each element found makes one;
    ``needed`` (a path that ends with ``!``): without it nothing is made of the datatype."""

    source: Source
    when: tuple[Test, ...]
    path: tuple[Step, ...]
    shown: str
    transform: str
    values: str
    rule: str
    many: bool
    needed: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that an element begins: the element's name (``ClinicalDocument`` for the header), when, its name in
    the tables, its type, how it is written (``create``: made if it is not there; ``put``), its key, what it needs."""

    at: str
    when: tuple[Test, ...]
    name: str
    type: str
    write: str
    key: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """What is made of ``inner`` within ``outer`` is referred to by it at ``path``."""

    inner: str
    outer: str
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Elements that are left out on purpose: by name, when."""

    name: str
    when: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """A set of tables, checked. ``version`` is its name and version."""

    version: str
    sections: Mapping[str, str]
    made: Mapping[str, tuple[Made, ...]]
    rows: Mapping[str, tuple[Row, ...]]
    datatypes: Mapping[str, tuple[Row, ...]]
    links: tuple[Link, ...]
    ignored: Mapping[str, tuple[Left, ...]]
    values: Mapping[str, Mapping[str, str]]
