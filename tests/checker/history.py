"""What is written down at an edge: one JSON line for each thing that crossed it.

A line is written by a client or an agent (never by the hub), about what it sent (`invoke`), what it was answered
(`ok`, `fail`; a passing refusal is `info`: unknown yet), and what its program then held. `t_mono` is the
machine's monotonic clock in ns, which all processes of one machine share.

| op | kind | what |
|---|---|---|
| `append` | `invoke` `ok` `fail` `info` | batch `pseq` of `producer`, `contents`; acked at `offset`, `count` events |
| `attached` | `ok` | let in at `epoch`, `offset`; `count` events brought it there, or (`reason`) a snapshot |
| `deliver` | `ok` | an event on the wire, `sha256` of its canonical JSON |
| `snapshot` | `ok` | moved to a state on the wire |
| `discontinuity` | `ok` | told that `lost_from` … `lost_to` are lost; from here on at `epoch`, `offset` |
| `apply` | `ok` | the program was given the event at `offset` |
| `state` | `ok` | the program held a state (`sha256`) at `epoch`, `offset` |
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import msgspec

Kind = Literal["invoke", "ok", "fail", "info"]


class Line(msgspec.Struct, omit_defaults=True, gc=False):
    """One edge of a history."""

    t_mono: int
    proc: str
    kind: Kind
    op: str
    run: str = ""
    session: str = ""
    actor: str = ""
    epoch: str = ""
    offset: int = 0
    producer: str = ""
    pepoch: int = 0
    pseq: int = 0
    sha256: str = ""
    ack_level: str = ""
    count: int = 0
    contents: list[str] = []
    reason: str = ""
    check: str = ""
    lost_from: int = 0
    lost_to: int = 0


class Entry(msgspec.Struct):
    """One entry of the final log: who wrote it as the store knows it, and the event that was sealed in it."""

    epoch: str
    offset: int
    check: str
    producer: str
    pseq: int
    index: int
    control: bool
    event: dict[str, Any]
    sha256: str = ""


class Recorder:
    """Appends lines to a file; each is on its way to disk before anything else happens."""

    def __init__(
        self, path: Path, proc: str, run: str = "", clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.path, self.proc, self.run = path, proc, run
        self._clock = clock
        self._out = path.open("ab", buffering=0)

    def write(self, kind: Kind, op: str, **fields: Any) -> None:
        """Write a line."""
        line = Line(self._clock(), self.proc, kind, op, run=self.run, **fields)
        self._out.write(_encoder.encode(line) + b"\n")

    def close(self) -> None:
        """No more lines."""
        self._out.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def load(paths: Iterable[Path]) -> list[Line]:
    """The lines of several files, by time. A line that a kill cut in half is left out."""
    lines: list[Line] = []
    for path in paths:
        raw = path.read_bytes()
        lines += _lines.decode_lines(raw[: raw.rfind(b"\n") + 1])
    lines.sort(key=lambda line: line.t_mono)
    return lines


def canonical(value: Any) -> str:
    """The digest of a value's JSON with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


PREDICTABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "message_posted": ("message", "parts"),
    "message_started": ("message", "response"),
    "message_grown": ("message", "index", "text"),
    "message_ended": ("message", "outcome"),
    "response_started": ("response", "turn"),
    "tool_requested": ("call", "name", "arguments"),
    "tool_started": ("call",),
    "tool_ended": ("call", "outcome", "result"),
}
"""Events whose content their command already says."""

_FACTS: Final = {
    "post_message": "message_posted",
    "start_message": "message_started",
    "grow_message": "message_grown",
    "end_message": "message_ended",
    "start_response": "response_started",
    "request_tool": "tool_requested",
    "start_tool": "tool_started",
    "end_tool": "tool_ended",
}
_DEFAULTS: Final[Mapping[str, Any]] = {"outcome": "finished", "index": 0}


def command_content(command: Mapping[str, Any]) -> str:
    """The digest of what the event of `command` must say; "" where only the hub knows."""
    fact = _FACTS.get(command.get("type", ""), "")
    return _content(fact, command) if fact else ""


def event_content(event: Mapping[str, Any]) -> str:
    """The same of an event; "" for those that no command predicts."""
    return _content(event["type"], event) if event["type"] in PREDICTABLE else ""


def _content(fact: str, fields: Mapping[str, Any]) -> str:
    said = {name: fields.get(name, _DEFAULTS.get(name, "")) for name in PREDICTABLE[fact]}
    if "parts" in said:
        said["parts"] = [[part.get("kind", "text"), part.get("text", "")] for part in said["parts"]]
    return canonical([fact, said])


def store_producer(participant: str, producer: str) -> str:
    """What the log calls a client's producer (the naming of `docs/store.md`, written out a second time)."""
    digest = sha256(f"{participant}\0{producer}".encode()).digest()
    return "p_" + urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


_encoder: Final = msgspec.json.Encoder()
_lines: Final = msgspec.json.Decoder(Line)
