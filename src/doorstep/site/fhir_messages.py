"""`$process-message` by the room of endpoints: the bytes are kept by the keeper of messages, then answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import orjson

from doorstep.adapters.fhirmessaging import answering
from doorstep.adapters.fhirmessaging.answering import Code
from doorstep.fhir.problems import FhirProblem
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.record.endpoints import api as endpoints
from doorstep.site import fhir_answers
from doorstep.site.mllp_keeper import Keeper

SLOWED: Final = 5  # times that a sender is made to wait where too much waits already
STEP: Final = 1.0
Work = Callable[[Callable[[], endpoints.Arriving]], Awaitable[endpoints.Arriving]]


class Messages:
    """Keeps and answers messages, in one event loop."""

    def __init__(self) -> None:
        self._keeper = Keeper()

    async def process(
        self, call: Call, work: Work, raw: bytes, peer: str, base: str, language: str
    ) -> tuple[int, bytes]:
        """The status and body of the answer; it leaves when the message is durable. What cannot be read so far that its
        header is known is kept too, and told with 400."""
        found = await work(lambda: _arriving(call, raw, peer))
        for _ in range(SLOWED if found.full else 0):
            await asyncio.sleep(STEP)
            found = await work(lambda: _arriving(call, raw, peer))
            if not found.full:
                break
        kept = await self._keeper.submit(found.arrival)
        if kept is None:
            raise FhirProblem("overloaded")
        place = found.repeats or answering.Kept(found.arrival.endpoint, kept.id, kept.received_at)
        if found.message is None or not found.message.control:
            told = answering.issues(found.faults, place, language)
            return 400, orjson.dumps({"resourceType": "OperationOutcome", "issue": told})
        code = Code.FATAL if found.faults else Code.OK
        return 200, orjson.dumps(answering.answer(found.message, code, found.faults, place, base, language))

    async def close(self) -> None:
        """Finish what waits."""
        await self._keeper.close()


def _arriving(call: Call, raw: bytes, peer: str) -> endpoints.Arriving:
    try:
        return endpoints.arriving(call, raw, peer)
    except Refused as refused:
        raise fhir_answers.refusal(refused) from refused
