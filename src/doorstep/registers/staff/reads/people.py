"""People who work: lists by pinyin, one person with licences, titles and posts, and the keys of an institution."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.kernel.pinyin import typed
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.models import Account, Licence, Person, Post, SourceKey, Title
from doorstep.registers.staff.shapes import (
    Filters,
    KeyLine,
    LicenceLine,
    PersonDetail,
    PersonLine,
    PostLine,
    TitleLine,
)

ELSEWHERE = "all posts of a person whom the caller may see: with whom else they work is no secret among members"
BEHIND = "names stand beside what people did, and are shown wherever that is shown"


def holding(rows: QuerySet[Post], day: date) -> QuerySet[Post]:
    """Posts that hold on the day."""
    return rows.filter(Q(until__isnull=True) | Q(until__gte=day), since__lte=day)


def listed(scope: Scope, *, filters: Filters, page: Page, day: date) -> Paged[PersonLine]:
    """People by the pinyin of their names, with the posts that hold on the day; at most four queries."""
    rows = _after(_narrowed(Person.objects.within(scope), scope, filters, day), page).order_by("pinyin", "id")
    found = list(rows[: page.limit + 1])
    posts = _posts_of([row.id for row in found], day=day)
    last = found[page.limit - 1] if len(found) > page.limit else None
    lines = [
        PersonLine(row.id, row.number or "", row.name, row.profession, tuple(posts.get(row.id, ()))) for row in found
    ]
    return cut(lines, page, (last.pinyin, str(last.id)) if last else None)


def _after(rows: QuerySet[Person], page: Page) -> QuerySet[Person]:
    if not page.after:
        return rows
    pinyin, key = page.after
    last = key_of(key)
    return rows.filter(Q(pinyin__gt=pinyin) | Q(pinyin=pinyin, id__gt=last))


def _narrowed(rows: Any, scope: Scope, filters: Filters, day: date) -> Any:
    if filters.text:
        rows = rows.filter(_matching(filters.text))
    if filters.profession:
        rows = rows.filter(profession=filters.profession)
    if not (filters.organisation or filters.role or filters.working):
        return rows
    posts = holding(Post.objects.within(scope), day) if filters.working else Post.objects.within(scope)
    if filters.organisation:
        posts = posts.filter(organisation=filters.organisation)
    if filters.role:
        posts = posts.filter(role=filters.role)
    return rows.filter(id__in=posts.values("person"))


def _matching(text: str) -> Q:
    fits = Q(name__contains=text) | Q(number=text.upper())
    if letters := typed(text):
        fits |= Q(pinyin__startswith=letters) | Q(initials__startswith=letters)
    return fits


def _posts_of(people: Collection[UUID], day: date | None = None) -> Mapping[UUID, list[PostLine]]:
    rows = Post.objects.unscoped(ELSEWHERE).filter(person__in=people)
    if day:
        rows = holding(rows, day)
    found = list(rows.order_by(F("until").desc(nulls_first=True), "-is_main", "since", "id"))
    names = organisations.names({row.organisation_id for row in found})
    departments = organisations.department_names({(r.organisation_id, r.department) for r in found if r.department})
    by_person: dict[UUID, list[PostLine]] = defaultdict(list)
    for row in found:
        place = (row.organisation_id, row.department)
        by_person[row.person_id].append(_post_line(row, names, departments.get(place, row.department)))
    return by_person


def _post_line(row: Post, names: Mapping[UUID, str], department: str) -> PostLine:
    return PostLine(
        id=row.id, version=row.version, organisation=row.organisation_id,
        organisation_name=names.get(row.organisation_id, ""), department=row.department, department_name=department,
        role=row.role, duty=row.duty, is_main=row.is_main, since=row.since, until=row.until,
    )  # fmt: skip


def detail(scope: Scope, person: UUID) -> PersonDetail:
    """One person, whole; raises ``Refused`` where they are not within the scope. Seven queries."""
    row = Person.objects.within(scope).filter(id=person).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Person"))
    licences = Licence.objects.within(scope).filter(person=person).order_by("-since", "kind")
    titles = Title.objects.within(scope).filter(person=person).order_by(F("since").desc(nulls_last=True), "name")
    return PersonDetail(
        id=row.id, version=row.version, number=row.number or "", name=row.name, sex=row.sex,
        birth_date=row.birth_date, profession=row.profession, phone=row.phone,
        licences=tuple(_licence_line(found) for found in licences),
        titles=tuple(TitleLine(found.name, found.level, found.since) for found in titles),
        posts=tuple(_posts_of([person]).get(person, ())),
        username=Account.objects.filter(person=person).values_list("username", flat=True).first() or "",
    )  # fmt: skip


def _licence_line(row: Licence) -> LicenceLine:
    warning = rules.licence_warning(row.kind, row.number)
    return LicenceLine(row.id, row.kind, rules.masked(row.number), row.since, row.until, warning)


def open_posts(person: UUID, day: date) -> tuple[tuple[UUID, str], ...]:
    """Institution and role of the posts that a person holds or will hold, wherever they are: for access rules."""
    rows = Post.objects.unscoped("an access rule must know every post, also those beyond the caller's bounds")
    return tuple(
        rows.filter(Q(until__isnull=True) | Q(until__gte=day), person=person).values_list("organisation", "role")
    )


def names(people: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of people by id; unknown ids are left out."""
    return dict(Person.objects.unscoped(BEHIND).filter(id__in=people).values_list("id", "name"))


def post_names(posts: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of those who hold posts, past ones too, by the posts' ids; unknown ids are left out."""
    return dict(Post.objects.unscoped(BEHIND).filter(id__in=posts).values_list("id", "person__name"))


def working(scope: Scope, organisation: UUID, day: date) -> tuple[tuple[UUID, str, str, str], ...]:
    """Who holds a post at an institution of the scope on the day, by pinyin: the post, the name, the department's code,
    the newest title."""
    rows = holding(Post.objects.within(scope), day).filter(organisation=organisation)
    newest = Title.objects.unscoped(BEHIND).filter(person=OuterRef("person")).order_by(F("since").desc(nulls_last=True))
    found = rows.order_by("person__pinyin", "id").annotate(title=Subquery(newest.values("name")[:1]))
    return tuple(
        (key, name, code, title or "")
        for key, name, code, title in found.values_list("id", "person__name", "department", "title")
    )


def phones(person: UUID) -> str:
    """The telephone of a person who works here; empty where none is known."""
    return Person.objects.unscoped(BEHIND).filter(id=person).values_list("phone", flat=True).first() or ""


def titles(posts: Collection[UUID]) -> Mapping[UUID, str]:
    """The titles of the roles of posts, past ones too, by the posts' ids."""
    rows = Post.objects.unscoped(BEHIND).filter(id__in=posts).values_list("id", "role")
    return {key: rules.ROLES[role].title for key, role in rows if role in rules.ROLES}


def colleagues(organisation: UUID, day: date) -> Mapping[UUID, str]:
    """The people who hold a post at the institution on the day, with their names, by the pinyin of them."""
    held = Post.objects.unscoped(BEHIND).filter(Q(until__isnull=True) | Q(until__gte=day), since__lte=day)
    rows = Person.objects.unscoped(BEHIND).filter(id__in=held.filter(organisation=organisation).values("person"))
    return dict(rows.order_by("pinyin", "id").values_list("id", "name"))


def births(people: Collection[UUID]) -> Mapping[UUID, tuple[str, date]]:
    """Name and day of birth of people by id; left out is whose day is not known."""
    rows = Person.objects.unscoped(BEHIND).filter(id__in=people, birth_date__isnull=False)
    return {key: (name, born) for key, name, born in rows.values_list("id", "name", "birth_date") if born}


def keys(scope: Scope, organisation: UUID, *, day: date) -> tuple[KeyLine, ...]:
    """The source systems' keys of an institution, those that work first."""
    rows = SourceKey.objects.within(scope).filter(organisation=organisation).order_by("-created_at")
    lines = [
        KeyLine(
            id=row.id, version=row.version, name=row.name, since=row.since, until=row.until,
            revoked_at=row.revoked_at, made_by=row.made_by,
            active=row.revoked_at is None and rules.holds(row.since, row.until, day),
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(lines, key=lambda line: not line.active))


def by_number(scope: Scope, numbers: Collection[str]) -> dict[str, UUID]:
    """The people within the scope who have these staff numbers, by number."""
    return dict(Person.objects.within(scope).filter(number__in=numbers).values_list("number", "id"))


def versions(people: Collection[UUID], posts: Collection[UUID]) -> Mapping[UUID, int]:
    """In which version people and posts stand now; those that are gone are left out."""
    found = dict(Person.objects.unscoped(BEHIND).filter(id__in=people).values_list("id", "version"))
    return found | dict(Post.objects.unscoped(BEHIND).filter(id__in=posts).values_list("id", "version"))


def qualified(keys: Collection[UUID]) -> Mapping[UUID, int]:
    """In which version certificates and titles stand now; those that are gone are left out."""
    found = dict(Licence.objects.unscoped(BEHIND).filter(id__in=keys).values_list("id", "version"))
    return found | dict(Title.objects.unscoped(BEHIND).filter(id__in=keys).values_list("id", "version"))
