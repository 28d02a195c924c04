"""Addresses, taken apart into levels; what is compared are levels, never whole lines.

Chinese ones by the words that end each level, those in letters by commas: number and street, then places from near to
far, a postcode among them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple


class Place(NamedTuple):
    """The levels of an address that tell people apart: 区县, 街道乡镇, 小区 or 村 or 社区, 幢-单元-室 as numbers.

    In letters: postcode (or the farthest place), suburb or town, street, number of the house.
    """

    district: str = ""
    street: str = ""
    estate: str = ""
    unit: str = ""


_MOST: Final = 200
_PROVINCES: Final = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西"
    "|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_PROVINCE: Final = re.compile(
    f"^(?:中国)?(?:{_PROVINCES})(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)?"
    # a city named without its word, as in 湖南长沙雨花区
    "(?:(?![省市区县])[㐀-鿿](?![省市区县])[㐀-鿿](?=[㐀-鿿]{2}[区县市]))?(?=.)"
)
_DIVISION: Final = re.compile("^[㐀-鿿]{1,7}?(?:自治州|自治县|地区|市|盟|县|旗|(?<![社小校园])区)")
_STREET: Final = re.compile("^[㐀-鿿]{1,7}?(?:街道|镇|乡|苏木)(?:办事处)?")
_COMMUNITY: Final = re.compile("^[㐀-鿿]{1,8}?(?:社区|居委会|居民委员会|村民委员会|村委会|村)")
_ROAD: Final = re.compile("^[㐀-鿿]{1,8}?(?:路|街|巷|大道|道)(?:[0-9]+号)?")
_NUMBERS: Final = re.compile("[0-9]+")
_UNIT: Final = re.compile(
    "(?:[0-9]+(?:号楼|幢|栋|座|号|单元|门|组|层|楼|室|户|-|#))*[0-9]+(?:号楼|号|幢|栋|单元|门|组|室|户)?\\Z"
)
_ESTATE: Final = re.compile("[㐀-鿿]{2,12}\\Z")


_HANZI: Final = re.compile("[㐀-鿿]")
_HOUSE: Final = re.compile(r"(?:(?:unit|flat|apt|no)\.? *)?([0-9]+[a-z]?(?:[-/][0-9]+[a-z]?)?)(?: +|\Z)")
_POSTCODE: Final = re.compile(r"\b[0-9]{4,6}\b|\b[a-z]{1,2}[0-9][0-9a-z]? ?[0-9][a-z]{2}\b")
_KINDS: Final = re.compile(
    r"\b(?:street|st|road|rd|avenue|ave|drive|dr|lane|ln|court|ct|crescent|cres|place|pl|circuit|cct|close|cl|way|terrace"
    r"|tce|parade|pde|highway|hwy|boulevard|blvd|square|sq)\b"
)
_OTHER: Final = re.compile("[^a-z0-9]")


def parse(text: str) -> Place:
    """Take an address apart; levels that it does not name are empty."""
    plain = unicodedata.normalize("NFKC", text[:_MOST])
    return _in_hanzi(plain) if _HANZI.search(plain) else _in_letters(plain)


def _in_letters(text: str) -> Place:
    text = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if c.isascii())
    code = next(reversed(_POSTCODE.findall(text.partition(",")[2] or text)), "")
    text = text.replace(code, " ") if code else text
    near, *far = [part.strip() for part in text.split(",")]
    house = _HOUSE.match(near)
    street = near[house.end() :] if house else near
    # what is as short as NSW or WA is a state, which tells nobody apart
    towns = [town for town in far if len(town) > 3]
    if not house and not far:
        street, towns = "", [near]
    town = next(reversed(towns), "")
    district, place, road = (_OTHER.sub("", part) for part in (code, town, _KINDS.sub("", street)))
    return Place(district, place, road, house[1] if house else "")


def _in_hanzi(text: str) -> Place:
    rest = "".join(text.split())
    rest = _PROVINCE.sub("", rest, count=1)
    district = ""
    while len(rest) > 2 and (found := _DIVISION.match(rest)):
        district, rest = found[0], rest[found.end() :]
    street, rest = _taken(_STREET, rest)
    community, rest = _taken(_COMMUNITY, rest)
    _, rest = _taken(_ROAD, rest)
    tail = _UNIT.search(rest)
    before = rest[: tail.start()] if tail else rest
    estate = _ESTATE.search(before)
    unit = "-".join(_NUMBERS.findall(tail[0])) if tail else ""
    return Place(district, street.removesuffix("办事处"), estate[0] if estate else community, unit)


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.match(text)
    return (found[0], text[found.end() :]) if found else ("", text)
