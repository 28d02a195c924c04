"""Archives are followed: what is new there is noted, then looked at.

Nothing is held open while an archive is asked. What is noted, and how far the changes are known, is one transaction;
so is what was found of a study. Killed anywhere, the rest is done by whoever comes next, and what was done twice is the
same.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.db import close_old_connections, connection, transaction

from doorstep.adapters.dicomweb import attributes, searching
from doorstep.adapters.dicomweb.client import Archive as Address
from doorstep.adapters.dicomweb.client import ArchiveFault
from doorstep.kernel import clock, fence, outbox
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions import asking, settling
from doorstep.record.imaging.flow import State
from doorstep.record.imaging.models import Archive, Study, Unreadable
from doorstep.record.imaging.reads import rows
from doorstep.record.imaging.rules import reading
from doorstep.record.imaging.shapes import Place

log = logging.getLogger(__name__)
ITSELF: Final = "the house follows its archives"
PAUSE: Final = timedelta(seconds=2)
POLL: Final = timedelta(minutes=2)
"""Between two looks at an archive that tells no changes."""
LOCKS: Final = 0x696D6167
"""The first key of the advisory locks of archives."""
LONGEST_WAIT: Final = timedelta(minutes=5)
BACK: Final = timedelta(days=3)
"""How far back such an archive is asked each time: images come late, and studies grow."""
LOOKS: Final = 50
HOUR: Final = timedelta(hours=1)
IDLE: Final = 2.0
THREADS: Final = 2
TOGETHER: Final = ("unreachable", "silent", "slow", "cut", "tls", "unauthorised", "redirect", "address", "not-secured",
                   "credential")  # fmt: skip
"""Faults that are the archive's and not those of one study."""


class Follower:
    """The followers of one process: a few threads, each with one archive at a time."""

    def run(self, stop: threading.Event) -> None:
        """Follow until ``stop`` is set; a lost database is waited for."""
        threads = [threading.Thread(target=self._one, args=(stop,), name=f"follower-{n}") for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _one(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                close_old_connections()
                if not step(outbox.worker_call(), stop.is_set):
                    stop.wait(IDLE)
            except Exception:  # the database may be restarting; the next round connects anew
                log.exception("follower: trying again")
                connection.close()
                stop.wait(IDLE)
        connection.close()


def step(call: Call, stopped: Callable[[], bool] = lambda: False) -> bool:
    """Ask the archive that has waited longest what is new, and look at its studies; False where none is due."""
    with _claimed(clock.now()) as place:
        if place is None:
            return False
        try:
            address = asking.archive(place)
            more = _listen(call, place, address)
            more |= _look(call, place, address, stopped)
            _ask_again(place, address)
        except ArchiveFault as fault:
            _failed(place.archive, fault)
        else:
            _done(place, more=more)
        return True


@contextmanager
def _claimed(now: datetime) -> Iterator[Place | None]:
    """An archive that is due and that nobody else follows now. The lock is the connection's: it ends with who holds
    it, however that ends."""
    due = Archive.objects.unscoped(ITSELF).filter(is_on=True, due_at__lte=now).order_by("due_at")
    for key in due.values_list("pk", flat=True)[:LOOKS]:
        if not _asked("SELECT pg_try_advisory_lock(%s, hashtext(%s))", key):
            continue
        try:
            row = Archive.objects.unscoped(ITSELF).filter(pk=key, is_on=True, due_at__lte=now).first()
            if row is not None:
                yield rows.place(row)
                return
        finally:
            _asked("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)
    yield None


def _asked(statement: str, archive: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [LOCKS, str(archive)])
        return bool(cursor.fetchone()[0])


def _listen(call: Call, place: Place, address: Address) -> bool:
    """Note what is new; whether there is more at once."""
    if not place.is_orthanc:
        return _poll(call, place, address)
    found, last, whole = searching.changes(address, place.position)
    if last < place.position:  # another database: all of it is new
        note(call, archive=place.archive, before=place.position, after=0, uids=[])
        return True
    if last != place.position:
        keys = dict.fromkeys(each.id for each in found if each.kind in searching.ARRIVED)
        held = [one for key in keys if (one := searching.held(address, key)) is not None]
        uids = sorted({one.uid for one in held if one.uid})
        unreadable = {one.id: one.said for one in held if not one.uid}
        note(call, archive=place.archive, before=place.position, after=last, uids=uids, unreadable=unreadable)
    return not whole


def _poll(call: Call, place: Place, address: Address) -> bool:
    """Every study from the last days on, page by page; the first time, every study."""
    today, offset = clock.today(), 0
    while found := searching.studies(address, since=place.since, offset=offset):
        uids = sorted({uid for each in found if (uid := attributes.uid(each, attributes.STUDY_UID))})
        note(call, archive=place.archive, before=place.position, after=place.position, uids=uids)
        if len(found) < searching.MOST:
            break
        offset += len(found)
    Archive.objects.unscoped(ITSELF).filter(pk=place.archive).update(since=today - BACK)
    return False


@action(Permission.TIE, audits="imaging.note")
def note(
    call: Call, *, archive: UUID, before: int, after: int, uids: Iterable[str],
    unreadable: Mapping[str, str] = MappingProxyType({}),
) -> int:  # fmt: skip
    """Have these studies looked at, tell of the ``unreadable`` (Orthanc's id, what stands for a UID), and know the
    changes up to ``after``, unless another has gone on from ``before`` meanwhile: one transaction. How many studies it
    were."""
    row = Archive.objects.unscoped(ITSELF).select_for_update().get(pk=archive)
    wanted = list(uids)
    about("Archive", archive, studies=len(wanted), position=after, unreadable=len(unreadable))
    if row.position != before:
        return 0
    row.position = after
    row.save(update_fields=("position",))
    mark(row, wanted)
    now = clock.now()
    Unreadable.objects.unscoped(ITSELF).bulk_create(
        [
            Unreadable(archive=row, key=key, said=said, seen_at=now, due_at=now + HOUR)
            for key, said in unreadable.items()
        ],
        ignore_conflicts=True,
    )
    return len(wanted)


def _ask_again(place: Place, address: Address) -> None:
    """Whether what could not be read is still there: once it is put right in the archive, it has another id."""
    rows = Unreadable.objects.unscoped(ITSELF).filter(archive=place.archive, due_at__lte=clock.now())
    for row in rows.order_by("due_at", "pk")[:LOOKS]:
        own = Unreadable.objects.unscoped(ITSELF).filter(pk=row.pk)
        if searching.held(address, row.key) is None:
            own.delete()
        else:
            own.update(due_at=clock.now() + HOUR)


def mark(row: Archive, uids: Iterable[str]) -> None:
    """Have studies of an archive looked at, those that are new and those that are known."""
    now, wanted = clock.now(), sorted(set(uids))
    Study.objects.unscoped(ITSELF).bulk_create(
        [
            Study(archive=row, organisation_id=row.organisation_id, uid=uid, state=State.SEEN, seen_at=now,
                  changed_at=now, due_at=now)
            for uid in wanted
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    Study.objects.unscoped(ITSELF).filter(archive=row, uid__in=wanted).update(due_at=now)


def _look(call: Call, place: Place, address: Address, stopped: Callable[[], bool]) -> bool:
    """Look at the studies that are due; whether there are more."""
    asked: Any = Study.objects.unscoped(ITSELF).filter(archive=place.archive, due_at__lte=clock.now())
    due = list(asked.order_by("due_at", "pk").values_list("pk", "uid")[:LOOKS])
    for key, uid in due:
        if stopped():
            return True
        try:
            parts = searching.series(address, uid)
            sample = searching.sample(address, uid, parts)
            found = reading.found(uid, searching.studies(address, uid=uid), parts, sample)
        except ArchiveFault as fault:
            if fault.code in TOGETHER:
                raise
            _put_off(key)
        else:
            settling.settle(call, study=key, found=found)
    return len(due) == LOOKS


def look_soon(study: UUID) -> None:
    """Have a study looked at that its archive does not find: it may be gone."""
    with fence.lifted(ITSELF):
        Study.objects.unscoped(ITSELF).filter(pk=study, due_at__isnull=True).update(due_at=clock.now())


def _put_off(study: UUID) -> None:
    """A study about which the archive answers nothing that can be used is tried again, later each time."""
    with transaction.atomic():
        row = Study.objects.unscoped(ITSELF).select_for_update().get(pk=study)
        row.tries += 1
        row.due_at = clock.now() + outbox.backoff(row.tries + 4)
        row.save(update_fields=("tries", "due_at"))


def _done(place: Place, *, more: bool) -> None:
    now = clock.now()
    wait = timedelta(0) if more else PAUSE if place.is_orthanc else POLL
    Archive.objects.unscoped(ITSELF).filter(pk=place.archive).update(
        answered_at=now, due_at=now + wait, faults=0, fault="", fault_params={}
    )


def _failed(archive: UUID, fault: ArchiveFault) -> None:
    with transaction.atomic():
        row = Archive.objects.unscoped(ITSELF).select_for_update().get(pk=archive)
        row.faults += 1
        row.failed_at, row.fault, row.fault_params = clock.now(), fault.code, dict(fault.params)
        row.due_at = clock.now() + min(outbox.backoff(min(row.faults, 12)), LONGEST_WAIT)
        row.save(update_fields=("faults", "failed_at", "fault", "fault_params", "due_at"))
