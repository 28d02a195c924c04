"""What can be wrong with what was sent: bytes, resources, bundles."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.words.kind import Kind

CONTENT: Final[dict[str, Kind]] = {
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
    # validation
    "invalid": Kind("invalid", 422, "资源不合规范，共 {count} 处", "{count} rules are broken"),
    "invalid-structure": Kind(
        "structure",
        400,
        "资源结构有误，共 {count} 处",
        "{count} faults of structure",
    ),
}
