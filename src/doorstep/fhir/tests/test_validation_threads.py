"""A type that many threads ask for first, at once: each gets a check that is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from doorstep.fhir.tests.test_validation import PATIENT
from doorstep.fhir.validation.bindings import r4_bindings
from doorstep.fhir.validation.compiling import Compiler


@pytest.fixture
def hasty() -> Iterator[None]:
    """Have threads give way to one another all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_no_thread_sees_a_check_that_is_not_filled() -> None:
    threads = 8
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(20):
            compiler, start = Compiler(r4_bindings()), Barrier(threads)

            def ask(_: int, compiler: Compiler = compiler, start: Barrier = start) -> object:
                start.wait()
                return compiler.resource(PATIENT)

            assert list(pool.map(ask, range(threads))) == [None] * threads
