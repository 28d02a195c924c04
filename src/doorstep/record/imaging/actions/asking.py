"""How an archive is asked in the name of the house."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from doorstep.adapters.dicomweb.client import Archive, ArchiveFault
from doorstep.record.imaging.shapes import Place

LONGEST: Final = 200


def archive(place: Place) -> Archive:
    """The archive with the password that stands in its file, as it is now. Raises ``ArchiveFault`` (credential)."""
    if not place.credential:
        return Archive(place.address, place.user)
    try:
        with Path(place.credential).open("rb") as file:
            password = file.read(LONGEST + 1).decode().strip()
    except (OSError, ValueError) as error:
        raise ArchiveFault("credential") from error
    if not password or len(password) > LONGEST or not password.isprintable():
        raise ArchiveFault("credential")
    return Archive(place.address, place.user, password)
