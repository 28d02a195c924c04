"""What can be wrong with a request: its address, its search, its parameters, an export."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.words.kind import Kind

DOOR: Final[dict[str, Kind]] = {
    # the door
    "unauthenticated": Kind("login", 401, "需要身份验证", "authentication is needed"),
    "forbidden": Kind("forbidden", 403, "不允许（{reason}）", "not allowed ({reason})"),
    "scope-missing": Kind(
        "forbidden",
        403,
        "应用没有得到所需的授权：{scope}",
        "the app was not given what this needs: {scope}",
    ),
    "scope-history": Kind(
        "forbidden",
        403,
        "应用的授权只到一位居民或部分内容，不能查看 {type} 的历史版本",
        "the app's scopes are for one patient or for a part, which past versions of {type} cannot be held to",
    ),
    "scope-condition": Kind(
        "forbidden",
        403,
        "应用的授权不允许这样的条件：{query}",
        "the app's scopes do not allow this condition: {query}",
    ),
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
    "message-async": Kind(
        "not-supported",
        400,
        "消息当时就应答，不支持 async=true",
        "messages are answered at once, async=true is not supported",
    ),
    "message-no-endpoint": Kind(
        "forbidden", 403, "贵机构没有接收 FHIR 消息的接口", "your institution has no endpoint for FHIR messages"
    ),
    "message-address": Kind("forbidden", 403, "不接受来自 {address} 的消息", "messages from {address} are not taken"),
    "message-too-long": Kind(
        "too-long",
        413,
        "消息超过接口的上限（{limit} 字节）",
        "the message is longer than its endpoint takes ({limit} bytes)",
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
    # search
    "unconditional": Kind("value", 400, "检索“{query}”没有条件", "the search “{query}” has no condition"),
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
    "rate-limited": Kind(
        "throttled", 429, "请求过于频繁，请在 {seconds} 秒后再试", "too many requests, try again in {seconds} seconds"
    ),
    "tls-required": Kind(
        "security", 403, "这个地址只能通过 TLS（https）访问", "this address is reached by TLS (https) alone"
    ),
    "overloaded": Kind("throttled", 503, "系统繁忙，请稍后再试", "busy, try again later"),
    "internal": Kind("exception", 500, "系统内部错误", "internal error"),
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
    # booking
    "appointment-refused": Kind(
        "conflict", 409, "这个号不能约（{reason}）", "this appointment cannot be had ({reason})"
    ),
    # who somebody is
    "match-several": Kind(
        "multiple-matches",
        200,
        "有 {count} 个人都完全符合，不能确定是哪一位",
        "{count} persons match for certain: which of them it is cannot be said",
    ),
    # words of IHE PIXm, ITI-83
    "pix-source-unknown": Kind(
        "not-found", 404, "找不到 sourceIdentifier 所指的患者标识", "sourceIdentifier Patient Identifier not found"
    ),
    "pix-source-system": Kind(
        "code-invalid", 400, "找不到 sourceIdentifier 的发号机构", "sourceIdentifier Assigning Authority not found"
    ),
    "pix-target-system": Kind("code-invalid", 403, "找不到 targetSystem", "targetSystem not found"),
}
