"""What may be done with charts, and what of a record is kept from whom."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, allow


class Permission(StrEnum):
    """What a role may hold in this room."""

    READ = "charts.read"
    OWN = "charts.own"
    RAW = "charts.raw"
    SENSITIVE = "charts.sensitive"


# Records of who somebody is hold full numbers: whole for those to whom the room of residents shows them whole.
IDENTITY: Final = frozenset({"Patient", "Person", "RelatedPerson"})
NUMBERS: Final = "residents.edit"
_TELLING: Final = frozenset({"identifier", "telecom", "text", "contained", "extension", "contact", "photo"})
_REASON: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_MASKED: Final = {"extension": [{"url": _REASON, "valueCode": "masked"}]}


def may_read_whole(call: Call, kind: str) -> Decision:
    """Whether all that a resource of the type says may be read."""
    return call.may(NUMBERS) if kind in IDENTITY else allow()


def may_read_raw(call: Call, kind: str) -> Decision:
    """Whether the stored bytes of a resource of the type may be read."""
    held = call.may(Permission.RAW)
    return may_read_whole(call, kind) if held.allowed else held


def shown(call: Call, kind: str, resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resource as the caller may see it: numbers and contacts of a person are masked without their permission."""
    if may_read_whole(call, kind).allowed:
        return resource
    kept = {name: value for name, value in resource.items() if name not in _TELLING}
    return kept | {f"_{name}": _MASKED for name in ("identifier", "telecom") if name in resource}
