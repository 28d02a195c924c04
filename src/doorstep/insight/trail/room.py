"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.insight.trail import jobs
from doorstep.insight.trail.access import Permission
from doorstep.kernel.room import Job, MenuEntry, Room

ROOM = Room(
    name="trail",
    title=_("操作留痕"),
    permissions=Permission,
    sentences={Permission.READ: _("查阅操作留痕，核对其完整性")},
    jobs=(
        Job("trail.months", timedelta(hours=12), jobs.make_months),
        Job("trail.late", timedelta(minutes=10), jobs.seal_late),
        Job("trail.head", timedelta(minutes=30), jobs.sign_day),
    ),
    menu=(MenuEntry(_("操作留痕"), "trail:search", "history", Permission.READ, _("系统")),),
)
