"""What of an agent's speech somebody has not heard yet, and where it rests.

The log says of each message where its speech lies in the rings (its stretches), which words are spoken by which
sample, and how far each participant heard it. The rings are written before anything is played, so a node that never
saw the conversation plays on from the very frame. What the rings lack is said anew, from the last word that they have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, get_args

import msgspec

from legato.session.state import Message, State
from legato.session.vocabulary import GoOn
from legato.wire.up import PlayedUntil
from media.frames import Frame
from media.opus import FRAME, RATE
from media.playout import MAX_QUEUED
from media.portions import Point
from media.voice.ledger import Ledger

FRESH: Final = 120_000
"""Milliseconds of session time after which the rest of a message is not spoken any more."""


UNTOLD: Final = 2 * RATE
"""Samples of what an agent brings that may be heard before the log tells of them: it may bring it as it is played."""

WAYS_ON: Final[tuple[GoOn, ...]] = get_args(GoOn)


@dataclass(frozen=True, slots=True)
class Report:
    """A listener says that it heard `message` up to `samples` of its speech, `ago` ms ago, and how it wants to go on
    after a gap."""

    message: str
    samples: int
    ago: int = 0
    then: GoOn = ""

    def later(self, ms: int) -> Report:
        """The same, so many ms later."""
        return replace(self, ago=self.ago + ms)


def read_report(data: Any) -> Report | None:
    """A report as a page gives it; None if it is none."""
    if not isinstance(data, Mapping):
        return None
    message, samples = data.get("message"), data.get("samples")
    if not isinstance(message, str) or type(samples) is not int or samples < 0:
        return None
    ago, ways = data.get("ago", 0), [way for way in WAYS_ON if way == data.get("then")]
    return Report(message, samples, ago if _ago(ago) else 0, ways[0] if ways else "")


def report_of(heard: PlayedUntil | None) -> Report | None:
    """What a client says with its call or its stream."""
    return None if heard is None else read_report(msgspec.structs.asdict(heard))


def _ago(given: Any) -> bool:
    return type(given) is int and 0 <= given <= FRESH


@dataclass(frozen=True, slots=True)
class Unheard:
    """A message that a listener has heard up to `samples` of its speech."""

    message: Message
    samples: int


@dataclass(frozen=True, slots=True)
class Rest:
    """What the rings hold of an unheard message: its speech from sample `start` to `end`. From there on it is said
    anew, from character `characters` of its text; until then `points` say which words are spoken when."""

    message: str
    start: int
    end: int
    frames: tuple[bytes, ...]
    characters: int
    points: tuple[Point, ...] = ()

    def ledger(self) -> Ledger:
        """What is known of the message's speech up to `end`."""
        return Ledger(self.characters, self.end, self.points)


@dataclass(frozen=True, slots=True)
class Returning:
    """What somebody who comes to listen is still to hear of what was said up to offset `seen`. `reported`: they said
    themselves how far they had heard, `ago` ms ago, and how they want to go on."""

    rests: tuple[Rest, ...] = ()
    seen: int = 0
    reported: bool = False
    ago: int = 0
    then: GoOn = ""


class Rings(Protocol):
    """Where sound is kept."""

    async def frames(self, track: str, start: int, end: int) -> Sequence[Frame]:
        """The frames of a track from media time `start` to `end` that are there, in order."""
        ...


def text_of(message: Message) -> str:
    """What of the message may be spoken."""
    return "".join(part.text for part in message.parts if part.kind == "text")


def answers(state: State, participant: str) -> bool:
    """Whether what this participant writes is said aloud."""
    who = state.participants.get(participant)
    return participant == state.responder or (who is not None and who.role == "agent")


def made(message: Message) -> int:
    """Samples of the message's speech that were made, as the log has it."""
    last = message.speech[-1] if message.speech else None
    return last.samples + last.end - last.start if last is not None else 0


def unheard(
    state: State, listener: str, report: Report | None = None, *, known: bool = False
) -> list[Unheard]:
    """Messages of the last answer that the listener did not hear to the end, in order; `report` is what it says
    itself. `known`: only if it heard something of them."""
    found: list[Unheard] = []
    for entry in state.transcript():
        if not isinstance(entry, Message):
            continue
        if not answers(state, entry.by) or entry.spoken is not None:
            found.clear()
        elif (
            entry.status in ("cancelled", "interrupted")
            or state.time - entry.time > FRESH
            or _reads(entry, listener)
            or _cut_off(entry, listener)
        ):
            continue
        elif entry.speech_end >= 0:
            if report is not None and report.message == entry.id:
                found = [Unheard(entry, min(report.samples, made(entry) + (UNTOLD if entry.brought else 0)))]
            elif not _heard_out(entry, listener) and (not known or listener in entry.heard):
                found.append(Unheard(entry, entry.heard_samples.get(listener, 0)))
        elif found:
            found.append(Unheard(entry, 0))
    return found


def _reads(message: Message, listener: str) -> bool:
    """Whether they were shown the rest of it, and have heard nothing of it since."""
    return listener in message.read and message.heard.get(listener, 0) <= message.read[listener]


def _cut_off(message: Message, listener: str) -> bool:
    """Whether what they heard of it is settled, and is not all: it was stopped, and stays so."""
    return listener in message.settled and message.heard.get(listener, 0) < len(text_of(message))


def _heard_out(message: Message, listener: str) -> bool:
    return message.status != "open" and message.heard.get(listener, 0) >= len(text_of(message))


async def returning(
    rings: Rings, state: State, listener: str, report: Report | None, *, known: bool
) -> Returning:
    """What the listener is still to hear; see `unheard`. Raises what the rings raise."""
    seen, room, rests = state.offset, MAX_QUEUED, list[Rest]()
    for each in unheard(state, listener, report, known=known):
        rests.append(await _read(rings, each, room))
        room -= len(rests[-1].frames)
    ago, then = (report.ago, report.then) if report is not None else (0, "")
    return Returning(tuple(rests), seen, report is not None, ago, then)


async def stored(rings: Rings, message: Message, start: int, end: int, most: int) -> list[bytes]:
    """The frames of the message's speech from sample `start` on, before `end`, that are there without a hole. Raises
    what the rings raise."""
    at, frames = start, list[bytes]()
    for number, stretch in enumerate(message.speech):
        following = message.speech[number + 1 :]
        until = min(stretch.samples + stretch.end - stretch.start, *(each.samples for each in following), end)
        if not stretch.samples <= at < until:
            continue
        offset = stretch.start - stretch.samples
        for frame in await rings.frames(stretch.track, at + offset, until + offset):
            if frame.media_time != at + offset or frame.samples != FRAME or len(frames) == most:
                break
            frames.append(frame.payload)
            at += FRAME
    return frames


async def _read(rings: Rings, unheard: Unheard, room: int) -> Rest:
    message, points = unheard.message, unheard.message.speech_words
    start = unheard.samples // FRAME * FRAME
    frames = await stored(rings, message, start, made(message), room)
    at = start + len(frames) * FRAME
    if message.brought:
        # No voice says it anew: what is heard already is passed over, and what is left is read later.
        end = at if frames else min(start, made(message))
        return Rest(message.id, start, end, tuple(frames), message.speech_characters, points)
    if at >= made(message):
        return Rest(message.id, start, at, tuple(frames), message.speech_characters, points)
    characters, samples = max(
        (point for point in points if point[1] <= at), key=lambda each: each[1], default=(0, 0)
    )
    end = -(-samples // FRAME) * FRAME
    start = min(start, end)
    return Rest(message.id, start, end, tuple(frames[: (end - start) // FRAME]), characters, points)
