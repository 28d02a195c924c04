"""The door of exchange for other rooms and for the site: send pieces in, try again what waits."""

from __future__ import annotations

from doorstep.record.exchange.access import OPEN_TYPES
from doorstep.record.exchange.actions import (
    StillWrong,
    begin_export,
    cancel_export,
    dismiss,
    interact,
    mend,
    retry,
    retry_waiting,
    set_aside_fault,
    take,
)
from doorstep.record.exchange.actions.export_rows import TypeFilter
from doorstep.record.exchange.reads import (
    counts,
    detail,
    export_file,
    export_manifest,
    export_status,
    exports,
    say,
    set_aside,
    set_aside_numbers,
    stored,
)
from doorstep.record.exchange.rules import advice, issue_of, status_of
from doorstep.record.exchange.shapes import (
    TO_READ,
    Answer,
    EntryAnswer,
    Export,
    ExportFile,
    Interaction,
    Piece,
    Problem,
    Receipt,
)

__all__ = [
    "OPEN_TYPES",
    "TO_READ",
    "Answer",
    "EntryAnswer",
    "Export",
    "ExportFile",
    "Interaction",
    "Piece",
    "Problem",
    "Receipt",
    "StillWrong",
    "TypeFilter",
    "advice",
    "begin_export",
    "cancel_export",
    "counts",
    "detail",
    "dismiss",
    "export_file",
    "export_manifest",
    "export_status",
    "exports",
    "interact",
    "issue_of",
    "mend",
    "retry",
    "retry_waiting",
    "say",
    "set_aside",
    "set_aside_fault",
    "set_aside_numbers",
    "status_of",
    "stored",
    "take",
]
