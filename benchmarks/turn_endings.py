"""How often a pause in mid sentence ends a turn, with the judge of endings and without, and what a judgement costs.

    python -m benchmarks.turn_endings [--model FILE] [--seconds 1.0]

The demo's voice speaks each sentence of `SENTENCES` as a whole, and it is heard three ways, through Opus, the detector
of speech and the machine of turns: with a pause in mid sentence and no model, the same with it, and whole. What is
counted: sentences with a pause that became two turns; whole ones that were waited for, though they were finished; and
the milliseconds from asking to the answer. Each answer is waited for, so that how well it judges does not hang on how
busy the machine is; how many came in time is said beside.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from media.activity import PER_MS, Patience, SpeechEnded
from media.codecs import Encoder
from media.endings import FINISHED, MORE, Endings
from media.engines.endings import ChildEndings, smart_turn
from media.frames import Frame
from media.listener import Listener, ListenerEvent, ListenerOptions
from media.opus import FRAME, RATE
from media.turns import SILENCE, TurnEnded
from tests.support.spoken import silence, speech_wav
from tests.support.turn_model import parted, turn_model

IN_TIME_MS = SILENCE - Patience().end_after
"""From the question to the end that a turn has without an answer."""

SENTENCES = (
    ("I would like to", "book a table for four people tonight."),
    ("Could you please tell me where", "the station is?"),
    ("My order number is four seven", "one one, and it has not arrived."),
    ("I want to send it back because", "the colour is wrong."),
    ("Please call me tomorrow at", "ten o'clock in the morning."),
    ("I bought a violin from you and", "one of the strings is broken."),
    ("Can I change my delivery to", "Thursday afternoon?"),
    ("The address that I gave you was", "my old one."),
    ("What I really need is", "a new bow for my cello."),
    ("Do you have any", "appointments left on Friday?"),
    ("It would be great if you could", "send me a receipt."),
    ("My name is", "Margaret Sullivan."),
    ("I am calling about the", "invoice that you sent me."),
    ("We were thinking of", "coming on the second of June."),
    ("Is it possible to pay with", "a credit card?"),
    ("Yesterday I talked to", "somebody in your workshop."),
    ("I need it before", "the end of next week."),
    ("The problem is that", "the package was already open."),
    ("Could I speak to", "a person, please?"),
    ("I think that the price for the", "repair is too high."),
    ("My telephone number is", "five five five, two three nine."),
    ("I would rather have", "the smaller one in brown."),
    ("How long does it take to", "get a refund?"),
    ("There should be two", "of them in the box."),
    ("If it is not too late, I would", "like to cancel my order."),
    ("The last time we ordered from", "you it took three weeks."),
    ("I forgot to tell you that", "we have a dog."),
    ("Would you mind", "repeating the last number?"),
    ("The concert starts at", "half past seven."),
    ("She told me to ask for", "Mister Brown."),
    ("I have been waiting since", "Monday morning."),
    ("Let us meet in front of", "the main entrance."),
    ("He plays the viola in", "a small orchestra."),
    ("This is the third time that", "I have to call you."),
    ("Please put it under", "the name of my wife."),
    ("You can leave the parcel with", "my neighbour on the left."),
)


@dataclass
class Timed(Endings):
    """A judge whose answers are kept, and waited for."""

    judge: Endings
    took_ms: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    answered: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def finished(self, said: bytes) -> float:
        start = time.perf_counter()
        answer = await self.judge.finished(said)
        self.took_ms.append((time.perf_counter() - start) * 1000)
        self.answers.append(answer)
        self.answered.put_nowait(None)
        return answer


async def turns_of(pcm: bytes, judge: Timed | None) -> list[TurnEnded]:
    """The turns of a microphone that hears this."""
    events: list[ListenerEvent] = []
    encoder = Encoder(RATE)
    packets = encoder.push(silence(500) + pcm + silence(SILENCE + MORE + 500)) + encoder.flush()
    listener = Listener(events.append, options=ListenerOptions(endings=judge))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listener.run())
        for number, packet in enumerate(packets):
            marks = listener.push(Frame(number * FRAME, packet), number * FRAME // PER_MS)
            if judge is not None and any(isinstance(mark, SpeechEnded) for mark in marks):
                await judge.answered.get()
        running.cancel()
    return [event for event in events if isinstance(event, TurnEnded)]


def late(turns: Sequence[TurnEnded]) -> bool:
    """Whether the last of them was given more time."""
    return turns[-1].at - turns[-1].speech_end >= (SILENCE + MORE) * PER_MS


async def main(model: Path, pause_ms: int) -> None:
    await asyncio.to_thread(speech_wav, *map(" ".join, SENTENCES))  # all by one process, which are kept
    parts = [await asyncio.to_thread(parted, *each) for each in SENTENCES]
    broken = [silence(pause_ms).join(each) for each in parts]
    whole = [b"".join(each) for each in parts]
    without = [await turns_of(pcm, None) for pcm in broken]
    async with smart_turn(model) as engine:
        judge = Timed(ChildEndings(engine))
        paused = [await turns_of(pcm, judge) for pcm in broken]
        ended = [await turns_of(pcm, judge) for pcm in whole]
    count = len(SENTENCES)
    print(f"{count} sentences, a pause of {pause_ms} ms in each; load {os.getloadavg()[0]:.1f}")
    print(f"two turns without the model: {sum(len(turns) > 1 for turns in without)} of {count}")
    print(f"two turns with it:           {sum(len(turns) > 1 for turns in paused)} of {count}")
    print(f"its last pause {MORE} ms longer: {sum(map(late, paused))} of {count} with a pause")
    print(f"                               {sum(map(late, ended))} of {count} whole ones")
    took = judge.took_ms
    soon = sum(each < IN_TIME_MS for each in took)
    ninth = quantiles(took, n=10)[-1]
    print(
        f"a judgement: p50 {median(took):.0f} ms, p90 {ninth:.0f}, {max(took):.0f} at most (n = {len(took)})"
    )
    print(f"in time (within {IN_TIME_MS} ms): {soon} of {len(took)}")
    print(f"no end heard in {sum(each < FINISHED for each in judge.answers)} of {len(judge.answers)} pauses")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="The model's file; fetched if it is not named.")
    parser.add_argument("--seconds", type=float, default=1.0, help="How long the pause is.")
    asked = parser.parse_args()
    asyncio.run(main(asked.model or turn_model(), int(asked.seconds * 1000)))
