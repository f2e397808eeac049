"""kill -9 of the hub while somebody speaks, in mid gap and out of it: the recording has every frame, once."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

import aiohttp
import pytest

import legato
from signaling.bench.outage import Outage
from signaling.bench.pilots import judged, pilot, pilots_in
from tests.support.processes import Tree, invited, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

KILLS: Final = 5
SECONDS: Final = 25
PILOT_S: Final = 0.02


async def trouble(hub: Tree, outage: Outage, random: Random) -> None:
    """Kills at random moments, each second one while the network is away."""
    for number in range(KILLS):
        await asyncio.sleep(random.uniform(0.5, 2.0))
        if number % 2:
            outage.begin()
            await asyncio.sleep(random.uniform(0.1, 0.6))
        old = await hub.kill("node")
        await hub.replaced("node", old)
        outage.end()


async def recorded(http: aiohttp.ClientSession, url: str, session: str, track: str) -> list[int | None]:
    way = await invited(http, url, session)
    headers = {"Authorization": f"Bearer {way.ticket}"}
    async with http.get(
        f"{url}/v1/sessions/{session}/recording", params={"track": track}, headers=headers
    ) as answer:
        assert answer.status == 200
        return pilots_in(await answer.read())


async def test_no_frame_is_lost_with_a_hub_that_dies(run_seed: int) -> None:
    random = Random(run_seed)
    print(f"seed {run_seed}")
    said = round(SECONDS / PILOT_S)
    async with running("demo") as hub, aiohttp.ClientSession() as http:
        way = await invited(http, hub.url)
        async with (
            Outage(int(hub.url.rpartition(":")[2])).open() as outage,
            legato.Client(f"http://127.0.0.1:{outage.own}", ticket=way.ticket) as person,
            person.microphone() as microphone,
        ):
            troubles = asyncio.create_task(trouble(hub, outage, random))
            began = asyncio.get_running_loop().time()
            for number in range(said):
                microphone.send(pilot(number))
                await asyncio.sleep(max(0.0, began + number * PILOT_S - asyncio.get_running_loop().time()))
            await troubles
            await microphone.settled(60)
            gaps = person.state.gaps
            places = await recorded(http, hub.url, way.session, microphone.track)
    heard = judged(places, range(said))
    assert gaps == []
    assert (heard.lost, heard.doubled, heard.misplaced) == ((), (), ())
