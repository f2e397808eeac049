"""What a node and its engine say to each other: u32 length (big endian), then that many bytes of MessagePack.

The node asks (`Recognise`, `Say`, `Weigh`), one request at a time, and the engine answers with the request's number:
`Recognised` for the first, any number of `Sound` (the last one says so) for the second, `Weighed` for the third, and
`Failed` in the place of any.
The first thing an engine says is `Ready`, after it has warmed itself. Times are in samples at 48 kHz from the
start of the request's sound.
"""

from __future__ import annotations

from typing import BinaryIO, Final

import msgspec

from legato.speech import Word

MAX_MESSAGE: Final = 16_000_000
"""Bytes of one message: 80 s of PCM at 48 kHz and room to spare."""

HEAD: Final = 4


class Recognise(msgspec.Struct, tag="recognise", frozen=True):
    """Understand this PCM (s16 mono)."""

    request: int
    pcm: bytes
    rate: int


class Say(msgspec.Struct, tag="say", frozen=True):
    """Speak these words."""

    request: int
    text: str


class Weigh(msgspec.Struct, tag="weigh", frozen=True):
    """Tell whether a turn sounds finished after this PCM (s16 mono), which ends in the pause after it."""

    request: int
    pcm: bytes
    rate: int


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """The engine is warm. `load_ms`: how long that took; `version` is that of what does the work."""

    engine: str
    version: str
    load_ms: int


class Recognised(msgspec.Struct, tag="recognised", frozen=True):
    request: int
    text: str
    words: tuple[Word, ...] = ()


class Sound(msgspec.Struct, tag="sound", frozen=True):
    request: int
    pcm: bytes
    rate: int
    words: tuple[Word, ...] = ()
    last: bool = False


class Weighed(msgspec.Struct, tag="weighed", frozen=True):
    """`finished`: how likely it is, from 0 to 1."""

    request: int
    finished: float


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """The engine could not do this one, and lives. `reason` is a word, without what was said."""

    request: int
    reason: str


Request = Recognise | Say | Weigh
Product = Recognised | Sound | Weighed
"""What engines make."""
Answer = Ready | Product | Failed

_encoder: Final = msgspec.msgpack.Encoder()
_requests: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
_answers: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


class BadMessage(Exception):
    """What came is no message of this protocol: whoever sent it is not to be trusted any more."""


def encode(message: Request | Answer) -> bytes:
    """The message with its length in front."""
    body = _encoder.encode(message)
    if len(body) > MAX_MESSAGE:
        raise BadMessage("too long")
    return len(body).to_bytes(HEAD, "big") + body


def length(head: bytes) -> int:
    """How many bytes follow; raises `BadMessage` if that is too much."""
    size = int.from_bytes(head, "big")
    if size > MAX_MESSAGE:
        raise BadMessage("too long")
    return size


def answer(body: bytes) -> Answer:
    """Raises `BadMessage`."""
    try:
        return _answers.decode(body)
    except msgspec.MsgspecError:
        raise BadMessage("undecodable") from None


def read_request(stream: BinaryIO) -> Request | None:
    """The next request, waiting for it; None at the end of the stream."""
    head = stream.read(HEAD)
    if len(head) < HEAD:
        return None
    body = stream.read(length(head))
    try:
        return _requests.decode(body)
    except msgspec.MsgspecError:
        raise BadMessage("undecodable") from None
