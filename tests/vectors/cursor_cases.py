"""What a cursor does with what comes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from legato.session.cursor import Cursor, Step, Want

Script = list[dict[str, Any]]


@dataclass(frozen=True)
class Entry:
    offset: int


def cursor_vectors() -> Iterator[dict[str, Any]]:
    """`{name, epoch, delivered, most, steps}`."""
    for name, (delivered, most, script) in _scripts().items():
        cursor: Cursor[Entry] = Cursor("e0", delivered, most=most)
        steps = [step | _took(cursor, step) for step in script]
        yield {"name": name, "epoch": "e0", "delivered": delivered, "most": most, "steps": steps}


def _took(cursor: Cursor[Entry], step: dict[str, Any]) -> dict[str, Any]:
    found: Step[Entry] | Want
    match step["do"]:
        case "publish":
            found = cursor.publish(step.get("epoch", "e0"), Entry(step["offset"]))
        case "replay":
            found = cursor.replay([Entry(offset) for offset in step["page"]], step["first"], step["tail"])
        case "snapshot":
            found = cursor.snapshot(step["at"])
        case "asked_in_vain":
            found = cursor.asked_in_vain()
        case _:
            found = cursor.reopened(step["epoch"], step["at"])
    step_found = found if isinstance(found, Step) else Step([], found)
    return {
        "deliver": [entry.offset for entry in step_found.deliver],
        "want": step_found.want.value,
        "delivered": cursor.delivered,
        "stage": cursor.stage.value,
    }


def _publish(*offsets: int, **more: Any) -> Script:
    return [{"do": "publish", "offset": offset, **more} for offset in offsets]


def _replay(page: list[int], tail: int, first: int = 1) -> Script:
    return [{"do": "replay", "page": page, "first": first, "tail": tail}]


def _scripts() -> dict[str, tuple[int, int, Script]]:
    return {
        "seam": (2, 8, [*_publish(6, 5), *_replay([3, 4], 5), *_publish(4, 7, 7), *_replay([5], 7)]),
        "hole": (0, 8, [*_replay([], 0), *_publish(1, 3, 4, 2), *_replay([], 4), *_publish(5)]),
        "held-too-much": (0, 2, [*_replay([], 0), *_publish(5, 3, 4, 2, 1), *_replay([3, 4, 5], 5)]),
        "trimmed": (
            2,
            8,
            [
                *_replay([7, 8], 8, first=7),
                {"do": "asked_in_vain"},
                *_publish(9),
                {"do": "snapshot", "at": 6},
                *_replay([7, 8], 9, first=7),
                {"do": "snapshot", "at": 3},
            ],
        ),
        "lost-tail": (
            5,
            8,
            [
                *_replay([], 5),
                *_publish(6, 7),
                *_replay([], 5),
                *_publish(8),
                {"do": "asked_in_vain"},
                {"do": "reopened", "epoch": "e1", "at": 6},
                *_publish(7, 8),
                *_publish(7, 8, epoch="e1"),
                *_replay([], 8),
                *_publish(9, epoch="e2"),
            ],
        ),
        "broken-connection": (0, 8, [*_replay([1], 1), {"do": "asked_in_vain"}, *_replay([1, 2, 3], 3)]),
    }
