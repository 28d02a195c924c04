"""What a refusal says to people: a heading, an explanation, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from doorstep.kernel import room
from doorstep.kernel.decision import Decision


@dataclass(frozen=True, slots=True)
class Words:
    """Title, sentence and icon of a page that says no."""

    title: str
    text: str
    icon: str = "info-circle"


KNOWN = {
    "permission": Words(_("您没有这项权限"), _("您现在的岗位不能做这件事。请换一个岗位，或请管理员给您开通。"), "lock"),
    "confirm.first": Words(
        _("请先确认是您本人"),
        _("这件事很重要，要先确认身份（{minutes} 分钟内有效）。确认以后会回到刚才的页面，再做一次。"),
        "lock",
    ),
    "scope": Words(_("不在您的范围内"), _("这条内容属于别的机构，您现在的岗位看不到。"), "lock"),
    "elsewhere": Words(
        _("由别的机构办理"), _("您看得到这条内容，但这件事要由它所属机构的人来办。请联系他们。"), "building-hospital"
    ),
    "not_found": Words(
        _("没有找到"), _("这条内容不存在，或者不在您能看到的范围内。请检查地址，或从菜单重新进入。"), "file-search"
    ),
    "stale": Words(
        _("内容已被别人改过"),
        _("您打开以后，别人改了这条内容。您的修改没有保存。请重新打开，看过新内容后再做一次。"),
        "refresh-alert",
    ),
    "wrong_state": Words(
        _("现在不能做这一步"), _("这件事已经走到别的环节了。请重新打开，看看现在的状态。"), "refresh-alert"
    ),
    "bad_cursor": Words(_("这一页的地址不对"), _("请回到列表的第一页重新翻看。"), "list-search"),
    "bad_request": Words(_("这个请求看不懂"), _("请从菜单重新进入。"), "alert-circle"),
    "too_many": Words(_("请求太频繁了"), _("这次请求没有处理，什么都没有改动。请等 {seconds} 秒再试。"), "hourglass"),
    "csrf": Words(
        _("页面放得太久了"),
        _("为了安全，这次提交没有生效，什么都没有改动。请返回上一页，刷新后再提交一次。"),
        "clock-x",
    ),
    "error": Words(
        _("出了点问题"), _("系统出错了，刚才的操作可能没有完成。请稍后再试；再不行，请把下面的编号告诉管理员。"), "tool"
    ),
}
OTHER = Words(_("没有办成"), _("系统没有接受这次操作，什么都没有改动。"), "alert-circle")


def words(decision: Decision) -> Words:
    """The words of a refusal in the caller's language: the kernel's, a room's ``sentences[reason]``, or plain ones."""
    found = KNOWN.get(decision.reason)
    if found is None:
        said = next((r.sentences[decision.reason] for r in room.installed() if decision.reason in r.sentences), "")
        found = Words(OTHER.title, str(said), OTHER.icon) if said else OTHER
    return Words(gettext(found.title), fill(gettext(found.text), decision), found.icon)


def sentence(decision: Decision) -> str:
    """The one sentence to show beside a form that was refused."""
    return words(decision).text


def fill(text: str, decision: Decision) -> str:
    """The text with ``{name}`` replaced from the decision's detail, where it is there."""
    for name, value in decision.detail.items():
        text = text.replace("{" + name + "}", str(value))
    return text
