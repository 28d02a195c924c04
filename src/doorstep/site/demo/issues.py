"""Bundles as an institution might really send them by mistake, each to be mended by a small edit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import orjson

from doorstep.site.demo.bundles import Teller
from doorstep.site.demo.numbers import ISSUE_REGION, insurance_number, mobile, resident_id
from doorstep.site.demo.people import Person, residents
from doorstep.site.demo.shapes import District

_SERIAL = 80_000_000


class Issue(NamedTuple):
    """A bad bundle: who sends it, its name and bytes; what is wrong, how to mend it, and the bytes once mended."""

    source: str
    name: str
    body: bytes
    fault: str
    remedy: str
    mended: bytes


def _truncated(body: bytes, _: Person) -> bytes:
    return body.rstrip()[: -len(b"\n  ]\n}")]


def _wrong_check(body: bytes, person: Person) -> bytes:
    own = person.resident_id
    wrong = "0" if own[-1] != "0" else "1"
    return body.replace(own.encode(), (own[:-1] + wrong).encode())


def _nowhere(body: bytes, _: Person) -> bytes:
    """The last Observation names an encounter that was left out of the bundle."""
    at = body.rindex(b'"encounter"')
    wrong = re.sub(rb"[0-9a-f]{12}(?=\")", b"0000000fffff", body[at : at + 120], count=1)
    return body[:at] + wrong + body[at + 120 :]


def _future(body: bytes, person: Person) -> bytes:
    wrong = person.birth.replace(year=person.birth.year + 100, day=min(person.birth.day, 28))
    return body.replace(f'"birthDate": "{person.birth}"'.encode(), f'"birthDate": "{wrong}"'.encode())


def _unknown_type(body: bytes, _: Person) -> bytes:
    return body.replace(b'"resourceType": "Observation"', b'"resourceType": "Observatoin"', 1)


def _twice(body: bytes, person: Person) -> bytes:
    other = "female" if person.sex == "male" else "male"
    key = f'"gender": "{person.sex}",'
    return body.replace(key.encode(), f'{key}\n        "gender": "{other}",'.encode(), 1)


def _no_such_day(body: bytes, _: Person) -> bytes:
    return re.sub(rb'("effectiveDateTime": "\d{4})-\d\d-\d\d', rb"\1-02-30", body, count=1)


_FAULTS: tuple[tuple[str, str, str, Callable[[bytes, Person], bytes]], ...] = (
    ("truncated", "文件不完整", "在末尾补上 ]}", _truncated),
    ("id-check", "身份证校验码错误", "改正身份证号最后一位", _wrong_check),
    ("dangling", "引用的就诊不在本包内", "把引用改为包内的就诊", _nowhere),
    ("future-birth", "出生日期在将来", "按身份证改正出生日期", _future),
    ("unknown-type", "未知的资源类型", "把 Observatoin 改为 Observation", _unknown_type),
    ("duplicate-key", "同一对象内键名重复", "删去多余的 gender", _twice),
    ("bad-date", "不存在的日期", "把二月三十日改为实际日期", _no_such_day),
)


def _strangers(district: District, seed: int) -> Iterator[Person]:
    """Adults whom no other bundle of the demo mentions: numbers from the region kept for them."""
    serial = _SERIAL
    for person in residents(district, 400, seed + 7):
        if person.guardian:
            continue
        serial += 1
        own = resident_id(ISSUE_REGION, person.birth, int(person.resident_id[14:17]))
        yield person._replace(
            number=serial,
            resident_id=own,
            insurance_number=insurance_number(serial),
            archive_number=f"{person.village}{serial % 1000 + 99_000}",
            phone=mobile(8_900_000 + serial % 1000),
            household=f"H{serial}",
        )


def issues(district: District, seed: int = 1) -> tuple[Issue, ...]:
    """Seven bundles of seven people, each with one fault; equal for equal seed."""
    teller = Teller(district, seed, 3)
    strangers = _strangers(district, seed)
    made = []
    for key, fault, remedy, spoil in _FAULTS:
        for person in strangers:
            source, _, body = teller.bundles(person)[0]
            if 5 <= body.count(b'"fullUrl"') <= 16 and body.count(b'"Observation"') >= 2:
                break
        else:
            raise LookupError("no resident with a bundle of fitting size")
        good = orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
        made.append(Issue(source, f"{key}.json", spoil(good, person), fault, remedy, good))
    return tuple(made)
