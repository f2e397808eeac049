"""What logs become when they are compacted, from the beginning and from the middle."""

from collections.abc import Iterator
from typing import Any

import msgspec

from legato.session import events as e
from legato.session.compaction import AnyEvent, compact
from legato.session.event_json import encode
from tests.session.happenings import placed


def compaction_vectors() -> Iterator[dict[str, Any]]:
    """`{name, events, compacted}`."""
    for name, log in _logs().items():
        events = placed(log)
        yield {
            "name": name,
            "events": [_plain(event) for event in events],
            "compacted": {
                str(seen): [_plain(event) for event in compact(events[seen:])]
                for seen in sorted({0, 1, len(events) // 2, len(events)})
            },
        }


def _plain(event: AnyEvent) -> Any:
    return msgspec.json.decode(encode(event))


def _grown(message: str, first: int, *texts: str) -> list[AnyEvent]:
    return [
        e.MessageGrown(by="bot", message=message, index=first + n, text=text) for n, text in enumerate(texts)
    ]


def _logs() -> dict[str, list[AnyEvent]]:
    started = [e.MessageStarted(by="bot", message=id) for id in "mn"]
    pairs = zip(_grown("m", 0, "a", "é", "👋"), _grown("n", 0, "x", "y", "z"), strict=True)
    return {
        "one-stream": [started[0], *_grown("m", 0, *"hello"), e.MessageEnded(by="bot", message="m")],
        "two-streams": [*started, *(delta for pair in pairs for delta in pair)],
        "wrong-indexes": [
            started[0],
            *_grown("m", 0, "a", "b"),
            *_grown("m", 1, "b", "c"),
            *_grown("m", 3, "d"),
        ],
        "two-parts": [
            started[0],
            *(e.MessageGrown(by="bot", message="m", index=n, text="hm", kind="reasoning") for n in range(2)),
            *(e.MessageGrown(by="bot", message="m", index=n, text="so", part=1) for n in range(2, 4)),
        ],
        "fleeting": [
            e.ParticipantJoined(by="ada", participant="ada", role="user"),
            e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
            e.ActivityChanged(by="ada", participant="ada", activity="thinking"),
            e.AttachmentAway(by="hub", attachment="tab"),
            e.AttachmentBack(by="ada", attachment="tab"),
            e.ActivityChanged(by="ada", participant="ada", activity="idle"),
            e.AttachmentAway(by="hub", attachment="tab"),
            e.AttachmentClosed(by="hub", attachment="tab"),
        ],
        "progress": [
            e.ToolRequested(by="bot", call="c", name="n", arguments="{}"),
            *(e.ToolProgressed(by="bot", call="c", step=step, steps=3) for step in range(3)),
            e.ToolEnded(by="bot", call="c", outcome="finished"),
            e.ToolProgressed(by="bot", call="c", step=9),
        ],
    }
