"""What exchange agrees to take, and the words for what it cannot use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from doorstep.adapters.cda.words import WORDS as DOCUMENTS
from doorstep.fhir.problems import KINDS
from doorstep.fhir.validation.findings import WORDS as FINDINGS

# Problems that may cure themselves when something else arrives: what waits for them is tried again.
WAITING: Final = frozenset({"missing-reference", "conditional-none"})
BATCH_RESOURCES: Final = 2000  # resources a transaction: commits cost little, memory stays small
BATCH_BYTES: Final = 16 << 20
NDJSON_LINES: Final = 1000
KEPT_PROBLEMS: Final = 100  # of one message; a person mends the first and tries again
TOLD_PROBLEMS: Final = 1000  # of all entries of one message together, beyond the first of each

EXPORT_RULE: Final = (
    "exchange.export"  # the dated rule of exports; what holds where a district has set none stands here
)
EXPORT_HOURS: Final = 24  # how long the files of an export are kept: its parameter "hours"
EXPORTS_OF_ONE: Final = 2  # at work at the same time for one caller
EXPORTS_OF_ALL: Final = 4
EXPORT_MEMBERS: Final = 200_000  # of a group
FILE_RESOURCES: Final = 100_000
FILE_BYTES: Final = 100_000_000
SLICE_RESOURCES: Final = 20_000  # what the worker does of an export before it looks at other work
SLICE_SECONDS: Final = 2.0
COUNTED: Final = 10_000  # rows of a type that are counted for the progress; beyond it an estimate does
WINDOW: Final = 2_000  # rows that are read at once, and about how many bytes of them (one row may have more)
WINDOW_BYTES: Final = 32 << 20
READERS_SECONDS: Final = 30  # after which a transaction that began before an export and holds no write is not awaited

# code: (Chinese, English, what to do about it in Chinese, … in English)
WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    **DOCUMENTS,
    "missing-reference": (
        "引用“{reference}”指向的资源不存在",
        "“{reference}” refers to a resource that is not here",
        "先送来被引用的资源，系统会自动重试；或改正引用",
        "send the resource that is referred to (it is tried again by itself), or mend the reference",
    ),
    "conditional-none": (
        "条件引用“{reference}”没有匹配的资源",
        "the conditional reference “{reference}” matches nothing",
        "先送来被引用的资源，或改正检索条件",
        "send the resource that is referred to, or mend the search",
    ),
    "conditional-many": (
        "条件引用“{reference}”匹配到多个资源",
        "the conditional reference “{reference}” matches several resources",
        "改用能唯一确定资源的标识",
        "use an identifier that names one resource",
    ),
    "other-source": (
        "“{reference}”属于其他机构，不能由本机构改写",
        "“{reference}” belongs to another institution",
        "用本机构自己的资源标识",
        "use an id of your own",
    ),
    "version-conflict": (
        "版本已改变：请求的是 {wanted}，现在是 {found}",
        "the version has changed: {wanted} was asked for, it is {found} now",
        "取回最新版本后再提交",
        "read the newest version and send again",
    ),
    "method-not-supported": (
        "读取（{method}）只能在 /fhir 上随包应答",
        "a read ({method}) is answered at /fhir only, not taken from a file",
        "从包中去掉读取的条目",
        "leave reads out of the bundle",
    ),
    "archive": ("压缩包无法读取：{detail}", "the archive cannot be read: {detail}", "重新打包后再送", "pack it anew"),
    "archive-bomb": (
        "压缩包解开后超过上限（{limit} 字节或 {ratio} 倍）",
        "the archive unpacks beyond the limit ({limit} bytes or {ratio} times)",
        "分成较小的文件再送",
        "send smaller files",
    ),
    "archive-path": (
        "压缩包内的路径“{path}”越出包外",
        "the path “{path}” leaves the archive",
        "重新打包，去掉“..”和绝对路径",
        "pack it anew without “..” and absolute paths",
    ),
    "unknown-file": (
        "不认识的文件类型（应为 .json、.ndjson、.xml、.gz 或 .zip）",
        "not a kind of file that is taken (.json, .ndjson, .xml, .gz, .zip)",
        "改正文件名或转换格式",
        "rename or convert the file",
    ),
    "line-too-long": (
        "一行超过 {limit} 字节",
        "a line is longer than {limit} bytes",
        "分成较小的资源",
        "send smaller resources",
    ),
    "refused-by-database": (
        "数据库拒绝了这条数据：{detail}",
        "the database refused it: {detail}",
        "请将报文编号告知管理员",
        "tell the administrator the number of the message",
    ),
}

# What to do about the faults of checks that senders make most often (Chinese, English).
ADVICE: Final[dict[str, tuple[str, str]]] = {
    "bad-format": (
        "按标准的格式填写；有时间就须带时区，如 2026-03-01T08:00:00+08:00",
        "write it in the standard's format; a time needs its offset, as in 2026-03-01T08:00:00+08:00",
    ),
    "empty-string": ("没有值时不写这个属性", "leave the property out where it has no value"),
    "null": ("没有值时不写这个属性", "leave the property out where it has no value"),
    "empty-array": ("没有值时不写这个属性", "leave the property out where it has no value"),
    "empty-object": ("没有值时不写这个属性", "leave the property out where it has no value"),
    "unknown-element": (
        "检查拼写；标准没有的内容放在扩展（extension）里",
        "see to the spelling; what the standard lacks belongs in an extension",
    ),
    "bad-code": ("换成值集中的编码，本地编码放在文字里", "use a code of the set; a local one belongs in the text"),
    "bad-reference": ("id 只能用字母、数字、“-”和“.”", "ids hold letters, digits, “-” and “.” alone"),
}

# What FHIR calls these (IssueType) and the HTTP status of an answer that says them; all others: processing, 422.
ISSUES: Final[dict[str, tuple[str, int]]] = {
    "version-conflict": ("conflict", 412),
    "other-source": ("forbidden", 403),
    "conditional-many": ("multiple-matches", 412),
    "conditional-none": ("not-found", 412),
    "missing-reference": ("not-found", 422),
    "refused-by-database": ("processing", 422),
}


def issue_of(code: str) -> tuple[str, int]:
    """The FHIR issue type and the HTTP status of a problem's code.

    Of what breaks R4's rules, 400 where the structure does, as R4 (RESTful API, create) has it.
    """
    if (kind := KINDS.get(code)) is not None or code in ISSUES:
        return ISSUES.get(code) or ((kind.issue, kind.status) if kind else ("processing", 422))
    if (found := FINDINGS.get(code)) is not None:
        return found.issue, 400 if found.issue == "structure" else 422
    return "processing", 422


def status_of(codes: Sequence[str]) -> int:
    """The HTTP status of an answer that tells problems of these codes: the first one's; 400 where one is structural."""
    found = [issue_of(code) for code in codes]
    broken = codes[0] in FINDINGS and any(issue == "structure" for issue, _ in found)
    return 400 if broken else found[0][1]


def storable(text: str, most: int = 500) -> str:
    """Text as a table can hold it: what was sent may spell NUL or half of a character."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode()[:most]


def has_words(code: str) -> bool:
    """Whether this room or the FHIR library has words for the code."""
    return code in WORDS or code in KINDS or code in FINDINGS


def words(
    code: str, params: Mapping[str, Any], language: str, line: int | None = None, column: int | None = None
) -> str:
    """Say what is wrong and, where known, in which line and column; Chinese unless the language is English."""
    chinese = not language.startswith("en")
    if "zh" in params and code in FINDINGS:  # a check has filled its words in already
        return str(params["zh" if chinese else "en"])
    kind = KINDS.get(code)
    both = WORDS[code][:2] if code in WORDS else (kind.zh, kind.en) if kind else (code, code)
    place = "" if line is None else f"（第 {line} 行第 {column} 列）" if chinese else f" (line {line}, column {column})"
    return _fill(both[0 if chinese else 1], params) + place


def advice(code: str, language: str) -> str:
    """Say what a person can do about it; empty where the words say it already."""
    english = language.startswith("en")
    if code in WORDS:
        return WORDS[code][3 if english else 2]
    return ADVICE[code][english] if code in ADVICE else ""


def _fill(template: str, params: Mapping[str, Any]) -> str:
    try:
        return template.format(**{k: str(v)[:120] for k, v in params.items()})
    except (KeyError, IndexError):
        return template
