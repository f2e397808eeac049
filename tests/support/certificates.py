"""Certificates for calls in tests."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.keys.certificates import Certificate, make_certificate
from media.rtc.certificate import DtlsCertificate


def minted() -> DtlsCertificate:
    """A new one of the hub's kind: ECDSA P-256."""
    return DtlsCertificate(make_certificate(int(datetime.now(UTC).timestamp())))


def minted_rsa() -> DtlsCertificate:
    """One of the kind that GStreamer and many phones have."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1))
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return DtlsCertificate(Certificate(public.decode(), private.decode()))
