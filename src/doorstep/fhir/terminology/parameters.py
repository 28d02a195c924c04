"""Answers as the resource Parameters, and the words of our own in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Answer = dict[str, Any]
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "system-unknown": (
        "没有载入代码系统“{system}”，无法校验代码“{code}”",
        "the code system “{system}” is not loaded, “{code}” cannot be checked",
    ),
    "no-system": ("代码“{code}”没有给出 system", "“{code}” has no system"),
    "not-in-system": ("代码系统“{system}”中没有代码“{code}”", "“{system}” has no code “{code}”"),
    "not-in-value-set": (
        "代码“{code}”（{system}）不在值集“{url}”中",
        "“{code}” of {system} is not in the value set “{url}”",
    ),
    "abstract": ("代码“{code}”是抽象概念，不可直接选用", "“{code}” is abstract and may not be chosen"),
    "inactive": ("代码“{code}”已停用", "“{code}” is inactive"),
    "display": (
        "代码“{code}”的名称应为“{expected}”，不是“{display}”",
        "the display of “{code}” is “{expected}”, not “{display}”",
    ),
    "case": ("代码“{code}”应写作“{expected}”", "“{code}” should be written “{expected}”"),
    "wrong-system": (
        "代码属于“{system}”，不是所查的代码系统“{url}”",
        "the code is of “{system}”, not of the code system asked, “{url}”",
    ),
    "no-map": ("没有适用的概念映射", "there is no concept map that fits"),
    "no-match": ("概念映射中没有代码“{code}”（{system}）的对应", "“{code}” of {system} is not mapped"),
    "only-unmatched": (
        "代码“{code}”（{system}）在目标中没有对应",
        "“{code}” of {system} has nothing like it in the target",
    ),
}


def words(key: str, language: str, **params: str | None) -> str:
    """Say something in Chinese, or in English where the language is; KeyError for what has no words."""
    chinese, english = WORDS[key]
    return (english if language.startswith("en") else chinese).format(**params)


def parameters(parts: Iterable[Answer]) -> Answer:
    """Return a Parameters resource; without `parameter` where there is none."""
    listed = list(parts)
    return {"resourceType": "Parameters", **({"parameter": listed} if listed else {})}


def value(name: str, kind: str, content: Any) -> list[Answer]:
    """Return one parameter with `value[kind]`, or none where there is no content."""
    return [] if content is None else [{"name": name, f"value{kind}": content}]


def compound(name: str, parts: Iterable[Answer]) -> Answer:
    """Return a parameter that consists of parts."""
    return {"name": name, "part": list(parts)}
