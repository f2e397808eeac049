"""Which keys sign and verify tickets, and what each may sign.

A keyring is a TOML or JSON file:

    version = 1
    audience = "legato"                 # `aud` of every ticket; this is the default
    sign_with = "hub-1"                 # the key this hub signs with: an id of one below

    [[keys]]
    id = "hub-1"
    algorithm = "ES256"                 # ES256, EdDSA (Ed25519), or HS256
    issuer = "https://hub.example"      # `iss` of its tickets
    private_file = "hub-1.pem"          # PKCS #8; or `private = "…PEM…"`; beside this file

    [[keys]]
    id = "shop"
    algorithm = "EdDSA"
    issuer = "https://shop.example"
    public_file = "shop.pem"            # or `public`; HS256: `secret`, base64url of at least 32 bytes
    tenants = ["shop"]                  # default: every tenant
    kinds = ["access", "invite"]        # this is the default for keys that are not `sign_with`

Each key has one algorithm (RFC 8725, 3.1), so no key is ever used for another. The key id of a ticket is
looked up in this list and nowhere else. Only the hub's own key makes resume tickets.
"""

import base64
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from hub.keys.errors import KeyringInvalid, KeyringMissing
from legato.session.tickets import KINDS

Algorithm = Literal["HS256", "ES256", "EdDSA"]
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

AUDIENCE: Final = "legato"
LEAST_SECRET: Final = 32

_DELEGATED: Final = frozenset({"access", "invite"})
_KEY_FIELDS: Final = frozenset(
    [
        "id",
        "algorithm",
        "issuer",
        "secret",
        "private",
        "private_file",
        "public",
        "public_file",
        "tenants",
        "kinds",
    ]
)


@dataclass(frozen=True, slots=True, repr=False)
class TicketKey:
    """One key: its algorithm, what verifies, what signs (`None`: it only verifies), and its limits.

    `tenants` empty: every tenant.
    """

    id: str
    algorithm: Algorithm
    issuer: str
    verifies: bytes | PublicKey
    signs: bytes | PrivateKey | None
    kinds: frozenset[str]
    tenants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys by id, the one that this hub signs with, and the audience of its tickets."""

    audience: str
    sign_with: str
    keys: Mapping[str, TicketKey]

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Read a keyring file, JSON if it is named so, else TOML. Blocks; `KeyringInvalid`."""
        return _Reader(path).keyring()

    @classmethod
    def shared(cls, secret: bytes, key_id: str = "shared", issuer: str = "legato") -> "Keyring":
        """A keyring of one HS256 secret of at least 32 bytes, for the hub and its backends alike."""
        if len(secret) < LEAST_SECRET:
            raise KeyringInvalid(key_id, "a secret has at least 32 bytes")
        key = TicketKey(key_id, "HS256", issuer, secret, secret, KINDS)
        return cls(AUDIENCE, key_id, {key_id: key})

    @classmethod
    def development(cls, secret: bytes) -> "Keyring":
        """The keyring of a hub that only this machine can reach; its secret comes from the key store."""
        return cls.shared(secret, "development", "legato-development")


def configured_keyring(
    environment: Mapping[str, str], *, loopback: bool, development: bytes
) -> tuple[Keyring, bool]:
    """The keyring to use, and whether it is the development one (the log has to say so).

    `LEGATO_KEYRING` names a file, `LEGATO_TICKET_SECRET` is base64url of at least 32 bytes. With neither,
    a hub on loopback uses its `development` secret; any other one must not start: `KeyringMissing`.
    """
    if path := environment.get("LEGATO_KEYRING"):
        return Keyring.load(Path(path)), False
    if secret := environment.get("LEGATO_TICKET_SECRET"):
        return Keyring.shared(_secret("LEGATO_TICKET_SECRET", secret)), False
    if not loopback:
        raise KeyringMissing
    return Keyring.development(development), True


class _Reader:
    """Reads one keyring file; every complaint names it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keyring(self) -> Keyring:
        parsed = self._parse()
        if parsed.get("version") != 1:
            raise self._wrong("version is not 1")
        if not parsed.keys() <= {"version", "audience", "sign_with", "keys"}:
            raise self._wrong("an unknown setting")
        audience, sign_with = parsed.get("audience", AUDIENCE), parsed.get("sign_with")
        if not (isinstance(audience, str) and audience and isinstance(sign_with, str)):
            raise self._wrong("audience and sign_with are text")
        entries = parsed.get("keys")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._wrong("keys is a list of tables")
        keys = [self._key(entry, entry.get("id") == sign_with) for entry in entries]
        found = {key.id: key for key in keys}
        if len(found) != len(keys):
            raise self._wrong("two keys with one id")
        if sign_with not in found or found[sign_with].signs is None:
            raise self._wrong("sign_with names no key that can sign")
        return Keyring(audience, sign_with, found)

    def _parse(self) -> dict[str, Any]:
        try:
            exposed = self._path.stat().st_mode & 0o007
            text = self._path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise self._wrong("cannot be read") from None
        if exposed:
            raise self._wrong("others may use it: chmod 600")
        try:
            parsed = json.loads(text) if self._path.suffix == ".json" else tomllib.loads(text)
        except ValueError:
            raise self._wrong("neither TOML nor JSON") from None
        if not isinstance(parsed, dict):
            raise self._wrong("not a table")
        return parsed

    def _key(self, entry: dict[str, Any], own: bool) -> TicketKey:
        if not entry.keys() <= _KEY_FIELDS:
            raise self._wrong("an unknown setting of a key")
        key_id, algorithm, issuer = (self._text(entry, name) for name in ("id", "algorithm", "issuer"))
        if algorithm not in get_args(Algorithm):
            raise self._wrong("algorithm is ES256, EdDSA or HS256")
        tenants = self._names(entry, "tenants", frozenset())
        kinds = self._names(entry, "kinds", KINDS if own else _DELEGATED)
        if not kinds <= (KINDS if own else _DELEGATED):
            raise self._wrong("kinds are access and invite; resume for the hub's own key alone")
        verifies, signs = self._material(entry, cast("Algorithm", algorithm))
        return TicketKey(key_id, cast("Algorithm", algorithm), issuer, verifies, signs, kinds, tenants)

    def _material(
        self, entry: dict[str, Any], algorithm: Algorithm
    ) -> tuple[bytes | PublicKey, bytes | PrivateKey | None]:
        given = [
            name for name in ("secret", "private", "private_file", "public", "public_file") if name in entry
        ]
        if len(given) != 1 or (algorithm == "HS256") != (given == ["secret"]):
            raise self._wrong("a key has one of secret (HS256), private, private_file, public, public_file")
        if algorithm == "HS256":
            secret = _secret(str(self._path), self._text(entry, "secret"))
            return secret, secret
        pem = self._pem(entry, given[0])
        try:
            if given[0].startswith("private"):
                private = serialization.load_pem_private_key(pem, password=None)
                return self._suits(private.public_key(), algorithm), cast("PrivateKey", private)
            return self._suits(serialization.load_pem_public_key(pem), algorithm), None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise self._wrong("a key that is no unencrypted PEM") from None

    def _pem(self, entry: dict[str, Any], name: str) -> bytes:
        text = self._text(entry, name)
        if not name.endswith("_file"):
            return text.encode("utf-8")
        try:
            return (self._path.parent / text).read_bytes()
        except OSError:
            raise self._wrong(f"{name} cannot be read") from None

    def _suits(self, key: object, algorithm: Algorithm) -> PublicKey:
        if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey):
            if isinstance(key.curve, ec.SECP256R1):
                return key
        elif algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey):
            return key
        raise self._wrong("ES256 is an ECDSA key on P-256, EdDSA an Ed25519 key")

    def _text(self, entry: dict[str, Any], name: str) -> str:
        value = entry.get(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(f"{name} is text")
        return value

    def _names(self, entry: dict[str, Any], name: str, default: frozenset[str]) -> frozenset[str]:
        value = entry.get(name)
        if value is None:
            return default
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self._wrong(f"{name} is a list of names")
        return frozenset(value)

    def _wrong(self, reason: str) -> KeyringInvalid:
        return KeyringInvalid(str(self._path), reason)


def _secret(where: str, text: str) -> bytes:
    try:
        secret = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), "-_", validate=True)
    except ValueError:
        raise KeyringInvalid(where, "a secret is base64url of at least 32 bytes") from None
    if len(secret) < LEAST_SECRET:
        raise KeyringInvalid(where, "a secret is base64url of at least 32 bytes")
    return secret
