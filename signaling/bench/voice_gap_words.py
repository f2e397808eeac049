"""`bench voice`, words in a gap: what was said during an outage, understood from the recording, against the same words
said outside it.

People say two sentences each, with a voice that is installed; then they are cut off, all their connections at once,
and say the same two again; then they are back. Of each one's recording every sentence is given to the recogniser that
is installed, and its words are compared with what was said: with the same sentences on either side of the cut, what
the recogniser itself gets wrong weighs on both alike.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from legato.client import Client
from legato.client.playout import FRAME
from legato.speech import SpeechFailed
from media.codecs import Decoder
from media.engines.child import Engine
from media.engines.wire import Recognise, Recognised
from media.opus import duration
from signaling.bench.crowd import quiet_frames
from signaling.bench.figures import Result, Value
from signaling.bench.outage import Outage
from signaling.bench.pilots import packets_in
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig
from signaling.bench.utterance import utterance
from signaling.bench.voice_microphone import SAFE_S, recording

SENTENCES: Final = (
    "My sister plays the violin in the evening.",
    "We bought a small house near the river.",
    "The train to the mountains leaves at nine.",
    "Please send the blue bicycle back on Friday.",
    "There is fresh bread on the kitchen table.",
    "He forgot his umbrella in the old library.",
    "The children are building a castle of sand.",
    "I would like to change the delivery address.",
)
EACH: Final = 2
"""Sentences that one person says, once before the cut and once in it."""

LEAD_S: Final = 0.4
PLACE_S: Final = 3.6
"""From one sentence to the next. What is said in the cut begins `LEAD_S` after it, and ends before it does."""

FRAME_S: Final = 0.02
EARS: Final = "moonshine"
RATE: Final = 16_000
_WORD: Final = re.compile(r"[a-z0-9']+")


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence, and from which frame to which a person said it."""

    text: str
    start: int
    end: int
    cut: bool


async def measure_gap_words(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none if the plan wants none, or no voice or no ears are installed."""
    if not plan.gap_speakers:
        return []
    try:
        spoken = {text: await utterance(text) for text in SENTENCES}
        async with Engine(EARS) as ears:
            return await _measured(rig, plan, spoken, ears)
    except SpeechFailed:
        plan.says("voice: words in a gap are not measured: a voice and ears are needed")
        return []


async def _measured(rig: Rig, plan: Plan, spoken: dict[str, list[bytes]], ears: Engine) -> list[Result]:
    if not rig.nodes:
        await rig.start_node()
    node = rig.nodes[0]
    plan.says(f"voice: {plan.gap_speakers} people speak in an outage of {EACH * PLACE_S:g} s")
    sessions = [f"s_w{rig.rng.getrandbits(80):x}" for _ in range(plan.gap_speakers)]
    await rig.create(sessions)
    async with Outage(node.port).open() as outage, asyncio.TaskGroup() as people:
        people.create_task(_cut(outage))
        works = [
            people.create_task(_person(rig, node, session, outage, spoken, number))
            for number, session in enumerate(sessions)
        ]
    wrong = {True: 0, False: 0}
    words = {True: 0, False: 0}
    for work in works:
        said, packets = work.result()
        for one in said:
            heard = await _understood(ears, packets[one.start : one.end])
            words[one.cut] += len(words_of(one.text))
            wrong[one.cut] += errors(words_of(one.text), words_of(heard))
    plan.says(f"voice: {wrong[True]} of {words[True]} words wrong in the gap, {wrong[False]} outside")
    outside = wrong[False] / words[False]
    return [
        Value("gap_words", words[True]),
        Value("gap_words_wrong_share", wrong[True] / words[True], most=outside),
        Value("gap_words_wrong_share_outside", outside),
    ]


async def _cut(outage: Outage) -> None:
    await asyncio.sleep(EACH * PLACE_S)
    outage.begin()
    await asyncio.sleep(EACH * PLACE_S)
    outage.end()


async def _person(
    rig: Rig, node: Child, session: str, outage: Outage, spoken: dict[str, list[bytes]], number: int
) -> tuple[list[_Said], list[bytes]]:
    """What was said and when, and the recording's packets, one each frame."""
    texts = [SENTENCES[(EACH * number + each) % len(SENTENCES)] for each in range(EACH)]
    said, frames = said_in(texts, spoken)
    ticket = rig.ticket(session, "p_ada")
    async with (
        Client(f"http://127.0.0.1:{outage.own}", ticket=ticket) as person,
        person.microphone() as microphone,
    ):
        began = asyncio.get_running_loop().time()
        for place, frame in enumerate(frames):
            microphone.send(frame)
            due = began + (place + 1) * FRAME_S
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        await microphone.settled(SAFE_S)
        packets = packets_in(await recording(rig, node, session, microphone.track))[2:]
    return said, [packet for packet in packets if duration(packet) == FRAME]


def said_in(texts: Sequence[str], spoken: dict[str, list[bytes]]) -> tuple[list[_Said], list[bytes]]:
    """The sentences before the cut and in it, each at its place, and all frames with a quiet room between them."""
    room = quiet_frames()
    place, lead = round(PLACE_S / FRAME_S), round(LEAD_S / FRAME_S)
    frames = [room[number % len(room)] for number in range((2 * len(texts) + 1) * place)]
    said: list[_Said] = []
    for number, text in enumerate([*texts, *texts]):
        start = number * place + lead
        words = spoken[text]
        frames[start : start + len(words)] = words
        said.append(_Said(text, start - lead // 2, start + len(words) + lead // 2, number >= len(texts)))
    return said, frames


async def _understood(ears: Engine, packets: Sequence[bytes]) -> str:
    decoder = Decoder(RATE)
    pcm = b"".join(decoder.push(packet) for packet in packets) + decoder.flush()
    answers = await ears.ask(lambda number: Recognise(number, pcm, RATE))
    return " ".join(each.text for each in answers if isinstance(each, Recognised))


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case and without what is between them."""
    return _WORD.findall(text.lower())


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words that are put in, left out or changed to get from one to the other (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        corner, row[0] = row[0], at
        for place, other in enumerate(heard, 1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (word != other))
    return row[-1]
