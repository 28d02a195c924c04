"""Certificates: the one that the operator gives, looked at, and the one that the house makes for itself."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS: Final = 397
"""As long as browsers take a certificate (CA/Browser Forum, Baseline Requirements, before 2026-03)."""
RENEWED: Final = 60
"""A certificate of our own that ends within so many days is made anew at the next start."""
PEM: Final = serialization.Encoding.PEM


class EdgeError(Exception):
    """Why the house cannot be reached as asked, in both languages."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")


def own(folder: Path, names: Iterable[str]) -> tuple[Path, Path]:
    """Certificate and key of the house itself in its data folder: made at the first start, and before they end."""
    place = folder / "tls"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate, key = place / "certificate.pem", place / "key.pem"
    wanted = dict.fromkeys(["localhost", "127.0.0.1", "::1", socket.gethostname(), *names])
    if not (certificate.exists() and key.exists() and _serves(certificate, key, wanted)):
        _make(certificate, key, wanted)
    return certificate, key


def check(certificate: Path, key: Path) -> None:
    """EdgeError unless both can be read, belong together, and hold today."""
    try:
        read = _read(certificate)
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise EdgeError(f"证书或私钥无法读取：{error}", f"Certificate or key cannot be read: {error}") from error
    if _public(secret.public_key()) != _public(read.public_key()):
        raise EdgeError(f"私钥 {key} 不属于证书 {certificate}。", f"The key {key} is not that of {certificate}.")
    begins, ends = read.not_valid_before_utc, read.not_valid_after_utc
    if not begins <= datetime.now(UTC) <= ends:
        raise EdgeError(
            f"证书 {certificate} 只在 {begins:%Y-%m-%d} 至 {ends:%Y-%m-%d} 有效。",
            f"{certificate} is good from {begins:%Y-%m-%d} to {ends:%Y-%m-%d} only.",
        )


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the certificate, as browsers show it."""
    return _read(certificate).fingerprint(hashes.SHA256()).hex(":").upper()


def days_left(certificate: Path) -> int:
    """How many whole days the certificate still holds."""
    return (_read(certificate).not_valid_after_utc - datetime.now(UTC)).days


def self_signed(certificate: Path) -> bool:
    """Whether nobody else vouches for it."""
    read = _read(certificate)
    return read.issuer == read.subject


def _serves(certificate: Path, key: Path, wanted: Iterable[str]) -> bool:
    with suppress(EdgeError, ValueError, x509.ExtensionNotFound):
        check(certificate, key)
        listed = _read(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = {str(each.value) for each in listed}
        return days_left(certificate) > RENEWED and known >= set(wanted)
    return False


def _make(certificate: Path, key: Path, names: Iterable[str]) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Doorstep")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(who, who, secret.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(key, pem, 0o600)
    _write(certificate, made.public_bytes(PEM), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others for a moment."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(content)
    fresh.replace(path)


def _name(text: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(text))
    return x509.DNSName(text.encode("idna").decode())


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _public(key: object) -> bytes:
    told: bytes = key.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]  # of any kind
    return told
