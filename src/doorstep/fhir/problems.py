"""What can be wrong with FHIR input: stable codes, with issue type, HTTP status and words in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Kind(NamedTuple):
    """One sort of problem: FHIR issue type, HTTP status, message templates."""

    issue: str
    status: int
    zh: str
    en: str


KINDS: Final[Mapping[str, Kind]] = {
    # the bytes
    "encoding": Kind("structure", 400, "内容不是 UTF-8 编码（{guess}）", "not UTF-8 ({guess})"),
    "empty": Kind("structure", 400, "内容为空", "empty document"),
    "truncated": Kind("structure", 400, "JSON 不完整，内容在中途结束", "the JSON ends before it is complete"),
    "syntax": Kind("structure", 400, "JSON 语法错误：{detail}", "JSON syntax error: {detail}"),
    "duplicate-key": Kind(
        "structure", 400, "对象中属性“{key}”重复出现", "property “{key}” appears twice in one object"
    ),
    "too-deep": Kind("too-costly", 400, "嵌套超过 {limit} 层", "nested deeper than {limit} levels"),
    "nul-character": Kind("value", 400, "字符串中含空字符（U+0000）", "a string holds the NUL character (U+0000)"),
    "surrogate": Kind("value", 400, "字符串中含不成对的代理项字符", "a string holds a lone surrogate"),
    "non-finite": Kind("value", 400, "数值不是有限数", "a number is not finite"),
    "too-large": Kind("too-long", 413, "内容超过 {limit} 字节的上限", "larger than the limit of {limit} bytes"),
    # the resource
    "not-object": Kind("structure", 400, "应为 JSON 对象", "a JSON object is expected"),
    "no-resource-type": Kind("required", 400, "缺少 resourceType", "resourceType is missing"),
    "unknown-type": Kind("structure", 400, "未知的资源类型“{type}”", "unknown resource type “{type}”"),
    "bad-id": Kind("value", 400, "资源 id“{id}”不合规范", "“{id}” is not a valid resource id"),
    "bad-date": Kind("value", 422, "“{value}”不是有效的日期", "“{value}” is not a date that exists"),
    "future-birth-date": Kind("value", 422, "出生日期“{value}”晚于今天", "birth date “{value}” is in the future"),
    "wrong-shape": Kind("structure", 400, "应为{expected}", "{expected} is expected"),
    # the bundle
    "not-bundle": Kind("structure", 400, "应为 Bundle，收到的是“{type}”", "a Bundle is expected, not “{type}”"),
    "bundle-type": Kind(
        "not-supported", 422, "不接收类型为“{type}”的 Bundle", "a Bundle of type “{type}” is not taken here"
    ),
    "too-many-entries": Kind("too-costly", 413, "条目超过 {limit} 个", "more than {limit} entries"),
    "no-resource": Kind("required", 400, "条目缺少 resource", "the entry has no resource"),
    "no-request": Kind(
        "required", 400, "条目缺少 request.method 或 request.url", "request.method or request.url missing"
    ),
    "bad-method": Kind("value", 400, "不支持的方法“{method}”", "method “{method}” is not supported"),
    "bad-url": Kind("value", 400, "request.url“{url}”无法识别", "request.url “{url}” cannot be read"),
    "type-mismatch": Kind(
        "invariant", 400, "url 指向“{url}”，资源却是“{type}”", "url says “{url}”, the resource is “{type}”"
    ),
    "id-mismatch": Kind(
        "invariant", 400, "url 中的 id“{url}”与资源 id 不一致", "id “{url}” of the url is not the resource's"
    ),
    "duplicate-full-url": Kind("duplicate", 400, "fullUrl“{url}”重复", "fullUrl “{url}” appears twice"),
    "duplicate-target": Kind("duplicate", 400, "“{target}”在同一事务中被多次改动", "“{target}” is changed twice"),
    "unresolved-reference": Kind(
        "not-found", 422, "引用“{reference}”在 Bundle 中找不到对应条目", "“{reference}” names no entry of the Bundle"
    ),
    "depends-on-failed": Kind(
        "processing", 422, "所引用的条目“{reference}”有错误", "the entry “{reference}” it refers to is at fault"
    ),
    # the door
    "unauthenticated": Kind("login", 401, "需要身份验证", "authentication is needed"),
    "forbidden": Kind("forbidden", 403, "不允许（{reason}）", "not allowed ({reason})"),
    "unsupported-media-type": Kind(
        "not-supported",
        415,
        "请求内容类型“{type}”不受支持，请使用 application/fhir+json",
        "content type “{type}” is not supported, use application/fhir+json",
    ),
    "unsupported-encoding": Kind(
        "not-supported", 415, "不支持的内容编码“{encoding}”", "content encoding “{encoding}” is not supported"
    ),
    "bad-gzip": Kind("structure", 400, "gzip 内容损坏", "the gzip content is broken"),
    "not-acceptable": Kind(
        "not-supported", 406, "目前只提供 JSON，不提供“{type}”", "only JSON is served for now, not “{type}”"
    ),
    "not-found": Kind("not-found", 404, "找不到“{what}”", "“{what}” is not found"),
    "gone": Kind("deleted", 410, "“{what}”已删除", "“{what}” is deleted"),
    "no-such-type": Kind("not-found", 404, "没有资源类型“{type}”", "there is no resource type “{type}”"),
    "unknown-route": Kind("not-supported", 404, "没有此地址“{path}”", "there is nothing at “{path}”"),
    "method-not-allowed": Kind(
        "not-supported", 405, "此处不支持方法“{method}”", "method “{method}” is not allowed here"
    ),
    "overloaded": Kind("throttled", 503, "系统繁忙，请稍后再试", "busy, try again later"),
    "internal": Kind("exception", 500, "系统内部错误", "internal error"),
}


class FhirProblem(Exception):
    """One fault of the input, with where it is: a FHIRPath expression, or line and column of the text (from 1)."""

    def __init__(
        self,
        code: str,
        expression: str | None = None,
        line: int | None = None,
        column: int | None = None,
        **params: str | int,
    ) -> None:
        super().__init__(code)
        self.kind: Final = KINDS[code]
        self.code: Final = code
        self.expression: Final = expression
        self.line: Final = line
        self.column: Final = column
        self.params: Final[Mapping[str, str | int]] = params

    def message(self, language: str = "zh") -> str:
        """Say what is wrong and, where known, at which line and column; Chinese unless the language is English."""
        chinese = not language.startswith("en")
        params = {key: _short(value) for key, value in self.params.items()}
        text = (self.kind.zh if chinese else self.kind.en).format(**params)
        if self.line is None:
            return text
        place = f"（第 {self.line} 行第 {self.column} 列）" if chinese else f" (line {self.line}, column {self.column})"
        return text + place

    def at(self, expression: str) -> FhirProblem:
        """Return the same problem inside something larger, where its own line and column say nothing any more."""
        path = f"{expression}.{self.expression}" if self.expression else expression
        return FhirProblem(self.code, path, None, None, **self.params)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record, from which `from_dict` makes the same problem again."""
        return {
            "code": self.code,
            "expression": self.expression,
            "line": self.line,
            "column": self.column,
            "params": dict(self.params),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> FhirProblem:
        """Rebuild a problem from the record that `as_dict` made."""
        place = (record["expression"], record["line"], record["column"])
        return cls(record["code"], *place, **record["params"])

    def __str__(self) -> str:
        """Return message and place in English, for logs."""
        return f"{self.expression}: {self.message('en')}" if self.expression else self.message("en")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by record, since an exception's own way would lose the place."""
        return (FhirProblem.from_dict, (self.as_dict(),))


def _short(value: str | int) -> str | int:
    return value[:77] + "…" if isinstance(value, str) and len(value) > 78 else value
