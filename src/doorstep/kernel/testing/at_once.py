"""Running things at the same time, each on a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(*works: Callable[[], T], seconds: float = 60) -> list[T | BaseException]:
    """Start all works together and wait; what each returned, or raised, in their order."""
    gate = threading.Barrier(len(works))
    answers: list[T | BaseException | None] = [None] * len(works)

    def run(place: int, work: Callable[[], T]) -> None:
        try:
            gate.wait()
            answers[place] = work()
        except BaseException as error:  # noqa: BLE001  whatever it was, the test asks about it
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError(f"still at work after {seconds} s")
    return answers  # type: ignore[return-value]  # every place was filled
