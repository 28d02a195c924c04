"""Constraints decide races; this turns the database's no into a refusal that can say why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import IntegrityError, transaction

from doorstep.kernel.decision import Refused, refuse


@contextmanager
def clashes(**reasons: str) -> Iterator[None]:
    """Write in a savepoint; a broken constraint named here becomes ``Refused(reason)``, any other stays a fault."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        name = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
        if name not in reasons:
            raise
        raise Refused(refuse(reasons[name])) from error
