"""What a judge of endings is given, and what its answers change. (Whether it judges well is asked of the real one, in
`engines/test_endings`.)"""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from legato.speech import SpeechFailed
from media.endings import FINISHED, LEAD, LONGEST, MORE, Endings, Said, SecondJudge


def window(number: int) -> bytes:
    """Stands for 20 ms: nothing here looks at what is in them."""
    return number.to_bytes(4, "big")


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 2 * LONGEST)), max_size=8))
def test_a_judge_is_given_the_newest_sound_of_the_turn_and_a_little_before_it(
    stretches: list[tuple[bool, int]],
) -> None:
    said, number, kept = Said(), 0, list[int]()
    for in_turn, length in stretches:
        for _ in range(length):
            number += 1
            said.add(window(number), in_turn=in_turn)
            kept = [*kept, number][-(LONGEST if in_turn else LEAD) :]
        assert said.pcm == b"".join(map(window, kept))


class Asked(Endings):
    """A judge who answers when the test does."""

    def __init__(self) -> None:
        self.questions: asyncio.Queue[bytes] = asyncio.Queue()
        self.answers: asyncio.Queue[float | None] = asyncio.Queue()

    async def finished(self, said: bytes) -> float:
        self.questions.put_nowait(said)
        answer = await self.answers.get()
        if answer is None:
            raise SpeechFailed("asked", "crashed")
        return answer


async def told(*answers: float | None) -> list[tuple[int, int]]:
    """What turns are told when these are the answers about pauses that begin at 1, 2, 3, …"""
    judge, heard = Asked(), list[tuple[int, int]]()
    second = SecondJudge(judge, lambda more, pause: heard.append((more, pause)))
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(second.run())
        for number, answer in enumerate(answers, 1):
            second.hear(window(number), in_turn=True)
            second.paused(number)
            assert (await judge.questions.get()).endswith(window(number))
            judge.answers.put_nowait(answer)
        second.paused(len(answers) + 1)  # whose question says that the last answer was dealt with
        await judge.questions.get()
        running.cancel()
    return heard


async def test_only_where_no_end_is_heard_is_more_time_asked_for() -> None:
    assert await told(0.0) == [(MORE, 1)]
    assert await told(FINISHED) == []
    assert await told(1.0, 0.1) == [(MORE, 2)]


async def test_a_judge_that_fails_changes_nothing_and_is_asked_again() -> None:
    assert await told(None, 0.1, None, 0.2) == [(MORE, 2), (MORE, 4)]


async def test_pauses_that_come_while_it_is_asked_are_judged_by_the_last_of_them() -> None:
    judge, heard = Asked(), list[tuple[int, int]]()
    second = SecondJudge(judge, lambda more, pause: heard.append((more, pause)))
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(second.run())
        second.paused(1)
        await judge.questions.get()
        for at in (2, 3, 4):
            second.paused(at)
        for _ in range(2):
            judge.answers.put_nowait(0.0)
        await judge.questions.get()
        second.paused(5)
        await judge.questions.get()
        assert judge.questions.empty()
        running.cancel()
    assert heard == [(MORE, 1), (MORE, 4)]
