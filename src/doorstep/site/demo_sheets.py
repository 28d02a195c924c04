"""Sheets of the demo: the township centre has imported follow-ups, and has a list of residents with errors to mend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from uuid import UUID

from doorstep.adapters.sheets.writing import comma_separated
from doorstep.kernel import clock, ledger
from doorstep.kernel.call import Call
from doorstep.record.sheets.access import NEEDED, Permission
from doorstep.record.sheets.actions import deciding, uploading, working
from doorstep.record.sheets.models import Import
from doorstep.record.sheets.reads.forms import FORMS
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents.models import ResidentRecord
from doorstep.site.demo import systems

WHY: Final = "the demo chooses who was followed up"
PEOPLE: Final = 12
READINGS: Final = ((146, 92, "7.2"), (132, 84, "6.1"), (158, 96, ""), (128, 78, "5.6"), (141, 90, "8.4"))
LISTED: Final = (
    {
        "number": "QH9001",
        "name": "测试甲",
        "sex": "男",
        "birth_date": "1962年3月8日",
        "phone": "１３９００００００１１",
    },
    {"number": "QH9002", "name": "测试乙", "sex": "女", "birth_date": "19700230"},
    {"number": "QH9003", "name": "测试丙", "id_number": "4.39921E+17"},
    {"number": "QH9004", "name": "", "sex": "女", "birth_date": "1988-06-15"},
    {"number": "QH9001", "name": "测试丁", "sex": "未定", "birth_date": "1955/12/1"},
)
"""As it was typed: two dates and a telephone that are understood, and one error of each usual sort."""


def build(call: Call, centre: str) -> int:
    """Make them for an institution (credit code), unless it has any; how many rows were applied."""
    place = organisations.by_uscc((centre,)).get(centre)
    if place is None or Import.objects.unscoped(WHY).filter(organisation=place).exists():
        return 0
    held = {str(Permission.USE), *NEEDED.values()}
    clerk = replace(call, organisation=place, name="公共卫生科", permissions=call.permissions | held)
    rows = list(_followed(place, centre))
    if not rows:
        return 0
    done = _send(clerk, "followups", "慢病随访.csv", [*rows, {**rows[0], "number": "P0", "date": "昨天"}])
    deciding.apply(clerk, batch=done, expect=Import.objects.unscoped(WHY).get(pk=done).version)
    _work_off()
    _send(clerk, "residents", "新建档居民.csv", list(LISTED))
    return len(rows)


def _send(clerk: Call, kind: str, file: str, rows: list[dict[str, str]]) -> UUID:
    columns = FORMS[kind].columns
    raw = comma_separated([[c.zh for c in columns], *([row.get(c.key, "") for c in columns] for row in rows)])
    made = uploading.upload(clerk, kind=kind, file=file, raw=raw).id
    _work_off()
    return made


def _work_off() -> None:
    while working.step():
        pass


def _followed(place: UUID, centre: str) -> Iterator[dict[str, str]]:
    """Follow-ups of today of the centre's first patients, whose numbers it gave itself."""
    rows = ResidentRecord.objects.unscoped(WHY).filter(organisation=place, patient_id__isnull=False).order_by("pk")
    for at, key in enumerate(rows.values_list("patient_id", flat=True)[:PEOPLE]):
        stored = ledger.read("Patient", key)
        if stored is None or stored.deleted:
            continue
        body = json.loads(stored.body)
        own = [n["value"] for n in body["identifier"] if n.get("system") == systems.hospital_number(centre)]
        high, low, glucose = READINGS[at % len(READINGS)]
        if own:
            yield {
                "number": own[0], "name": body["name"][0]["text"], "date": clock.today().isoformat(),
                "systolic": str(high), "diastolic": str(low), "glucose": glucose,
                "timing": "空腹血糖" if glucose else "", "doctor": "公共卫生科",
            }  # fmt: skip
