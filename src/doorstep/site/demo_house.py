"""``doorstep demo``: a made-up district, loaded and sent in by the same ways as a real one."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import sys
import time
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from doorstep.kernel import clock, postgres
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.site import demo_index
from doorstep.site.demo.shapes import District, Institution

if TYPE_CHECKING:
    from doorstep.registers.organisations.api import DirectoryIn, OrganisationIn
    from doorstep.registers.staff.api import PersonIn

PROCESSES = 2
SLICE = 5000  # residents a task
FULL = 1500  # resources that are sent at once
ADMIN = frozenset(
    {
        "organisations.edit",
        "organisations.consortia",
        "staff.edit",
        "exchange.send",
        "residents.intake",
        "residents.edit",
    }
)
ROLE_OF = {"manager": "office_worker", "public_health": "public_health_worker"}
ACCOUNT_ROLE = {
    "bureau": "bureau_manager", "manager": "hospital_manager", "exchange": "exchange_operator", "auditor": "auditor",
    "privacy": "privacy_officer",
}  # fmt: skip
DUTIES = {"department_head": "科主任", "head_nurse": "护士长"}


def call() -> Call:
    """The call under which the demo is built."""
    return Call("system:demo", "演示数据", clock.now(), EVERYWHERE, ADMIN, purpose="HOPERAT")


def build(residents: int, seed: int) -> None:
    """Make the district stand: institutions, staff, accounts, residents and their records; what stands is left."""
    from doorstep.site.demo.district import make_district

    console, mark = Console(stderr=True), postgres.home() / "demo.json"
    wanted = {"residents": residents, "seed": seed}
    made = json.loads(mark.read_text()) if mark.exists() else {}
    if {k: made.get(k) for k in wanted} == wanted:
        return
    started = time.monotonic()
    console.print("正在建立演示县（第一次要几分钟）/ making the demo district …")
    district = make_district(seed, clock.today())
    _load(district)
    _accounts(district)
    console.print(f"机构 {len(district.institutions)} 家 · 人员 {len(district.staff)} 名")
    resources = _send_all(residents, seed, console)
    aside = _send_issues(district, seed)
    demo_index.build(call(), _send, district, residents, seed, console)
    _residents()
    _clinics()
    _referrals(district)
    _private(mark, json.dumps(wanted))
    spent = time.monotonic() - started
    console.print(f"居民 {residents:,} 名 · 记录 {resources:,} 条 · 待修正报文 {aside} 件 · {spent:.0f} 秒")


def _load(district: District) -> None:
    from doorstep.registers.organisations import api as organisations
    from doorstep.registers.staff import api as staff

    organisations.load(call(), directory=_directory(district))
    staff.load(call(), people=_people(district))


def _directory(district: District) -> DirectoryIn:
    from doorstep.registers.organisations import api as o

    return o.DirectoryIn(
        areas=tuple(
            o.AreaIn(
                a.code, a.name, a.full_name, a.parent, a.urban, a.population,
                _degrees(a.longitude), _degrees(a.latitude),
            )
            for a in district.areas
        ),
        organisations=tuple(_institution(i) for i in district.institutions),
        consortia=tuple(
            o.ConsortiumIn(
                c.key, c.name, c.kind, c.area, c.since,
                members=tuple(o.MembershipIn(m.uscc, m.role, m.start, _last(m.end)) for m in c.members),
            )
            for c in district.consortia
        ),
        agreements=tuple(
            o.AgreementIn(a.title, _matter(a.title), a.parties, a.start, _last(a.end), a.consortium)
            for a in district.agreements
        ),
    )  # fmt: skip


def _institution(i: Institution) -> OrganisationIn:
    from doorstep.registers.organisations import api as o
    from doorstep.registers.organisations.rules import grade_of_words

    grade = grade_of_words(i.grade + i.grade_class)
    facts = o.Facts(
        name=i.name, type_code=i.type_code, tier=i.tier, area=i.area, uscc=i.uscc, short_name=i.short_name,
        registration=i.registration_number, grade=grade.code if grade else "",
        economic_type=i.economic_type, management_class="2" if i.for_profit else "1", address=i.address, phone=i.phone,
        longitude=_degrees(i.longitude), latitude=_degrees(i.latitude), opened_on=i.opened_on,
    )  # fmt: skip
    counts = (("beds", i.beds, i.counted_on), ("staff", i.staff, i.counted_on))
    return o.OrganisationIn(facts, i.parent, tuple(o.DepartmentIn(d.code, d.name) for d in i.departments), counts)


def _people(district: District) -> list[PersonIn]:
    from doorstep.registers.staff import api as s

    role_of = {a.staff_number: ACCOUNT_ROLE[a.username] for a in district.accounts if a.username in ACCOUNT_ROLE}
    people: list[PersonIn] = []
    for p in district.staff:
        posts = tuple(
            s.PostIn(
                post.uscc, role_of.get(p.number) or _role(p.profession, district.institution[post.uscc].tier),
                post.start, post.department, DUTIES.get(post.role, ""), post.main, _last(post.end),
            )
            for post in p.posts
        )  # fmt: skip
        facts = s.PersonFacts(p.name, p.number, {"male": "1", "female": "2"}[p.sex], p.birth, p.profession, p.phone)
        titles = ((p.title, p.title_level, None),) if p.title else ()
        licences = tuple(s.LicenceIn(x.kind, x.number, x.issued_on) for x in p.licences)
        people.append(s.PersonIn(facts, licences, titles, posts))
    return people


def _role(profession: str, tier: str) -> str:
    if profession == "physician" and tier in {"first", "base"}:
        return "township_physician"
    return ROLE_OF.get(profession, profession)


def _matter(title: str) -> str:
    words = {
        "转诊": "referral", "互认": "recognition", "远程": "telemedicine", "消毒": "sterilisation",
        "病房": "joint_ward", "专家": "experts", "医养": "eldercare", "联盟": "alliance",
    }  # fmt: skip
    return next((matter for word, matter in words.items() if word in title), "other")


def _last(end: date | None) -> date | None:
    return None if end is None else end - timedelta(days=1)


def _degrees(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")


def _accounts(district: District) -> None:
    """Accounts with passwords made here at the first start; they are kept in the data folder, for its owner alone."""
    from doorstep.kernel.models import RuleSet
    from doorstep.registers.staff import api as staff

    path = postgres.home() / "demo_accounts.json"
    known: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
    # Whoever tries the demo signs in at once; a house of its own asks its managers for a second factor.
    RuleSet.objects.get_or_create(
        code="staff.sign_in", jurisdiction="CN", effective_from=date(2020, 1, 1),
        defaults={"revision": "demo", "issuer": "演示", "parameters": {"second_factor": []}},
    )  # fmt: skip
    people = staff.by_number(EVERYWHERE, [a.staff_number for a in district.accounts])
    for account in district.accounts:
        if account.username not in known:
            password = secrets.token_urlsafe(12)
            staff.make_account(
                call(),
                person=people[account.staff_number],
                username=account.username,
                password=password,
                must_change=False,
            )
            known[account.username] = [account.title, password]
            _private(path, json.dumps(known, ensure_ascii=False))


def _residents() -> None:
    """Residents who can be tried; what stands is left."""
    from doorstep.site import demo_portal

    if not demo_portal.kept().exists():
        _private(demo_portal.kept(), json.dumps(demo_portal.build(call()), ensure_ascii=False))


def _clinics() -> None:
    """Clinics of some institutions; what stands is left."""
    from doorstep.site import demo_booking

    demo_booking.build(call())


def _referrals(district: District) -> None:
    """Between the township doctor who can be tried and the lead hospital."""
    from doorstep.site import demo_referrals

    demo_referrals.build(call(), _centre(district), district.institutions[0].uscc)


def _centre(district: District) -> str:
    """The credit code of the centre where the township doctor who can be tried works."""
    who = next(a.staff_number for a in district.accounts if a.username == "township")
    return next(p.posts[0].uscc for p in district.staff if p.number == who)


def _private(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _send_all(residents: int, seed: int, console: Console) -> int:
    """Send all residents' bundles, in as many processes as are worth it; returns the number of resources."""
    slices = [(start, min(SLICE, residents - start), seed) for start in range(0, residents, SLICE)]
    total = 0
    with (
        multiprocessing.get_context("spawn").Pool(PROCESSES, initializer=_begin) as pool,
        Progress(console=console) as bar,
    ):
        task = bar.add_task("居民与健康记录", total=residents)
        for people, resources in pool.imap_unordered(_send_slice, slices):
            total += resources
            bar.advance(task, people)
    return total


def _begin() -> None:
    import django

    from doorstep.site.sharing import calm_collector

    django.setup()
    calm_collector()


def _send_slice(part: tuple[int, int, int]) -> tuple[int, int]:
    """Make and send one slice of the residents; each depends on the seed alone, so slices may come in any order."""
    from doorstep.site.demo.bundles import bundles
    from doorstep.site.demo.district import make_district
    from doorstep.site.demo.people import residents

    start, count, seed = part
    district = make_district(seed, clock.today())
    people = islice(residents(district, start + count, seed), start, None)
    waiting: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    total = 0
    for source, name, body in bundles(district, people, seed):
        waiting[source].append((name, body))
        if len(waiting[source]) >= FULL // 10:
            total += _send(source, waiting.pop(source))
    return count, total + sum(_send(source, parcel) for source, parcel in waiting.items())


def _send(source: str, parcel: list[tuple[str, bytes]]) -> int:
    from doorstep.record.exchange import api as exchange

    pieces = [exchange.Piece("bundle", f"demo/{name}", body) for name, body in parcel]
    receipts = [r for found in exchange.take(call(), _organisation(source), pieces, "file") for r in found]
    return sum(sum(r.received.values()) for r in receipts)


def _organisation(source: str) -> UUID:
    from doorstep.registers.organisations import api as organisations

    found = organisations.source(source)
    if found is None:
        raise LookupError(source)
    return found


def _send_issues(district: District, seed: int) -> int:
    """A few bad bundles, as institutions send them, so that there is something to mend."""
    from doorstep.site.demo.issues import issues

    found = issues(district, seed)
    for issue in found:
        _send(issue.source, [(issue.name, issue.body)])
    return len(found)


def receive(seed: int) -> None:
    """Let the lead hospital's systems and the centre's clerk send, and another's platform refer, once, as the house
    opens: what they say is of this moment, and so no part of what is the same again for a seed."""
    from doorstep.site import demo_documents, demo_endpoints, demo_imaging, demo_messages, demo_sheets
    from doorstep.site.demo.district import make_district

    district = make_district(seed, clock.today())
    lead, *_, other = [each.uscc for each in district.institutions if each.type_code.startswith("A")]
    demo_endpoints.build(call(), lead)
    demo_documents.build(call(), lead)
    demo_messages.build(call(), lead, other)
    demo_sheets.build(call(), _centre(district))
    demo_imaging.build(call(), lead)


def tell(address: str) -> None:
    """Print where the demo stands and how to sign in."""
    known: dict[str, list[str]] = json.loads((postgres.home() / "demo_accounts.json").read_text())
    table = Table("账户 / account", "角色 / role", "密码 / password", title=address)
    for username, (title, password) in known.items():
        table.add_row(username, title, password)
    Console(file=sys.stdout).print(table)
    from doorstep.site import demo_portal

    for line in demo_portal.lines(address):
        sys.stdout.write(f"{line}\n")
