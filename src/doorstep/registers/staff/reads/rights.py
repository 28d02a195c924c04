"""What roles may do today and did before, what waits for a second person, and what was granted to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Q, Value, When

from doorstep.kernel import room
from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import BadCursor, Page, Paged, cut
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import flow, rules
from doorstep.registers.staff.models import Grant, Post, Proposal, RoleChange
from doorstep.registers.staff.shapes import GrantLine, ProposalLine, RoleLine, RoleVersion

OWN = "what somebody holds is asked to keep them from giving themselves more"


def declared() -> frozenset[str]:
    """Every permission that an installed room declares."""
    return frozenset(str(p) for one in room.installed() for p in one.permissions or ())


def sentences() -> Mapping[str, tuple[str, str]]:
    """Every permission with the title of its room and its sentence (Chinese msgids), in the order of rooms."""
    return {
        str(p): (one.title, one.sentences[str(p)]) for one in room.installed() for p in one.permissions or ()
    }  # fmt: skip


def roles() -> Mapping[str, RoleLine]:
    """Every role as it stands; one query."""
    rows = RoleChange.objects.order_by("role", "-version").distinct("role")
    found = {row.role: RoleLine(row.role, row.version, frozenset(row.permissions), row.sentence) for row in rows}
    return {code: found.get(code) or RoleLine(code, 0, seed.permissions) for code, seed in rules.ROLES.items()}


def role(code: str) -> RoleLine:
    """One role as it stands; raises ``Refused`` for one that there is not."""
    if code not in rules.ROLES:
        raise Refused(refuse("not_found", kind="Role"))
    return roles()[code]


def version(code: str, number: int) -> RoleLine:
    """A role as it was at a version, 0 being the seed; raises ``Refused`` where it never was so."""
    if code not in rules.ROLES:
        raise Refused(refuse("not_found", kind="Role"))
    if number == 0:
        return RoleLine(code, 0, rules.ROLES[code].permissions)
    row = RoleChange.objects.filter(role=code, version=number).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Role"))
    return RoleLine(code, row.version, frozenset(row.permissions), row.sentence)


def history(code: str, page: Page) -> Paged[RoleVersion]:
    """The changes of a role, the newest first."""
    rows = RoleChange.objects.filter(role=code).order_by("-version")
    if page.after:
        rows = rows.filter(version__lt=_number(page.after[0]))
    found = [
        RoleVersion(r.version, frozenset(r.permissions), r.sentence, r.why, r.by_name, r.confirmed_by_name, r.at)
        for r in rows[: page.limit + 1]
    ]
    return cut(found, page, (str(found[page.limit - 1].version),) if len(found) > page.limit else None)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadCursor(text)
    return int(text)


def holds(person: UUID, role: str, day: date) -> bool:
    """Whether the person has a post of the role today or later."""
    posts = Post.objects.unscoped(OWN).filter(Q(until__isnull=True) | Q(until__gte=day), person=person, role=role)
    found: bool = posts.exists()
    return found


def spans(person: UUID, but: UUID | None = None) -> list[tuple[str, rules.Span]]:
    """The roles and periods of a person's posts, save one."""
    rows = Post.objects.unscoped(OWN).filter(person=person).exclude(id=but)
    return [(role, (since, until)) for role, since, until in rows.values_list("role", "since", "until")]


def counts(now: datetime) -> Mapping[str, int]:
    """How many proposals stand where; one whose time is over no longer waits."""
    late = Q(state=flow.State.OPEN, until__lt=now)
    standing = Case(When(late, then=Value(str(flow.State.EXPIRED))), default="state")
    rows = Proposal.objects.annotate(standing=standing).values_list("standing").annotate(n=Count("id"))
    return {str(state): 0 for state in flow.State} | dict(rows.order_by())


def proposals(state: str, page: Page, now: datetime) -> Paged[ProposalLine]:
    """The proposals of a state, the newest first; three queries."""
    late = Q(state=flow.State.OPEN, until__lt=now)
    rows: Any = Proposal.objects.filter(
        late | Q(state=state) if state == flow.State.EXPIRED else Q(state=state) & ~late
    )
    if page.after:
        at, key = _moment(page.after)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=key))
    found = list(rows.select_related("person").order_by("-at", "-id")[: page.limit + 1])
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut(_lines(found, now), page, (last.at.isoformat(), str(last.id)) if last else None)


def _moment(after: tuple[str, ...]) -> tuple[datetime, UUID]:
    try:
        at, key = datetime.fromisoformat(after[0]), UUID(after[1])
    except ValueError as error:
        raise BadCursor(after[0]) from error
    if at.utcoffset() is None or not 1900 < at.year < 9000:
        raise BadCursor(after[0])
    return at, key


def proposal(key: UUID, now: datetime) -> ProposalLine:
    """One proposal; raises ``Refused`` where there is none."""
    row = Proposal.objects.select_related("person").filter(id=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Proposal"))
    return _lines([row], now)[0]


def _lines(rows: Iterable[Proposal], now: datetime) -> list[ProposalLine]:
    found = list(rows)
    places = {r.id: UUID(r.values["organisation"]) for r in found if r.kind == rules.Grave.POST}
    names = organisations.names(set(places.values())) if places else {}
    return [
        ProposalLine(
            id=r.id, version=r.version, kind=r.kind, role=r.role, person=r.person_id,
            person_name=r.person.name if r.person else "", values=r.values,
            place=names.get(places[r.id], "") if r.id in places else "", why=r.why, by=r.by, by_name=r.by_name, at=r.at,
            until=r.until, state=r.state, decided_by_name=r.decided_by_name, decided_at=r.decided_at, note=r.note,
            over=r.state == flow.State.OPEN and r.until < now,
            waits=r.state == flow.State.OPEN and r.until >= now,
        )
        for r in found
    ]  # fmt: skip


def grants(scope: Scope, person: UUID) -> tuple[GrantLine, ...]:
    """What was granted to a person at institutions within the scope, what ends last first; two queries."""
    rows = Grant.objects.within(scope).filter(person=person).select_related("post").order_by("-until", "-id")
    found = list(rows)
    names = organisations.names({r.organisation_id for r in found}) if found else {}
    return tuple(
        GrantLine(
            id=r.id, version=r.version, organisation=r.organisation_id,
            organisation_name=names.get(r.organisation_id, ""), role=r.post.role if r.post else "",
            permission=r.permission, since=r.since, until=r.until, why=r.why, by_name=r.by_name,
            revoked_at=r.revoked_at, revoked_by_name=r.revoked_by_name,
        )
        for r in found
    )  # fmt: skip
