"""What an outbox does with answers, losses and time."""

from collections.abc import Iterator
from typing import Any, Final

from legato.session.commands import Refusal
from legato.session.outbox import Batch, Outbox

Script = list[dict[str, Any]]


def outbox_vectors() -> Iterator[dict[str, Any]]:
    """`{name, steps}`."""
    for name, script in _SCRIPTS.items():
        outbox = Outbox()
        steps = []
        for step in script:
            if step["do"] == "restart":
                outbox = Outbox(outbox.saved())
                steps.append(step)
            else:
                steps.append(step | {"answer": _answer(outbox, step)})
        yield {"name": name, "steps": steps}


def _answer(outbox: Outbox, step: dict[str, Any]) -> Any:
    now = step.get("now", 0)
    match step["do"]:
        case "put":
            return _plain(outbox.put(step["raw"]))
        case "take":
            return [_plain(batch) for batch in outbox.take(now)]
        case "acked":
            return _plain(outbox.acked(step["seq"], now))
        case "refused":
            refusal = Refusal(
                step["reason"],
                expected=step.get("expected", -1),
                retry_after_ms=step.get("retry_after_ms", 0),
            )
            return _plain(outbox.refused(step["seq"], refusal, now, step.get("drawn", 0)))
        case "opened":
            return [_plain(batch) for batch in outbox.opened(step["last"], now)]
        case "discontinued":
            return [_plain(batch) for batch in outbox.discontinued(step["last"], now)]
        case "follows":
            return outbox.follows(step["last"])
        case "renumbered":
            outbox.renumbered(step["last"], lambda seq, batch: f"{batch.raw}@{seq}")
            return [_plain(batch) for batch in outbox.pending()]
        case "stranded":
            return outbox.stranded
        case "missing":
            return outbox.missing(step["last"])
        case "next_deadline":
            return outbox.next_deadline()
        case _:
            return [_plain(batch) for batch in outbox.pending()]


def _plain(batch: Batch | None) -> list[Any] | None:
    return None if batch is None else [batch.seq, batch.raw]


def _put(*raws: str) -> Script:
    return [{"do": "put", "raw": raw} for raw in raws]


def _do(do: str, **more: Any) -> dict[str, Any]:
    return {"do": do, **more}


_TAKE: Final = _do("take", now=0)

_SCRIPTS: Final[dict[str, Script]] = {
    "in-order": [*_put("a", "b"), _TAKE, _TAKE, _do("acked", seq=2), _do("acked", seq=2), _do("pending")],
    "window": [*_put(*(f"b{n}" for n in range(66))), _TAKE, _do("acked", seq=9), _TAKE],
    "gap": [
        *_put("a", "b", "c", "d"),
        _TAKE,
        _do("refused", seq=3, reason="sequence_gap", expected=2),
        _TAKE,
        _do("next_deadline"),
        _do("take", now=1),
    ],
    "gap-of-what-was-acknowledged": [
        *_put("a", "b", "c", "d"),
        _TAKE,
        _do("acked", seq=1, now=0),
        _do("acked", seq=2, now=10_000),
        _do("refused", seq=3, reason="sequence_gap", expected=1, now=10_001),
        _do("stranded"),
        _do("take", now=99_999),
        _do("next_deadline"),
        _do("opened", last=0, now=10_002),
        _do("stranded"),
        _do("follows", last=0),
        _do("missing", last=0),
        _do("renumbered", last=0),
        _do("missing", last=0),
        _do("take", now=10_002),
    ],
    "gap-of-what-was-refused": [
        *_put("a", "b", "c"),
        _TAKE,
        _do("refused", seq=1, reason="too_large"),
        _do("refused", seq=3, reason="sequence_gap", expected=1),
        _do("stranded"),
        _do("opened", last=0),
        _do("missing", last=0),
        _do("renumbered", last=0),
        _TAKE,
    ],
    "gap-of-another-time": [
        *_put("a", "b"),
        _TAKE,
        _do("acked", seq=1),
        _do("restart"),
        _do("take", now=1),
        _do("refused", seq=2, reason="sequence_gap"),
        _do("stranded"),
        _do("discontinued", last=0, now=2),
        _do("stranded"),
        _do("missing", last=0),
    ],
    "wait": [
        *_put("a", "b"),
        _TAKE,
        _do("refused", seq=1, reason="too_fast", retry_after_ms=50, now=100),
        _do("take", now=149),
        _do("next_deadline"),
        _do("take", now=150),
        _do("next_deadline"),
        _do("take", now=159),
        _do("take", now=160),
        _do("next_deadline"),
    ],
    "pace": [
        *_put("a", "b", "c", "d", "e"),
        _TAKE,
        _do("refused", seq=1, reason="too_fast", retry_after_ms=5, drawn=0.5, now=100),
        _do("refused", seq=2, reason="too_fast", retry_after_ms=5, drawn=0.5, now=100),
        _do("refused", seq=3, reason="sequence_gap", expected=1, now=101),
        _do("next_deadline"),
        _do("take", now=105),
        _do("take", now=106),
        _do("next_deadline"),
        _do("refused", seq=4, reason="sequence_gap", expected=1, now=107),
        _do("take", now=110),
        _do("take", now=121),
        _do("refused", seq=2, reason="too_fast", retry_after_ms=3, now=122),
        _do("take", now=130),
        _do("take", now=131),
        _do("acked", seq=1, now=132),
        _do("opened", last=1, now=133),
        _do("take", now=133),
    ],
    "no-pace-once-all-is-acknowledged": [
        *_put("a"),
        _TAKE,
        _do("refused", seq=1, reason="too_fast", retry_after_ms=5),
        _do("take", now=5),
        _do("acked", seq=1, now=6),
        *_put("b", "c", "d"),
        _do("take", now=6),
    ],
    "lasting": [*_put("a", "b"), _TAKE, _do("refused", seq=1, reason="not_allowed"), _do("pending")],
    "discontinuity": [
        *_put("a", "b", "c", "d"),
        _TAKE,
        _do("acked", seq=1, now=0),
        _do("acked", seq=2, now=1),
        _do("acked", seq=3, now=2),
        _do("discontinued", last=1, now=10_000),
        _do("take", now=10_000),
        _do("discontinued", last=0, now=10_001),
    ],
    "refused-and-lost": [
        *_put("a", "b", "c", "d"),
        _TAKE,
        _do("acked", seq=1),
        _do("refused", seq=2, reason="too_large"),
        _do("acked", seq=3),
        _do("refused", seq=4, reason="too_large"),
        _do("follows", last=4),
        _do("discontinued", last=0),
        _do("follows", last=0),
        _do("opened", last=0),
        _do("renumbered", last=0),
        _do("follows", last=0),
        _TAKE,
        *_put("e"),
    ],
    "acknowledged-and-lost-before-it-was-told": [
        *_put("a", "b"),
        _TAKE,
        _do("acked", seq=1),
        _do("opened", last=0),
        _TAKE,
        _do("follows", last=0),
    ],
    "resume": [
        *_put("a", "b", "c"),
        _TAKE,
        _do("refused", seq=2, reason="overloaded", retry_after_ms=9_000),
        _do("opened", last=1),
        _TAKE,
        _do("restart"),
        _TAKE,
        _do("opened", last=17),
        *_put("d"),
    ],
}
