"""The words that events, commands and state share: closed sets of names, as they stand on the wire."""

from __future__ import annotations

import re
from typing import Literal

Role = Literal["user", "agent", "operator", "supervisor", "observer"]
Medium = Literal["text", "audio"]
Activity = Literal["idle", "listening", "thinking", "speaking", "tool"]
Outcome = Literal["finished", "cancelled", "interrupted", "failed"]
Mark = Literal[
    "speech_started",
    "end_of_speech",
    "end_of_turn",
    "transcript_final",
    "first_word",
    "first_audio_in",
    "first_audio_out",
    "heard",
]
Runs = Literal["", "client", "hub"]
"""Who does a tool call: its agent (""), a client, or the hub."""

Steering = Literal["steer", "pause", "continue"]
Stance = Literal["", "monitor", "whisper", "barge"]
"""Where a person stands who does not answer: heard by nobody, by who answers, by all. Empty: none was taken."""

Reaches = Literal["all", "responder", "nobody"]
"""How far what a device gives may go at most, whatever stance its participant takes: as far as its ticket lets it."""

Reserved = Literal["accepted", "rejected", "expired", "withdrawn"]
"""How a reservation ended."""

Budget = Literal["tokens", "seconds", "tool_calls"]
"""What may be used only so much of in a session."""

Notice = Literal["approval", "answer", "result"]
"""What somebody who is away is told of: a tool call waits for their word, an answer has come, or a tool call has
finished or failed, and no answer says so."""

ToldOf = Literal["approval", "answer", "result", "human"]
"""What is told outside of a session: those, and that a person is asked for."""

GoOn = Literal["", "rest", "catch_up", "live"]
"""How a listener goes on after a gap: with the rest, faster until nothing is missing any more, or straight on. Empty:
as the hub thinks best."""


def snake(name: str) -> str:
    """A class's name as it stands on the wire: `MessageGrown` is `message_grown`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
