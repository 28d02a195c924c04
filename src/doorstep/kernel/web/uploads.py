"""Files that people send: kept in memory within a bound, for pages that take one, from those who may enter them.

A file that is sent to any other page, or by anybody else, is refused at its first byte, before it fills memory or disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import SuspiciousMultipartForm
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from doorstep.kernel.web.pages import call_of, enters

V = TypeVar("V", bound=Callable[..., Any])


def takes_file(most: int) -> Callable[[V], V]:
    """Let a page, from above ``page``, take one file of at most so many bytes; of a larger one its size is told."""

    def mark(view: V) -> V:
        view.takes_file = most  # type: ignore[attr-defined]  # read below, before the view is reached
        return view

    return mark


def most_of(request: HttpRequest) -> int:
    """How many bytes the page that is asked for takes from this caller; 0 for none."""
    view = request.resolver_match.func if request.resolver_match else None
    most: int = getattr(view, "takes_file", 0)
    call = call_of(request) if most else None
    return most if call is not None and enters(call, view.access_rule).allowed else 0  # type: ignore[union-attr]  # a view, as it takes files


class InMemory(FileUploadHandler):
    """The only handler: Django's own would write any number of gigabytes to the temporary folder, for strangers too."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin, unless the page takes no file, or had one: then 400."""
        super().new_file(*args, **kwargs)
        self.most = most_of(self.request) if self.request is not None else 0
        if not self.most or getattr(self.request, "has_file", False):
            raise SuspiciousMultipartForm("no page takes this file")
        self.request.has_file = True  # type: ignore[union-attr]  # a request is there, see above
        self.content = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep what is within the bound; the rest is only counted."""
        if start + len(raw_data) <= self.most:
            self.content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file; of a larger one, an empty one that says its size."""
        kept = self.content if file_size <= self.most else io.BytesIO()
        kept.seek(0)
        return InMemoryUploadedFile(
            kept, self.field_name, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )
