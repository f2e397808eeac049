"""What one listener is still to hear, and what has been sent of it.

An agent speaks faster than real time; its speech waits here, message by message, and leaves one frame of
20 ms at a time. At any moment the queue knows how far each message was sent, in samples of its speech, because
that is what an interruption must tell. `sent <= generated` always; order is the order of `enqueue`; nothing
is skipped but by `cut`, and nothing sent twice but what `rewind` is told was not heard.

*Sent* is not *heard*: it is the hub's bound, which the ledger settles with what the listener reports.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import msgspec

from media.opus import FRAME

MAX_QUEUED: Final = 6_000
"""Frames that a queue takes at most: two minutes. What is beyond waits in the store."""

REMEMBERED: Final = 100
"""Frames that can be sent again: two seconds are more than lies between the hub and an ear."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One frame that leaves: the `samples` of the message's speech before sample `end`. `first` and `last` say that its
    message begins or is drained with it; `joined`, that it follows the frame before seamlessly, at the same pace."""

    message: str
    payload: bytes
    end: int
    samples: int = FRAME
    first: bool = False
    last: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What was sent of a message that is cut: its speech up to sample `samples` of the `generated` ones."""

    message: str
    samples: int
    generated: int


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
class _Run:
    """Frames that follow each other, of `step` samples of speech each: the first begins at sample `start`."""

    frames: Sequence[bytes]
    start: int
    step: int
    taken: int = 0


@dataclass(slots=True)
class _Queued:
    message: str
    runs: deque[_Run] = field(default_factory=deque)
    sent: int = 0  # samples
    generated: int = 0
    begun: bool = False
    finished: bool = False


class Playout:
    """One listener's queue."""

    def __init__(self, max_queued: int = MAX_QUEUED) -> None:
        self._max = max_queued
        self._messages: deque[_Queued] = deque()
        self._closed: deque[str] = deque(maxlen=256)
        self._queued = 0
        self._latest: deque[Step] = deque(maxlen=REMEMBERED)
        self._pace: int | None = None
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

    def enqueue(
        self, message: str, frames: Sequence[bytes], start: int | None = None, step: int = FRAME
    ) -> None:
        """Add speech of a message: Opus packets of 20 ms that say its samples from `start` (None: from the end of what
        was added before) on, `step` samples each: more than a frame's if it is said faster. `frames` is kept as it is.

        Messages are played one after another in the order of their first speech; a message may grow while
        others wait behind it. Raises `PlayoutFull` or `MessageClosed`, having taken nothing.
        """
        if len(frames) > self.room:
            raise PlayoutFull(self.room)
        entry = self._find(message)
        if entry is None:
            if message in self._closed:
                raise MessageClosed(message)
            entry = _Queued(message, sent=start or 0, generated=start or 0)
            self._messages.append(entry)
        elif entry.finished:
            raise MessageClosed(message)
        begin = entry.generated if start is None else start
        if frames:
            entry.runs.append(_Run(frames, begin, step))
        entry.generated = max(entry.generated, begin + len(frames) * step)
        self._queued += len(frames)

    def finish(self, message: str) -> bool:
        """No more speech will come for the message. True if that drains it (else `Step.last` will tell)."""
        entry = self._find(message)
        if entry is None or entry.finished:
            return False
        entry.finished = True
        if entry.runs:
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

    def rewind(self, message: str, samples: int) -> None:
        """The listener heard of the message only up to `samples`, though more was sent: what was sent beyond, as far
        as that is remembered, is sent again. Nothing if another message was begun since, or all was cut."""
        again: list[_Run] = []
        while self._latest and self._latest[-1].message == message and self._latest[-1].end > samples:
            step = self._latest.pop()
            again.append(_Run((step.payload,), step.end - step.samples, step.samples))
        if not again:
            return
        entry = self._messages[0] if self._messages else None
        if entry is None or entry.message != message:
            entry = _Queued(message, generated=again[0].start + again[0].step, begun=True, finished=True)
            self._messages.appendleft(entry)
        entry.runs.extendleft(again)
        entry.sent = again[-1].start
        self._queued += len(again)
        self._pace = None

    def next(self) -> Step | None:
        """The frame that leaves now, or None: silence.

        While the message in front grows and has no frame ready, those behind it wait: order is kept.
        """
        if not self._messages or self.stage is Stage.PAUSED or not self._messages[0].runs:
            self._pace = None
            return None
        entry = self._messages[0]
        run = entry.runs[0]
        payload = run.frames[run.taken]
        run.taken += 1
        if run.taken == len(run.frames):
            entry.runs.popleft()
        self._queued -= 1
        end = run.start + run.taken * run.step
        joined = entry.begun and self._pace == run.step and entry.sent + run.step == end
        last = entry.finished and not entry.runs
        step = Step(entry.message, payload, end, run.step, not entry.begun, last, joined)
        entry.sent, entry.begun, self._pace = end, True, run.step
        self._latest.append(step)
        if step.last:
            self._messages.popleft()
            self._closed.append(entry.message)
        return step

    def cut(self, of: Collection[str] | None = None) -> list[Cut]:
        """Drop everything that waits, or what does of these messages; what was sent of each message that was not
        drained, in order."""
        gone = [each for each in self._messages if of is None or each.message in of]
        self._messages = deque(each for each in self._messages if of is not None and each.message not in of)
        self._closed.extend(each.message for each in gone)
        self._queued -= sum(len(run.frames) - run.taken for each in gone for run in each.runs)
        if of is None or (self._latest and self._latest[-1].message in of):
            self._latest.clear()
        return [_progress_of(each) for each in gone]

    @property
    def messages(self) -> list[str]:
        """Those begun, or waiting, and not yet drained, in order."""
        return [entry.message for entry in self._messages]

    def progress(self) -> Cut | None:
        """How far the message in front was sent; None if none is."""
        return _progress_of(self._messages[0]) if self._messages else None

    def sent(self, message: str) -> int | None:
        """Up to which sample a message that is not drained was sent; None if there is none."""
        entry = self._find(message)
        return entry.sent if entry is not None else None

    def _find(self, message: str) -> _Queued | None:
        return next((entry for entry in self._messages if entry.message == message), None)


def _progress_of(entry: _Queued) -> Cut:
    return Cut(entry.message, entry.sent, entry.generated)
