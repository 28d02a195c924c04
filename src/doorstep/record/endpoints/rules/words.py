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
    "processing-failed": (
        "处理时出错：{detail}",
        "processing failed: {detail}",
        "稍后重放；仍然出错时请将报文编号告知管理员",
        "replay it later; where it fails again tell the administrator its number",
    ),
}


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


def named(sentence: str) -> str:
    """A sentence without the places that are filled for each message: the name of a reason in a choice."""
    return re.sub(r"[：:（(“]?\s*\{[^}]*\}[^，。；:：)）”]*[)）”]?", "", sentence).strip(" ，:：")


def advice(code: str, language: str) -> str:
    """What a person can do about it; empty where nothing is known."""
    return WORDS[code][3 if language.startswith("en") else 2] if code in WORDS else ""
