"""Codes and check digits: GB 32100, GB 11714, GB/T 2260, WS 218-2002; and places on the globe."""

from __future__ import annotations

import re
from decimal import Decimal

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.registers.organisations.rules.kinds import Level

_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_USCC_SHAPE = re.compile(rf"[{_USCC_ALPHABET}]{{2}}[0-9]{{6}}[{_USCC_ALPHABET}]{{10}}")
_TYPE_SHAPE = re.compile(r"[A-Z][0-9]{3}")
_LICENCE_SHAPE = re.compile(r"[0-9A-Z-]{22,23}")


def organisation_code_check(body: str) -> str:
    """The check character of an organisation code's first 8 characters (GB 11714-1997)."""
    rest = 11 - sum(_ORG_ALPHABET.index(c) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def credit_code_check(body: str) -> str:
    """The check character of a unified social credit code's first 17 characters (GB 32100-2015)."""
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def credit_code(text: str) -> Decision:
    """Whether this is a well-formed credit code: shape, its check digit, and that of the organisation code in it."""
    if len(text) != 18:
        return refuse("uscc.length", found=len(text))
    if not _USCC_SHAPE.fullmatch(text):
        return refuse("uscc.shape")
    if credit_code_check(text[:17]) != text[17]:
        return refuse("uscc.check")
    if organisation_code_check(text[8:16]) != text[16]:
        return refuse("uscc.inner_check")
    return allow()


def licence_warning(number: str) -> str:
    """A word of warning where a licence or WS 218 number is not 22–23 characters of digits and capitals; else ""."""
    return "" if not number or _LICENCE_SHAPE.fullmatch(number) else "licence.unusual"


def type_code(text: str) -> Decision:
    """Whether this has the shape of a WS 218-2002 class code: a capital and three digits."""
    return allow() if _TYPE_SHAPE.fullmatch(text) else refuse("type.shape")


def area_code(text: str) -> Decision:
    """Whether this is a division's code in 12 digits (GB/T 2260, GB/T 10114; zeros where it ends early)."""
    if re.fullmatch(r"[1-9][0-9]{11}", text) is None:
        return refuse("area.shape")
    return allow()


def area_level(code: str) -> Level:
    """The level of a 12-digit division code, by where its zeros begin."""
    if code[9:] != "000":
        return Level.VILLAGE
    if code[6:9] != "000":
        return Level.TOWNSHIP
    if code[4:6] != "00":
        return Level.COUNTY
    return Level.CITY if code[2:4] != "00" else Level.PROVINCE


def area_above(code: str) -> tuple[str, ...]:
    """The codes of the divisions that hold this one, nearest first."""
    lengths = [n for n in (9, 6, 4, 2) if code[n:].strip("0")]
    return tuple(code[:n].ljust(12, "0") for n in lengths)


def area_prefix(code: str) -> str:
    """What the codes of all divisions within this one begin with."""
    return code[: {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}[area_level(code)]]


def position(longitude: Decimal | None, latitude: Decimal | None) -> Decision:
    """Whether a place is given whole (both or neither, in degrees) and lies on the globe."""
    if longitude is None and latitude is None:
        return allow()
    if longitude is None or latitude is None:
        return refuse("position.half")
    finite = longitude.is_finite() and latitude.is_finite()
    if not (finite and abs(longitude) <= 180 and abs(latitude) <= 90):
        return refuse("position.range")
    return allow()


def is_in_china(longitude: Decimal, latitude: Decimal) -> bool:
    """Whether a place lies in the box around China (73–136° E, 3–54° N): outside it is more likely a slip."""
    return 73 <= longitude <= 136 and 3 <= latitude <= 54
