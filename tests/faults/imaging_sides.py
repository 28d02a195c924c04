"""An archive of each side with two studies, one tied to the resident and one that rests; what a person sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from django.db import transaction

from doorstep.adapters.dicomweb.tests.archives import standing
from doorstep.kernel.testing import callers
from doorstep.record.imaging.actions import archives, following, settling, tying
from doorstep.record.imaging.models import Archive, Study
from doorstep.record.imaging.rules.reading import Found, Series
from doorstep.record.imaging.shapes import ArchiveFacts

Form = Callable[[Any, Any], dict[str, Any]]


@cache
def address() -> str:
    """An archive that answers everybody that it has nothing; there as long as this process."""
    return standing()


def fill(side: Any) -> None:
    """Make them; everything that is text says the side's text."""
    text = side.text.replace("\0", "")
    facts = ArchiveFacts(side.organisation, text[:60], address(), user=text[:100], owner=text[:100])
    side.ids["archive"] = archives.add(callers.system(), facts=facts)
    uids = {
        name: f"1.2.{at}.{sum(side.text.encode())}.{int(side.number[-5:-1])}"
        for at, name in enumerate(("tied", "rests"))
    }
    with transaction.atomic():
        following.mark(Archive.objects.unscoped("a side").get(pk=side.archive), uids.values())
    for name, uid in uids.items():
        found = Found(
            uid, number=text[:60], name=text[:100], names=(text[:60],), birth=date(1985, 3, 15), accession=text[:60],
            modalities=("CT",), day=date(2026, 3, 12), description=text[:200],
            series=(Series(f"{uid}.1", 1, "CT", text[:100], 1),),
        )  # fmt: skip
        key = Study.objects.unscoped("a side").get(archive=side.archive, uid=uid).pk
        settling.settle(callers.system(), study=key, found=found)
        side.ids[f"{name}_study"], side.ids[f"{name}_uid"] = key, uid
    who = replace(callers.system(), name=side.text)
    tying.tie(who, study=side.tied_study, expect=1, resident=side.resident)


def _form(world: Any, side: Any) -> dict[str, Any]:
    return {
        "name": "新归档", "organisation": side.organisation, "address": "http://127.0.0.1:8042/new", "owner": "信息科",
        "user": "doorstep", "credential": "", "is_orthanc": "on",
    }  # fmt: skip


def _nothing(world: Any, side: Any) -> dict[str, Any]:
    return {}


PATHS: dict[str, Form] = {
    **dict.fromkeys(("imaging:archives", "imaging:add", "imaging:resting", "imaging:door"), _nothing),
    **dict.fromkeys(
        ("imaging:archive", "imaging:edit", "imaging:switch", "imaging:try"),
        lambda world, side: {"archive": side.archive},
    ),
    **dict.fromkeys(("imaging:resting_one", "imaging:tie"), lambda world, side: {"study": side.rests_study}),
    "imaging:untie": lambda world, side: {"study": side.tied_study},
    "imaging:of_resident": lambda world, side: {"resident": side.resident},
    "imaging:study": lambda world, side: {"resident": side.resident, "study": side.tied_study},
    "imaging:door_study": lambda world, side: {"rest": f"{side.tied_uid}/metadata"},
}
QUERIES: dict[str, Form] = {
    "imaging:door": lambda world, side: {"StudyInstanceUID": side.tied_uid},
    "imaging:resting_one": lambda world, side: {"q": side.number},
}
FORMS: dict[str, Form] = {
    "imaging:add": _form,
    "imaging:edit": lambda world, side: {**_form(world, side), "expect": 1},
    "imaging:switch": lambda world, side: {"on": "0", "expect": 1},
    "imaging:try": _nothing,
    "imaging:tie": lambda world, side: {"expect": 1, "resident": side.resident},
    "imaging:untie": lambda world, side: {"expect": 2},
}
