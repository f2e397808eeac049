"""The public half of the key that a holder signs with, as a JWK (RFC 7517) and its thumbprint.

Only ECDSA P-256: what WebCrypto makes non-extractable everywhere. The canonical form (RFC 7638) is
`{"crv":"P-256","kty":"EC","x":"…","y":"…"}`, and the thumbprint is its SHA-256 in base64url, 43 characters.
That the point is on the curve is checked where a signature is verified (`hub.keys.proof`).

What is signed at a resume is `proof_message(nonce)`; the nonce is the resume ticket's id.
"""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

PROOF_LABEL: Final = b"legato-resume-1."

_COORDINATE: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_PUBLIC: Final = frozenset({"kty", "crv", "x", "y"})
_HARMLESS: Final = frozenset({"ext", "key_ops", "alg", "use"})


class ProofKeyInvalid(ValueError):
    """No public P-256 key; the argument is a constant that quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class ProofKey:
    """The coordinates, 32 bytes each in base64url without padding (43 characters)."""

    x: str
    y: str

    def __post_init__(self) -> None:
        if not (_COORDINATE.fullmatch(self.x) and _COORDINATE.fullmatch(self.y)):
            raise ProofKeyInvalid("coordinates")

    @classmethod
    def from_jwk(cls, jwk: object) -> "ProofKey":
        """Read a public JWK as WebCrypto exports it. A private one is refused, like any other."""
        if not isinstance(jwk, dict) or not jwk.keys() >= _PUBLIC:
            raise ProofKeyInvalid("members")
        if not jwk.keys() <= _PUBLIC | _HARMLESS:
            raise ProofKeyInvalid("members")
        if jwk["kty"] != "EC" or jwk["crv"] != "P-256":
            raise ProofKeyInvalid("curve")
        if not isinstance(jwk["x"], str) or not isinstance(jwk["y"], str):
            raise ProofKeyInvalid("coordinates")
        return cls(jwk["x"], jwk["y"])

    def jwk(self) -> dict[str, str]:
        """The public JWK."""
        return {"crv": "P-256", "kty": "EC", "x": self.x, "y": self.y}

    @property
    def thumbprint(self) -> str:
        """RFC 7638, SHA-256, base64url without padding: 43 characters."""
        canonical = f'{{"crv":"P-256","kty":"EC","x":"{self.x}","y":"{self.y}"}}'
        return urlsafe_b64encode(sha256(canonical.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def proof_message(nonce: str) -> bytes:
    """What the holder's key signs to resume: the label and the nonce that came with the ticket."""
    return PROOF_LABEL + nonce.encode("utf-8")
