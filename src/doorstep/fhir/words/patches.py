"""What can be wrong with a patch: `index` is of the operation, from 0, `pointer` its JSON Pointer or FHIRPath."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.words.kind import Kind

PATCHES: Final[dict[str, Kind]] = {
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
    # merge patches
    "patch-many": Kind(
        "multiple-matches", 412, "条件“{what}”匹配到多个资源", "the search “{what}” matches several resources"
    ),
    "patch-identity": Kind(
        "business-rule", 422, "补丁不能改变资源的 {element}", "a patch cannot change the {element} of the resource"
    ),
}
