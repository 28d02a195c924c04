"""The only writers of exchange: the way in, and what people do with what was set aside."""

from __future__ import annotations

from doorstep.record.exchange.actions.exports import begin_export, cancel_export
from doorstep.record.exchange.actions.faults import set_aside_fault
from doorstep.record.exchange.actions.intake import take
from doorstep.record.exchange.actions.interact import interact
from doorstep.record.exchange.actions.levels import set_checks
from doorstep.record.exchange.actions.mend import StillWrong, dismiss, mend, retry, retry_waiting

__all__ = [
    "StillWrong",
    "begin_export",
    "cancel_export",
    "dismiss",
    "interact",
    "mend",
    "retry",
    "retry_waiting",
    "set_aside_fault",
    "set_checks",
    "take",
]
