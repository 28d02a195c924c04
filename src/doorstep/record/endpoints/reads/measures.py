"""What the watch measures each minute: of every endpoint, and of the house itself. What cannot be measured is left out,
so that no alert opens or ends by it."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography import x509
from django.db import connection
from django.db.models import Q, Sum

from doorstep.kernel import clock, letters
from doorstep.kernel.postgres import home
from doorstep.record.endpoints.models import Minute
from doorstep.record.endpoints.reads.gauges import MOST, gauges
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.record.endpoints.rules.watching import USUAL, WINDOW, Kind, Watch, share, silent_for, watches
from doorstep.record.endpoints.shapes import Gauge

log = logging.getLogger(__name__)
DAY: Final = 86_400
OWN: Final = "tls/certificate.pem"  # where the house keeps one that it made itself (see site.edge)
Values = Mapping[Kind, float | None]


def endpoints(rules: Mapping[UUID | None, list[Watch]]) -> Mapping[Gauge, Values]:
    """Of each endpoint the value of each kind; None where it does not apply: switched off, paused, no certificate."""
    now, found = clock.now(), gauges()
    windows = {each.endpoint: _of(rules.get(each.endpoint, []), Kind.FAULTS).minutes for each in found}
    shares = _shares(windows, now)
    return {each: _values(each, rules.get(each.endpoint, []), shares, now) for each in found}


def _of(said: list[Watch], kind: Kind) -> Watch:
    return watches(said, (kind,))[0]


def _values(each: Gauge, said: list[Watch], shares: Mapping[UUID, float], now: datetime) -> Values:
    values: dict[Kind, float | None] = {Kind.RESTS: each.rests}
    if not each.is_on:
        return values | dict.fromkeys((Kind.SILENT, Kind.FAULTS, Kind.BEHIND, Kind.CERTIFICATE))
    waited = (now - each.oldest).total_seconds() if each.oldest else 0.0
    values |= {
        Kind.SILENT: _silent(each, now, _of(said, Kind.SILENT)),
        Kind.FAULTS: shares.get(each.endpoint, 0.0),
        Kind.BEHIND: None if each.paused else waited,
    }
    if not each.certificate:
        values[Kind.CERTIFICATE] = None
    else:
        _measure(values, Kind.CERTIFICATE, lambda: days_left(Path(each.certificate), now))
    return values


def _silent(each: Gauge, now: datetime, rule: Watch) -> float | None:
    if each.direction is Direction.OUT:  # what there is to send is no sender's doing
        return None
    return silent_for(each.last or each.created, now, working=rule.working)


def _shares(windows: Mapping[UUID, int], now: datetime) -> Mapping[UUID, float]:
    """The share of faults of each endpoint within its own window."""
    at = Q(pk__in=[])
    for minutes in set(windows.values()):
        mine = [key for key, each in windows.items() if each == minutes]
        at |= Q(endpoint__in=mine, at__gt=now - timedelta(minutes=min(minutes, WINDOW)))
    told = Minute.objects.filter(at).values("endpoint_id").annotate(used=Sum("applied"), not_used=Sum("rested"))
    rows: list[tuple[UUID, int, int]] = list(told.values_list("endpoint_id", "used", "not_used"))
    return {key: share(used, rested) for key, used, rested in rows}


def house() -> Values:
    """The house itself."""
    values: dict[Kind, float | None] = {}
    now = clock.now()
    _measure(values, Kind.OUTBOX, lambda: _age(letters.oldest(), now))
    _measure(values, Kind.DEAD, lambda: letters.dead_count(MOST))
    _measure(values, Kind.DISK, lambda: _used(home()))
    _measure(values, Kind.CLOCK, _apart)
    certificate = os.environ.get("DOORSTEP_TLS_CERT_FILE") or home() / OWN
    if not Path(certificate).exists():
        values[Kind.HOUSE_CERTIFICATE] = None
    else:
        _measure(values, Kind.HOUSE_CERTIFICATE, lambda: days_left(Path(certificate), now))
    return values


def _measure(values: dict[Kind, float | None], kind: Kind, ask: Callable[[], float]) -> None:
    assert kind in USUAL
    try:
        values[kind] = ask()
    except (OSError, ValueError) as error:
        log.warning("%s cannot be measured: %s", kind, type(error).__name__)


def days_left(path: Path, now: datetime) -> float:
    """Days until a certificate ends, below 0 where it has. OSError, ValueError where it cannot be read."""
    found = x509.load_pem_x509_certificate(path.read_bytes())
    return (found.not_valid_after_utc - now).total_seconds() / DAY


def _age(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since else 0.0


def _used(folder: Path) -> float:
    """Per cent of the folder's disk that are used, of what there is for others than root."""
    found = shutil.disk_usage(folder)
    return 100 * (1 - found.free / (found.used + found.free))


def _apart() -> float:
    """Seconds between our clock and PostgreSQL's; half the time of the question is allowed for."""
    before = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there: datetime = cursor.fetchone()[0]
    half = (clock.now() - before) / 2
    return max(0.0, (abs(there - before - half) - half).total_seconds())
