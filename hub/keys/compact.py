"""Reading a compact JWS (RFC 7515) strictly, before any cryptography.

Parsers that disagree are how tickets get forged: a header with two `alg`, a number that is not one, a
spelling of base64 that another decoder reads otherwise. So only one spelling is read: three parts of
canonical base64url, JSON objects without a repeated name, nothing but `alg`, `kid` and `typ` in the header.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from hub.keys.errors import TicketRefused

MOST_CHARACTERS: Final = 4_096

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER: Final = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class Header:
    """The three parameters of a ticket's header; nothing is verified yet."""

    algorithm: str
    key_id: str
    type: str


def read_header(text: object) -> Header:
    """The header of a compact JWS in its one spelling, or `TicketRefused`."""
    if not isinstance(text, str):
        raise TicketRefused("not_text")
    if len(text) > MOST_CHARACTERS:
        raise TicketRefused("too_long")
    if not _COMPACT.fullmatch(text):
        raise TicketRefused("not_compact")
    head, _payload, _signature = (_decode(part) for part in text.split("."))
    header = read_object(head)
    if header.keys() != _HEADER:
        raise TicketRefused("header_parameters")
    if not all(isinstance(value, str) for value in header.values()):
        raise TicketRefused("header_values")
    return Header(header["alg"], header["kid"], header["typ"])


def read_object(raw: bytes) -> dict[str, Any]:
    """A JSON object (RFC 8259) without repeated names or numbers that JSON has not, or `TicketRefused`."""
    try:
        found = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse, parse_float=_refuse
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError):
        raise TicketRefused("not_json") from None
    if not isinstance(found, dict):
        raise TicketRefused("not_an_object")
    return found


def _decode(part: str) -> bytes:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise TicketRefused("not_base64url") from None
    if urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != part:
        raise TicketRefused("not_canonical")
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TicketRefused("repeated_name")
    return found


def _refuse(_: str) -> NoReturn:
    raise TicketRefused("number")
