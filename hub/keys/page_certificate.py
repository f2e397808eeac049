"""A self-signed TLS certificate for an address of this machine: for `demo --lan`, never for a hub in earnest."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = timedelta(days=30)


def page_certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """The paths of certificate and key (PEM, the key readable by us alone), made if there are none for `address`
    that are good for another day. Blocks."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = (
        folder / f"{address.replace(':', '_')}.pem",
        folder / f"{address.replace(':', '_')}.key",
    )
    if not _good(certificate) or not key.exists():
        _make(certificate, key, address)
    return certificate, key


def _good(path: Path) -> bool:
    if not path.exists():
        return False
    found = x509.load_pem_x509_certificate(path.read_bytes())
    return found.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)


def _make(certificate: Path, key: Path, address: str) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Legato demo")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
