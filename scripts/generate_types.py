"""Writes `web/src/client/generated.ts`: the TypeScript names of events, commands, state and envelopes.

One source, two languages: the Python structs are it. Run by `make generate`; a test fails when the file is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from legato.session import commands, events, parts, state
from legato.wire import down, up

TARGET = Path(__file__).parent.parent / "web" / "src" / "client" / "generated.ts"
FOLDED: tuple[type[msgspec.Struct], ...] = (
    state.Participant,
    state.Attachment,
    state.Right,
    state.Message,
    state.ToolCall,
    state.Turn,
    state.Response,
    state.Answered,
    state.Aside,
    state.Told,
    state.Asking,
    state.Draft,
    state.Promised,
    state.Help,
    state.Noted,
    state.Notified,
    state.Push,
    state.Usage,
    state.Alone,
    state.Reopening,
    state.State,
)
SAID: tuple[type[msgspec.Struct], ...] = (parts.Part, parts.Word, parts.Spoken, parts.Stretch)
ASKED: tuple[type[msgspec.Struct], ...] = (
    *commands.KINDS,
    down.ResumeTicket,
    down.ProducerAt,
    up.PlayedUntil,
    up.LeftBehind,
)
UNKNOWN = (
    "export interface UnknownEvent {\n  type: string;\n  by: string;\n  offset?: number;\n"
    "  time?: number;\n  [field: string]: unknown;\n}"
)
PLAIN = {
    inspect.StrType: "string",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.BoolType: "boolean",
    inspect.NoneType: "null",
    inspect.AnyType: "unknown",
    inspect.RawType: "unknown",
}
RAW_MEANS = {
    ("Attached", "snapshot"): "RawState | null",
    ("Snapshot", "snapshot"): "RawState",
    ("Discontinuity", "snapshot"): "RawState",
}
RAW_LISTS = {
    ("Attached", "events"): "Event[]",
    ("Events", "events"): "Event[]",
    ("HistoryPage", "entries"): "Partial<Entry>[]",
    ("Do", "commands"): "Command[]",
}


def _type(kind: inspect.Type) -> str:
    if type(kind) in PLAIN:
        return PLAIN[type(kind)]
    match kind:
        case inspect.LiteralType(values=values):
            return " | ".join(f'"{value}"' for value in values)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            inner = _type(item)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(map(_type, items))}]"
        case inspect.DictType(value_type=value):
            return f"Record<string, {_type(value)}>"
        case inspect.UnionType(types=types):
            return " | ".join(map(_type, types))
        case inspect.StructType(cls=cls):
            return cls.__name__
    raise TypeError(kind)


def _interface(cls: type[msgspec.Struct], *, optional: bool, suffix: str = "") -> Iterator[str]:
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    if info.array_like:
        yield f"export type {cls.__name__} = [{', '.join(_type(field.type) for field in info.fields)}];"
        return
    yield f"export interface {cls.__name__}{suffix} {{"
    if info.tag_field:
        yield f'  {info.tag_field}: "{info.tag}";'
    for field in info.fields:
        place = (cls.__name__, field.encode_name)
        written = RAW_MEANS.get(place) or RAW_LISTS.get(place) or _type(field.type)
        mark = "?" if optional and not field.required else ""
        yield f"  {field.encode_name}{mark}: {written};"
    yield "}"


def _default(field: inspect.Field) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default_factory())
    return None


def _defaults(name: str, kinds: list[type[msgspec.Struct]]) -> Iterator[str]:
    yield f"export const {name} = {{"
    for cls in kinds:
        info = inspect.type_info(cls)
        assert isinstance(info, inspect.StructType)
        pairs = ((field.encode_name, _default(field)) for field in info.fields if not field.required)
        fields = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in pairs)
        yield f"  {info.tag if info.tag_field == 'type' else cls.__name__}: {{ {fields} }},"
    yield "} as const;"


def _union(name: str, kinds: list[type[msgspec.Struct]]) -> str:
    return f"export type {name} =\n  | " + "\n  | ".join(cls.__name__ for cls in kinds) + ";"


def _control() -> str:
    names = ", ".join(f'"{kind.__struct_config__.tag}"' for kind in events.KINDS if kind.control)
    return f"export const CONTROL_EVENTS: ReadonlySet<string> = new Set([{names}]);"


def render() -> str:
    """The whole file."""
    lines = ["// Written by scripts/generate_types.py from the Python structs. Do not edit.", ""]
    for cls in (*SAID, *events.KINDS):
        lines += [*_interface(cls, optional=True), ""]
    for cls in FOLDED:
        lines += [*_interface(cls, optional=False), ""]
    for cls in ASKED:
        lines += [*_interface(cls, optional=True), ""]
    wires: list[tuple[str, tuple[type[msgspec.Struct], ...]]] = [
        ("Up", up.KINDS_UP),
        ("Down", down.KINDS_DOWN),
    ]
    for prefix, kinds in wires:
        for wire in kinds:
            text = "\n".join(_interface(wire, optional=True))
            lines += [text.replace(f"interface {wire.__name__} ", f"interface {prefix}{wire.__name__} "), ""]
        lines += [
            f"export type {prefix} =\n  | "
            + "\n  | ".join(f"{prefix}{each.__name__}" for each in kinds)
            + ";",
            "",
        ]
    lines += [_union("KnownEvent", list(events.KINDS)), "", _union("Command", list(commands.KINDS)), ""]
    lines += [
        "export type Entry = Message | ToolCall;",
        "/** A state as it comes over the wire: defaults left out. */",
        "export type RawState = Record<string, unknown>;",
    ]
    lines += [UNKNOWN]
    lines += [
        "export type Event = KnownEvent | UnknownEvent;",
        "",
        _control(),
        "",
        *_defaults("EVENT_DEFAULTS", list(events.KINDS)),
        "",
        *_defaults("STATE_DEFAULTS", [parts.Part, parts.Spoken, *FOLDED]),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            0
            if TARGET.read_text() == render()
            else "web/src/client/generated.ts is stale: run `make generate`"
        )
    TARGET.write_text(render())
