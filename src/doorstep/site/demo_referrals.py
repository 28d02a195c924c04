"""Referrals of the demo, in every state, made by the same actions as real ones: between the township centre and the
lead hospital whose doctors can be tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from doorstep.kernel import clock, outbox
from doorstep.kernel.call import Call
from doorstep.kernel.models import RuleSet
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents.models import Resident, ResidentRecord
from doorstep.services.referrals.actions import drafting, moving, talking
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.rules import insurance
from doorstep.services.referrals.shapes import Answer, Wish

WHY: Final = "the demo chooses who is referred"
CASES: Final = (
    ("内科", "高血压 3 级", "头痛三天，血压 190/112 mmHg，口服药控制不佳。", "U1", ("headache",)),
    ("内科", "2 型糖尿病", "空腹血糖 17.2 mmol/L，口干多饮一周。", "U1", ("uncontrolled",)),
    ("外科", "胆囊结石", "右上腹痛反复发作，B 超提示胆囊结石，需进一步检查。", "U5", ()),
    ("内科", "肺部阴影待查", "咳嗽两周，胸片示右肺上叶阴影，不能确诊。", "U2", ()),
    ("骨科", "股骨颈骨折", "跌倒后左髋疼痛，不能站立，本院不能手术。", "U6", ()),
)
BACK: Final = {
    "diagnosis": "诊断与转出时相符", "results": "血常规、心电图、胸部 CT 已做，详见附件",
    "plan": "调整用药，两周后在基层复查血压和血糖", "number": "",
}  # fmt: skip
PATHS: Final[tuple[tuple[str, ...], ...]] = (
    (), ("send",), ("send",), ("send",), ("send", "give_back"), ("send", "decline"), ("send", "accept"),
    ("send", "accept", "miss"), ("send", "accept", "arrive"), ("send", "accept", "arrive", "begin_care"),
    ("send", "accept", "arrive", "report"), ("send", "accept", "arrive", "report", "receive"),
    ("send", "accept", "arrive", "report", "receive", "follow_up", "close"), ("send", "withdraw"),
)  # fmt: skip
SAID: Final[dict[str, dict[str, Any]]] = {
    "give_back": {"note": "请补充近一周血压记录和用药。"},
    "decline": {"reason": "no_capacity", "note": "本周没有床位。"},
    "report": {"letter": BACK},
    "follow_up": {"note": "血压 138/86 mmHg，已按医嘱服药。"},
    "withdraw": {"reason": "better"},
}


def build(call: Call, centre: str, hospital: str) -> int:
    """Make them between two institutions (credit codes), unless there are any; returns how many."""
    codes = organisations.by_uscc((centre, hospital))
    if Referral.objects.unscoped(WHY).exists() or len(codes) < 2:
        return 0
    here, there = codes[centre], codes[hospital]
    RuleSet.objects.get_or_create(
        code=insurance.CODE, jurisdiction="CN", effective_from=date(2019, 1, 1),
        defaults={"revision": "demo", "issuer": "长沙某医院公告（本地参数）", "parameters": dict(insurance.CHANGSHA)},
    )  # fmt: skip
    people = list(_people(here, len(PATHS)))
    for at, (resident, path) in enumerate(zip(people, PATHS, strict=False)):
        _refer(call, at, resident, path, (here, there))
    return min(len(people), len(PATHS))


def _people(organisation: UUID, number: int) -> Iterator[UUID]:
    """Residents of whom the institution itself has sent records, so that its doctors may read them."""
    held = ResidentRecord.objects.unscoped(WHY).filter(organisation=organisation, patient_id__gt="")
    rows = Resident.objects.unscoped(WHY).filter(
        pk__in=held.values("resident"), deceased=False, merged_into__isnull=True
    )
    yield from rows.order_by("pk").values_list("pk", flat=True)[:number]


def _refer(call: Call, at: int, resident: UUID, path: tuple[str, ...], sides: tuple[UUID, UUID]) -> None:
    here, there = sides
    department, impression, present, criterion, seen = CASES[at % len(CASES)]
    urgency = ("urgent", "routine", "emergency")[at % 3]
    wish = Wish(
        urgency=urgency, service=("outpatient", "inpatient")[at % 2], criteria=(criterion,), seen=seen,
        destination=there, department_name=department, consenter="self", consent_name="本人",
        consent_channel="in_person",
        letter={"impression": impression, "present": present, "past": "否认药物过敏史。", "treatment": "对症处理。"},
        escort="family", phone="0731-88880000",
    )  # fmt: skip
    held = frozenset(str(p) for p in outbox.worker_call().permissions)
    doctor = replace(
        call, name="基层医生", organisation=here, permissions=held, at=clock.now() - timedelta(hours=at * 3)
    )
    desk = replace(doctor, name="转诊中心", organisation=there)
    referral = drafting.draft(doctor, resident=resident, wish=wish)
    for step, name in enumerate(path):
        row = Referral.objects.unscoped(WHY).get(pk=referral)
        caller = replace(doctor if row.desk == here else desk, at=doctor.at + timedelta(minutes=7 * (step + 1)))
        said: dict[str, Any] = SAID.get(name, {})
        if name == "accept":
            said = {"starts": clock.now() + timedelta(days=1 + at % 3)}
        moving.MOVES[name](caller, referral=referral, expect=row.version, answer=Answer(**said))
    if path == ("send",):
        talking.write(replace(doctor, at=clock.now()), referral=referral, text="病人已在来院路上，请优先安排。")
