"""The key that a client's resume tickets are bound to: ECDSA P-256, made by the client and never sent."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

PURPOSE = "legato-resume-1."
"""What is signed is this and the nonce, in UTF-8."""


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class ClientKey:
    """A key pair of this process."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())

    def public(self) -> dict[str, str]:
        """The public half as JWK (RFC 7517)."""
        numbers = self._private.public_key().public_numbers()
        x, y = (_text(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def prove(self, nonce: str) -> str:
        """The signature (raw r ‖ s, base64url) that a resume with the ticket of `nonce` carries."""
        der = self._private.sign(f"{PURPOSE}{nonce}".encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        return _text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
