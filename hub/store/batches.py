"""A batch as the scripts take it (`lua/batch.lua`), written for the wire at once: what the node does for every event.

The keys and the script's digest are written once a session. Everything else is one formatting, which is a
third of what packing thirteen words one by one costs.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from hub.store.layout import CONTROL_FLAG, FORMAT, beside, meta, packed_position
from hub.store.promise import Append, Refused, SessionKey
from hub.store.scripts import script

_STATE: Final = struct.Struct(">BQQ")
_NUMBERS: Final = struct.Struct(">QBB")
_PLAIN: Final = _NUMBERS.pack(0, 0, 0)
_MOST_U64: Final = 2**64 - 1
_WORDS: Final = 13
"""Before the rights: EVALSHA, the digest, how many keys, two keys, and eight arguments."""

_WORD: Final = b"$%d\r\n%b\r\n"
_STATES: Final = b"$17\r\n%b\r\n$17\r\n%b\r\n"
_FIXED: Final = b"*%d\r\n%b" + _WORD + _STATES + 4 * _WORD + b"$10\r\n%b\r\n"


def command(
    name: str,
    key: SessionKey,
    batch: Append,
    refusal: Refused | None = None,
    *,
    fifth: bytes | None = None,
    sixth: bytes | None = None,
) -> bytes:
    """The whole command: run `append`, `refuse`, `create` or `reopen` for the batch."""
    producer = batch.producer.encode()
    if fifth is None:
        fifth = packed_position(batch.witness) if batch.witness is not None else b""
    if sixth is None:
        sixth = batch.token_epoch.encode()
    flags = b"" if refusal else bytes([CONTROL_FLAG if draft.control else 0 for draft in batch.drafts])
    numbers, more = _PLAIN, _named(batch) if batch.rights or batch.raises else []
    if more or batch.control is not None:
        condition = 0 if batch.control is None else batch.control + 1
        numbers = _NUMBERS.pack(condition, len(batch.rights), len(batch.raises))
    if refusal is not None:
        more += (refusal.reason.encode(), b"%d" % refusal.expected, refusal.detail.encode())
    else:
        more += [draft.sealed for draft in batch.drafts]
    known = (_WORDS + len(more), _beginning(name, key), len(producer), producer, *states(batch))
    fixed = (
        len(batch.digest),
        batch.digest,
        len(fifth),
        fifth,
        len(sixth),
        sixth,
        len(flags),
        flags,
        numbers,
    )
    return _FIXED % (*known, *fixed) + b"".join([_WORD % (len(word), word) for word in more])


def states(batch: Append) -> tuple[bytes, bytes]:
    """What is stored of the batch's producer if the batch is its next, and after it."""
    before = _STATE.pack(FORMAT, batch.producer_epoch, (batch.sequence - 1) & _MOST_U64)
    return before, _STATE.pack(FORMAT, batch.producer_epoch, batch.sequence)


def _named(batch: Append) -> list[bytes]:
    """Names and numbers of the rights, then of the raised ones."""
    words: list[bytes] = []
    for name, number in (*sorted(batch.rights.items()), *sorted(batch.raises.items())):
        words += (name.encode(), b"%d" % number)
    return words


@lru_cache(maxsize=4096)
def _beginning(name: str, key: SessionKey) -> bytes:
    """What is the same in all of a session's."""
    words = ("EVALSHA", script(name).digest, "2", meta(key), beside(key, "log"))
    return b"".join([_WORD % (len(word.encode()), word.encode()) for word in words])
