"""A batch file within one frame (FHS, BHS … BTS, FTS): each message kept on its own, then one acknowledgement for all.

The acknowledgement is a batch of those of the messages, each as it was asked for, none for those that ask for none
(HL7 v2.5.1, 2.10.3.3). Where one cannot be kept nothing is answered: who sends the file again sends nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from doorstep.adapters.hl7v2 import batches, words
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.adapters.hl7v2.shapes import Header, Problem
from doorstep.adapters.mllp.server import Peer
from doorstep.kernel import clock

MOST: Final = 20_000  # messages of one file
TOGETHER: Final = 500  # of which are on their way to be kept
Take = Callable[[Peer, bytes], Awaitable[bytes | None]]


def check(batch: batches.Batch) -> list[Problem]:
    """What is wrong with a file as a whole; of one with too many messages (millions fit a frame) nothing is kept."""
    if (count := len(batch.messages)) > MOST:
        for group in batch.groups:
            group.messages.clear()
        return [Problem("too-many", "", f"{count} / {MOST}")]
    return batches.check(batch)


def envelope_of(batch: batches.Batch) -> tuple[bytes, Header]:
    """The headers and trailers of a file without its messages, and whom they name as its sender."""
    parts = [part for part in (batch, *batch.groups) if part.header is not None]
    first = parts[0].header
    header = Header(sending_application=first.field(3), sending_facility=first.field(4)) if first else Header()
    lines = []
    for name, part in (("FHS", batch), *(("BHS", group) for group in batch.groups)):
        if part.header is not None:
            mark = part.header.separators.field
            lines.append(name + mark + mark.join(part.header.fields[1:]))
            lines += [f"{name[0]}TS{mark}{part.count}"] if part.closed else []
    return ("\r".join(lines) + "\r").encode(), header


async def answered(
    peer: Peer, raw: bytes, batch: batches.Batch, problems: Sequence[Problem], take: Take
) -> bytes | None:
    """Keep all messages of a file, in their order; the acknowledgement of the file, None where one was not kept."""
    answers: list[list[bytes]] = []
    for group in batch.groups:
        found: list[bytes] = []
        for at in range(0, len(group.messages), TOGETHER):
            coming = [take(peer, message) for message in group.messages[at : at + TOGETHER]]
            told = [await each for each in coming]
            if any(each is None for each in told):
                return None
            found += [each for each in told if each]
        answers.append(found)
    text = "；".join(f"{words.say(each.reason)} {each.place}" for each in problems)
    control = hashlib.sha256(raw).hexdigest()[:20]
    return batches.acknowledge_batch(batch, answers, at=_moment(answers), control_id=control, text=text)


def _moment(answers: Sequence[Sequence[bytes]]) -> datetime:
    """When the first message was kept, so that a file that comes again is answered the same; now where none tells."""
    header = next((header_of(each) for group in answers for each in group), None)
    return datetime.strptime(header.at, "%Y%m%d%H%M%S%z") if header else clock.now().astimezone(clock.CHINA)
