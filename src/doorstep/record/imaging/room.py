"""The manifest of imaging."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.events.exchange import RecordsArrived
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.record.imaging import fhir, jobs
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions.republishing import republish
from doorstep.record.imaging.reactions import on_arrived

ROOM = Room(
    name="imaging",
    title=_("影像"),
    permissions=Permission,
    sentences={
        Permission.VIEW: _("查看有权查阅的健康档案里的影像检查和图像"),
        Permission.READ: _("查看影像归档及其运行情况；看不到影像"),
        Permission.EDIT: _("登记、修改和启停影像归档"),
        Permission.TIE: _("查看归属不明的影像检查，确定或撤销其归属"),
        Permission.STORE: _("经本平台向本机构的影像归档送影像"),
        "archive.address": _("地址要写成 https://主机/dicom-web 的样子，不带用户名、参数和空格。"),
        "archive.not-secured": _("不在本机的影像归档要用 https。"),
        "archive.taken": _("这家机构已登记过这个地址的影像归档。"),
        "archive.moved": _("影像归档的机构不能更改，请另外登记一个。"),
        "study.no-record": _("这位居民还没有机构送来的档案，影像无处可归。"),
        "study.two-patients": _("归档里有同号的检查属于不同的病人，请先在归档里改正。"),
    },
    menu=(
        MenuEntry(_("影像归档"), "imaging:archives", "server-bolt", Permission.READ, _("数据")),
        MenuEntry(_("影像待归属"), "imaging:resting", "photo-scan", Permission.TIE, _("数据")),
    ),
    reactions={RecordsArrived: (on_arrived,)},
    jobs=(
        Job("imaging.again", timedelta(hours=1), jobs.again),
        Job("imaging.publish", timedelta(hours=24), jobs.publish_all),
    ),
    publishes=fhir.PUBLISHES,
    republish=republish,
)
