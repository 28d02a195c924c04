"""Shared documents of a chart: one in the list, one opened."""

from __future__ import annotations

from dataclasses import dataclass

from doorstep.adapters.cda.document import Document
from doorstep.kernel.paging import Paged
from doorstep.record.charts.shapes.pages import Head, Item
from doorstep.record.charts.shapes.readings import Key


@dataclass(frozen=True, slots=True)
class Paper:
    """What a DocumentReference says of its document: its sort, who wrote it, whether it is superseded, restricted,
    appends or replaces others (their ids), and where its bytes are: ``content`` is the id of a Binary, ``inline``
    the base64 itself."""

    sort: str = ""
    authors: tuple[str, ...] = ()
    custodian: str = ""
    superseded: bool = False
    restricted: bool = False
    former: tuple[str, ...] = ()
    media_type: str = ""
    content: str = ""
    inline: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document in the list."""

    item: Item
    paper: Paper


@dataclass(frozen=True, slots=True)
class Documents:
    """A page of the list of documents, newest first."""

    head: Head
    documents: Paged[Listed]


@dataclass(frozen=True, slots=True)
class Opened:
    """A document opened: its text read, or ``None`` and the ``reason`` why it cannot be shown; ``html`` are the
    narratives of its sections, safe to be shown, one for each."""

    head: Head
    item: Item
    paper: Paper
    document: Document | None
    html: tuple[str, ...] = ()
    reason: str = ""
    may_take: bool = False
    entries: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """Bytes that leave the house, with their type and a name for the file."""

    data: bytes
    media_type: str
    name: str
