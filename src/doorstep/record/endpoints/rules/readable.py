"""Lines of the mapping tables in words, for people who do not know their small languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from doorstep.adapters.hl7v2.mapping.grammar import Source, Test, Wrong, condition_of, source_of

COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "field": ("字段", "field"), "part": ("组成部分", "part"), "when": ("条件", "when"), "to": ("资源", "resource"),
    "path": ("写入位置", "path"), "as": ("方式", "as"), "values": ("值对照", "value map"), "note": ("说明", "note"),
    "segment": ("段", "segment"), "name": ("名称", "name"), "type": ("资源类型", "type"), "write": ("写法", "write"),
    "key": ("关键字段", "key"), "within": ("属于", "within"), "needs": ("必需", "needs"),
    "message": ("报文", "message"), "trigger": ("触发事件", "trigger"), "table": ("报文表", "table"),
    "segments": ("必需的段", "segments needed"), "from": ("原值", "from"), "each": ("每个", "each"),
}  # fmt: skip
WRITES: Final[dict[str, tuple[str, str]]] = {
    "update": ("按标识更新", "updated by its identifier"), "create": ("没有时新建", "made where there is none"),
    "put": ("按编号写入", "put under its own id"), "each": ("逐个写入", "put, each anew"),
}  # fmt: skip


def column(name: str, language: str) -> str:
    """The name of a column."""
    return COLUMNS.get(name, (name, name))[language.startswith("en")]


def cell(table: str, name: str, text: str, language: str) -> str:
    """A cell in words where its column has a language of its own, else as it stands."""
    english = language.startswith("en")
    segment = table.partition("/")[2].removesuffix(".csv") if table.startswith("segments/") else ""
    try:
        if name in ("field", "part") and text:
            return _source(source_of(text), segment, english)
        if name == "when" and text:
            return _joined((_test(each, segment, english) for each in condition_of(text)), english)
        if name == "to" and text == "-":
            return "not used" if english else "不采用"
        if name == "write":
            return WRITES.get(text, (text, text))[english]
    except Wrong:
        pass
    return text


def _joined(parts: Iterable[str], english: bool) -> str:
    return (" and " if english else "，且").join(parts)


def _source(source: Source, segment: str, english: bool) -> str:
    if source.kind == "constant":
        return f"always “{source.text}”" if english else f"固定为“{source.text}”"
    if source.kind == "resource":
        return f"reference to {source.text}" if english else f"引用 {source.text}"
    if source.kind == "context":
        return "the institution" if english else "本机构"
    if source.text == ".":
        return "the whole" if english else "整体"
    numbers = ".".join(map(str, source.numbers))
    here = source.segment or segment
    repeated = f"[{source.repetition}]" if source.repetition > 1 else ""
    return f"{here}-{numbers}{repeated}" if here else f".{numbers}"


def _test(test: Test, segment: str, english: bool) -> str:
    source = test.source
    if source.kind == "resource":
        if source.text == "after":
            named = "/".join(sorted(test.values or ()))
            return f"behind {named}" if english else f"紧跟在 {named} 之后"
        return _is_there(source.text, test.negated, english)
    place = _source(source, segment, english)
    if test.values is not None:
        named = (" or " if english else " 或 ").join(sorted(each or "“”" for each in test.values))
        return f"{place} is {'not ' * test.negated}{named}" if english else f"{place} {'不' * test.negated}是 {named}"
    if test.pattern is not None:
        words = ("is not like" if test.negated else "is like") if english else ("不符合" if test.negated else "符合")
        return f"{place} {words} {test.pattern.pattern}"
    return _is_there(place, test.negated, english)


def _is_there(place: str, negated: bool, english: bool) -> str:
    if english:
        return f"there is {'no ' * negated}{place}"
    return f"{'没有' if negated else '有'} {place}"
