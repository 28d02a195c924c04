"""Coroutines in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], runner: Callable[[Coroutine[Any, Any, T]], T] = asyncio.run) -> T:
    """Run to the end in a thread of its own: the browser's tests keep an event loop in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(runner, work).result()
