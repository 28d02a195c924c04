"""No page takes files: one that is sent all the same is refused at its first byte, before it fills a disk."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import SuspiciousMultipartForm
from django.core.files.uploadhandler import FileUploadHandler


class NoFiles(FileUploadHandler):
    """The only handler: Django's own would write any number of gigabytes to the temporary folder, for strangers too.

    A page that takes files sets handlers of its own on its request, with a bound and a look at the content.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Stop here: 400."""
        raise SuspiciousMultipartForm("no page takes files")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        """Never come to."""
        raise SuspiciousMultipartForm("no page takes files")

    def file_complete(self, file_size: int) -> None:
        """Never come to."""
