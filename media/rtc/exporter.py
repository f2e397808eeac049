"""Keying material of a TLS 1.2 handshake (RFC 5705) before its last message has come.

OpenSSL exports nothing before it has the peer's Finished. A client has all that goes into it with its own: master
secret and both random numbers. Who speaks by it so early (RFC 7918) has not seen the peer confirm what was agreed on:
that is for suites only that are as good as any other that could have been talked down to, with forward secrecy.
"""

import hmac
from typing import Final

from OpenSSL import SSL

EARLY: Final = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "sha256",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "sha384",
    "ECDHE-ECDSA-CHACHA20-POLY1305": "sha256",
    "ECDHE-RSA-AES128-GCM-SHA256": "sha256",
    "ECDHE-RSA-AES256-GCM-SHA384": "sha384",
    "ECDHE-RSA-CHACHA20-POLY1305": "sha256",
}
"""The hash of the pseudo-random function of each suite that may be spoken by early."""

_SAID: Final = b"SSLv3/TLS write finished"


def exported_early(connection: SSL.Connection, label: bytes, length: int) -> bytes | None:
    """What `connection`, a client, will export under `label`; None before it has said its Finished, and where it has
    to wait for the peer's."""
    digest = EARLY.get(connection.get_cipher_name() or "")
    if digest is None or connection.get_state_string() != _SAID:
        return None
    secret, client, server = connection.master_key(), connection.client_random(), connection.server_random()
    if not secret or client is None or server is None:
        return None
    return _expanded(secret, label + client + server, length, digest)


def _expanded(secret: bytes, seed: bytes, length: int, digest: str) -> bytes:
    """`P_hash` (RFC 5246 §5)."""
    found, link = b"", seed
    while len(found) < length:
        link = hmac.digest(secret, link, digest)
        found += hmac.digest(secret, link + seed, digest)
    return found[:length]
