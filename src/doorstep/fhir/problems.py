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
    # patches: `index` of the operation from 0, `pointer` its JSON Pointer or FHIRPath
    "patch-not-array": Kind("structure", 400, "JSON Patch 应为操作的数组", "a JSON Patch is an array of operations"),
    "patch-too-many": Kind(
        "too-costly", 413, "补丁有 {count} 个操作，上限为 {limit} 个", "{count} operations, at most {limit} are taken"
    ),
    "patch-not-object": Kind(
        "structure", 400, "第 {index} 个操作应为 JSON 对象", "operation {index}: a JSON object is expected"
    ),
    "patch-unknown-operation": Kind(
        "value",
        400,
        "第 {index} 个操作：没有“{operation}”这种操作",
        "operation {index}: there is no operation “{operation}”",
    ),
    "patch-member-missing": Kind(
        "required",
        400,
        "第 {index} 个操作（{pointer}）：缺少“{member}”",
        "operation {index} ({pointer}): “{member}” is missing",
    ),
    "patch-member-text": Kind(
        "structure",
        400,
        "第 {index} 个操作（{pointer}）：“{member}”应为字符串",
        "operation {index} ({pointer}): “{member}” must be a string",
    ),
    "patch-bad-pointer": Kind(
        "value",
        400,
        "第 {index} 个操作：“{target}”不是 JSON Pointer",
        "operation {index}: “{target}” is not a JSON Pointer",
    ),
    "patch-bad-index": Kind(
        "value",
        422,
        "第 {index} 个操作（{pointer}）：“{step}”不是数组下标",
        "operation {index} ({pointer}): “{step}” is not an index of an array",
    ),
    "patch-no-target": Kind(
        "not-found",
        422,
        "第 {index} 个操作（{pointer}）：资源中没有“{place}”",
        "operation {index} ({pointer}): the resource has no “{place}”",
    ),
    "patch-whole": Kind(
        "business-rule",
        422,
        "第 {index} 个操作：补丁不能删除整个资源",
        "operation {index}: a patch cannot remove the whole resource",
    ),
    "patch-into-itself": Kind(
        "value",
        400,
        "第 {index} 个操作（{pointer}）：不能把元素移入其自身",
        "operation {index} ({pointer}): an element cannot be moved into itself",
    ),
    "patch-test-failed": Kind(
        "processing",
        422,
        "第 {index} 个操作（{pointer}）：test 的值与资源中的不同",
        "operation {index} ({pointer}): the value of the test is not the resource's",
    ),
    "patch-too-costly": Kind(
        "too-costly",
        413,
        "补丁复制、比较或查找的内容过多（上限 {limit}）",
        "the patch copies, compares or walks too much (limit {limit})",
    ),
    "patch-result-too-large": Kind(
        "too-long", 413, "补丁的结果超过 {limit} 字节", "the result of the patch is larger than {limit} bytes"
    ),
    "patch-identity": Kind(
        "business-rule", 422, "补丁不能改变资源的 {element}", "a patch cannot change the {element} of the resource"
    ),
    # writes
    "already-there": Kind(
        "conflict",
        412,
        "“{reference}”已存在（If-None-Match），现为第 {found} 版",
        "“{reference}” is there already (If-None-Match), in version {found}",
    ),
    "id-taken": Kind(
        "conflict",
        409,
        "条件不匹配任何资源，而标识“{reference}”已被使用",
        "the search matches nothing, and the id “{reference}” is in use",
    ),
    "same-target": Kind(
        "duplicate", 400, "同一 Bundle 中有多个条目改动“{reference}”", "several entries change “{reference}”"
    ),
    "patch-kind": Kind(
        "not-supported",
        415,
        "不支持的补丁格式“{type}”，请使用 application/json-patch+json 或 FHIR 的 Parameters",
        "patches of the type “{type}” are not supported, use application/json-patch+json or FHIR's Parameters",
    ),
    # shaping
    "summary-mode": Kind("value", 400, "_summary 不支持“{value}”", "_summary does not take “{value}”"),
    # XML
    "xml-syntax": Kind("structure", 400, "XML 语法错误：{detail}", "XML syntax error: {detail}"),
    "xml-doctype": Kind(
        "structure", 400, "XML 中不得有 DOCTYPE 或实体声明", "XML may not declare a DOCTYPE or entities"
    ),
    "xml-encoding": Kind(
        "not-supported", 400, "不支持的 XML 编码声明“{encoding}”", "the XML encoding “{encoding}” is not taken"
    ),
    "xml-too-many": Kind("too-costly", 413, "XML 标签超过 {limit} 个", "more than {limit} tags of XML"),
    "xml-element": Kind("structure", 400, "此处没有元素“{name}”", "there is no element “{name}” here"),
    "xml-namespace": Kind(
        "structure", 400, "“{name}”的命名空间“{namespace}”不对", "“{name}” has the wrong namespace “{namespace}”"
    ),
    "xml-attribute": Kind("structure", 400, "此处没有 XML 属性“{name}”", "there is no attribute “{name}” here"),
    "xml-attribute-missing": Kind("required", 400, "缺少 XML 属性“{name}”", "the attribute “{name}” is missing"),
    "xml-text": Kind("structure", 400, "此处不得有文字“{text}”", "there may be no text here, but “{text}”"),
    "xml-repeated": Kind("structure", 400, "元素“{name}”只能出现一次", "the element “{name}” may stand only once"),
    "xml-value": Kind("value", 400, "“{value}”不是 {type}", "“{value}” is not of type {type}"),
    "xml-empty": Kind("structure", 400, "内容为空的元素、对象或数组", "an element, object or array without content"),
    "xml-unknown-key": Kind("structure", 400, "R4 中没有属性“{key}”", "R4 has no property “{key}” here"),
    "xml-character": Kind("value", 400, "XML 不能表示字符 {character}", "XML cannot hold the character {character}"),
    "xml-narrative": Kind(
        "structure", 400, "叙述不是格式正确的 XHTML div：{detail}", "the narrative is no XHTML div: {detail}"
    ),
    # terminology
    "system-not-loaded": Kind(
        "not-found", 404, "没有载入代码系统“{system}”", "the code system “{system}” is not loaded"
    ),
    "value-set-not-loaded": Kind("not-found", 404, "没有载入值集“{url}”", "the value set “{url}” is not loaded"),
    "concept-map-not-loaded": Kind(
        "not-found", 404, "没有载入概念映射“{url}”", "the concept map “{url}” is not loaded"
    ),
    "unknown-code": Kind(
        "not-found", 404, "代码系统“{system}”没有代码“{concept}”", "“{system}” has no code “{concept}”"
    ),
    "ambiguous-code": Kind(
        "multiple-matches",
        422,
        "代码“{concept}”属于多个代码系统，请给出 system",
        "“{concept}” is in several systems, give one",
    ),
    "too-many-codes": Kind(
        "too-costly",
        422,
        "超过 {limit} 个代码，请用 count 分页或缩小范围",
        "more than {limit} codes: page with count, or narrow",
    ),
    "cyclic-value-set": Kind("processing", 422, "值集相互引用成环：{chain}", "value sets import one another: {chain}"),
    "imports-too-deep": Kind(
        "too-costly", 422, "值集引用超过 {limit} 层", "value sets import deeper than {limit} levels"
    ),
    "bad-compose": Kind(
        "invariant", 422, "值集“{url}”的 compose 有误：{detail}", "compose of “{url}” is wrong: {detail}"
    ),
    "empty-value-set": Kind(
        "processing", 422, "值集“{url}”没有 compose 或 expansion", "“{url}” has neither compose nor expansion"
    ),
    "bad-filter": Kind(
        "not-supported",
        422,
        "代码系统“{system}”不支持筛选“{property} {op} {value}”",
        "“{system}” cannot be filtered by “{property} {op} {value}”",
    ),
    "bad-pattern": Kind(
        "not-supported", 422, "不支持正则表达式“{pattern}”", "the pattern “{pattern}” is not supported"
    ),
    "missing-input": Kind("required", 400, "缺少参数：{names}", "missing: {names}"),
    "bad-input": Kind("value", 400, "参数“{name}”的值“{value}”无效", "“{value}” will not do for “{name}”"),
    "different-systems": Kind(
        "value", 400, "两个代码属于不同的代码系统：{first}、{second}", "the codes are of two systems: {first}, {second}"
    ),
    "patch-not-parameters": Kind(
        "structure", 400, "FHIRPath Patch 应为 Parameters 资源", "a FHIRPath Patch is a Parameters resource"
    ),
    "patch-odd-part": Kind(
        "structure",
        400,
        "第 {index} 个操作：部分“{part}”未知或重复",
        "operation {index}: the part “{part}” is unknown or given twice",
    ),
    "patch-member-number": Kind(
        "structure",
        400,
        "第 {index} 个操作（{pointer}）：“{member}”应为从 0 起的整数",
        "operation {index} ({pointer}): “{member}” must be a whole number from 0",
    ),
    "patch-wrong-form": Kind(
        "value",
        400,
        "第 {index} 个操作（{pointer}）：给出的值不是 {type}",
        "operation {index} ({pointer}): the value given is no {type}",
    ),
    "patch-path-unsupported": Kind(
        "not-supported",
        422,
        "第 {index} 个操作（{pointer}）：路径中的“{what}”不受支持",
        "operation {index} ({pointer}): “{what}” is not supported in a path",
    ),
    "patch-other-type": Kind(
        "value",
        422,
        "第 {index} 个操作（{pointer}）：路径属于“{name}”，资源是 {type}",
        "operation {index} ({pointer}): the path is of “{name}”, the resource is of {type}",
    ),
    "patch-no-element": Kind(
        "value",
        422,
        "第 {index} 个操作（{pointer}）：{type} 没有元素“{element}”",
        "operation {index} ({pointer}): {type} has no element “{element}”",
    ),
    "patch-wrong-type": Kind(
        "value",
        422,
        "第 {index} 个操作（{pointer}）：{element} 不能是 {given}",
        "operation {index} ({pointer}): {element} cannot be of {given}",
    ),
    "patch-not-one": Kind(
        "processing",
        422,
        "第 {index} 个操作（{pointer}）：路径应指向一个元素，却指向 {count} 个",
        "operation {index} ({pointer}): the path must lead to one element, it leads to {count}",
    ),
    "patch-no-list": Kind(
        "processing",
        422,
        "第 {index} 个操作（{pointer}）：路径应指向可重复的元素",
        "operation {index} ({pointer}): the path must lead to an element that repeats",
    ),
    "patch-already-there": Kind(
        "processing",
        422,
        "第 {index} 个操作（{pointer}）：{element} 已有值且不可重复",
        "operation {index} ({pointer}): {element} is there already and does not repeat",
    ),
    "patch-index-outside": Kind(
        "processing",
        422,
        "第 {index} 个操作（{pointer}）：“{member}”超出列表（共 {length} 项）",
        "operation {index} ({pointer}): “{member}” is outside the list of {length}",
    ),
    # bulk export
    "export-level": Kind("not-supported", 400, "没有“{level}”级的导出", "there is no export of level “{level}”"),
    "export-unknown-type": Kind(
        "value", 400, "_type 中有未知的资源类型“{type}”", "_type names an unknown type “{type}”"
    ),
    "export-type-outside": Kind(
        "not-supported",
        400,
        "“{type}”与患者无关，只能做系统级导出",
        "“{type}” is about no patient: it is exported at system level only",
    ),
    "export-since-future": Kind("value", 400, "_since“{since}”晚于现在", "_since “{since}” lies in the future"),
    "export-filter-bad": Kind(
        "value",
        400,
        "_typeFilter“{filter}”应为“类型?检索条件”，类型须在导出范围内",
        "_typeFilter “{filter}” should be “Type?search”, of a type that is exported",
    ),
    "export-filter-unsupported": Kind("not-supported", 400, "不支持 _typeFilter", "_typeFilter is not supported"),
    "export-group": Kind("not-found", 404, "找不到“Group/{group}”", "“Group/{group}” is not found"),
    "export-group-large": Kind("too-costly", 400, "该组成员超过 {limit} 人", "the group has more than {limit} members"),
    "export-nothing": Kind("forbidden", 403, "没有可以导出的范围", "there is nothing within your bounds to export"),
    "export-key-used": Kind(
        "duplicate", 409, "该键已用于另一个导出请求", "the key was used for another export request"
    ),
    "export-too-many": Kind(
        "throttled",
        429,
        "同时进行的导出已达 {limit} 个，请等其中一个完成",
        "{limit} exports are at work already: wait until one is done",
    ),
    "export-disk": Kind("no-store", 500, "导出文件无法写入，请告知管理员", "the files of the export cannot be written"),
    "export-fault": Kind("exception", 500, "导出时系统出错，请告知管理员", "the export failed: tell the administrator"),
    # the Parameters of operations
    "not-parameters": Kind("structure", 400, "应为 Parameters 资源", "a Parameters resource is expected"),
    "parameters-too-many": Kind("too-costly", 413, "参数超过 {limit} 个", "more than {limit} parameters"),
    "parameter-missing": Kind("required", 400, "缺少参数“{name}”", "the parameter “{name}” is missing"),
    "parameter-repeated": Kind(
        "structure", 400, "参数“{name}”只能出现一次", "the parameter “{name}” may come only once"
    ),
    "parameter-unknown": Kind(
        "not-supported", 400, "此操作没有参数“{name}”", "the operation has no parameter “{name}”"
    ),
    "parameter-wrong-type": Kind(
        "value",
        400,
        "参数“{name}”应为 {wanted}，收到的是 {given}",
        "the parameter “{name}” must be of {wanted}, not of {given}",
    ),
    "parameter-bad-value": Kind(
        "value",
        400,
        "参数“{name}”的值“{value}”不是 {wanted}",
        "the value “{value}” of the parameter “{name}” is no {wanted}",
    ),
    "parameter-not-one-value": Kind(
        "invariant",
        400,
        "参数“{name}”应有且仅有一个值、资源或若干部分",
        "the parameter “{name}” must have one value, one resource, or parts",
    ),
    "unknown-value-type": Kind("structure", 400, "没有“{key}”这种值", "there is no value “{key}”"),
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
        "not-supported", 406, "提供 JSON 和 XML，不提供“{type}”", "JSON and XML are served, not “{type}”"
    ),
    "not-found": Kind("not-found", 404, "找不到“{what}”", "“{what}” is not found"),
    "gone": Kind("deleted", 410, "“{what}”已删除", "“{what}” is deleted"),
    "no-such-type": Kind("not-found", 404, "没有资源类型“{type}”", "there is no resource type “{type}”"),
    "unknown-route": Kind("not-supported", 404, "没有此地址“{path}”", "there is nothing at “{path}”"),
    "method-not-allowed": Kind(
        "not-supported", 405, "此处不支持方法“{method}”", "method “{method}” is not allowed here"
    ),
    # the door, more
    "address-too-long": Kind(
        "too-long",
        414,
        "地址超过 {limit} 字节，请改用 POST _search",
        "the address has more than {limit} bytes, use POST _search",
    ),
    "no-compartment": Kind(
        "not-supported", 404, "{owner} 的隔间里没有 {type}", "there is no {type} in the compartment of {owner}"
    ),
    "no-condition": Kind(
        "required", 400, "{type}：缺少 id 或检索条件", "{type}: an id or a search that says which one is missing"
    ),
    "id-missing": Kind("required", 400, "资源缺少 id“{id}”", "the resource lacks the id “{id}”"),
    "export-async": Kind("required", 400, "$export 需要 Prefer: respond-async", "$export needs Prefer: respond-async"),
    "too-many-exports": Kind("throttled", 429, "同时进行的导出过多（{limit}）", "too many exports at once ({limit})"),
    # search
    "bad-search-value": Kind(
        "value", 400, "“{value}”不能用作{kind}的检索值", "“{value}” cannot be searched for as {kind}"
    ),
    "too-costly-search": Kind(
        "too-costly",
        400,
        "检索过大（上限 {limit}），请加上更多条件",
        "the search asks for too much (limit {limit}), narrow it",
    ),
    "unknown-parameter": Kind(
        "not-supported", 400, "{type} 没有检索参数“{name}”", "{type} has no search parameter “{name}”"
    ),
    "ignored-parameter": Kind(
        "not-supported",
        200,
        "{type} 没有检索参数“{name}”，已忽略",
        "{type} has no search parameter “{name}”, it was ignored",
    ),
    "bad-modifier": Kind(
        "not-supported",
        400,
        "检索参数“{name}”不支持修饰“{modifier}”",
        "“{name}” does not support the modifier “{modifier}”",
    ),
    "unknown-chain": Kind(
        "not-supported", 400, "{type} 没有可串联的参数“{name}”", "{type} has no parameter “{name}” to chain by"
    ),
    "bad-sort": Kind("not-supported", 400, "不能按“{name}”排序", "nothing can be sorted by “{name}”"),
    "bad-include": Kind("not-supported", 400, "不能包含“{value}”", "“{value}” cannot be included"),
    "includes-cut": Kind("too-costly", 200, "相关资源过多，只包含前 {limit} 个", "only the first {limit} are included"),
    "page-scanned": Kind(
        "informational",
        200,
        "本页已查看 {limit} 条记录，可沿 next 继续",
        "{limit} records were looked at; next goes on",
    ),
    "bad-cursor": Kind("value", 400, "翻页链接无效", "the link to the next page is not valid here"),
    "slow-search": Kind("too-costly", 503, "检索超时，请加上更多条件", "the search took too long, narrow it"),
    "overloaded": Kind("throttled", 503, "系统繁忙，请稍后再试", "busy, try again later"),
    "internal": Kind("exception", 500, "系统内部错误", "internal error"),
    # validation
    "invalid": Kind(
        "invalid", 422, "资源不合规范，共 {count} 处；首处：{first}", "{count} rules are broken; the first: {first_en}"
    ),
    "invalid-structure": Kind(
        "structure",
        400,
        "资源结构有误，共 {count} 处；首处：{first}",
        "{count} faults of structure; the first: {first_en}",
    ),
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
