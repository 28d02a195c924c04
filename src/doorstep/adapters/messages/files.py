"""A gateway that writes messages into a file, for demonstrations: one JSON object a line, for its owner alone."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from doorstep.adapters.messages import Message, NotSent


@dataclass(frozen=True, slots=True)
class FileGateway:
    """Adds each message to the end of a file of mode 0600."""

    path: Path

    def send(self, message: Message) -> None:
        """One write of one line, so that several processes may share the file."""
        said = {"at": datetime.now(UTC).isoformat(), "phone": message.phone, "text": message.text}
        line = json.dumps(said, ensure_ascii=False) + "\n"
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            try:
                os.fchmod(file, 0o600)
                os.write(file, line.encode())
            finally:
                os.close(file)
        except OSError as error:
            raise NotSent(type(error).__name__) from None
