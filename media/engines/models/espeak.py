"""eSpeak NG: not beautiful, but it speaks 2.5 s of audio in 2 ms, knows its word times, and is small. For tests.

GPL-3: never import this into the hub.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, Final

import espeakng_loader

from legato.speech import Word
from media.engines.models import Unspeakable
from media.engines.wire import Recognise, Recognised, Say, Sound, Weigh, Weighed
from media.opus import RATE

_SYNCHRONOUS: Final = 2
_UTF8: Final = 1
_END: Final = 0
_WORD: Final = 1


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)  # fmt: skip


class Espeak:
    """Text in, speech and exact word times out."""

    version = "espeak-ng"

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        if self._rate <= 0:
            raise ImportError("espeak-ng does not start")
        self._pcm = bytearray()
        self._starts: list[tuple[int, int]] = []  # character, sample
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetVoiceByName(b"en-us")

    def recognise(self, request: Recognise) -> Iterator[Recognised]:
        raise Unspeakable("kind")

    def say(self, request: Say) -> Iterator[Sound]:
        self._pcm, self._starts = bytearray(), []
        text = request.text.encode()
        if self._library.espeak_Synth(text + b"\0", len(text) + 1, 0, 1, 0, _UTF8, None, None) != 0:
            raise Unspeakable("engine")
        pcm = bytes(self._pcm)
        if not pcm:
            raise Unspeakable("empty")
        words = _words(request.text, self._starts, len(pcm) // 2)
        timed = (Word(text, at * RATE // self._rate, end * RATE // self._rate) for text, at, end in words)
        yield Sound(request.request, pcm, self._rate, tuple(timed), last=True)

    def weigh(self, request: Weigh) -> Iterator[Weighed]:
        raise Unspeakable("kind")

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, 2 * count)
        index = 0
        while events[index].type != _END:
            if events[index].type == _WORD:
                at = events[index].audio_position * self._rate // 1000
                self._starts.append((events[index].text_position - 1, at))
            index += 1
        return 0


def _words(text: str, starts: list[tuple[int, int]], samples: int) -> list[tuple[str, int, int]]:
    """The words of `text` (as split by spaces) with first and last sample; several events may fall in one."""
    found: list[tuple[str, int]] = []
    at = 0
    for word in text.split():
        begin = text.index(word, at)
        at = begin + len(word)
        inside = [sample for character, sample in starts if begin <= character < at]
        if inside:
            found.append((word, inside[0]))
        elif found:
            found[-1] = (found[-1][0] + " " + word, found[-1][1])
    ends = [sample for _, sample in found[1:]] + [samples]
    return [(word, start, max(start, end)) for (word, start), end in zip(found, ends, strict=True)]


def load() -> Espeak:
    model = Espeak()
    for _ in model.say(Say(0, "ready")):
        pass
    return model
