"""Stored resources as they are shown: version and time put into meta, every other byte as it was received."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from doorstep.fhir.outcome import instant
from doorstep.fhir.splice import set_meta

_META: Final = ',"meta":{"'


def stamped(body: str, kind: str, ident: str, version: int, updated: datetime) -> str:
    """Return a minified resource with meta.versionId and meta.lastUpdated; mostly without parsing it."""
    head = f'{{"resourceType":"{kind}","id":"{ident}"'
    if not body.startswith(head):
        return _slowly(body, version, updated)
    at = len(head)
    stamp = f'"versionId":"{version}","lastUpdated":"{instant(updated)}"'
    if '"meta":' not in body:
        return f'{head},"meta":{{{stamp}}}{body[at:]}'
    if body.startswith(_META, at) and '"versionId"' not in body and '"lastUpdated"' not in body:
        return f'{head},"meta":{{{stamp},{body[at + len(_META) - 1 :]}'
    return _slowly(body, version, updated)


def _slowly(body: str, version: int, updated: datetime) -> str:
    return set_meta(body.encode(), str(version), instant(updated)).decode()
