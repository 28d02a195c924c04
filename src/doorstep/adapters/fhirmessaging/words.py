"""What can be wrong with a message: (Chinese, English)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "not-bundle": ("消息应是 Bundle，收到的是 {type}", "a message is a Bundle, this is {type}"),
    "not-message": (
        "Bundle 的类型应是 message，收到的是“{type}”", "the type of the Bundle must be message, not “{type}”",
    ),
    "no-header": (
        "第一个条目应是 MessageHeader，收到的是 {type}",
        "the first entry must be a MessageHeader, this is {type}",
    ),
    "no-id": ("MessageHeader 缺少 id：重发时靠它认出是同一消息", "the MessageHeader has no id to know it again by"),
    "no-event": ("MessageHeader 缺少事件编码（eventCoding）", "the MessageHeader has no event code (eventCoding)"),
    "unknown-event": ("不处理的事件：{event}", "an event that is not taken: {event}"),
    "no-focus": ("事件 {event} 应有 {type}", "the event {event} needs a resource {type}"),
    "not-a-response": ("应答消息不发到这里", "responses to messages are not sent here"),
    "other-sender": ("发送方“{sender}”不属于这个接口", "the sender “{sender}” is none of this endpoint's"),
    "no-receiver": ("找不到接收方“{receiver}”", "the receiver “{receiver}” is not known"),
    "id-reused": (
        "同一消息编号曾用于内容不同的消息 {number}", "the message id was used before for another message, {number}",
    ),
}  # fmt: skip
LEFT: Final[Mapping[str, tuple[str, str]]] = {
    "definition": ("按规范改写：MessageHeader.definition", "mended: MessageHeader.definition"),
    "class": ("按规范改写：Encounter.class", "mended: Encounter.class"),
    "value": ("按规范改写：扩展的值的大小写", "mended: capital of an extension's value"),
    "space": ("按规范改写：去掉地址两端的空格", "mended: spaces around an address"),
    "mime": ("按规范改写：内容类型", "mended: content type"),
    "code": ("按规范改写：编码取自扩展", "mended: the code is taken from the extension"),
    "number": (
        "身份证号的校验码不对，只当作其他证件号",
        "the check digit of the ID is wrong, it is kept as another document's",
    ),
    "repeated": (
        "和消息里的另一项编号相同，另起了编号",
        "it has the id of another of the message, and was given one of its own",
    ),
    "elsewhere": ("引用的资源不在消息里，也没有收到过", "what is referred to is neither in the message nor known"),
}
"""What was mended, or of a message went nowhere."""


def say(code: str, params: Mapping[str, Any], language: str) -> str:
    """What is wrong, in Chinese unless the language is English."""
    template = {**WORDS, **LEFT}[code][1 if language.startswith("en") else 0]
    return template.format(**{name: str(value)[:200] for name, value in params.items()})


def has_words(code: str) -> bool:
    """Whether the code is one of this adapter."""
    return code in WORDS or code in LEFT
