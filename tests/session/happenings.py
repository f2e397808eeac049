"""Hypothesis strategies for events: any at all, about few things, so that they meet.

Ids come from a small pool that messages, calls and participants share, and indexes from the neighbourhood of the
right ones: most lists are nonsense, as a log never should be, and some make sense for a while.
"""

from collections.abc import Sequence
from typing import Any, get_args

from hypothesis import strategies as st
from msgspec.structs import replace

from legato.session import events as e
from legato.session.compaction import AnyEvent
from legato.session.parts import Part, Spoken, Word

THINGS = st.sampled_from(["a", "b", "c"])
PEOPLE = st.sampled_from(["p", "q", "a"])
RIGHTS = st.sampled_from(["worker:x", "responder"])
TEXTS = st.text(max_size=3) | st.sampled_from(["x", "é", "e\u0301", "👋🏽", "\u2028", ""])
COUNTS = st.sampled_from([0, 1, 2, 3, -1])
MEDIA = st.sampled_from([("text",), ("text", "audio"), ()])

PARTS = st.builds(Part, kind=st.sampled_from(["text", "reasoning", "data"]), text=TEXTS)
SPOKEN = st.none() | st.builds(
    Spoken, st.just("mic"), COUNTS, COUNTS, st.lists(st.builds(Word, TEXTS, COUNTS, COUNTS), max_size=2)
)

_BY_FIELD: dict[str, st.SearchStrategy[Any]] = {
    "by": PEOPLE,
    "participant": PEOPLE,
    "holder": PEOPLE,
    "attachment": THINGS,
    "message": THINGS,
    "draft": THINGS,
    "call": THINGS,
    "turn": THINGS | st.just(""),
    "response": THINGS | st.just(""),
    "parent": THINGS | st.just(""),
    "right": RIGHTS,
    "parts": st.lists(PARTS, max_size=2),
    "part": st.integers(-1, 2),
    "kind": st.sampled_from(["text", "reasoning"]),
    "spoken": SPOKEN,
    "takes": MEDIA,
    "gives": MEDIA,
    "runs": st.sampled_from(get_args(e.Runs)),
    "runner": THINGS | st.just(""),
    "tools": st.lists(THINGS, max_size=2).map(tuple),
    "labels": st.dictionaries(THINGS | st.just("budget_unattended"), TEXTS | st.just("5"), max_size=2),
    "role": st.sampled_from(get_args(e.Role)),
    "activity": st.sampled_from(get_args(e.Activity)),
    "outcome": st.sampled_from(get_args(e.Outcome)),
    "asked": st.sampled_from(get_args(e.Steering)),
    "mark": st.sampled_from(get_args(e.Mark)),
    "stance": st.sampled_from(get_args(e.Stance)),
    "reach": st.sampled_from(get_args(e.Reaches)),
    "how": st.sampled_from(get_args(e.Reserved)),
    "request": THINGS,
    "about": THINGS,
    "what": st.sampled_from(get_args(e.Budget)),
    "notice": st.sampled_from(get_args(e.Notice)),
    "to": PEOPLE,
    "subscription": THINGS,
    "people": st.lists(PEOPLE, max_size=2).map(tuple),
    "reached": st.lists(THINGS, max_size=2).map(tuple),
    "words": st.lists(st.tuples(COUNTS, COUNTS), max_size=2),
}
_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {"int": COUNTS, "str": TEXTS, "bool": st.booleans()}


def happening(kind: type[e.Event]) -> st.SearchStrategy[e.Event]:
    """Events of one kind; offset and time are given later."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name, annotation in kind.__annotations__.items():
        if kind is e.PartAdded and name == "part":
            fields[name] = PARTS
        elif kind is e.RightReleased and name == "reason":
            fields[name] = st.just("released")
        elif kind is e.AttachmentClosed and name == "reason":
            fields[name] = st.just("detached")
        else:
            fields[name] = _BY_FIELD[name] if name in _BY_FIELD else _BY_TYPE[str(annotation)]
    return st.builds(kind, by=PEOPLE, **fields)


UNKNOWN = st.builds(
    lambda text, extra: e.Unknown(
        "later", "p", 0, 0, {"type": "later", "by": "p", "note": text, "extra": extra}
    ),
    TEXTS,
    st.lists(st.integers(0, 3), max_size=3),
)
DELTA = st.builds(
    e.MessageGrown,
    by=PEOPLE,
    message=THINGS,
    index=st.integers(-1, 4),
    text=TEXTS,
    part=st.integers(-1, 1),
    kind=st.sampled_from(["text", "text", "reasoning"]),
    count=st.sampled_from([1, 1, 1, 2, 0, -1]),
)
ANY = st.one_of(*(happening(kind) for kind in e.KINDS), UNKNOWN)


def _stream(message: str, first: int, texts: list[str]) -> list[AnyEvent]:
    return [
        e.MessageGrown(by="p", message=message, index=first + at, text=text) for at, text in enumerate(texts)
    ]


def _alone(event: AnyEvent) -> list[AnyEvent]:
    return [event]


STREAM = st.builds(
    _stream,
    THINGS,
    st.integers(0, 3),
    st.lists(TEXTS, min_size=1, max_size=5),
)
_OPENINGS: list[list[AnyEvent]] = [
    [e.MessageStarted(by="p", message="a"), e.MessageGrown(by="p", message="a", index=0, text="x")],
    [e.ParticipantJoined(by="p", participant="p", role="user")],
    [
        e.AttachmentOpened(by="p", participant="p", attachment="a"),
        e.AttachmentAway(by="p", attachment="a"),
    ],
    [e.ToolRequested(by="p", call="b", name="n", arguments="{}"), e.ToolStarted(by="p", call="b")],
]
OPENING = st.sampled_from(_OPENINGS)
DELTAS = DELTA.map(_alone)
PIECES = ANY.map(_alone) | DELTAS | STREAM | OPENING


def placed(events: Sequence[AnyEvent], after: int = 0) -> list[AnyEvent]:
    """With dense offsets from `after + 1`, and a time that stands still at times."""
    return [at(event, after + n, 1000 + (after + n) // 2) for n, event in enumerate(events, start=1)]


def at(event: AnyEvent, offset: int, time: int) -> AnyEvent:
    """The event at a place in a log."""
    if isinstance(event, e.Unknown):
        raw = {**event.raw, "offset": offset, "time": time}
        return e.Unknown(event.type, event.by, offset, time, raw)
    return replace(event, offset=offset, time=time)


LOGS: st.SearchStrategy[list[AnyEvent]] = st.lists(PIECES, max_size=14).map(
    lambda pieces: placed([event for piece in pieces for event in piece])
)
"""Logs of any events whatever."""
