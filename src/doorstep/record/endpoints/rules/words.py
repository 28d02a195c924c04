"""Why a message rests: (Chinese, English, what to do in Chinese, in English)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    "unreadable": (
        "不是能读的 HL7 v2 报文：{detail}",
        "this is not a readable HL7 v2 message: {detail}",
        "请发送方改正后重发；也可以在这里修正",
        "ask the sender to mend and send it again, or mend it here",
    ),
    "broken-frame": (
        "传输中断，报文不完整（收到 {size} 字节）",
        "the connection broke in the midst of the message ({size} bytes came)",
        "没有应答过，发送方会重发；重发后放弃这一件",
        "it was never acknowledged, so its sender sends it again; then dismiss this one",
    ),
    "too-long": (
        "报文超过上限（{limit} 字节），只保留开头",
        "the message is longer than {limit} bytes; only its beginning is kept",
        "提高接口的上限后请发送方重发",
        "raise the limit of the endpoint, then ask the sender to send it again",
    ),
    "unmappable": (
        "转换规则用不上：{detail}",
        "the mapping cannot use it: {detail}",
        "请发送方补全；或修正报文、换一套转换规则后重放",
        "ask its sender to complete it, or mend it or choose another mapping, then replay",
    ),
    "message-unreadable": (
        "不是能用的 FHIR 消息：{detail}",
        "this is not a FHIR message that can be used: {detail}",
        "请发送方改正后重发；也可以在这里修正",
        "ask the sender to mend and send it again, or mend it here",
    ),
    "message-refused": (
        "转诊没有按这件消息办理：{detail}",
        "the referral was not moved by this message: {detail}",
        "看明白原因后重放、修正，或放弃",
        "see why, then replay it, mend it, or dismiss it",
    ),
    "mapping-failed": (
        "转换时出错：{detail}",
        "the mapping failed: {detail}",
        "修正报文或转换规则后重放",
        "mend the message or the mapping, then replay",
    ),
    "batch-incomplete": (
        "批文件不完整：{detail}",
        "a batch file is not whole: {detail}",
        "文件中的报文已逐件接收；请发送方核对，需要时重发整个文件（不会重复），然后放弃本条",
        "its messages were taken one by one; ask the sender to see to it, and to send all again if need be (nothing "
        "is taken twice), then dismiss this",
    ),
    "document-of-another": (
        "所附文档的患者与报文的患者不是同一人",
        "the enclosed document names another person than the message does",
        "请发送方核对患者后重发，或在此处改正",
        "ask the sender to see whose it is and to send it again, or mend it here",
    ),
    "processing-failed": (
        "处理时出错：{detail}",
        "processing failed: {detail}",
        "稍后重放；仍然出错时请将报文编号告知管理员",
        "replay it later; where it fails again tell the administrator its number",
    ),
    "not-reached": (
        "连不上对方：{detail}",
        "the other side cannot be reached: {detail}",
        "核对地址和端口，请对方检查系统和网络；恢复后会自动继续",
        "check address and port, and ask the other side about its system and network; it goes on by itself",
    ),
    "tls-failed": (
        "加密连接没有建立：{detail}",
        "the secured connection failed: {detail}",
        "核对对方的证书、签发证书文件和主机名",
        "check their certificate, the file of those who sign it, and the host name",
    ),
    "tls-files": (
        "本方的证书文件不能读取：{detail}",
        "our files of TLS cannot be read: {detail}",
        "核对接口登记的文件路径和权限",
        "check the paths and rights of the endpoint's files",
    ),
    "closed": (
        "对方没有应答就断开了连接",
        "the other side closed the connection without an answer",
        "请对方查看这件报文的接收记录；再次发送时编号不变",
        "ask them what became of this message; when it is sent again it has the same id",
    ),
    "too-slow": (
        "对方没有及时应答",
        "the other side did not answer in time",
        "请对方查看系统是否繁忙；再次发送时编号不变",
        "ask them whether their system is busy; when it is sent again it has the same id",
    ),
    "answer-too-long": (
        "对方的应答过长，没有收完",
        "the answer is too long and was not read to its end",
        "请对方检查应答的格式",
        "ask them to check the form of their answers",
    ),
    "sending-failed": (
        "发送时出错：{detail}",
        "sending failed: {detail}",
        "稍后重放；仍然出错时请将报文编号告知管理员",
        "replay it later; where it fails again tell the administrator its number",
    ),
    "answer-unreadable": (
        "对方的应答不能识别",
        "the answer cannot be read",
        "请对方按 HL7 v2 的应答格式（MSA）返回",
        "ask them to answer with an HL7 v2 acknowledgement (MSA)",
    ),
    "answer-of-another": (
        "对方应答的是另一件报文（MSA-2 不符）",
        "the answer is to another message (MSA-2)",
        "请对方在 MSA-2 中返回所收报文的编号",
        "ask them to give back the control id in MSA-2",
    ),
    "answered-error": (
        "对方处理出错，应答 {code}：{error_words}",
        "the other side had an error and answered {code}: {error_words}",
        "请对方处理后重放",
        "ask them to mend it, then replay",
    ),
    "answered-refused": (
        "对方拒收，应答 {code}：{error_words}",
        "the other side refused it and answered {code}: {error_words}",
        "请对方说明原因，改正登记的内容或对方系统后重放；不需要时放弃",
        "ask them why; mend the endpoint or their system, then replay, or dismiss it",
    ),
}
ERRORS: Final[dict[str, tuple[str, str]]] = {
    "100": ("段的次序不对", "segment sequence error"),
    "101": ("缺少必需的字段", "required field missing"),
    "102": ("数据类型不对", "data type error"),
    "103": ("代码不在表中", "table value not found"),
    "200": ("不支持的报文类型", "unsupported message type"),
    "201": ("不支持的事件", "unsupported event code"),
    "202": ("不支持的处理标识", "unsupported processing id"),
    "203": ("不支持的版本", "unsupported version id"),
    "204": ("不认识的号码", "unknown key identifier"),
    "205": ("号码重复", "duplicate key identifier"),
    "206": ("记录被锁定", "application record locked"),
    "207": ("内部错误", "application internal error"),
}
"""HL7 table 0357: what an acknowledgement says is wrong (Chinese, English)."""


def has_words(code: str) -> bool:
    """Whether this room itself has words for the code."""
    return code in WORDS


def words(code: str, params: Mapping[str, Any], language: str) -> str:
    """Why it rests; Chinese unless the language is English."""
    template = WORDS[code][1 if language.startswith("en") else 0]
    try:
        return template.format(**{name: str(value)[:200] for name, value in params.items()})
    except (KeyError, IndexError):
        return template


def error(code: str, language: str) -> str:
    """What a code of table 0357 means; one that is not in it stands for itself."""
    english = language.startswith("en")
    return ERRORS[code][english] if code in ERRORS else code or ("no reason given" if english else "没有说明原因")


def named(sentence: str) -> str:
    """A sentence without the places that are filled for each message: the name of a reason in a choice."""
    return re.sub(r"[：:（(“]?\s*\{[^}]*\}[^，。；:：)）”]*[)）”]?", "", sentence).strip(" ，:：")


def advice(code: str, language: str) -> str:
    """What a person can do about it; empty where nothing is known."""
    return WORDS[code][3 if language.startswith("en") else 2] if code in WORDS else ""
