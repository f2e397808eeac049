"""What the log must not have: written by who had the right no more."""

from __future__ import annotations

from typing import Any

from signaling.bench.old_rights import RIGHT, done_by_old_operators, written_by_old_workers


def granted(worker: str) -> dict[str, Any]:
    return {"type": "right_granted", "right": RIGHT, "worker": worker}


def posted(worker: str) -> dict[str, Any]:
    return {"type": "message_posted", "message": f"x.{worker}.1"}


def test_what_a_worker_wrote_while_another_or_nobody_had_the_right_is_found() -> None:
    released = {"type": "right_released", "right": RIGHT}
    others = {"type": "right_released", "right": "responder"}
    fair = [granted("w0"), posted("w0"), others, posted("w0"), released, granted("w1"), posted("w1")]
    assert written_by_old_workers(fair) == 0
    assert written_by_old_workers([*fair, posted("w0")]) == 1
    assert written_by_old_workers([*fair, released, posted("w1"), posted("w0")]) == 2


def test_what_an_operator_did_who_answers_no_more_is_found() -> None:
    def changed(by: str, to: str, reason: str = "transferred") -> dict[str, Any]:
        return {"type": "responder_changed", "by": by, "participant": to, "reason": reason}

    def promised(by: str) -> dict[str, Any]:
        return {"type": "promise_made", "by": by}

    fair = [changed("olga", "olga", "taken_over"), promised("olga"), changed("olga", "ben"), promised("ben")]
    assert done_by_old_operators(fair) == 0
    assert done_by_old_operators([*fair, promised("olga"), {"type": "users_held", "by": "olga"}]) == 2
    assert done_by_old_operators([*fair, changed("olga", "", "handed_back")]) == 1
