"""The two letters on paper: a page to print, and the same as PDF."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doorstep.adapters.pdf import Sheet, pdf
from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.watermark import watermark
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.pages.showing import shown
from doorstep.services.referrals.reads import one
from doorstep.services.referrals.rules.letters import Part
from doorstep.services.referrals.shapes import Detail, Letter

TITLES: Final = {
    Part.OUT: (gettext_lazy("双向转诊（转出）单"), gettext_lazy("存根")),
    Part.BACK: (gettext_lazy("双向转诊（回转）单"), gettext_lazy("存根")),
}


@page(Permission.READ)
def paper(request: CalledRequest, referral: UUID, part: str) -> HttpResponse:
    """The national form with its stub, as it was sent."""
    found, letter = _letter(request, referral, part)
    context = {"found": found, "line": found.line, "letter": letter, "sheets": _sheets(found, letter), **shown(found)}
    return render(request, "referrals/paper.html", context)


@page(Permission.READ)
def paper_pdf(request: CalledRequest, referral: UUID, part: str) -> HttpResponseBase:
    """The same as a file, which says at its foot who took it out."""
    found, letter = _letter(request, referral, part)
    body = pdf(_sheets(found, letter), foot=watermark(request.call, post=_(request.call.role)))
    answer = HttpResponse(body, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{found.line.number}-{part}.pdf"'
    return answer


def _letter(request: CalledRequest, referral: UUID, part: str) -> tuple[Detail, Letter]:
    found = one.detail(request.call, referral=referral)
    letter = {Part.OUT.value: found.out, Part.BACK.value: found.back}.get(part)
    if letter is None:
        raise Refused(refuse("not_found", kind="Letter"))
    return found, letter


def _sheets(found: Detail, letter: Letter) -> list[Sheet]:
    """The stub that stays, then the letter that goes (基本公共卫生服务规范 2017, appendix)."""
    part = Part(letter.part)
    title, stub = (str(text) for text in TITLES[part])
    return [
        Sheet(f"{title} {stub}", (*_person(found, letter, stub=True), *_where(found, letter)), _signed(found, letter)),
        Sheet(title, (*_addressed(found, letter), *_rows(found, letter)), _signed(found, letter)),
    ]


def _person(found: Detail, letter: Letter, *, stub: bool) -> list[tuple[str, str]]:
    person = found.person
    age = str(person.age) if person.age is not None else ""
    line = f"{person.name}　{_('性别')} {''.join(shown(found)['sex'])}　{_('年龄')} {age}"
    said = [(_("患者姓名"), line), (_("转诊编号"), found.line.number)]
    if not stub:
        return said
    back = letter.part == Part.BACK
    number = (_("病案号"), letter.body.get("number", "")) if back else (_("档案编号"), "")
    return [*said, number, (_("家庭住址"), person.address), (_("联系电话"), person.phone)]


def _where(found: Detail, letter: Letter) -> list[tuple[str, str]]:
    line = found.line
    day = _day(letter)
    if letter.part == Part.BACK:
        return [(_("转回"), f"{day} {line.origin_name}"), (_("接诊医生"), found.sender_name)]
    where = " ".join(part for part in (line.destination_name, line.department_name) if part)
    return [(_("因病情需要转入"), f"{day} {where}"), (_("接诊医生"), found.wish.receiver)]


def _addressed(found: Detail, letter: Letter) -> list[tuple[str, str]]:
    to = found.line.origin_name if letter.part == Part.BACK else found.line.destination_name
    return [(_("接收机构"), to), *_person(found, letter, stub=False)]


def _rows(found: Detail, letter: Letter) -> list[tuple[str, str]]:
    return list(shown(found)["back_rows" if letter.part == Part.BACK else "out_rows"])


def _signed(found: Detail, letter: Letter) -> tuple[tuple[str, str], ...]:
    """Signed by hand on paper: the line stays for it."""
    line = found.line
    place = line.destination_name if letter.part == Part.BACK else line.origin_name
    phone = found.sender_phone if letter.part == Part.OUT else ""
    return (
        (_("转诊医生（签字）"), letter.written_name), (_("联系电话"), phone), (_("机构名称"), place),
        (_("日期"), _day(letter)),
    )  # fmt: skip


def _day(letter: Letter) -> str:
    return f"{letter.written_at.astimezone(clock.CHINA):%Y-%m-%d}"
