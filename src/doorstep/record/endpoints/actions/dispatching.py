"""The sender: gives what waits to threads that wait for the network, and keeps what comes of it.

One thread looks and writes (it alone has a connection to the database); for each key that is under way there is one
more, at most as many as its endpoint allows. So messages of a key go one after the other, keys side by side, and an
endpoint that does not answer keeps only its own threads. Killed at any moment: what was not noted is sent again, with
the same control id.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import InterfaceError, OperationalError, connection, transaction

from doorstep.kernel import clock, outbox
from doorstep.kernel.call import Call
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.actions import sending
from doorstep.record.endpoints.actions.protocols import CONNECTIONS, PROTOCOLS
from doorstep.record.endpoints.actions.queueing import CHANNEL
from doorstep.record.endpoints.rules import outward
from doorstep.record.endpoints.rules.answers import Outcome, Unanswered, Unreachable, Verdict, move_of
from doorstep.record.endpoints.shapes import Endpoint, Parcel, Result

log = logging.getLogger(__name__)
RUN: Final = 20  # messages of one key that are sent before others of it are looked for
TURNS: Final = 5  # pages of keys that are looked at for one endpoint in a round
PAUSE: Final = 0.5  # seconds between two looks where nothing calls
END: Final = 5.0  # seconds that those under way are waited for at the end


@dataclass(slots=True)
class Link:
    """How sending to one endpoint goes: keys under way, where in the keys we are, failures in a row and until when it
    is left alone, when it last answered, and when the next may leave (``rate``)."""

    endpoint: Endpoint
    busy: set[str] = field(default_factory=set)
    after: str = ""
    fails: int = 0
    until: float = 0.0
    answered_at: datetime | None = None
    stopped: bool = False
    free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def renew(self, endpoint: Endpoint) -> None:
        """What is known of the endpoint now; one that was changed is tried at once."""
        if endpoint.version != self.endpoint.version:
            self.fails, self.until = 0, 0.0
        self.endpoint, self.stopped = endpoint, False

    def fail(self, chance: float) -> None:
        """It did not answer. What fails while it is left alone counts no more, and the first time it is asked again at
        once, with another key's message: it may be that one alone."""
        if time.monotonic() >= self.until:
            self.fails += 1
        if self.fails > 1:
            self.until = time.monotonic() + outward.reach_again(self.fails - 1, chance).total_seconds()

    def lanes(self) -> int:
        """How many more keys may go side by side: one alone where it does not answer."""
        most = 1 if self.fails else self.endpoint.facts.most_connections
        return most - len(self.busy) if time.monotonic() >= self.until else 0

    def pace(self) -> None:
        """Wait until the next message may leave."""
        if not (rate := self.endpoint.out.rate):
            return
        with self._lock:
            at = max(self.free_at, time.monotonic())
            self.free_at = at + 1 / rate
        time.sleep(max(0.0, at - time.monotonic()))


@dataclass(frozen=True, slots=True)
class _Came:
    """What a thread tells: of a message, what came of it; of a key, that it is done with it."""

    link: Link
    key: str
    result: Result | None = None
    failed: bool = False


def _note(call: Call, endpoint: UUID, results: list[Result]) -> bool:
    """Keep what came of one endpoint's messages; False for a fault of ours there, which does not stop the others: they
    are sent again."""
    try:
        with transaction.atomic():
            sending.note(call, endpoint=endpoint, results=results)
    except (OperationalError, InterfaceError):  # the database is away: all of it is kept for the next round
        raise
    except Exception:
        log.exception("what came of messages to endpoint %s could not be noted", endpoint)
        return False
    return True


class Dispatcher:
    """The sender of one process."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self.wake = threading.Event()
        self._chance = chance
        self._links: dict[UUID, Link] = {}
        self._owned: set[UUID] = set()
        self._session: Any = None
        self._came: SimpleQueue[_Came] = SimpleQueue()
        self._told: list[_Came] = []

    def run(self, stop: threading.Event, dsn: str) -> None:
        """Send until ``stop`` is set; a lost database is waited for."""
        threading.Thread(target=self._listen, args=(stop, dsn), name="outward-calls", daemon=True).start()
        while not stop.is_set():
            self.wake.clear()
            try:
                self.round(outbox.worker_call())
            except Exception:  # the database may be restarting; what came in the meantime is kept for the next round
                log.exception("sender: trying again")
                connection.close()
                stop.wait(1)
            self.wake.wait(PAUSE)
        self._end()
        connection.close()

    def _listen(self, stop: threading.Event, dsn: str) -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(dsn, autocommit=True) as line:
                    line.execute(f"LISTEN {CHANNEL}")
                    while not stop.is_set():
                        for _ in line.notifies(timeout=2, stop_after=1):
                            self.wake.set()
            except psycopg.Error:
                stop.wait(1)

    def round(self, call: Call) -> None:
        """Note what came, then hand out what may leave now."""
        self._keep_session()
        self.note(call)
        there = {endpoint.id: endpoint for endpoint in reads.sendable()}
        for key in self._owned - there.keys():
            if key not in self._links or not self._links[key].busy:
                sending.unlock(key)
                self._owned.discard(key)
        mine = [endpoint for endpoint in there.values() if self._own(endpoint.id)]
        for key in self._links.keys() - {endpoint.id for endpoint in mine}:
            self._links[key].stopped = True
        for endpoint in mine:
            link = self._links.setdefault(endpoint.id, Link(endpoint))
            link.renew(endpoint)
            self._hand_out(call, link)

    def under_way(self) -> int:
        """How many keys are being sent of, or are not yet noted."""
        return sum(len(link.busy) for link in self._links.values())

    def _keep_session(self) -> None:
        """The locks are the connection's: where it is another, they are gone."""
        connection.ensure_connection()
        if connection.connection is not self._session:
            self._session = connection.connection
            self._owned.clear()

    def _own(self, endpoint: UUID) -> bool:
        if endpoint not in self._owned and sending.lock(endpoint):
            self._owned.add(endpoint)
        return endpoint in self._owned

    def note(self, call: Call) -> None:
        """Keep what the threads have told; what cannot be kept now is kept later, and until then its key rests."""
        while True:
            try:
                self._told.append(self._came.get_nowait())
            except Empty:
                break
        if not self._told:
            return
        by_link: dict[UUID, list[Result]] = defaultdict(list)
        for came in self._told:
            if came.result is not None:
                by_link[came.link.endpoint.id].append(came.result)
        with transaction.atomic():
            noted = {endpoint for endpoint, results in by_link.items() if _note(call, endpoint, results)}
        told, self._told = self._told, []
        for came in told:
            self._learn(came, noted=came.link.endpoint.id in noted)

    def _learn(self, came: _Came, *, noted: bool) -> None:
        link = came.link
        if came.result is None:
            link.busy.discard(came.key)
        elif came.failed or not noted:
            link.fail(self._chance())
        elif came.result.answer is not None:
            link.fails, link.until, link.answered_at = 0, 0.0, clock.now()

    def _hand_out(self, call: Call, link: Link) -> None:
        out, free = link.endpoint.out, link.lanes()
        if free <= 0 or not outward.is_open(clock.now(), out.opens, out.closes):
            return
        keys = self._keys(link, free)
        if not keys:
            return
        most = 1 if link.fails or out.holds else min(RUN, 2 * out.rate or RUN)
        for run in sending.hand_over(call, endpoint=link.endpoint, keys=keys, most=most, busy=frozenset(link.busy)):
            link.busy.add(run[0].key)
            threading.Thread(target=self._send, args=(link, run), name="outward", daemon=True).start()

    def _keys(self, link: Link, free: int) -> list[str]:
        """Keys whose turn it is, going on from where we were, and round once."""
        found: dict[str, None] = {}
        now, begun = clock.now(), link.after
        for _ in range(TURNS):
            page = sending.heads(link.endpoint, link.after)
            for head in page:
                link.after = head.key
                if head.due_at <= now and not head.held and head.key not in link.busy:
                    found[head.key] = None
                if len(found) == free:
                    return list(found)
            if len(page) < sending.LOOK:
                link.after = ""
                if not begun:
                    break
                begun = ""
        return list(found)

    def _send(self, link: Link, run: Iterable[Parcel]) -> None:
        """In a thread of its own: send one key's messages until one is not taken."""
        key = ""
        try:
            for parcel in run:
                key = parcel.key
                if link.stopped:
                    break
                link.pace()
                came = self._sent(link, parcel)
                self._came.put(came)
                if came.result is None or came.result.move != "take":
                    break
                self.wake.set()
        finally:
            self._came.put(_Came(link, key))
            self.wake.set()

    def _sent(self, link: Link, parcel: Parcel) -> _Came:
        endpoint = link.endpoint
        protocol = PROTOCOLS[endpoint.facts.protocol]
        begun = clock.now()
        try:
            answer = protocol.send(endpoint, parcel.body)
            verdict = protocol.judge(parcel.control, answer)
        except Unanswered as why:
            return self._unanswered(link, parcel, begun, why)
        except Unreachable as why:
            return _Came(link, parcel.key, self._again(parcel, why, sent=False), failed=True)
        except Exception as error:  # a fault of ours: the thread must not end without a word
            log.exception("message %s could not be sent", parcel.id)
            return self._unanswered(link, parcel, begun, Unanswered("sending-failed", type(error).__name__))
        move = move_of(verdict, parcel.tries + 1, endpoint.out.most_tries)
        result = Result(
            parcel.id, move, self._due(parcel), parcel.made_at, True, verdict.code, answer, verdict.reason,
            verdict.params,
        )  # fmt: skip
        return _Came(link, parcel.key, result)

    def _unanswered(self, link: Link, parcel: Parcel, begun: datetime, why: Unanswered) -> _Came:
        """Without an answer a message rests only where others got theirs since it was first sent: else it is the other
        side that is at fault, and not the message."""
        answered = link.answered_at
        others = answered is not None and answered > parcel.since
        silent = Verdict(Outcome.AGAIN, reason=why.reason)
        move = move_of(silent, parcel.tries + 1, link.endpoint.out.most_tries) if others else ""
        failed = answered is None or answered < begun
        return _Came(link, parcel.key, self._again(parcel, why, sent=True, move=move), failed=failed)

    def _again(self, parcel: Parcel, why: Unreachable, *, sent: bool, move: str = "") -> Result:
        # what did not leave is not made to wait: its endpoint is
        due = self._due(parcel) if sent else clock.now()
        params = {"detail": why.detail[:200]}
        return Result(parcel.id, move, due, parcel.made_at, sent, reason=why.reason, params=params)

    def _due(self, parcel: Parcel) -> datetime:
        return clock.now() + outward.try_again(parcel.tries + 1, self._chance())

    def _end(self) -> None:
        """No more are begun; those under way are waited for, for a while."""
        for link in self._links.values():
            link.stopped = True
        end = time.monotonic() + END
        while self.under_way() and time.monotonic() < end:
            self.wake.clear()
            try:
                self.note(outbox.worker_call())
            except Exception:  # what is not noted is sent again, by whoever sends next
                log.exception("sender: what was sent last is not noted")
                return
            self.wake.wait(0.1)
        CONNECTIONS.close()
