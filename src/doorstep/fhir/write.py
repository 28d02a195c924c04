"""One write as FHIR's REST interface has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Write:
    """One write: `id`, or (conditional) the search `query`; `body` minified and checked, for PATCH the patch itself.

    `key` is what the client calls the request by: the same again is answered as before. `language` is that of problems.
    """

    method: str
    type: str
    id: str | None = None
    query: str | None = None
    body: bytes = b""
    resource: dict[str, Any] | None = field(default=None, repr=False)
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None
    content_type: str = ""
    origin: str = ""
    key: str | None = None
    language: str = "zh"
