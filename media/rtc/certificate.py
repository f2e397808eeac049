"""The hub's certificate as calls use it: ECDSA P-256, self-signed, pinned by its SHA-256 fingerprint.

A browser trusts it because the answer that came over the signed-in connection names the fingerprint; so
its lifetime and its names mean nothing here. It is made, kept and turned by `hub.keys`.
"""

from functools import cached_property
from typing import Any, cast

from OpenSSL import SSL, crypto

from hub.keys.certificates import Certificate
from media.rtc.parts import PROFILES

_CIPHERS = ":".join(
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        # Phones and GStreamer come with RSA certificates; as DTLS client the hub must offer suites for them.
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
    ]
)
DTLS_1_2 = 0xFEFD
MTU = 1200
"""Bytes of the largest datagram of a handshake: passes a 1 280-byte IPv6 path."""
_NO_RENEGOTIATION = 1 << 30


class DtlsCertificate:
    """Key and certificate as OpenSSL takes them. Immutable; one serves all calls of a hub."""

    def __init__(self, pair: Certificate) -> None:
        """Raises OpenSSL.crypto.Error if the PEM of the pair is not that of a certificate and its key."""
        self.fingerprint: str = pair.fingerprint
        self._key = crypto.load_privatekey(crypto.FILETYPE_PEM, pair.key.encode())
        self._certificate = crypto.load_certificate(crypto.FILETYPE_PEM, pair.certificate.encode())

    @cached_property
    def context(self) -> SSL.Context:
        """OpenSSL's settings, shared by all calls.

        Any peer certificate passes here: who the peer is, its fingerprint tells, after the handshake.
        """
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_min_proto_version(DTLS_1_2)
        context.set_max_proto_version(DTLS_1_2)
        context.set_options(
            SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_COMPRESSION | _NO_RENEGOTIATION
        )
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(self._certificate.to_cryptography())
        context.use_privatekey(cast("Any", self._key.to_cryptography_key()))
        context.set_cipher_list(_CIPHERS.encode())
        context.set_tlsext_use_srtp(b":".join(p.openssl_profile for p in PROFILES))
        return context


def fingerprint_of(certificate: crypto.X509) -> str:
    """SHA-256 of a certificate, in upper-case hexadecimal with colons."""
    return certificate.digest("sha256").decode()
