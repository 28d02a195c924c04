"""Identifiers of the demo with right check digits, all from ranges that belong to nobody (consortium.md §9).

Region 4399xx is unassigned in GB/T 2260, so no resident ID or credit code of the demo can be a real one; phone numbers
start with 1003 (no mobile segment, which are 13 to 19, and no service number), landlines with the unassigned area
code 0700.
"""

from __future__ import annotations

from datetime import date

COUNTY = "439921"
CITY = "439900"
# Where residents were registered when their ID was issued: mostly here, some in made-up neighbouring counties.
BIRTH_REGIONS = (COUNTY, "439922", "439923", "439902")
STAFF_REGION = "439901"
ISSUE_REGION = "439929"

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_DIGITS = {str(d): d for d in range(10)}


def resident_id_check(body: str) -> str:
    """The check character of the first 17 digits of a resident ID (GB 11643-1999)."""
    digits = _DIGITS
    return _ID_CHECKS[sum([digits[c] * w for c, w in zip(body, _ID_WEIGHTS, strict=False)]) % 11]


def resident_id(region: str, birth: date, sequence: int) -> str:
    """An 18-character resident ID; `sequence` is 0 to 999, odd for men and even for women."""
    body = f"{region}{birth:%Y%m%d}{sequence:03d}"
    return body + resident_id_check(body)


def organisation_code_check(body: str) -> str:
    """The check character of the first 8 characters of an organisation code (GB 11714-1997)."""
    rest = 11 - sum(_ORG_ALPHABET.index(c) * w for c, w in zip(body, _ORG_WEIGHTS, strict=False)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def organisation_code(serial: int) -> str:
    """A 9-character organisation code of the made-up series WY; `serial` below 1,000,000."""
    body = f"WY{serial:06d}"
    return body + organisation_code_check(body)


def credit_code_check(body: str) -> str:
    """The check character of the first 17 characters of a unified social credit code (GB 32100-2015)."""
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=False))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def credit_code(registrar: str, organisation: str) -> str:
    """An 18-character credit code; `registrar` is its first two characters (12 public, 52 private, 91 enterprise)."""
    body = f"{registrar}{COUNTY}{organisation}"
    return body + credit_code_check(body)


def mobile(serial: int) -> str:
    """An 11-digit number of the range 1003xxxxxxx; different for different serials below ten million."""
    return f"1003{serial * 7_654_321 % 10_000_000:07d}"


def landline(serial: int) -> str:
    """A landline of the unassigned area code 0700."""
    return f"0700-{8_000_000 + serial * 37 % 1_000_000}"


def insurance_number(serial: int) -> str:
    """A 15-digit insurance number; the shape is assumed, real ones differ by province."""
    return f"0439921{serial:08d}"
