"""Small secrets of people, sealed before they are written: what a copy of the database alone does not give away.

AES-256-GCM under the key of the data folder (``settings.DOORSTEP_FIELD_KEY``). Whole fields, the rotation of keys and
the national ciphers (GB/T 39786) find their place here: a sealed text begins with the name of its key.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY = "k1"
_NONCE = 12


class Unsealable(ValueError):
    """The text was not sealed by this key for this use: another data folder, or somebody has changed it."""


def _cipher() -> AESGCM:
    return AESGCM(hashlib.sha256(settings.DOORSTEP_FIELD_KEY.encode()).digest())


def seal(text: str, *, use: str) -> str:
    """Seal a text for one use (what it is and whose): it opens for no other."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = _cipher().encrypt(nonce, text.encode(), use.encode())
    return f"{KEY}.{urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, *, use: str) -> str:
    """The text again; raises ``Unsealable``."""
    key, _, body = sealed.partition(".")
    if key != KEY:
        raise Unsealable(key)
    try:
        raw = urlsafe_b64decode(body)
        return _cipher().decrypt(raw[:_NONCE], raw[_NONCE:], use.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Unsealable(use) from error
