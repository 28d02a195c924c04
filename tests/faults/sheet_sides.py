"""An import of each side that was checked, and one that was applied; and what a person sends of the pages of sheets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from doorstep.kernel.call import EVERYWHERE
from doorstep.kernel.testing import callers
from doorstep.record.sheets.tests import kit
from doorstep.registers.organisations.models import Organisation

Form = Callable[[Any, Any], dict[str, Any]]


def fill(side: Any) -> None:
    """Make them; what people typed says the side's text."""
    clerk = replace(callers.member(side.organisation), name=side.text, scope=EVERYWHERE)
    plain = side.text.replace("\0", "")[:50]
    uscc = Organisation.objects.unscoped("test").get(pk=side.organisation).uscc or ""
    row = {"name": plain, "uscc": uscc, "role": "nurse", "since": "2026-01-01", "duty": plain[:40]}
    side.ids["applied"] = kit.applied(clerk, "staff", row | {"number": f"SA{side.number[-8:]}"})
    side.ids["checked"] = kit.checked(clerk, "staff", row | {"number": f"SC{side.number[-8:]}"})


def _version(key: str) -> Form:
    return lambda world, side: {"expect": kit.version(getattr(side, key))}


class Again(SimpleUploadedFile):
    """A file that is sent once more with every request that is made of one sample."""

    def read(self, *args: Any) -> Any:
        """From its beginning."""
        self.seek(0)
        return super().read(*args)


def _sent(world: Any, side: Any) -> dict[str, Any]:
    raw = kit.sheet("staff", {"number": "NEW1", "name": "新人", "uscc": "X", "role": "nurse", "since": "2026-01-01"})
    return {"kind": "staff", "file": Again("人员.csv", raw)}


PATHS: dict[str, Form] = {
    **dict.fromkeys(("sheets:list", "sheets:upload"), lambda world, side: {}),
    **dict.fromkeys(("sheets:template", "sheets:plain_template"), lambda world, side: {"kind": "staff"}),
    **dict.fromkeys(
        ("sheets:one", "sheets:rows_file", "sheets:apply", "sheets:again", "sheets:drop"),
        lambda world, side: {"batch": side.checked},
    ),
    "sheets:undo": lambda world, side: {"batch": side.applied},
}
FORMS: dict[str, Form] = {
    "sheets:upload": _sent,
    **dict.fromkeys(("sheets:apply", "sheets:again", "sheets:drop"), _version("checked")),
    "sheets:undo": _version("applied"),
}
