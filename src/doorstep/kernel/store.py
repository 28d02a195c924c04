"""Base rows, row locks, and the manager that refuses a query without a scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.query import RawQuerySet

from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused, Stale, refuse
from doorstep.kernel.ids import new_id

R = TypeVar("R", bound="Row")
M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class UnscopedQuery(RuntimeError):
    """A query on rows about people or institutions was run without a scope: a fault of the program."""


class Row(models.Model):
    """A row with a time-ordered id and a version that counts its changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class ScopedQuerySet(models.QuerySet[M_co], Generic[M_co]):
    """Runs only after ``within`` (the caller's bounds) or ``unscoped`` (the system, with a reason)."""

    _bounded: bool = False

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # private in Django, untyped in its stubs
        clone._bounded = self._bounded
        return clone

    def within(self, scope: Scope) -> Self:
        """Only rows that the scope may touch, as the model's ``scope_filter`` says."""
        rows = self if scope.everywhere else self.filter(self.model.scope_filter(scope))  # type: ignore[attr-defined]
        rows = rows._clone()
        rows._bounded = True
        return rows

    def unscoped(self, reason: str) -> Self:
        """All rows: for rules of the system itself; the reason stands in the code for its reader."""
        if not reason:
            raise UnscopedQuery("say why")
        rows = self._clone()
        rows._bounded = True
        return rows

    def _check(self) -> None:
        if not self._bounded:
            raise UnscopedQuery(f"{self.model.__name__}: call within(scope) first")

    def _fetch_all(self) -> None:
        self._check()
        super()._fetch_all()

    def iterator(self, chunk_size: int | None = None) -> Iterator[M_co]:
        self._check()
        return super().iterator(chunk_size)

    def aiterator(self, chunk_size: int = 2000) -> AsyncIterator[M_co]:
        self._check()
        return super().aiterator(chunk_size)

    def raw(self, *args: Any, **kwargs: Any) -> RawQuerySet[Any]:
        self._check()
        return super().raw(*args, **kwargs)

    def count(self) -> int:
        self._check()
        return super().count()

    def exists(self) -> bool:
        self._check()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._check()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check()
        return super().delete()


class ScopedManager(models.Manager.from_queryset(ScopedQuerySet)):  # type: ignore[misc]  # made at run time by Django
    """The manager of every scoped row."""


class ScopedRow(Row):
    """A row about a person or an institution; each model says in ``scope_filter`` what a scope may touch."""

    objects = ScopedManager()

    class Meta:
        abstract = True

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """The condition that bounds every query; raises ``NotImplementedError`` where a model forgot it."""
        raise NotImplementedError(f"{cls.__name__}.scope_filter")


def one_of(column: str, values: Iterable[object], name: str) -> models.CheckConstraint:
    """The constraint that a column holds one of an enum's values."""
    return models.CheckConstraint(condition=Q(**{f"{column}__in": sorted(map(str, values))}), name=name)


def lock(model: type[R], key: UUID, *, scope: Scope, expect: int | None = None) -> R:
    """The row, locked until the transaction ends; ``Refused`` where it is not within the scope, ``Stale`` where
    its version is not the one that the person saw."""
    rows: Any = model._default_manager.all()
    if isinstance(rows, ScopedQuerySet):
        rows = rows.within(scope)
    row: R | None = rows.select_for_update(of=("self",)).filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind=model.__name__))
    if expect is not None and row.version != expect:
        raise Stale(expect, row.version)
    return row
