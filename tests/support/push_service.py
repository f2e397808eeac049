"""A browser's side of Web Push, by the RFCs alone: its keys, and what it makes of what its push service got."""

from __future__ import annotations

import json
import os
import ssl
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from tests.support.receiver import Receiver, receiving

CURVE: Final = ec.SECP256R1()


def text(raw: bytes) -> str:
    """base64url."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(said: str) -> bytes:
    """Of base64url."""
    return urlsafe_b64decode(said + "=" * (-len(said) % 4))


class Browser:
    """One that subscribed."""

    def __init__(self, private: int = 0, secret: bytes = b"") -> None:
        self._key = ec.derive_private_key(private, CURVE) if private else ec.generate_private_key(CURVE)
        self.key = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.secret = secret or os.urandom(16)

    def says(self, endpoint: str) -> dict[str, str]:
        """What it tells a page."""
        return {"endpoint": endpoint, "p256dh": text(self.key), "auth": text(self.secret)}

    def opens(self, body: bytes) -> bytes:
        """The plaintext: RFC 8291 §3.4 and RFC 8188 §2, by hand."""
        salt, (size, length) = body[:16], struct.unpack(">IB", body[16:21])
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert length == 65
        assert len(sealed) <= size
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
        shared = self._key.exchange(ec.ECDH(), theirs)
        agreed = _one(digest(self.secret, shared, sha256), b"WebPush: info\x00" + self.key + sender)
        first = digest(salt, agreed, sha256)
        key = _one(first, b"Content-Encoding: aes128gcm\x00")[:16]
        nonce = _one(first, b"Content-Encoding: nonce\x00")[:12]
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        assert padded[-1:] == b"\x02", "the last record says so"
        return padded[:-1]


@dataclass(frozen=True, slots=True)
class Pushed:
    """A message as its browser reads it, and what its push service was told with it."""

    data: dict[str, Any]
    headers: dict[str, str]
    claims: dict[str, Any]


class PushService:
    """Takes messages at `endpoint`, and shows them to one browser."""

    def __init__(self, receiver: Receiver, hub_key: str = "") -> None:
        self.receiver, self.browser, self.hub_key = receiver, Browser(), hub_key

    @property
    def origin(self) -> str:
        """Who it is, to whom it is told."""
        return f"https://localhost:{self.receiver.port}"

    @property
    def endpoint(self) -> str:
        """Where its browser is told."""
        return f"{self.origin}/push/b1"

    def pushed(self, number: int) -> Pushed:
        """A message, after its signature was checked (RFC 8292 §4.2)."""
        headers, body = self.receiver.got[number]
        scheme, _, rest = headers["authorization"].partition(" ")
        said = dict(each.strip().split("=", 1) for each in rest.split(","))
        assert scheme == "vapid"
        assert said["k"] == self.hub_key
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw(said["k"]))
        claims = jwt.decode(said["t"], key, algorithms=["ES256"], audience=self.origin)
        return Pushed(json.loads(self.browser.opens(body)), headers, claims)


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS on this machine, and the file of the certificate that vouches for it."""
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    shown, hidden = folder / "push.crt", folder / "push.key"
    shown.write_bytes(certificate.public_bytes(Encoding.PEM))
    hidden.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, hidden)
    return context, shown


@asynccontextmanager
async def push_service(
    tls: ssl.SSLContext, status: int = 201, location: str = ""
) -> AsyncIterator[PushService]:
    """One that listens inside."""
    async with receiving(status, location, tls) as receiver:
        yield PushService(receiver)


def _one(key: bytes, info: bytes) -> bytes:
    """HKDF-Expand's first block (RFC 5869)."""
    return digest(key, info + b"\x01", sha256)
