"""`make orthanc`: Debian's Orthanc with DICOMweb for tests and the demo, with folder, ports and password of its own.

Orthanc 1.10 cannot be bound to one address: it listens on all of them. Requests over HTTP from other machines are
refused (RemoteAccessAllowed false), senders of DICOM must be named (see ``SENDERS``); what must not be reached at all
is closed by a firewall. It is for made-up images.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLUGINS: Final = Path("/usr/share/orthanc/plugins")
"""Where Debian's plug-ins are; `/usr/lib/orthanc` has none, and Orthanc says nothing of that."""
DICOMWEB: Final = PLUGINS / "libOrthancDicomWeb.so"
GDCM: Final = PLUGINS / "libOrthancGdcm.so"
"""Draws JPEG 2000 and other pictures that Orthanc by itself does not; used where it is there."""
INSTALL: Final = "apt-get install --no-install-recommends orthanc orthanc-dicomweb orthanc-gdcm"
USER: Final = "doorstep"
TITLE: Final = "ORTHANC"
SENDERS: Final = ("DOORSTEP", "STORESCU", "FINDSCU", "PYNETDICOM")
"""Titles of this machine's senders that may store and ask."""
PATIENCE: Final = 60.0


class Missing(Exception):
    """Orthanc or its plug-in is not installed; the text says how it comes."""


@dataclass(frozen=True, slots=True)
class Running:
    """An Orthanc that answers: its process, ports, password and folder."""

    process: subprocess.Popen[bytes]
    http: int
    dicom: int
    password: str
    folder: Path

    @property
    def address(self) -> str:
        """Its DICOMweb root."""
        return f"http://127.0.0.1:{self.http}/dicom-web"

    def stop(self) -> None:
        """End it, by force where it does not go."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def missing() -> str:
    """What is not installed, in words; empty where all is there."""
    if shutil.which("Orthanc") is None:
        return f"Orthanc is not installed: {INSTALL}"
    if not DICOMWEB.exists():
        return f"Orthanc's DICOMweb plug-in is not installed: {INSTALL}"
    return ""


def configuration(folder: Path, http: int, dicom: int, password: str, stable: int = 60) -> dict[str, Any]:
    """What Orthanc reads; ``stable``: seconds after the last image in which a study is taken to be whole."""
    return {
        "Name": "Doorstep",
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "Plugins": [str(each) for each in (DICOMWEB, GDCM) if each.exists()],
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": TITLE,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: password},
        "SslEnabled": False,
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowStore": False,
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": True,
        "DicomModalities": {
            name: {"AET": name, "Host": "127.0.0.1", "Port": 11112, "AllowEcho": True, "AllowStore": True,
                   "AllowFind": True, "AllowMove": False, "AllowGet": False}
            for name in SENDERS
        },
        "OverwriteInstances": False,
        "DefaultEncoding": "Utf8",
        "StableAge": stable,
        "KeepAlive": True,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": False, "StudiesMetadata": "Full",
                     "SeriesMetadata": "Full"},
    }  # fmt: skip


def start(folder: Path, *, http: int, dicom: int, stable: int = 60, patience: float = PATIENCE) -> Running:
    """Start one and wait until it answers. Raises ``Missing``, ``RuntimeError`` where it ends or does not answer."""
    if said := missing():
        raise Missing(said)
    (folder / "store").mkdir(parents=True, exist_ok=True, mode=0o700)
    password = _password(folder / "password")
    file = folder / "orthanc.json"
    _private(file, json.dumps(configuration(folder, http, dicom, password, stable), indent=2))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(["Orthanc", str(file)], stdout=log, stderr=log, start_new_session=True)
    running = Running(process, http, dicom, password, folder)
    try:
        _wait(running, patience)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return running


def _password(path: Path) -> str:
    """The password of the folder, made once; for its owner alone."""
    if not path.exists():
        _private(path, secrets.token_urlsafe(24))
    return path.read_text().strip()


def _private(path: Path, text: str) -> None:
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(made, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


def _wait(running: Running, patience: float) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if running.process.poll() is not None:
            raise RuntimeError(f"Orthanc has ended ({running.process.returncode}): see {running.folder / 'log'}")
        with suppress(OSError, ValueError):
            if (get(running, "/system") or {}).get("DicomPort") == running.dicom:
                get(running, "/plugins/dicom-web")
                return
        time.sleep(0.1)
    raise RuntimeError(f"Orthanc does not answer: see {running.folder / 'log'}")


def get(running: Running, path: str) -> Any:
    """What its own API answers, as JSON."""
    return _asked(running, path, None, {})


def store(running: Running, file: bytes) -> str:
    """Have it keep a DICOM file, by its own API; the id of the study."""
    found = _asked(running, "/instances", file, {"Content-Type": "application/dicom"})
    return str(found["ParentStudy"])


def delete(running: Running, path: str) -> None:
    """Have it delete something."""
    _asked(running, path, None, {}, "DELETE")


def _asked(
    running: Running, path: str, body: bytes | None, headers: Mapping[str, str], method: str | None = None
) -> Any:
    credentials = b64encode(f"{USER}:{running.password}".encode()).decode()
    url = f"http://127.0.0.1:{running.http}{path}"
    request = urllib.request.Request(url, body, {"Authorization": f"Basic {credentials}", **headers}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("", 0))
        port: int = found.getsockname()[1]
    return port


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it until it is interrupted."""
    parser = argparse.ArgumentParser(prog="make orthanc", description="Orthanc with DICOMweb for tests and the demo.")
    home = Path(os.environ.get("DOORSTEP_HOME", Path.home() / ".local" / "share" / "doorstep"))
    parser.add_argument("--folder", type=Path, default=home / "orthanc", help="where images and password are kept")
    parser.add_argument("--http", type=int, default=8042, help="the port of DICOMweb")
    parser.add_argument("--dicom", type=int, default=4242, help="the port of DICOM (C-STORE)")
    parser.add_argument("--new", action="store_true", help="a folder of its own that is deleted at the end")
    said = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="orthanc-")) if said.new else said.folder
    try:
        running = start(folder, http=said.http, dicom=said.dicom)
    except (Missing, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"Orthanc: {running.address}, user {USER}, password in {folder / 'password'}; DICOM {TITLE}@127.0.0.1:"
        f"{running.dicom}.\nIt listens on every address of this machine: close ports {running.http} and {running.dicom}"
        " to others.\nCtrl-C ends it.\n"
    )
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        running.process.wait()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        running.stop()
        if said.new:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
