"""Every address × every role × every situation, as the tables in ``pages/`` say (see ``tools/access_matrix.py``)."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.access import situations, table
from tests.access.asking import quick_calls
from tests.access.pages import rows_of
from tests.access.situations import Ground
from tests.faults.samples import Address, addresses

WRITE = os.environ.get("DOORSTEP_ACCESS") == "write"
ORDER = {name: place for place, name in enumerate(situations.SITUATIONS)}


@pytest.fixture(scope="module")
def kept() -> Iterator[table.Rows]:
    """The rows of the repository; when they are to be written, those that were asked take their places at the end."""
    rows = dict(table.read())
    yield rows
    if WRITE:
        names = {address.name for address in addresses()}
        table.write({key: row for key, row in rows.items() if key[0] in names}, ORDER)


@pytest.mark.parametrize("address", addresses(), ids=lambda address: address.name)
def test_who_may_what(ground: Ground, kept: table.Rows, address: Address) -> None:
    with quick_calls():
        asked, wrong = rows_of(ground, address)
    if WRITE:
        for key in [key for key in kept if key[0] == address.name]:
            del kept[key]
        kept |= asked
    told = wrong + table.differences(address.name, asked, kept)
    assert not told, "\n".join(told)
