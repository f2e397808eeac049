"""Two real nodes on a real store: people whose calls are on different nodes hear each other, frame by frame."""

from __future__ import annotations

import asyncio
import os

import aiohttp
import pytest

from signaling.bench.person import LOUD_DBOV, Person, on_the_phone
from signaling.bench.pilots import SIZE, number_of, pilot
from signaling.cli.tickets import signer_here
from tests.e2e.minting import created, ticket_for
from tests.support.processes import folder
from tests.support.processes import running as process
from tests.support.stores import SERVERS, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

FRAMES = 150


class Ears:
    """Which pilots somebody heard."""

    def __init__(self, person: Person) -> None:
        self.numbers: list[int] = []
        person.hears.append(self._hear)

    def _hear(self, frame: bytes, at: float) -> None:
        number = number_of(frame[-SIZE:])
        if number is not None:
            self.numbers.append(number)


async def test_people_on_two_nodes_hear_each_other() -> None:
    async with folder() as shared, aiohttp.ClientSession() as http:
        with running(SERVERS[0]) as store:
            url, data = f"redis://127.0.0.1:{store.port}", shared / "data"
            async with (
                process("node", "--redis", url, data=data) as one,
                process("node", "--redis", url, data=data) as two,
            ):
                signer = await signer_here(data, os.environ)
                session = await created(http, one.url, signer)
                tickets = [ticket_for(signer, session, name) for name in ("ada", "ben")]
                async with (
                    on_the_phone(one.url, session, tickets[0], 1) as ada,
                    on_the_phone(two.url, session, tickets[1], 2) as ben,
                ):
                    await both_ways(ada, ben)


async def both_ways(ada: Person, ben: Person) -> None:
    """One speaks after the other."""
    at_ada, at_ben = Ears(ada), Ears(ben)
    for number, (speaker, ears) in enumerate(((ada, at_ben), (ben, at_ada))):
        first = 10_000 * (number + 1)
        # By the first sounds both nodes know of each other.
        for _ in range(300):
            await speaker.speak([pilot(number)], LOUD_DBOV)
            if ears.numbers:
                break
        await speaker.speak([pilot(first + at) for at in range(FRAMES)], LOUD_DBOV)
        await asyncio.sleep(1)
        heard = [each for each in ears.numbers if each >= first]
        assert len(heard) >= 0.95 * FRAMES, "what a busy machine brings late is left out"
        assert heard == sorted(set(heard)), "in order, none twice"
    assert not [each for each in at_ada.numbers if 10_000 <= each < 20_000], "nobody hears themselves"
    assert not [each for each in at_ben.numbers if each >= 20_000]
