"""What was spoken: what the hub's ears and mouth append.

These are facts that the media path has already seen, so they are not refused for want of a right; each
function gives nothing where the state says that the fact is there already.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.ids import HUB
from legato.session.message_rules import Decision
from legato.session.parts import Part, Spoken
from legato.session.state import Message, State

FRESH: Final = 120_000
"""Milliseconds of session time after which nobody expects the rest of a message any more."""


def voice_started(state: State, attachment: str, call: str, track: str, media_time: int = 0) -> list[e.Event]:
    """A call carries the attachment's audio; its microphone is `track`, whose clock stands at `media_time`."""
    known = state.attachments.get(attachment)
    if known is None or (known.call, known.track) == (call, track):
        return []
    return [e.VoiceStarted(by=HUB, attachment=attachment, call=call, track=track, media_time=media_time)]


def voice_ended(state: State, attachment: str, call: str, reason: str = "") -> list[e.Event]:
    """That call carries it no more; nothing if another one took over."""
    known = state.attachments.get(attachment)
    if known is None or known.call != call:
        return []
    return [e.VoiceEnded(by=HUB, attachment=attachment, call=call, reason=reason)]


def turn_started(state: State, turn: str, participant: str) -> list[e.Event]:
    """The participant began to speak."""
    return [] if turn in state.turns else [e.TurnStarted(by=HUB, turn=turn, participant=participant)]


def turn_ended(state: State, turn: str, *, empty: bool = False, incomplete: bool = False) -> list[e.Event]:
    """It finished; `empty` asks for no answer."""
    known = state.turns.get(turn)
    if known is None or known.status != "speaking":
        return []
    return [e.TurnEnded(by=HUB, turn=turn, empty=empty, incomplete=incomplete)]


def transcribed(
    state: State, message: str, participant: str, text: str, spoken: Spoken, turn: str, *, ends_turn: bool
) -> list[e.Event]:
    """The final words of a turn (or of a piece of it), authored by who spoke."""
    if message in state.entries:
        return []
    parts = [Part("text", text)]
    return [
        e.MessagePosted(
            by=participant, message=message, parts=parts, turn=turn, ends_turn=ends_turn, spoken=spoken
        )
    ]


def speech_queued(
    state: State, message: str, track: str, start: int, end: int, characters: int
) -> list[e.Event]:
    """Speech of `message` rests in `track` (samples at 48 kHz); `characters` of its text are spoken by `end`."""
    if not isinstance(state.entries.get(message), Message):
        return []
    return [e.SpeechQueued(by=HUB, message=message, track=track, start=start, end=end, characters=characters)]


def speech_shown(state: State, participant: str, saying: Collection[str]) -> list[e.Event]:
    """The participant turned to text: of everything that is said, or waits to be (`saying`: what is in the making),
    the rest is shown to it."""
    return [
        e.SpeechShown(by=HUB, message=entry.id, participant=participant)
        for entry in state.transcript()
        if isinstance(entry, Message)
        and entry.status in ("open", "finished")
        and (entry.speech_end >= 0 or entry.id in saying)
        and participant not in entry.read
        and entry.heard.get(participant, 0) < sum(len(p.text) for p in entry.parts if p.kind == "text")
        and state.time - entry.time <= FRESH
    ]


def gap_marked(state: State, track: str, start: int, end: int) -> list[e.Event]:
    """Audio that is lost for good; nothing if that was said before (by another node)."""
    known = start >= end or (track, start, end) in state.gaps
    return [] if known else [e.GapMarked(by=HUB, track=track, start=start, end=end)]


def mark_turn(state: State, actor: Actor, command: c.MarkTurn) -> Decision:
    """Marks are for the record: they may come after the turn was answered."""
    return [
        e.TurnMarked(
            by=actor.participant,
            turn=command.turn,
            mark=command.mark,
            at_ms=command.at_ms,
            media_time=command.media_time,
        )
    ]
