"""Images that a sender stores through the house (STOW-RS): streamed to the archive of the sender's institution.

The sender is told that they are kept when the archive has said so and the house has noted which studies to look at.
Whose they are is found out as for all others; what is uncertain rests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from doorstep.adapters.dicomweb import addresses, attributes, client, multipart
from doorstep.adapters.dicomweb.client import Answer, ArchiveFault
from doorstep.kernel.decision import demand
from doorstep.kernel.web.pages import CalledRequest
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions import asking, storing
from doorstep.record.imaging.pages.entry import Turned
from doorstep.record.imaging.reads.archives import place_for
from doorstep.record.imaging.rules import accepting

LARGEST: Final = 2 << 30
"""Bytes of one request."""
PIECE: Final = 65_536
KEPT: Final = (200, 202)
_STUDY: Final = re.compile(r"/studies/([0-9.]{1,64})(?:/|$)")


def base(request: CalledRequest) -> str:
    """The address of the door, as the caller knows it."""
    return request.build_absolute_uri("/dicomweb")


def store(request: CalledRequest, study: str) -> HttpResponseBase:
    """Store the parts of a request, all of one study where one is named."""
    demand(request.call.may(Permission.STORE))
    kind, length = request.headers.get("Content-Type", ""), _length(request)
    _look_at_type(kind)
    place = place_for(request.call.organisation)
    if place is None:
        raise Turned("no-archive")
    headers = {"Content-Type": kind, "Content-Length": str(length)}
    path = f"/studies/{study}" if study else "/studies"
    answer = client.ask(
        asking.archive(place), path, method="POST", body=_pieces(request, length), headers=headers, seconds=client.WHOLE
    )
    said = answer.whole() if answer.status in (*KEPT, 409) else _thrown(answer)
    uids, taken, refused = told(said, study)
    storing.stored(request.call, archive=place.archive, uids=uids, taken=taken, refused=refused)
    body = b"".join(addresses.relayed([said], base(request)))
    return HttpResponse(body, content_type=accepting.JSON, status=answer.status)


def _look_at_type(kind: str) -> None:
    try:
        boundary = multipart.boundary_of(kind)
    except multipart.Malformed as error:
        raise Turned("media") from error
    if multipart.part_type(kind) != "application/dicom" or not boundary or not kind.isprintable():
        raise Turned("media")


def _length(request: CalledRequest) -> int:
    said = request.META.get("CONTENT_LENGTH") or ""
    if not said.isascii() or not said.isdigit():
        raise Turned("length")
    if int(said) > LARGEST:
        raise Turned("too-large", megabytes=LARGEST >> 20)
    return int(said)


def _pieces(request: CalledRequest, length: int) -> Iterator[bytes]:
    """The body as it comes; a sender who hangs up has stored nothing that was promised."""
    left = length
    while left:
        try:
            piece = request.read(min(PIECE, left))
        except OSError as error:
            raise Turned("upload-cut") from error
        if not piece:
            raise Turned("upload-cut")
        left -= len(piece)
        yield piece


def _thrown(answer: Answer) -> bytes:
    answer.close()
    if answer.status in (400, 415):
        raise Turned("media")
    raise ArchiveFault("status", status=answer.status)


def told(said: bytes, study: str) -> tuple[set[str], int, int]:
    """The studies of which an archive says that it has stored something, and how many instances it took and refused.
    Raises ``ArchiveFault`` where it does not say."""
    try:
        found: Any = orjson.loads(said)
    except orjson.JSONDecodeError as error:
        raise ArchiveFault("garbage") from error
    taken = list(attributes.datasets(list(attributes.values(found, attributes.REFERENCED))))
    refused = attributes.values(found, attributes.FAILED)
    links = (attributes.text(each, attributes.RETRIEVE_URL, 500) for each in (found, *taken))
    uids = {match[1] for link in links if (match := _STUDY.search(link)) and attributes.is_uid(match[1])}
    return uids | ({study} if study and taken else set()), len(taken), len(refused)
