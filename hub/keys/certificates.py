"""The hub's DTLS certificates: one ECDSA P-256 key a hub, shared by its nodes and rotated daily.

Tickets pin the fingerprint of the current *and* of the next certificate, so the next one is made a day
before it is used; the previous one is kept for calls that are still on it. The set is one named secret
(`dtls`), replaced by compare-and-set: of several nodes that turn it at once one wins, and all go on with
the winner's. Its plaintext, version 1, is JSON: `{"version": 1, "turned_at": seconds, "previous":
{"certificate": PEM, "key": PEM} or null, "current": {…}, "next": {…}}`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.keys.errors import KeyStoreDamaged
from hub.keys.keystore import KeyStore

ROTATE_S: Final = 86_400
SECRET_NAME: Final = "dtls"

_VALID_BEFORE: Final = timedelta(days=1)
_VALID_AFTER: Final = timedelta(days=400)


@dataclass(frozen=True, repr=False)
class Certificate:
    """A self-signed certificate and its private key (PKCS #8), both PEM."""

    certificate: str
    key: str

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate as SDP writes it (RFC 8122): `AB:CD:…`, 95 characters."""
        parsed = x509.load_pem_x509_certificate(self.certificate.encode("ascii"))
        return parsed.fingerprint(hashes.SHA256()).hex(":").upper()


@dataclass(frozen=True, slots=True, repr=False)
class Certificates:
    """The certificates in use. `turned_at`: when `current` became so, in seconds UTC."""

    turned_at: int
    previous: Certificate | None
    current: Certificate
    next: Certificate


def make_certificate(now: int) -> Certificate:
    """A fresh certificate, valid from a day before `now` (seconds UTC)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "legato")])
    moment = datetime.fromtimestamp(now, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _VALID_BEFORE)
        .not_valid_after(moment + _VALID_AFTER)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return Certificate(public.decode("ascii"), private.decode("ascii"))


def turn(standing: Certificates, made: Certificate, now: int) -> Certificates:
    """The next certificate becomes the current one; `made` waits behind it."""
    return Certificates(now, standing.current, standing.next, made)


async def certificates(store: KeyStore, now: int) -> Certificates:
    """The hub's certificates, made at first and turned when a day has passed. `now`: seconds UTC."""
    while True:
        found = await store.read_secret(SECRET_NAME)
        if found is None:
            version, due = 0, Certificates(now, None, make_certificate(now), make_certificate(now))
        else:
            version, standing = found[0], _decode(found[1])
            if now - standing.turned_at < ROTATE_S:
                return standing
            due = turn(standing, make_certificate(now), now)
        if await store.write_secret(SECRET_NAME, _encode(due), expected=version):
            return due


def _encode(all_: Certificates) -> bytes:
    def pair(one: Certificate | None) -> dict[str, str] | None:
        return None if one is None else {"certificate": one.certificate, "key": one.key}

    fields = {"previous": pair(all_.previous), "current": pair(all_.current), "next": pair(all_.next)}
    return json.dumps({"version": 1, "turned_at": all_.turned_at, **fields}).encode("ascii")


def _decode(plain: bytes) -> Certificates:
    fields: dict[str, Any] = json.loads(plain)
    if fields["version"] != 1:
        raise KeyStoreDamaged(SECRET_NAME)
    previous = fields["previous"]
    return Certificates(
        fields["turned_at"],
        None if previous is None else Certificate(**previous),
        Certificate(**fields["current"]),
        Certificate(**fields["next"]),
    )
