"""A batch as its producer sent it, read: its commands, or why the door refuses it."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from legato.session.commands import KINDS, Command, Refusal
from legato.wire.up import decode_command

MOST_COMMANDS: Final = 64

_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in KINDS)
_WHERE: Final = re.compile(r"`\$\.?([^`]*)`")


class _Tagged(msgspec.Struct):
    type: str


_tagged: Final = msgspec.json.Decoder(_Tagged)


def raw_batch(commands: Sequence[msgspec.Raw]) -> bytes:
    """What the keyed digest of a batch is made of: the very bytes of its commands, whichever door they came by."""
    return b"[" + b",".join(bytes(command) for command in commands) + b"]"


def read_batch(commands: Sequence[msgspec.Raw]) -> tuple[Command, ...] | Refusal:
    """The commands, or a lasting refusal."""
    if not commands:
        return Refusal("malformed", "a batch has a command", "commands")
    if len(commands) > MOST_COMMANDS:
        return Refusal("too_large", field="commands", expected=MOST_COMMANDS)
    read = []
    for raw in commands:
        try:
            read.append(decode_command(raw))
        except msgspec.DecodeError as error:
            return _refusal(raw, error)
    return tuple(read)


def wrong_field(error: msgspec.DecodeError) -> str:
    """The path of the field that was wrong ("" if none was): names of fields and indexes, nothing that was said."""
    found = _WHERE.search(str(error))
    return found.group(1) if found else ""


def producer_name(participant: str, producer: str) -> str:
    """The producer as the store knows it. A client names its producers; nobody may name another's, nor the
    hub's own (`timer:…`), and so hold up what they write."""
    digest = sha256(f"{participant}\0{producer}".encode()).digest()
    return "p_" + urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def _refusal(raw: msgspec.Raw, error: msgspec.DecodeError) -> Refusal:
    try:
        name = _tagged.decode(raw).type
    except msgspec.DecodeError:
        return Refusal("malformed", field="type")
    if name not in _TYPES:
        return Refusal("unknown_command", field="type")
    return Refusal("malformed", field=wrong_field(error))
