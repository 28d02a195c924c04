"""What a check found, with words in both languages, and the refusal that carries all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.validation.faults import LIMIT, Faults

_CUT: Final = 80
# Python refuses to write integers of more than some thousand digits
_LONGEST: Final = 256
# what a rule says is no value of the resource
_OUR_WORDS: Final = frozenset(("human", "chinese"))


class Finding(msgspec.Struct, frozen=True):
    """One problem: `severity` and `issue_code` are FHIR's, `code` ours and stable, `expression` FHIRPath of the place.

    `zh` and `en` are the words for people; values in them are cut short.
    """

    severity: str
    issue_code: str
    code: str
    expression: str
    zh: str
    en: str

    def message(self, language: str = "zh") -> str:
        """Return the words in English or, for every other language, in Chinese."""
        return self.en if language.startswith("en") else self.zh


class Words(NamedTuple):
    """FHIR's issue type of a fault and the templates of its words."""

    issue: str
    zh: str
    en: str
    severity: str = "error"


WORDS: Final[dict[str, Words]] = {
    "unknown-element": Words("structure", "此处没有属性“{name}”", "there is no property “{name}” here"),
    "wrong-type": Words("structure", "应为{expected}，收到的是{found}", "{expected} is expected, not {found}"),
    "not-array": Words("structure", "应为数组", "an array is expected"),
    "array": Words("structure", "此处不应为数组", "no array is expected here"),
    "empty-array": Words("structure", "数组不能为空", "an array may not be empty"),
    "empty-object": Words("structure", "对象不能为空", "an object may not be empty"),
    "null": Words("structure", "此处不能为 null", "null is not allowed here"),
    "uneven-arrays": Words("structure", "“_{name}”比“{name}”长", "“_{name}” is longer than “{name}”"),
    "missing": Words("required", "缺少“{name}”", "“{name}” is missing"),
    "two-choices": Words("structure", "只能取其一：{names}", "only one of these may be there: {names}"),
    "empty-string": Words("value", "字符串不能为空", "a string may not be empty"),
    "control-character": Words("value", "字符串中含控制字符", "a string holds control characters"),
    "too-long": Words("too-long", "字符串超过 {limit} 个字符", "a string is longer than {limit} characters"),
    "bad-format": Words("value", "“{value}”不是有效的 {type}", "“{value}” is not a valid {type}"),
    "bad-day": Words("value", "日期“{value}”不存在", "the date “{value}” does not exist"),
    "out-of-range": Words("value", "{value} 超出 {type} 的范围", "{value} is out of the range of {type}"),
    "bad-code": Words(
        "code-invalid", "“{value}”不在必须使用的值集 {set} 中", "“{value}” is not in the required value set {set}"
    ),
    "no-code": Words(
        "code-invalid", "没有来自必须使用的值集 {set} 的编码", "there is no code from the required value set {set}"
    ),
    "bad-reference": Words(
        "value",
        "引用“{value}”应为“类型/id”、“#id”、绝对 URL 或 urn",
        "reference “{value}” should be Type/id, #id, an absolute URL or a urn",
    ),
    "conditional-reference": Words(
        "value",
        "条件引用“{value}”只能用于事务 Bundle",
        "the conditional reference “{value}” is allowed in a transaction only",
    ),
    "reference-target": Words(
        "value", "不能引用“{found}”，只能引用：{targets}", "“{found}” may not be referred to here, only: {targets}"
    ),
    "reference-type": Words(
        "value", "type“{type}”与引用“{value}”不符", "type “{type}” is not that of the reference “{value}”"
    ),
    "no-resource-type": Words("required", "缺少 resourceType", "resourceType is missing"),
    "unknown-resource": Words("structure", "未知的资源类型“{name}”", "unknown resource type “{name}”"),
    "other-resource": Words(
        "structure", "应为 {expected}，resourceType 却是“{name}”", "{expected} is expected, resourceType is “{name}”"
    ),
    "nested-contained": Words("structure", "被包含的资源不能再包含资源", "a contained resource may not contain others"),
    "contained-no-id": Words("required", "被包含的资源缺少 id", "a contained resource needs an id"),
    "contained-same-id": Words("duplicate", "被包含的资源 id“{id}”重复", "contained id “{id}” appears twice"),
    "too-deep": Words("too-costly", "嵌套过深", "nested too deeply"),
    "too-many-findings": Words(
        "too-costly",
        "问题超过 {limit} 个，其余不再列出",
        "more than {limit} problems, the rest is not listed",
        "warning",
    ),
    "invariant": Words("invariant", "不满足规则 {key}：{chinese}", "rule {key} is not met: {human}"),
    "not-evaluated": Words(
        "incomplete", "规则 {key} 无法判定（{reason}）", "rule {key} could not be evaluated ({reason})", "information"
    ),
    "profile-unknown": Words("not-found", "未知的规范“{profile}”", "the profile “{profile}” is not known here"),
    "mode-unknown": Words("not-supported", "不支持的模式“{mode}”", "mode “{mode}” is not supported"),
    "id-not-needed": Words(
        "value", "新建时不应有 id，服务器会另行分配", "an id is not wanted on create: the server gives one", "warning"
    ),
    "id-needed": Words("required", "更新时必须有 id", "an id is needed on update"),
}


def finding(code: str, expression: str, severity: str | None = None, **params: object) -> Finding:
    """Return a finding with its words filled in; `severity` None is that of the code."""
    words = WORDS[code]
    short = {key: value if key in _OUR_WORDS else shorten(value) for key, value in params.items()}
    said = (words.zh.format(**short), words.en.format(**short))
    return Finding(severity or words.severity, words.issue, code, expression, *said)


def shorten(value: object) -> str:
    """Return a value as text of at most 80 characters, without control characters."""
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return "…"
    text = value if isinstance(value, str) else repr(value) if isinstance(value, (dict, list)) else str(value)
    cut = text if len(text) <= _CUT else text[: _CUT - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() or c == "\u3000" else "�" for c in cut)


def findings_of(faults: Faults, root: str) -> list[Finding]:
    """Return the findings of a walk; of more than 100 the first, and one that says so."""
    found = [finding(f.code, f.expression(root), None, **f.params) for f in faults[:LIMIT]]
    return [*found, finding("too-many-findings", root, limit=LIMIT)] if len(faults) > LIMIT else found


def capped(found: list[Finding], root: str) -> list[Finding]:
    """Return at most 100 findings and, where there are more, a last one that says so; one that does is not counted."""
    real = [each for each in found if each.code != "too-many-findings"]
    if len(real) <= LIMIT and len(real) == len(found):
        return real
    return [*real[:LIMIT], finding("too-many-findings", root, limit=LIMIT)]


class FhirInvalid(FhirProblem):
    """A resource that breaks rules: 400 where its structure does, 422 where only values and rules are at fault.

    R4, RESTful API, create: "400 … could not be parsed or failed basic FHIR validation rules", "422 … violated
    applicable FHIR profiles or server business rules".
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [each for each in findings if each.severity in ("error", "fatal")]
        structural = any(each.issue_code == "structure" for each in errors)
        first = errors[0] if errors else findings[0]
        code = "invalid-structure" if structural else "invalid"
        super().__init__(code, first.expression, count=len(errors))
        self.findings: Final[tuple[Finding, ...]] = tuple(findings)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the findings, from which all else follows."""
        return (FhirInvalid, (self.findings,))


def refuse_invalid(findings: Sequence[Finding]) -> None:
    """Raise FhirInvalid where one of the findings is an error; warnings and information pass."""
    if any(each.severity in ("error", "fatal") for each in findings):
        raise FhirInvalid(findings)
