"""The part of STUN that an ICE-lite peer speaks (RFC 8489, RFC 8445), as pure functions over bytes.

A hub never gathers and never searches: it answers the connectivity checks of browsers. So there are two
messages to read (a binding request, and the answer to our own path challenge) and two to write. Nothing
here raises on any input: what is not exactly right is None or False, and the caller stays silent.

A check's password is derived from the hub's secret and the user fragment, so that any process of the
hub can judge a check without a look-up.
"""

import base64
import hmac
import ipaddress
import struct
import zlib
from typing import Final, NamedTuple

COOKIE: Final = 0x2112A442
MAX_MESSAGE: Final = 1280
"""Bytes; a longer STUN message is not read (a check of a browser has about 100)."""

_BINDING_REQUEST: Final = 0x0001
_BINDING_SUCCESS: Final = 0x0101
_USERNAME: Final = 0x0006
_INTEGRITY: Final = 0x0008
_XOR_MAPPED_ADDRESS: Final = 0x0020
_PRIORITY: Final = 0x0024
_USE_CANDIDATE: Final = 0x0025
_FINGERPRINT: Final = 0x8028
_ICE_CONTROLLED: Final = 0x8029
_OPTIONAL_FROM: Final = 0x8000
_REQUIRED_KNOWN: Final = frozenset({_USERNAME, _INTEGRITY, _XOR_MAPPED_ADDRESS, _PRIORITY, _USE_CANDIDATE})
_FINGERPRINT_XOR: Final = 0x5354554E

_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")


class Check(NamedTuple):
    """A well-formed binding request. It proves nothing until `authentic` says so."""

    transaction: bytes
    hub_ufrag: str
    peer_ufrag: str
    nominated: bool
    integrity_at: int


class Reply(NamedTuple):
    """A well-formed binding success response; as unproven as a `Check`."""

    transaction: bytes
    integrity_at: int


def derive_password(secret: bytes, ufrag: str) -> str:
    """The ICE password of a user fragment: 32 ICE characters, 192 bits of HMAC-SHA-256."""
    digest = hmac.digest(secret, b"legato ice-pwd " + ufrag.encode(), "sha256")
    return base64.b64encode(digest[:24]).decode()


def read_check(datagram: bytes) -> Check | None:
    """The binding request in a datagram, or None for anything else or anything malformed."""
    message = _read(datagram, _BINDING_REQUEST)
    if message is None:
        return None
    transaction, attributes = message
    username = attributes.get(_USERNAME)
    if username is None:
        return None
    try:
        hub_ufrag, colon, peer_ufrag = username[1].decode("ascii").partition(":")
    except UnicodeDecodeError:
        return None
    if not (colon and hub_ufrag and peer_ufrag):
        return None
    return Check(transaction, hub_ufrag, peer_ufrag, _USE_CANDIDATE in attributes, attributes[_INTEGRITY][0])


def read_reply(datagram: bytes) -> Reply | None:
    """The binding success response in a datagram, or None."""
    message = _read(datagram, _BINDING_SUCCESS)
    if message is None:
        return None
    transaction, attributes = message
    return Reply(transaction, attributes[_INTEGRITY][0])


def authentic(datagram: bytes, message: Check | Reply, password: str) -> bool:
    """Whether the sender of a message that was read from `datagram` knew the password."""
    at = message.integrity_at
    covered = bytearray(datagram[:at])
    # RFC 8489 §14.5: the length field counts up to and including MESSAGE-INTEGRITY, not what follows it.
    struct.pack_into("!H", covered, 2, at - 20 + 24)
    digest = hmac.digest(password.encode(), bytes(covered), "sha1")
    return hmac.compare_digest(digest, datagram[at + 4 : at + 24])


def write_success(transaction: bytes, host: str, port: int, password: str) -> bytes:
    """The answer to an authentic check from `host` (an IP literal, IPv4-mapped ones unmapped) and `port`."""
    return _seal(_BINDING_SUCCESS, transaction, _mapped_address(transaction, host, port), password)


def write_check(transaction: bytes, username: str, password: str) -> bytes:
    """A binding request of our own: the challenge that only the receiver at an address can answer."""
    name = username.encode()
    body = _ATTRIBUTE.pack(_USERNAME, len(name)) + name + bytes(-len(name) % 4)
    body += struct.pack("!HHI", _PRIORITY, 4, 1)
    body += struct.pack("!HHQ", _ICE_CONTROLLED, 8, int.from_bytes(transaction[:8], "big"))
    return _seal(_BINDING_REQUEST, transaction, body, password)


def _read(datagram: bytes, wanted: int) -> tuple[bytes, dict[int, tuple[int, bytes]]] | None:
    """Transaction and attributes (offset, value) of a message that carries integrity and a right CRC."""
    size = len(datagram)
    if size < 20 or size > MAX_MESSAGE or size % 4:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(datagram)
    if kind != wanted or cookie != COOKIE or length != size - 20:
        return None
    attributes = _attributes(datagram, size)
    if attributes is None or _INTEGRITY not in attributes:
        return None
    fingerprint = attributes.get(_FINGERPRINT)
    if fingerprint is None or fingerprint[0] != size - 8 or len(fingerprint[1]) != 4:
        return None
    if zlib.crc32(datagram[: size - 8]) ^ _FINGERPRINT_XOR != int.from_bytes(fingerprint[1], "big"):
        return None
    return transaction, attributes


def _attributes(datagram: bytes, size: int) -> dict[int, tuple[int, bytes]] | None:
    found: dict[int, tuple[int, bytes]] = {}
    at = 20
    while at < size:
        if at + 4 > size:
            return None
        kind, length = _ATTRIBUTE.unpack_from(datagram, at)
        end = at + 4 + length
        if end + (-length % 4) > size:
            return None
        if kind < _OPTIONAL_FROM and kind not in _REQUIRED_KNOWN and _INTEGRITY not in found:
            return None
        if kind == _INTEGRITY and length != 20:
            return None
        # What follows the integrity is not covered by it, and only the fingerprint may (RFC 8489 §14.5).
        if _INTEGRITY not in found or kind == _FINGERPRINT:
            found.setdefault(kind, (at, datagram[at + 4 : end]))
        at = end + (-length % 4)
    return found


def _mapped_address(transaction: bytes, host: str, port: int) -> bytes:
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    mask = COOKIE.to_bytes(4, "big") + transaction
    packed = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    family = 1 if len(packed) == 4 else 2
    return (
        struct.pack("!HHBBH", _XOR_MAPPED_ADDRESS, 4 + len(packed), 0, family, port ^ COOKIE >> 16) + packed
    )


def _seal(kind: int, transaction: bytes, body: bytes, password: str) -> bytes:
    covered = _HEADER.pack(kind, len(body) + 24, COOKIE, transaction) + body
    digest = hmac.digest(password.encode(), covered, "sha1")
    message = _HEADER.pack(kind, len(body) + 32, COOKIE, transaction) + body
    message += _ATTRIBUTE.pack(_INTEGRITY, 20) + digest
    crc = zlib.crc32(message) ^ _FINGERPRINT_XOR
    return message + struct.pack("!HHI", _FINGERPRINT, 4, crc)
