"""The DICOMweb door (PS3.18): studies searched for, fetched and stored, within what the caller may see.

What is asked of an archive is made here, word by word; nothing that a caller writes reaches it as it came. The line in
the trail is durable before the archive is asked.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from doorstep.adapters.dicomweb import addresses, attributes, client, multipart, searching
from doorstep.adapters.dicomweb.client import Answer, Archive, ArchiveFault
from doorstep.kernel.web.pages import CalledRequest
from doorstep.record.imaging.actions import asking, following
from doorstep.record.imaging.pages import storing
from doorstep.record.imaging.pages.entry import Turned, door
from doorstep.record.imaging.reads import opening, parts
from doorstep.record.imaging.rules import accepting, answering, paths, queries
from doorstep.record.imaging.rules.paths import PICTURES, SEARCHES, Kind, Wanted

log = logging.getLogger(__name__)
PICTURE: Final = 32 << 20
THUMB: Final = {"viewport": "192,192", "quality": "80"}
_FILTER: Final = re.compile(
    r"(SeriesInstanceUID|SOPInstanceUID|Modality|SeriesNumber|InstanceNumber|limit|offset|includefield|[0-9A-F]{8})"
)
_VALUE: Final = re.compile(r"[A-Za-z0-9.,_ -]{1,200}", re.ASCII)
MOST_FIELDS: Final = 100


@door
def studies(request: CalledRequest) -> HttpResponseBase:
    """Search for studies (GET), or store (POST)."""
    if request.method == "POST":
        return storing.store(request, "")
    if not accepting.asked(Kind.SERIES, request.headers.get("Accept", "")):
        raise Turned("accept", accept=accepting.JSON)
    query = queries.read(_pairs(request))
    found = [answering.dataset(each.found, storing.base(request)) for each in opening.search(request.call, query=query)]
    return HttpResponse(orjson.dumps(found), content_type=accepting.JSON)


@door
def study(request: CalledRequest, rest: str) -> HttpResponseBase:
    """Fetch something of a study (GET), or store in it (POST)."""
    wanted = paths.wanted(rest)
    if wanted is None:
        raise Turned("path")
    if request.method == "POST":
        if wanted != Wanted(Kind.OBJECTS, wanted.study):
            raise Turned("path")
        return storing.store(request, wanted.study)
    query, accept = _query(request, wanted), accepting.asked(wanted.kind, request.headers.get("Accept", ""))
    if not accept:
        raise Turned("accept", accept=request.headers.get("Accept", "")[:100])
    opened = opening.fetch(request.call, wanted=wanted)
    archive = asking.archive(opened.place)
    try:
        return _answer(request, archive, _proved(archive, opened.place.archive, wanted), query, accept)
    except Turned:
        following.look_soon(opened.study.id)  # it may be gone from the archive
        raise


def _pairs(request: CalledRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.GET.lists() for value in values]


def _query(request: CalledRequest, wanted: Wanted) -> Mapping[str, str] | list[tuple[str, str]]:
    """The parameters that go on, all of them looked at."""
    pairs = _pairs(request)
    if wanted.kind in PICTURES:
        found = paths.picture(dict(pairs))
        if found is None:
            raise Turned("query", name=", ".join(name for name, _ in pairs)[:60])
        return {**THUMB, **found} if wanted.kind is Kind.THUMBNAIL else found
    for name, value in pairs:
        if wanted.kind not in SEARCHES or not _FILTER.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Turned("query", name=name[:60])
    if len(pairs) > MOST_FIELDS:
        raise Turned("query", name="includefield")
    return pairs


def _proved(archive: Archive, key: UUID, wanted: Wanted) -> Wanted:
    """What is wanted, where series and instance are the study's: an archive may not look. A thumbnail of a study or a
    series is that of the picture in its middle."""
    series, instance = wanted.series, wanted.instance
    if wanted.kind is Kind.THUMBNAIL and not instance:
        series = series or next(iter(parts.series(archive, key, wanted.study)), "")
        listed = parts.instances(archive, key, wanted.study, series) if series else ()
        if not listed:
            raise Turned("not-found")
        return Wanted(Kind.THUMBNAIL, wanted.study, series, listed[len(listed) // 2])
    if series and series not in parts.series(archive, key, wanted.study):
        raise Turned("not-found")
    if instance and instance not in parts.instances(archive, key, wanted.study, series):
        raise Turned("not-found")
    return wanted


def _answer(
    request: CalledRequest, archive: Archive, wanted: Wanted, query: Mapping[str, str] | list[tuple[str, str]],
    accept: str,
) -> HttpResponseBase:  # fmt: skip
    asked = f"{wanted.path}?{urlencode(query, safe=',')}" if query else wanted.path
    answer = client.ask(archive, asked, accept=accept)
    kind = answer.headers.get("content-type", "")
    if answer.status != 200 or not accepting.is_expected(accept, kind):
        answer.close()
        raise _fault(answer, accept)
    if wanted.kind in PICTURES:
        return HttpResponse(answer.whole(PICTURE), content_type=accept)
    base = storing.base(request)
    if wanted.kind in SEARCHES:
        return HttpResponse(_listed(answer, wanted, base), content_type=accepting.JSON)
    if wanted.kind is Kind.METADATA:
        return StreamingHttpResponse(_quiet(addresses.relayed(answer, base)), content_type=accepting.JSON)
    try:
        boundary = multipart.boundary_of(kind)
    except multipart.Malformed as error:
        answer.close()
        raise ArchiveFault("garbage") from error
    relayed = multipart.relayed(answer, boundary, lambda said: addresses.ours(said, base))
    return StreamingHttpResponse(_quiet(relayed), content_type=answering.related(kind, boundary))


def _fault(answer: Answer, accept: str) -> Exception:
    if answer.status in (204, 404, 410):
        return Turned("not-found")
    if answer.status in (400, 406, 415):
        return Turned("accept", accept=accept)
    return ArchiveFault("status" if answer.status != 200 else "garbage", status=answer.status)


def _listed(answer: Answer, wanted: Wanted, base: str) -> bytes:
    """The series or instances that an archive lists, without those that say they are another study's, and without
    where it is."""
    try:
        found = orjson.loads(answer.whole())
    except orjson.JSONDecodeError as error:
        raise ArchiveFault("garbage") from error
    own = [
        answering.without_place(each)
        for each in attributes.datasets(found)
        if attributes.uid(each, attributes.STUDY_UID) in ("", wanted.study)
        and (not wanted.series or attributes.uid(each, attributes.SERIES_UID) in ("", wanted.series))
    ]
    return b"".join(addresses.relayed([orjson.dumps(own[: searching.MOST * 10])], base))


def _quiet(stream: Iterable[bytes]) -> Iterator[bytes]:
    """A stream that ends where the archive fails: JSON without its end and multipart without its last boundary are
    known to be cut by whoever reads them."""
    try:
        yield from stream
    except (ArchiveFault, multipart.Malformed) as fault:
        log.warning("a stream from an archive was cut: %s", fault)
