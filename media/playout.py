"""What one listener is still to hear, and what has been sent of it.

An agent speaks faster than real time; its speech waits here, message by message, and leaves one frame of
20 ms at a time. At any moment the queue knows how far each message was sent, in samples and in words, because
that is what an interruption must tell. `sent <= generated` always; order is the order of `enqueue`; nothing
is sent twice or skipped but by `cut`.

*Sent* is not *heard*: it is the hub's bound, which the ledger settles with what the listener reports.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import msgspec

from legato.speech import Word
from media.opus import FRAME

MAX_QUEUED: Final = 6_000
"""Frames that a queue holds at most: two minutes. What is beyond waits in the store."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One frame that leaves: `first` and `last` say that its message begins or is drained with it."""

    message: str
    payload: bytes
    first: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What was sent of a message that is cut: `samples` of `generated`, and whole words."""

    message: str
    samples: int
    generated: int
    words: int
    last_word: Word | None


class PlayoutFull(Exception):
    """The queue holds all it may; nothing of the batch was taken. `room` frames would fit now."""

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self.room = room


class MessageClosed(Exception):
    """Speech for a message that was finished or cut already. `message` is its id."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Stage(Enum):
    """Whether frames leave."""

    PLAYING = "playing"
    PAUSED = "paused"


@dataclass(slots=True)
class _Queued:
    message: str
    frames: deque[bytes] = field(default_factory=deque)
    words: list[Word] = field(default_factory=list)
    sent: int = 0  # frames
    generated: int = 0
    finished: bool = False


class Playout:
    """One listener's queue."""

    def __init__(self, max_queued: int = MAX_QUEUED) -> None:
        self._max = max_queued
        self._messages: deque[_Queued] = deque()
        self._closed: deque[str] = deque(maxlen=256)
        self._queued = 0
        self.stage = Stage.PLAYING

    @property
    def room(self) -> int:
        """Frames that may be enqueued now."""
        return self._max - self._queued

    @property
    def queued(self) -> int:
        """Frames that wait."""
        return self._queued

    @property
    def speaking(self) -> bool:
        """Whether a message was begun, or waits, and is not yet drained."""
        return bool(self._messages)

    def enqueue(self, message: str, frames: Sequence[bytes], words: Iterable[Word] = ()) -> None:
        """Add speech of a message: Opus packets of 20 ms, and the times of words already known (in samples at
        48 kHz from the start of the message's speech).

        Messages are played one after another in the order of their first speech; a message may grow while
        others wait behind it. Raises `PlayoutFull` or `MessageClosed`, having taken nothing.
        """
        if len(frames) > self.room:
            raise PlayoutFull(self.room)
        entry = self._find(message)
        if entry is None:
            if message in self._closed:
                raise MessageClosed(message)
            entry = _Queued(message)
            self._messages.append(entry)
        elif entry.finished:
            raise MessageClosed(message)
        entry.frames.extend(frames)
        entry.words.extend(words)
        entry.generated += len(frames)
        self._queued += len(frames)

    def finish(self, message: str) -> bool:
        """No more speech will come for the message. True if that drains it (else `Step.last` will tell)."""
        entry = self._find(message)
        if entry is None or entry.finished:
            return False
        entry.finished = True
        if entry.frames:
            return False
        self._messages.remove(entry)
        self._closed.append(message)
        return True

    def pause(self) -> None:
        """Hold the frames where they are; the listener hears silence."""
        self.stage = Stage.PAUSED

    def go_on(self) -> None:
        """Continue from the very frame after the last one sent."""
        self.stage = Stage.PLAYING

    def next(self) -> Step | None:
        """The frame that leaves now, or None: silence.

        While the message in front grows and has no frame ready, those behind it wait: order is kept.
        """
        if self.stage is Stage.PAUSED or not self._messages:
            return None
        entry = self._messages[0]
        if not entry.frames:
            return None
        payload = entry.frames.popleft()
        self._queued -= 1
        entry.sent += 1
        last = entry.finished and not entry.frames
        if last:
            self._messages.popleft()
            self._closed.append(entry.message)
        return Step(entry.message, payload, entry.sent == 1, last)

    def cut(self) -> list[Cut]:
        """Drop everything that waits; what was sent of each message that was not drained, in order."""
        cuts = [self.progress_of(entry) for entry in self._messages]
        self._closed.extend(entry.message for entry in self._messages)
        self._messages.clear()
        self._queued = 0
        return cuts

    def progress(self) -> Cut | None:
        """How far the message in front was sent; None if none is."""
        return self.progress_of(self._messages[0]) if self._messages else None

    @staticmethod
    def progress_of(entry: _Queued) -> Cut:
        """A word counts as sent once its last sample was."""
        samples = entry.sent * FRAME
        words = [word for word in entry.words if word.end <= samples]
        last = words[-1] if words else None
        return Cut(entry.message, samples, entry.generated * FRAME, len(words), last)

    def _find(self, message: str) -> _Queued | None:
        return next((entry for entry in self._messages if entry.message == message), None)
