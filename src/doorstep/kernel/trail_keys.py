"""The key that signs the trail's heads, in the data folder: who owns the database does not own it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from doorstep.kernel import postgres

ALGORITHM: Final = "SHA-256/Ed25519"
"""Of the chain and of the signature. Every head names its own, so that others (SM3/SM2) can follow without a break."""


def folder() -> Path:
    """Where the key and the heads lie; made when it is first needed."""
    place = postgres.home() / "trail"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def public_text() -> str:
    """The public half as PEM, for those who are to check heads elsewhere."""
    return _pem(_private(folder()).public_key())


def key_id() -> str:
    """The fingerprint of the key that signs now (SHA-256 of its public half, 16 letters)."""
    return _fingerprint(_private(folder()).public_key())


def sign(told: Mapping[str, Any]) -> bytes:
    """Sign what is told, as canonical JSON."""
    return _private(folder()).sign(_canonical(told))


def holds(told: Mapping[str, Any], signature: bytes) -> bool:
    """Whether a key of this house (the present one or one before it, by its ``.pub`` in the folder) has signed this."""
    place = folder()
    _private(place)
    name = str(told.get("key", ""))
    known = {path.stem: path for path in place.glob("*.pub")}
    if told.get("algorithm") != ALGORITHM or name not in known:
        return False
    public = load_pem_public_key(known[name].read_bytes())
    if not isinstance(public, Ed25519PublicKey) or _fingerprint(public) != name:
        return False
    try:
        public.verify(signature, _canonical(told))
    except InvalidSignature:
        return False
    return True


def _canonical(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _pem(public: Ed25519PublicKey) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _fingerprint(public: Ed25519PublicKey) -> str:
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


@cache
def _private(place: Path) -> Ed25519PrivateKey:
    path = place / "ed25519.key"
    if not path.exists():
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with contextlib.suppress(FileExistsError):  # another process of the house was first: its key is the one
            _write_once(path, made)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} is not an Ed25519 key")
    public = key.public_key()
    with contextlib.suppress(FileExistsError):
        _write_once(place / f"{_fingerprint(public)}.pub", _pem(public).encode())
    return key


def _write_once(path: Path, content: bytes) -> None:
    """Put a file in place whole, or not at all; FileExistsError where there is one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()
