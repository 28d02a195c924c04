"""Terminology of the door: what institutions have sent to the ledger, over what R4 itself defines."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Final

import orjson
from django.db import connection

from doorstep.fhir.hashes import param_key
from doorstep.fhir.terminology.definitions import Definitions, Resource, builtin, layered, systems_of

KEPT: Final = 256  # parsed resources kept, by id and version
_BY_URL: Final = (
    "SELECT r.id, r.version FROM fhir_string v JOIN fhir_{kind} r ON r.id = v.id"
    " WHERE v.param = %s AND v.value = %s AND NOT r.deleted ORDER BY r.updated DESC LIMIT 50"
)
_ALL: Final = "SELECT id, version FROM fhir_{kind} WHERE NOT deleted ORDER BY updated DESC LIMIT 1000"


class Stored:
    """CodeSystem, ValueSet and ConceptMap as the ledger holds them now; used in threads that may wait for it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, int], Resource] = OrderedDict()
        self._lock = Lock()

    def code_system(self, url: str, version: str | None) -> Resource | None:
        """Return a CodeSystem that is not a supplement."""
        found = [r for r in self._by_url("CodeSystem", url) if r.get("content") != "supplement"]
        return _chosen(found, version)

    def value_set(self, url: str, version: str | None) -> Resource | None:
        """Return a ValueSet."""
        return _chosen(self._by_url("ValueSet", url), version)

    def concept_map(self, url: str, version: str | None) -> Resource | None:
        """Return a ConceptMap by its url."""
        return _chosen(self._by_url("ConceptMap", url), version)

    def concept_maps(self, system: str) -> Sequence[Resource]:
        """Return the ConceptMaps that have a group whose source or target is this code system."""
        return [r for r in self._all("ConceptMap") if system in systems_of(r)]

    def supplements(self, system: str) -> Sequence[Resource]:
        """Return the CodeSystems that supplement this one."""
        return [r for r in self._all("CodeSystem") if r.get("content") == "supplement" and system in systems_of(r)]

    def _by_url(self, kind: str, url: str) -> list[Resource]:
        return self._read(kind, _BY_URL, [param_key(kind, "url"), url])

    def _all(self, kind: str) -> list[Resource]:
        return self._read(kind, _ALL, [])

    def _read(self, kind: str, query: str, params: list[Any]) -> list[Resource]:
        with connection.cursor() as cursor:
            cursor.execute(query.format(kind=kind.lower()), params)
            keys = [(kind, row[0], row[1]) for row in cursor.fetchall()]
            missing = [key[1] for key in keys if key not in self._kept]
            fresh: dict[tuple[str, str, int], Resource] = {}
            if missing:
                cursor.execute(
                    f"SELECT id, version, body FROM fhir_{kind.lower()} WHERE id = ANY(%s)",  # noqa: S608  a type of R4
                    [missing],
                )
                fresh = {(kind, row[0], row[1]): orjson.loads(row[2]) for row in cursor.fetchall()}
        with self._lock:
            self._kept |= fresh
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return [found for key in keys if (found := fresh.get(key) or self._kept.get(key)) is not None]


def _chosen(found: Sequence[Resource], version: str | None) -> Resource | None:
    fitting = [each for each in found if version is None or each.get("version") == version]
    return max(fitting, key=lambda each: str(each.get("version", ""))) if fitting else None


def house_definitions() -> Definitions:
    """Return what the house knows, over what R4 itself defines."""
    return layered(Stored(), builtin())
