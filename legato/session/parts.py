"""What a message is made of."""

from __future__ import annotations

from typing import Literal

import msgspec


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One part of a message.

    `text` and `reasoning` (never spoken) hold words in `text`; `data` holds JSON text in `text` and its
    `name`; `image` and `file` name a blob by `sha256`, media `type`, `size` in bytes and `name`.
    """

    kind: Literal["text", "reasoning", "data", "image", "file"] = "text"
    text: str = ""
    name: str = ""
    type: str = ""
    size: int = 0
    sha256: str = ""


class Word(msgspec.Struct, frozen=True, array_like=True):
    """A spoken word and when it was said: media time in samples at 48 kHz."""

    text: str
    start: int
    end: int


class Spoken(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where in a microphone's track a transcript was spoken (samples at 48 kHz)."""

    track: str
    start: int
    end: int
    words: list[Word] = []


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """Speech of a message at rest: samples from `samples` on of what is said of it lie in `track` from media time
    `start` to `end`, or to where the next stretch begins."""

    track: str
    start: int
    end: int
    samples: int
