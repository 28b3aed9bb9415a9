"""A push message sealed for one phone alone (RFC 8291), in one record of RFC 8188.

The library for it exists only as source, and no source is built while an installation sets itself up.
"""

import os
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE: Final = ec.SECP256R1()
HEAD: Final = struct.Struct(">16sIB")  # salt, size of a record, length of the key that follows
RECORD: Final = 4096
LAST: Final = b"\x02"  # the delimiter of the last record


def seal(
    text: bytes, phone: bytes, auth: bytes, *, ours: ec.EllipticCurvePrivateKey | None = None, salt: bytes = b""
) -> bytes:
    """The body of a push message. `phone`: its public point, 65 bytes; `auth`: 16 bytes. ValueError: no point."""
    ours, salt = ours or ec.generate_private_key(CURVE), salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, phone)
    key, nonce = _keys(ours.exchange(ec.ECDH(), theirs), auth, salt, phone, _point(ours))
    head = HEAD.pack(salt, RECORD, len(_point(ours))) + _point(ours)
    return head + AESGCM(key).encrypt(nonce, text + LAST, None)


def unseal(body: bytes, phone: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a phone reads. Raises ValueError for what was not sealed for it."""
    if len(body) < HEAD.size:
        raise ValueError("too short")
    salt, _, length = HEAD.unpack_from(body)
    sender, sealed = body[HEAD.size : HEAD.size + length], body[HEAD.size + length :]
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
    key, nonce = _keys(phone.exchange(ec.ECDH(), theirs), auth, salt, _point(phone), sender)
    try:
        text = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
    except InvalidTag:
        raise ValueError("not sealed for this phone") from None
    if not text.endswith(LAST):
        raise ValueError("no last record")
    return text[:-1]


def _keys(secret: bytes, auth: bytes, salt: bytes, phone: bytes, sender: bytes) -> tuple[bytes, bytes]:
    """RFC 8291 section 3.4: the content key and its nonce."""
    mixed = _derived(secret, auth, b"WebPush: info\0" + phone + sender, 32)
    kinds = ((b"aes128gcm", 16), (b"nonce", 12))
    key, nonce = (_derived(mixed, salt, b"Content-Encoding: " + kind + b"\0", length) for kind, length in kinds)
    return key, nonce


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
