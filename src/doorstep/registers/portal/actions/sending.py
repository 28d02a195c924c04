"""Short messages: which gateway the house has, and what is said in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from doorstep.adapters.messages import Gateway, Message
from doorstep.adapters.messages.files import FileGateway
from doorstep.adapters.messages.http import Carrier, HttpGateway
from doorstep.kernel import clock, sealing
from doorstep.registers.portal.actions.signing import use
from doorstep.registers.portal.models import Binding, Code
from doorstep.registers.portal.rules import codes
from doorstep.registers.residents import api as residents

MOST_TOLD: Final = 5


def gateway() -> Gateway:
    """The operator's carrier (``messages.json`` and its secret), or the file of messages in the data folder."""
    path = Path(settings.DOORSTEP_MESSAGES)
    if not path.exists():
        return FileGateway(path.with_suffix(".jsonl"))
    said = json.loads(path.read_text())
    return HttpGateway(
        Carrier(
            str(said["url"]), str(said.get("account", "")), dict(said.get("templates", {})), str(said.get("sign", ""))
        ),
        settings.DOORSTEP_MESSAGES_SECRET,
    )


def is_real() -> bool:
    """Whether messages go to telephones."""
    return isinstance(gateway(), HttpGateway)


def send_code(key: UUID) -> bool:
    """Send a code to the number that asked for it, if the number is anybody's and the code still holds; whether it was
    sent. Raises ``NotSent``: the outbox tries again."""
    row = Code.objects.filter(id=key).first()
    if row is None or clock.now() - row.asked_at > codes.LASTS or row.used_at is not None:
        return False
    phone = sealing.unseal(row.phone, use=use(row.id))
    if not _anybodys(row.digest, phone):
        return False
    code, minutes = codes.code(settings.DOORSTEP_FIELD_KEY, row.id), str(int(codes.LASTS.total_seconds()) // 60)
    text = f"验证码 {code}，{minutes} 分钟内有效。这是登录您健康档案的钥匙，不要告诉任何人。"
    gateway().send(Message(f"code-{row.id}", phone, "code", {"code": code, "minutes": minutes}, text))
    return True


def _anybodys(digest: str, phone: str) -> bool:
    return Binding.objects.filter(digest=digest, ended_at__isnull=True).exists() or residents.has_phone(phone)


def tell_bound(key: UUID) -> int:
    """Tell the telephones that opened a record before that another does now; how many were told. Raises ``NotSent``."""
    row = Binding.objects.filter(id=key).first()
    if row is None:
        return 0
    others = Binding.objects.filter(resident=row.resident_id, ended_at__isnull=True).exclude(digest=row.digest)
    told = {sealing.unseal(o.phone, use=f"portal.phone:{o.id}") for o in others.order_by("pk")[:MOST_TOLD]}
    told |= {phone for phone in residents.phones(row.resident_id) if codes.mobile(phone)}
    own = sealing.unseal(row.phone, use=f"portal.phone:{row.id}")
    wanted = sorted(told - {own})[:MOST_TOLD]
    text = f"您的健康档案已可用尾号 {row.tail} 的手机登录。如果不是您本人办理的，请尽快到任一村卫生室或卫生院停用。"
    for phone in wanted:
        gateway().send(Message(f"bound-{row.id}-{codes.tail(phone)}", phone, "bound", {"tail": row.tail}, text))
    return len(wanted)


def tell(resident: UUID, key: str, template: str, values: Mapping[str, str], text: str) -> int:
    """Send a notice to a resident: to the telephones bound to their record, else to the first mobile that is known of
    them; how many were told. ``key`` is the same at every try. Raises ``NotSent``: the outbox tries again."""
    bound = Binding.objects.filter(resident=resident, ended_at__isnull=True).order_by("pk")[:MOST_TOLD]
    wanted = {sealing.unseal(one.phone, use=f"portal.phone:{one.id}") for one in bound}
    if not wanted:
        wanted = set([phone for phone in residents.phones(resident) if codes.mobile(phone)][:1])
    for phone in sorted(wanted):
        gateway().send(Message(f"{key}-{codes.tail(phone)}", phone, template, values, text))
    return len(wanted)
