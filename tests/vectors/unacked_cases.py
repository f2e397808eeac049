"""What whoever holds a microphone keeps, and what it sends again when."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from legato.client.unacked import Run, Unacked

Script = list[dict[str, Any]]
FRAME: Final = 960


def unacked_vectors() -> Iterator[dict[str, Any]]:
    """`{name, steps}`."""
    for name, script in _SCRIPTS.items():
        unacked = Unacked()
        steps = [step | {"answer": _answer(unacked, step)} for step in script]
        yield {"name": name, "steps": steps}


def _answer(unacked: Unacked, step: dict[str, Any]) -> Any:
    now = step.get("now", 0)
    match step["do"]:
        case "capture":
            payload = bytes.fromhex(step["frame"])
            return unacked.capture(step["media_time"], step["samples"], payload, now)
        case "acked":
            answer = unacked.acked(step["until"], [(start, end) for start, end in step["missing"]], now)
            return {"runs": _plain(answer.runs), "lacking": [list(gap) for gap in answer.lacking]}
        case "opened":
            return _plain(unacked.opened(now))
        case "late":
            return _plain(unacked.late(now))
        case "closed":
            unacked.closed()
            return [unacked.since, unacked.end]
        case _:
            return unacked.next_deadline()


def _plain(runs: Sequence[Run]) -> list[Any]:
    return [[run.media_time, [frame.hex() for frame in run.frames]] for run in runs]


def _said(*numbers: int) -> Script:
    return [
        _do("capture", now=20 * n, media_time=n * FRAME, samples=FRAME, frame=f"{n:02x}") for n in numbers
    ]


def _do(do: str, **more: Any) -> dict[str, Any]:
    return {"do": do, **more}


def _acked(until: int, *missing: tuple[int, int], now: int) -> dict[str, Any]:
    stretches = [[start * FRAME, end * FRAME] for start, end in missing]
    return _do("acked", now=now, until=until * FRAME, missing=stretches)


_SCRIPTS: Final[dict[str, Script]] = {
    "in-order": [
        _do("opened", now=0),
        *_said(0, 1, 2),
        _acked(2, now=300),
        _do("next_deadline"),
        _acked(3, now=300),
        _do("next_deadline"),
    ],
    "missing": [
        _do("opened", now=0),
        *_said(0, 1, 2, 3, 4),
        _acked(1, (1, 2), (3, 4), now=300),
        _acked(1, (1, 2), (3, 4), now=1_299),
        _acked(1, (1, 2), now=1_300),
    ],
    "lacking": [
        _do("opened", now=0),
        *_said(0, 1, 5, 6),
        _acked(1, (1, 6), (6, 9), now=300),
        _acked(6, now=600),
    ],
    "late": [
        *_said(0, 1),
        _do("late", now=5_000),
        _do("opened", now=5_000),
        _do("late", now=5_999),
        _do("late", now=6_000),
        _do("next_deadline"),
        _do("closed"),
        _do("next_deadline"),
        _do("late", now=9_000),
    ],
    "a-gap": [
        _do("opened", now=0),
        *_said(*range(4)),
        _acked(2, now=100),
        _do("closed"),
        *_said(*range(4, 120)),
        _do("opened", now=2_500),
        _acked(100, now=2_600),
        _do("closed"),
    ],
    "not-in-order": [*_said(3), *_said(3), *_said(2), *_said(4), _do("opened", now=100)],
    "other-lengths": [
        _do("capture", now=0, media_time=0, samples=480, frame="01"),
        _do("capture", now=10, media_time=480, samples=2880, frame="02"),
        _do("capture", now=70, media_time=4000, samples=120, frame="03"),
        _do("opened", now=100),
        _acked(0, (0, 5), now=1_100),
    ],
}
