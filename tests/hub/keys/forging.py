"""A workshop for forged tickets: builds any compact JWS by hand, without the library under test."""

import base64
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hub.keys.keyring import Keyring, TicketKey
from legato.session.tickets import KINDS

NOW: Final = 1_795_244_400
SECRET: Final = bytes(range(32))
EC_KEY: Final = ec.derive_private_key(0x1F3B5D7911, ec.SECP256R1())
ED_KEY: Final = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DELEGATED: Final = frozenset({"access", "invite"})

KEYRING: Final = Keyring(
    "legato",
    "hub",
    {
        "hub": TicketKey("hub", "ES256", "https://hub.example", EC_KEY.public_key(), EC_KEY, KINDS),
        "backend": TicketKey("backend", "HS256", "https://shop.example", SECRET, SECRET, DELEGATED),
        "shop": TicketKey(
            "shop", "EdDSA", "https://shop.example", ED_KEY.public_key(), None, DELEGATED, frozenset({"shop"})
        ),
    },
)


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """The public half, as a backend would publish it."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def as_json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode("utf-8")


@dataclass
class Forge:
    """Parts of one ticket, good as they stand; a forgery changes some and signs with whatever it likes."""

    header: Any
    claims: Any

    def text(self, secret: bytes = SECRET) -> str:
        """HMAC-SHA-256 under `secret`."""
        signed = self._signed()
        return f"{signed}.{b64(hmac.digest(secret, signed.encode('ascii'), 'sha256'))}"

    def text_ec(self, key: ec.EllipticCurvePrivateKey = EC_KEY) -> str:
        """ECDSA, raw r | s."""
        signed = self._signed()
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(signed.encode("ascii"), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{b64(r.to_bytes(size, 'big') + s.to_bytes(size, 'big'))}"

    def text_ed(self, key: ed25519.Ed25519PrivateKey = ED_KEY) -> str:
        """Ed25519."""
        signed = self._signed()
        return f"{signed}.{b64(key.sign(signed.encode('ascii')))}"

    def _signed(self) -> str:
        return f"{b64(as_json(self.header))}.{b64(as_json(self.claims))}"


def forge(header: dict[str, Any] | None = None, without: str = "", **claims: Any) -> Forge:
    """A backend's access ticket that is good (HS256), but for what is changed."""
    good: dict[str, Any] = {
        "iss": "https://shop.example",
        "aud": "legato",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 600,
        "jti": "j_1",
        "ten": "main",
        "ses": "s_1",
        "sub": "p_ada",
        "rol": "user",
        "cap": ["read", "publish"],
        **claims,
    }
    good.pop(without, None)
    return Forge({"alg": "HS256", "kid": "backend", "typ": "legato-access+jwt", **(header or {})}, good)
