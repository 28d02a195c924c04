"""What can be wrong with a question about codes."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.words.kind import Kind

TERMINOLOGY: Final[dict[str, Kind]] = {
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
}
