"""From frozen records to the texts of a page: badges, values, lines. No markup: that is the templates' own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from doorstep.record.charts import rules
from doorstep.record.charts.pages import words
from doorstep.record.charts.rules import Flag, Validity
from doorstep.record.charts.shapes import Cluster, Curve, Head, Item, Line, Measure, Reading, Result, When

_TONES: Final[Mapping[Flag, tuple[str, str]]] = {
    Flag.CRITICAL_HIGH: ("solid", "arrow-up"),
    Flag.CRITICAL_LOW: ("solid", "arrow-down"),
    Flag.CRITICAL: ("solid", "alert-octagon"),
    Flag.HIGH: ("bad", "arrow-up"),
    Flag.LOW: ("bad", "arrow-down"),
    Flag.ABNORMAL: ("warn", "alert-triangle"),
    Flag.POSITIVE: ("warn", "plus"),
    Flag.NEGATIVE: ("", ""),
    Flag.NORMAL: ("", ""),
}
STRUCK: Final = frozenset({Validity.ERROR, Validity.REFUTED, Validity.DELETED})
_QUIET: Final = frozenset({"confirmed", "completed", "finished", "final", "active", ""})


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a tone and an icon."""

    text: str
    tone: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A measured value as it stands in a table; ``hint`` tells what must be told beside it."""

    label: str
    text: str
    unit: str
    badge: Badge | None
    range_text: str
    hint: str
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of any list of a chart."""

    title: str
    url: str
    struck: bool
    badges: tuple[Badge, ...]
    notes: tuple[str, ...]
    values: tuple[Value, ...]
    when: When | None
    until: When | None
    sources: str
    symbol: str
    kind: str
    tone: str = ""
    first: When | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class ResultRow:
    """The newest value of a code with its trend."""

    row: Row
    series: str
    curve: Curve | None
    hint: str


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """Values that belong together: the first to look at, and all others."""

    title: str
    rows: tuple[Row, ...]
    rest: tuple[Row, ...]
    sources: str
    tone: str
    badge: Badge | None


class Presenter:
    """Knows the chart that the page is about: its resident and the names of its institutions."""

    def __init__(self, head: Head) -> None:
        self.head = head

    def address(self, kind: str, key: str) -> str:
        """The page of an entry."""
        return reverse("charts:entry", args=[self.head.resident, kind, key])

    def names(self, sources: Iterable[UUID]) -> str:
        """Institutions in words."""
        return "、".join(self.head.institutions.get(key) or _("其他机构") for key in dict.fromkeys(sources))

    def row(self, item: Item) -> Row:
        """An item as a line of a list."""
        return replace(self.of(item.reading), sources=self.names([item.source]))

    def of(self, reading: Reading) -> Row:
        """A reading as a line of a list, wherever it came from."""
        kind = rules.KIND_OF.get(reading.type, "other")
        return Row(
            title=reading.title or words.type_word(reading.type),
            url=self.address(reading.type, reading.id),
            struck=reading.validity in STRUCK,
            badges=badges(reading),
            notes=tuple(dict.fromkeys(note for note in reading.notes if note != reading.title)),
            values=values(reading),
            when=reading.when,
            until=reading.until,
            sources="",
            symbol=words.SYMBOLS[kind],
            kind=words.type_word(reading.type),
            tone=_tone(reading),
        )

    def line(self, line: Line) -> Row:
        """Several items of one code as a line of a list."""
        row = self.row(line.item)
        sources = self.names(line.sources)
        return replace(row, sources=sources, when=line.last or row.when, first=line.first, count=line.count)

    def result(self, result: Result) -> ResultRow:
        """A result with the trend of its first number."""
        curve = next((c for c in result.curves if len(c.points) > 1), None)
        address = reverse("charts:series", args=[self.head.resident])
        return ResultRow(
            self.row(result.item), f"{address}?{urlencode({'code': result.key})}", curve, result_hint(result, curve)
        )

    def entry(self, entry: Item | Cluster) -> Row | ClusterRow:
        """An entry of the timeline."""
        return self.cluster(entry) if isinstance(entry, Cluster) else self.row(entry)

    def cluster(self, cluster: Cluster) -> ClusterRow:
        """Values of one day, encounter and institution."""
        rows = tuple(self.row(item) for item in cluster.items)
        shown = max(4, min(cluster.flagged, 12))
        told = ngettext("%(count)d 项检验与测量", "%(count)d 项检验与测量", len(rows)) % {"count": len(rows)}
        flagged = ngettext("%(count)d 项异常", "%(count)d 项异常", cluster.flagged) % {"count": cluster.flagged}
        badge = Badge(flagged, "bad", "alert-triangle") if cluster.flagged else None
        tone = "bad" if cluster.flagged else ""
        return ClusterRow(told, rows[:shown], rows[shown:], self.names([cluster.first.source]), tone, badge)


def badges(reading: Reading) -> tuple[Badge, ...]:
    """What must be said of a record at a glance."""
    found = []
    if reading.validity is not Validity.VALID:
        tone = "warn" if reading.validity is Validity.NOT_DONE else "solid"
        return (Badge(words.word(words.VALIDITIES, reading.validity), tone, "circle-x"),)
    if reading.type == "Encounter" and reading.category:
        found.append(Badge(words.word(words.CLASSES, reading.category), "info", "building-hospital"))
    if reading.clinical and reading.type == "Condition":
        active = reading.clinical in rules.ACTIVE_PROBLEM
        found.append(Badge(words.word(words.CLINICAL, reading.clinical), "info" if active else "", ""))
    if reading.criticality == "high":
        found.append(Badge(words.word(words.CRITICALITY, "high"), "bad"))
    if reading.verification not in _QUIET:
        found.append(Badge(words.word(words.VERIFICATION, reading.verification), "warn", "help"))
    if reading.status not in _QUIET and reading.type != "Condition":
        found.append(Badge(words.word(words.STATUSES, reading.status)))
    return (*found, *_overall(reading))


def _overall(reading: Reading) -> tuple[Badge, ...]:
    """What is said of the whole, unless a value says it already."""
    if any(m.flag for m in reading.measures if not m.label):
        return ()
    badge = flag_badge(reading.flag, reading.flag_text)
    return (badge,) if badge is not None and reading.flag is not Flag.NORMAL else ()


def flag_badge(flag: Flag | None, text: str = "") -> Badge | None:
    """The flag of a value in words with an arrow; the source's own words where no flag fits."""
    if flag is None:
        return None
    if flag is Flag.OTHER:
        return Badge(text) if text else None
    tone, symbol = _TONES[flag]
    return Badge(words.word(words.FLAGS, flag), tone, symbol)


def values(reading: Reading) -> tuple[Value, ...]:
    """The values of an Observation; two of one unit that make a pressure are told as one (142/88 mmHg)."""
    found = [value(measure) for measure in reading.measures]
    pair = reading.measures
    if len(pair) == 2 and {m.code for m in pair} == {"8480-6", "8462-4"} and all(m.number is not None for m in pair):
        return (_pressure(found[0], found[1]),)
    return tuple(found)


def _pressure(systolic: Value, diastolic: Value) -> Value:
    badge = systolic.badge if systolic.badge is not None and systolic.badge.tone else diastolic.badge
    ranges = [v.range_text for v in (systolic, diastolic) if v.range_text]
    hint = "；".join(v.hint for v in (systolic, diastolic) if v.hint)
    return Value("", f"{systolic.text}/{diastolic.text}", systolic.unit, badge, " / ".join(ranges), hint)


def value(measure: Measure) -> Value:
    """One value with its flag in words."""
    if measure.absent:
        return Value(measure.label, words.word(words.ABSENT, measure.absent), "", None, "", "", absent=True)
    hints = []
    if measure.doubt is not None:
        hints.append(words.word(words.DOUBTS, measure.doubt))
    if measure.said_normal:
        hints.append(_("来源标为正常，但超出其参考范围"))
    badge = flag_badge(measure.flag, measure.flag_text)
    if measure.doubt is not None:
        badge = Badge(_("存疑"), "warn", "help")
    text = f"{measure.comparator} {measure.text}".strip()
    return Value(measure.label, text, measure.unit, badge, measure.range_text, "；".join(hints), not text)


def result_hint(result: Result, curve: Curve | None) -> str:
    """What the trend leaves out, and what was entered in error."""
    told = curve or next(iter(result.curves), None)
    left, doubtful = (told.left_out, told.doubtful) if told is not None else (0, 0)
    doubtful = max(0, doubtful - result.newer)
    hints = (
        (result.newer, ngettext("更近的 %(count)d 个值存疑或缺失", "更近的 %(count)d 个值存疑或缺失", result.newer)),
        (left, ngettext("%(count)d 个值单位不同，未绘入", "%(count)d 个值单位不同，未绘入", left)),
        (doubtful, ngettext("%(count)d 个存疑值未绘入", "%(count)d 个存疑值未绘入", doubtful)),
        (result.in_error, ngettext("%(count)d 条录入错误", "%(count)d 条录入错误", result.in_error)),
    )
    return "；".join(text % {"count": count} for count, text in hints if count)


def _tone(reading: Reading) -> str:
    if reading.validity in STRUCK:
        return "warn"
    flags = {reading.flag, *(m.flag for m in reading.measures)}
    if reading.type == "AllergyIntolerance" and not reading.negative:
        return "bad"
    return "bad" if flags & rules.OUTSIDE else ""
