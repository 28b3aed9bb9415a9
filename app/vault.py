"""Sensitive fields: sealed with AES-256-GCM under a rotatable keyring, searched by keyed hash, shown masked.

    sealed text   <key id>.<base64url(nonce 12 | ciphertext | tag 16)>
    keyring       {"seal": [{"id": "k1", "key": base64 of 32 bytes}, … newest first], "search": base64 of 32 bytes}

Losing the keyring loses the fields; `yinling doctor` says whether one is there. To rotate put a new key first.
"""

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from app.config import settings


class NoKeyring(RuntimeError):
    """No keyring is configured: set YINLING_KEYS or run `yinling demo`, which makes a development key."""


@dataclass(frozen=True)
class Keyring:
    """Sealing keys by id, the first being the one in use, and the key of the search hashes."""

    seal: dict[str, bytes]
    search: bytes

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read the JSON form; raises ValueError when a key is not 32 bytes."""
        data = json.loads(text)
        ring = cls({k["id"]: base64.b64decode(k["key"]) for k in data["seal"]}, base64.b64decode(data["search"]))
        if not ring.seal or any(len(key) != 32 for key in (*ring.seal.values(), ring.search)):
            raise ValueError("every key of the keyring must have 32 bytes")
        return ring


def new_keyring() -> str:
    """A fresh keyring in its JSON form."""

    def key() -> str:
        return base64.b64encode(os.urandom(32)).decode()

    return json.dumps({"seal": [{"id": "k1", "key": key()}], "search": key()}, indent=1)


@cache
def keyring() -> Keyring:
    """The keyring of this process: YINLING_KEYS, else `keys.json` under the var directory."""
    text = settings().keys.get_secret_value()
    path = Path(settings().var_dir) / "keys.json"
    if not text and path.exists():
        text = path.read_text()
    if not text:
        raise NoKeyring(str(NoKeyring.__doc__))
    return Keyring.parse(text)


def seal(text: str) -> str:
    """Encrypt; two seals of one text differ."""
    key_id, key = next(iter(keyring().seal.items()))
    nonce = os.urandom(12)
    return key_id + "." + base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), None)).decode()


def unseal(sealed: str) -> str:
    """Decrypt; raises NoKeyring when the key is gone and ValueError when the text was changed."""
    key_id, _, body = sealed.partition(".")
    key = keyring().seal.get(key_id)
    if key is None:
        raise NoKeyring(f"key {key_id} is not in the keyring")
    data = base64.urlsafe_b64decode(body)
    try:
        return AESGCM(key).decrypt(data[:12], data[12:], None).decode()
    except InvalidTag:
        raise ValueError("a sealed field was changed") from None


def seal_bytes(data: bytes) -> bytes:
    """Encrypt bytes: key id, a full stop, nonce, ciphertext and tag; a third smaller than sealed text."""
    key_id, key = next(iter(keyring().seal.items()))
    nonce = os.urandom(12)
    return key_id.encode() + b"." + nonce + AESGCM(key).encrypt(nonce, data, None)


def unseal_bytes(sealed: bytes) -> bytes:
    """Decrypt; raises NoKeyring when the key is gone and ValueError when the bytes were changed."""
    key_id, _, body = sealed.partition(b".")
    key = keyring().seal.get(key_id.decode(errors="replace"))
    if key is None:
        raise NoKeyring(f"key {key_id!r} is not in the keyring")
    try:
        return AESGCM(key).decrypt(body[:12], body[12:], None)
    except InvalidTag:
        raise ValueError("sealed bytes were changed") from None


def new_key() -> str:
    """A key of its own for one person's records, wrapped by the keyring; erasing it erases what it sealed."""
    return seal(base64.b64encode(os.urandom(32)).decode())


def seal_with(wrapped: str, text: str) -> str:
    """Encrypt under a wrapped key."""
    nonce = os.urandom(12)
    body = AESGCM(base64.b64decode(unseal(wrapped))).encrypt(nonce, text.encode(), None)
    return base64.urlsafe_b64encode(nonce + body).decode()


def unseal_with(wrapped: str, sealed: str) -> str:
    """Decrypt what was sealed under a wrapped key; raises ValueError when it was changed or the key is another."""
    data = base64.urlsafe_b64decode(sealed)
    try:
        return AESGCM(base64.b64decode(unseal(wrapped))).decrypt(data[:12], data[12:], None).decode()
    except InvalidTag:
        raise ValueError("a sealed record was changed") from None


def digest(kind: str, text: str) -> str:
    """Keyed hash for equality search; the kind keeps a telephone and an ID number with equal digits apart."""
    return hmac.new(keyring().search, f"{kind}:{text}".encode(), hashlib.sha256).hexdigest()[:40]


def mask_phone(phone: str) -> str:
    """138****5678."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


def mask_id(number: str) -> str:
    """First six and last four characters of an ID number."""
    return f"{number[:6]}********{number[-4:]}" if len(number) >= 15 else "****"


def mask_name(name: str) -> str:
    """张*国; 张*."""
    return name[:1] + "*" if len(name) <= 2 else f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


class Sealed(TypeDecorator[str]):
    """A text column that is ciphertext in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Seal on the way in."""
        return None if value is None else seal(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """Unseal on the way out."""
        return None if value is None else unseal(value)


class SealedJson(TypeDecorator[Any]):
    """A JSON value that is ciphertext in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        """Seal on the way in."""
        return None if value is None else seal(json.dumps(value, ensure_ascii=False))

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        """Unseal on the way out."""
        return None if value is None else json.loads(unseal(value))


class SealedBytes(TypeDecorator[bytes]):
    """Bytes that are ciphertext in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Any) -> bytes | None:
        """Seal on the way in."""
        return None if value is None else seal_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        """Unseal on the way out."""
        return None if value is None else unseal_bytes(value)
