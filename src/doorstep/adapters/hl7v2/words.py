"""What the reasons mean and what to do about them, in Chinese and English, for the people who mend messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Words(NamedTuple):
    """A reason in a sentence, and what to do: Chinese, English."""

    said: tuple[str, str]
    todo: tuple[str, str]


_SENDER: Final = ("请发送方修正后重发。", "Ask the sender to put it right and send it again.")
_CHARSET: Final = (
    "在该接口上设定字符集（许多系统实际发送 GBK 而未声明），然后重新处理。",
    "Set the endpoint's character set (many systems send GBK and do not say so), then process it again.",
)
_TABLES: Final = (
    "如需使用，请在转换规则中增加一行；否则可忽略。",
    "Add a line to the tables if it is needed; else leave it.",
)
_VALUE: Final = (
    "请在值对照表中增加该值，或请发送方修正。",
    "Add the value to its value map, or ask the sender to put it right.",
)
_FILE: Final = (
    "可能在传输中被截断：请发送方重发，或在此处改正。",
    "It may have been cut on its way: ask the sender to send it again, or mend it here.",
)
_KIND: Final = (
    "请与维护转换规则的人员商定是否接收；不接收的，请发送方停发。",
    "Agree with a mapper whether it is to be taken; if not, ask the sender to stop.",
)

WORDS: Final[Mapping[str, Words]] = {
    "empty": Words(("报文为空", "The message is empty"), _SENDER),
    "no-header": Words(("不是 HL7 v2 报文：开头没有 MSH 段", "No HL7 v2 message: it does not begin with MSH"), _SENDER),
    "batch": Words(
        ("这是一个批文件，不是单件报文", "A batch file, not a single message"),
        ("请按批文件接收。", "Take it as a batch file."),
    ),
    "separators": Words(
        ("MSH-1、MSH-2 声明的分隔符不可用", "The separators that MSH-1 and MSH-2 declare cannot be used"), _SENDER
    ),
    "charset-unknown": Words(
        ("不认识所声明的字符集（MSH-18）", "The declared character set (MSH-18) is not known"), _CHARSET
    ),
    "not-in-charset": Words(("有字节不属于该字符集", "Some bytes are not of the character set"), _CHARSET),
    "not-a-segment": Words(
        ("有一行不是段：文本中可能含有未转义的换行", "A line is no segment: a text may hold a line end not escaped"),
        (
            "请发送方将文本中的换行写作 \\.br\\，或在此处改正。",
            "Have line ends in texts written as \\.br\\, or mend it here.",
        ),
    ),
    "second-header": Words(("一帧中有两件报文", "Two messages in one frame"), _SENDER),
    "too-long": Words(
        ("报文超过接口的长度上限", "The message is longer than the endpoint's limit"),
        ("请提高上限，或请发送方分开发送。", "Raise the limit, or ask the sender to split it."),
    ),
    "missing-field": Words(("缺少必需的字段", "A field that is needed is missing"), _SENDER),
    "missing-segment": Words(("缺少必需的段", "A segment that is needed is missing"), _SENDER),
    "unsupported-kind": Words(("不接收此类报文", "Messages of this type are not taken"), _KIND),
    "unsupported-trigger": Words(("不接收此触发事件", "This trigger event is not taken"), _KIND),
    "unsupported-processing": Words(("处理标识（MSH-11）不可用", "The processing id (MSH-11) cannot be used"), _SENDER),
    "unsupported-version": Words(("版本（MSH-12）不受支持", "The version (MSH-12) is not supported"), _SENDER),
    "same-record": Words(("合并的两个号码相同", "The two numbers to be merged are the same"), _SENDER),
    "bad-value": Words(("值不符合其类型，未采用", "A value is not of its type and was left out"), _VALUE),
    "bad-base64": Words(
        ("附带的文件不是有效的 Base64，无法还原", "An enclosed file is no valid base64 and cannot be restored"),
        _FILE,
    ),
    "bad-hex": Words(
        ("附带的文件不是有效的十六进制，无法还原", "An enclosed file is no valid hexadecimal and cannot be restored"),
        _FILE,
    ),
    "part-missing": Words(
        ("附带的文件分段发送，缺少其中一段", "An enclosed file came in parts, and one of them is missing"), _FILE
    ),
    "part-unfit": Words(
        ("附带的文件分段发送，这一段接不上", "An enclosed file came in parts, and this one does not fit"), _FILE
    ),
    "unmapped-value": Words(("值不在值对照表中，未采用", "A value is not in its value map and was left out"), _VALUE),
    "unmapped-field": Words(("字段没有转换规则", "A field is not mapped"), _TABLES),
    "unmapped-segment": Words(("段没有转换规则", "A segment is not mapped"), _TABLES),
    "repetition-left-out": Words(("只采用了第一个重复值", "Only the first repetition was taken"), _TABLES),
    "second-value": Words(("该处已有值，第二个值未采用", "The place is filled; a second value was left out"), _TABLES),
    "trailer-missing": Words(("批文件没有结尾段，可能不完整", "The file has no trailer and may be cut off"), _SENDER),
    "too-many": Words(
        ("批文件中的报文太多，没有接收", "The file has too many messages; none was taken"),
        ("请发送方分成较小的文件。", "Ask the sender to make smaller files."),
    ),
    "count-differs": Words(("批文件声明的条数与实际不符", "The file counts otherwise than what is in it"), _SENDER),
}


def say(reason: str, language: str = "zh") -> str:
    """A reason in words; the code itself where it is not known."""
    return WORDS[reason].said[language.startswith("en")] if reason in WORDS else reason


def advice(reason: str, language: str = "zh") -> str:
    """What to do about it; empty where nothing is known."""
    return WORDS[reason].todo[language.startswith("en")] if reason in WORDS else ""
