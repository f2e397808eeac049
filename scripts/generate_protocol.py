"""Writes the last section of `PROTOCOL.md`: every message, field by field, from the Python structs.

Run by `make generate`; `tests/wire/test_treaty.py` fails when the section is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from legato.session import commands, events, limits, parts, state
from legato.wire import down, up

TARGET = Path(__file__).parent.parent / "PROTOCOL.md"
BEGIN = "<!-- from here on written by `make generate` -->"
WITHIN = (
    parts.Part, parts.Spoken, parts.Word, parts.Stretch, up.PlayedUntil, up.LeftBehind,
    down.ResumeTicket, down.ProducerAt,
)  # fmt: skip
FOLDED = (
    state.State, state.Participant, state.Attachment, state.Right, state.Message, state.ToolCall, state.Turn,
    state.Response, state.Answered, state.Aside, state.Told, state.Asking, state.Draft, state.Help, state.Promised,
    state.Noted, state.Notified, state.Push, state.Usage, state.Alone, state.Reopening,
)  # fmt: skip
PLAIN = {
    inspect.StrType: "text",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.AnyType: "any JSON",
    inspect.RawType: "any JSON",
}
RAW = {
    ("do", "commands"): "list of commands",
    ("attached", "events"): "list of events",
    ("events", "events"): "list of events",
    ("history_page", "entries"): "list of messages and tool calls",
    ("attached", "snapshot"): "state",
    ("snapshot", "snapshot"): "state",
    ("discontinuity", "snapshot"): "state",
}
HOW_TO_READ = """\
A field with `?` MAY be left out and then has the value behind `=`, or is empty, 0, false or null; every other field
MUST be there. Texts are UTF-8, integers within ±(2^53 − 1), times in milliseconds unless it says otherwise. Names in
*italics* are the objects at the end. A sender MUST NOT send a value that is not among those listed; a receiver MUST
ignore fields it does not know. Ids are as in [1](#1-terms).

Of commands, in characters at most: {} (`label`: a label's value; `status`: the `text` of activity and progress)."""
OF_EVENTS = (
    "Each also has `by` text, `offset` integer and `time` integer. "
    "©: a control event; what was decided before it came is decided anew."
)
OF_THE_STATE = "What a `snapshot` holds. It too leaves out what is at its default."
COMMON = frozenset({"by", "offset", "time"})
"""What every event has."""


def _type(kind: inspect.Type) -> str:
    if type(kind) in PLAIN:
        return PLAIN[type(kind)]
    match kind:
        case inspect.LiteralType(values=values):
            return " · ".join(f'"{value}"' for value in values)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return f"list of {_type(item)}"
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(map(_type, items))}]"
        case inspect.DictType(value_type=value):
            return f"object of {_type(value)}"
        case inspect.UnionType(types=types):
            return " or ".join(map(_type, types))
        case inspect.StructType(cls=cls):
            return f"*{_named(cls)}*"
    raise TypeError(kind)


def _named(cls: type[msgspec.Struct]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).lower()


def _default(field: inspect.Field) -> str:
    value: Any = None
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if isinstance(value, msgspec.Raw) or value in ("", None, 0, False, [], {}, ()):
        return ""
    return f" = {msgspec.json.encode(value).decode()}"


def _fields(cls: type[msgspec.Struct], name: str, but: frozenset[str]) -> Iterator[str]:
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        if field.encode_name not in but:
            mark = "" if field.required else "?"
            written = RAW.get((name, field.encode_name)) or _type(field.type)
            yield f"`{field.encode_name}{mark}` {written}{_default(field)}"


def _says(cls: type[msgspec.Struct]) -> str:
    said = " ".join((cls.__dict__.get("__doc__") or "").split())
    return said.replace("|", "\\|")


def _table(
    kinds: Iterable[type[msgspec.Struct]], first: str, but: frozenset[str] = frozenset()
) -> Iterator[str]:
    yield f"| {first} | fields | |"
    yield "|---|---|---|"
    for cls in kinds:
        info = inspect.type_info(cls)
        assert isinstance(info, inspect.StructType)
        tagged = info.tag_field == "type"
        name = str(info.tag) if tagged else _named(cls)
        shown = f"`{name}`" if tagged else name
        if getattr(cls, "control", False):
            shown += " ©"
        order = " (an array, in this order)" if info.array_like else ""
        yield f"| {shown} | {'; '.join(_fields(cls, name, but)) or '—'}{order} | {_says(cls)} |"
    yield ""


def _longest() -> str:
    return ", ".join(f"`{name}` {most}" for name, most in limits.TEXTS.items())


def section() -> str:
    """The section, from its mark to the end of the document."""
    lines = [
        *(BEGIN, "", "## 17 Every message, field by field", "", HOW_TO_READ.format(_longest()), ""),
        *("### Envelopes up", "", *_table(up.KINDS_UP, "`type`")),
        *("### Envelopes down", "", *_table(down.KINDS_DOWN, "`type`")),
        *("### Commands", "", "Who may: [6](#6-commands).", "", *_table(commands.KINDS, "`type`")),
        *("### Events", "", OF_EVENTS, "", *_table(events.KINDS, "`type`", COMMON)),
        *("### Objects within them", "", *_table(WITHIN, "object")),
        *("### The state", "", OF_THE_STATE, "", *_table(FOLDED, "object")),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def render() -> str:
    """The whole document."""
    by_hand, _, _ = TARGET.read_text("utf-8").partition(BEGIN)
    return by_hand.rstrip("\n") + "\n\n" + section()


if __name__ == "__main__":
    if "--check" in sys.argv:
        same = TARGET.read_text("utf-8") == render()
        sys.exit(0 if same else "PROTOCOL.md §17 is stale: run `make generate`")
    TARGET.write_text(render(), "utf-8")
