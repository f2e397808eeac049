"""How much of everything one session may hold, and whether a command is well shaped.

The numbers are documented in `PROTOCOL.md` and enforced by `decide`. Text is counted in Unicode code
points unless a name says bytes, so that every language counts alike. Commands that are decided on two
nodes at the same instant may pass a count by one or two where no condition binds them; nothing depends
on the count being exact.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from legato.session.chain import MAX_EXACT
from legato.session.commands import Command, Refusal
from legato.session.event_json import encode
from legato.session.events import Event, Unknown
from legato.session.ids import well_formed
from legato.session.parts import Part

EVENT_BYTES: Final = 64 * 1024
"""An event's JSON."""

PART_BYTES: Final = 48 * 1024
"""The text of one part or delta, in UTF-8."""

MESSAGE_TEXT: Final = 256 * 1024
"""Code points of all text of one message."""

MESSAGE_PARTS: Final = 64
BATCH: Final = 64
"""Commands of one batch."""

EVENTS: Final = 256
"""Events of one batch (the store's index of an entry in its batch is one byte)."""

PARTICIPANTS: Final = 48
ATTACHMENTS: Final = 48
ATTACHMENTS_EACH: Final = 16
OPEN_MESSAGES_EACH: Final = 16
OPEN_RESPONSES: Final = 16
OPEN_TOOLS: Final = 32
CLIENT_TOOLS: Final = 32
"""That one client can run."""

OPEN_TOOL_TEXT: Final = 16_000
"""Arguments of all open tool calls together."""

WAITING_TURNS: Final = 32
RIGHTS: Final = 64
SOUND_RIGHTS: Final = 128
"""Rights to speak and to play that were ever given in a session, beside the others."""

DRAFT_TEXT: Final = 4_000
"""Code points of what an agent suggests to a person."""

PROMISE_TEXT: Final = 500
"""Code points of what a person promises."""

LABELS: Final = 32
PUSHES: Final = 32
PUSHES_EACH: Final = 4
"""Browsers that are told while nobody is there, of a session and of a participant."""


TEXTS: Final = {
    "reason": 200,
    "name": 128,
    "device": 128,
    "title": 200,
    "key": 128,
    "policy": 128,
    "arguments": 16_000,
    "result": 16_000,
    "detail": 200,
    "briefing": 4_000,
    "label": 256,
    "status": 200,
    "skill": 64,
    "disposition": 200,
    "notes": 4_000,
    "sealed": 3_000,
}
"""Longest text of a field; `label` is a label's value, `status` the text of an activity or of progress."""

_IDS: Final = frozenset(
    {
        *("message", "response", "turn", "parent", "call", "right", "worker", "attachment", "request", "to"),
        *("subscription", "draft", "promise"),
    }
)
_MAY_BE_EMPTY: Final = frozenset({"response", "turn", "parent", "draft"})
_NAMES_NOBODY: Final = frozenset({"request_human"})
"""Commands that may do without their `to`."""

_ROLES: Final = frozenset({"", "user", "agent", "operator", "supervisor", "observer"})
_NUMBERS: Final = frozenset(
    {
        "index",
        "part",
        "step",
        "steps",
        "eta_ms",
        "characters",
        "samples",
        "token",
        "at_ms",
        "media_time",
        "playout",
        "microphone",
        "priority",
        "claim_ms",
        "approval_ms",
        "run_ms",
    }
)

_SHAPED: Final = _IDS | _NUMBERS | {"approval", "text"} | set(TEXTS)

_UNSAID: Final = frozenset({"media_time", "playout", "microphone"})
"""Numbers for which -1 says that nothing is said."""


def misshapen(command: Command) -> Refusal | None:
    """What is wrong with the command's own fields, whatever the state: ids, numbers, lengths."""
    for name, may_be_empty in _judged(type(command)):
        found = _misshapen_field(name, getattr(command, name), may_be_empty)
        if found is not None:
            return found
    return None


@cache
def _judged(kind: type[Command]) -> tuple[tuple[str, bool], ...]:
    """The fields of such commands that have a shape of their own, and whether they may be empty."""
    name = str(kind.__struct_config__.tag)
    empty = _MAY_BE_EMPTY - ({name.rpartition("_")[2]} if name != "post_message" else set())
    empty |= {"to"} if name in _NAMES_NOBODY else set()
    return tuple((field, field in empty) for field in kind.__struct_fields__ if field in _SHAPED)


def _misshapen_field(field: str, value: object, may_be_empty: bool) -> Refusal | None:
    if field in _IDS and isinstance(value, str):
        fine = well_formed(value) or (value == "" and may_be_empty)
        return None if fine else Refusal("malformed", "not an id", field)
    if field in _NUMBERS and isinstance(value, int):
        lowest = -1 if field in _UNSAID else 0
        return None if lowest <= value <= MAX_EXACT else Refusal("malformed", "not a count", field)
    if field == "approval" and value not in _ROLES:
        return Refusal("malformed", "not a role", field)
    if field == "text" and isinstance(value, str):
        return None if _bytes(value) <= PART_BYTES else Refusal("too_large", field=field)
    if field in TEXTS and isinstance(value, str) and len(value) > TEXTS[field]:
        return Refusal("too_large", field=field)
    return None


def misshapen_parts(parts: list[Part] | tuple[Part, ...]) -> Refusal | None:
    """What is wrong with a message's parts: too many, too long, or a blob without its hash."""
    if not parts:
        return Refusal("malformed", "no part", "parts")
    if len(parts) > MESSAGE_PARTS:
        return Refusal("too_large", field="parts")
    for part in parts:
        if _bytes(part.text) > PART_BYTES or len(part.name) > 256 or len(part.type) > 128:
            return Refusal("too_large", field="parts")
        blob = part.kind in ("image", "file")
        if blob != _is_digest(part.sha256) or not 0 <= part.size <= MAX_EXACT or (blob and part.text):
            return Refusal("malformed", "a blob names its sha256, and only a blob", "parts")
    return None


def misshapen_labels(labels: dict[str, str]) -> Refusal | None:
    """Label names are shaped like ids; values are at most 128 code points."""
    if len(labels) > LABELS:
        return Refusal("too_large", field="labels")
    for label, value in labels.items():
        if not well_formed(label):
            return Refusal("malformed", "not a label", "labels")
        if len(value) > TEXTS["label"]:
            return Refusal("too_large", field="labels")
    return None


def oversize(events: list[Event]) -> Refusal | None:
    """Whether one of them is longer than an event may be."""
    for event in events:
        if len(encode(event)) > EVENT_BYTES:
            return Refusal("too_large", f"an event is at most {EVENT_BYTES} bytes")
    return None


def weight(event: Event | Unknown) -> int:
    """The bytes of an event's JSON."""
    return len(encode(event))


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text)
