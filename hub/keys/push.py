"""Web Push's cryptography: messages that only one browser reads (RFC 8291 over RFC 8188), from a hub that says who it
is (VAPID, RFC 8292).

A message is one record of `aes128gcm`:

    salt: 16 | record size: u32 | key id length: u8 = 65 | the sender's one-time P-256 key: 65 | ciphertext | tag: 16

Its keys come of an ECDH between that one-time key and the browser's, with the secret that the browser gave mixed in.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

POINT_SIZE: Final = 65
SECRET_SIZE: Final = 16
SALT_SIZE: Final = 16
MOST_PLAIN: Final = 3_900
"""Bytes of a message: every push service takes a body of 4 096 (RFC 8030 §7.2)."""

LIFE_S: Final = 12 * 3_600
"""How long a push service may take our word for who we are; at most a day (RFC 8292 §2)."""

_RECORD: Final = 4_096
_LAST: Final = b"\x02"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-4)."""


class PushIdentity:
    """The hub's key for push services, made of a secret of 32 bytes. `public` is what a page subscribes with."""

    def __init__(self, secret: bytes) -> None:
        self._key = private_key(secret)
        self.public = _text(_point(self._key))

    def authorization(self, endpoint: str, contact: str, now: int) -> str:
        """The `Authorization` of a request to this endpoint at `now` (seconds UTC)."""
        at = urlsplit(endpoint)
        claims = {"aud": f"{at.scheme}://{at.netloc}", "exp": now + LIFE_S, "sub": contact}
        return f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')}, k={self.public}"


def private_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key that 32 random bytes stand for."""
    return ec.derive_private_key(int.from_bytes(secret) % (_ORDER - 1) + 1, ec.SECP256R1())


def is_point(key: bytes) -> bool:
    """Whether it is an uncompressed point of P-256, with which a secret can be agreed."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        return False
    return len(key) == POINT_SIZE


def encrypted(
    plain: bytes, key: bytes, secret: bytes, once: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """The body for a browser with that key and secret. `once` and `salt` (16 bytes) were never used before.
    `key`: see `is_point`; `plain`: at most `MOST_PLAIN` bytes."""
    assert len(plain) <= MOST_PLAIN
    theirs, ours = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key), _point(once)
    agreed = _derived(once.exchange(ec.ECDH(), theirs), secret, b"WebPush: info\x00" + key + ours, 32)
    cipher = AESGCM(_derived(agreed, salt, b"Content-Encoding: aes128gcm\x00", 16))
    nonce = _derived(agreed, salt, b"Content-Encoding: nonce\x00", 12)
    return salt + struct.pack(">IB", _RECORD, POINT_SIZE) + ours + cipher.encrypt(nonce, plain + _LAST, None)


def _derived(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(key)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
