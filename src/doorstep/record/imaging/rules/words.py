"""What can be wrong, in words (Chinese msgids)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _(text: str) -> str:
    return text


FAULTS: Final[Mapping[str, str]] = {
    "unreachable": _("影像归档连接不上。请检查地址、网络和归档是否在运行。"),
    "silent": _("影像归档没有在规定时间内答复。"),
    "slow": _("影像归档传得太慢，已中断。"),
    "cut": _("影像归档中途断开了连接。"),
    "tls": _("影像归档的证书无法核实。"),
    "garbage": _("影像归档的答复无法解读。"),
    "large": _("影像归档的答复超过 {megabytes} MB。"),
    "redirect": _("影像归档要转到别的地址，已拒绝。"),
    "unauthorised": _("影像归档不接受我们的用户名或密码。"),
    "status": _("影像归档答复了错误 {status}。"),
    "address": _("影像归档的地址不对。"),
    "not-secured": _("不在本机的影像归档要用 https。"),
    "credential": _("密码文件无法读取。"),
}
"""Of an archive that did not answer as it should (``ArchiveFault``)."""
RESTS: Final[Mapping[str, str]] = {
    "two-patients": _("归档里有 {copies} 个同号的检查，属于不同的病人"),
    "ambiguous": _("这个病人号有 {residents} 位居民"),
    "contradicts": _("病人号找到了居民，但{against}不符"),
    "order-contradicts": _("检查号找到了申请单，但{against}不符"),
    "order-other": _("病人号和检查号指向不同的居民"),
    "too-little": _("影像上没有姓名和出生日期，无法核对"),
    "no-number": _("影像上没有病人号"),
    "unknown": _("没有居民有这个病人号"),
    "changed": _("归档里的病人资料改了，原来的归属要重新确认"),
    "untied": _("归属已由人工撤销"),
    "no-record": _("这位居民还没有机构送来的档案，影像无处可归"),
}
"""Why a study rests."""
AGAINST: Final[Mapping[str, str]] = {"name": _("姓名"), "sex": _("性别"), "birth_date": _("出生日期")}
DOOR: Final[Mapping[str, str]] = {
    "path": _("没有这个地址，或检查号、序列号、影像号不对。"),
    "accept": _("不能提供这种格式：{accept}。"),
    "query": _("查询条件不对：{name}。"),
    "not-found": _("没有这个检查，或您无权查看。"),
    "method": _("这里只能用 GET 和 POST。"),
    "sign-in": _("请先登录，或给出有效的令牌。"),
    "csrf": _("请求没有通过跨站检查。"),
    "length": _("请求要写明长度（Content-Length）。"),
    "too-large": _("一次最多 {megabytes} MB。"),
    "media": _("只收 multipart/related，其中各部分是 application/dicom。"),
    "no-archive": _("您的机构没有登记可用的影像归档。"),
    "upload-cut": _("没有收完，请重新发送。"),
}
"""What the DICOMweb door says."""
