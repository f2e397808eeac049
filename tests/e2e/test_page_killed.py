"""kill -9 of the hub under the demo's page, again and again, while an answer streams in."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from signaling.demo import brain
from tests.support.chromium import launched
from tests.support.page import reading
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

KILLS: Final = 5


async def test_a_page_lives_through_kills_of_the_hub_at_random_moments_of_an_answer(
    run_seed: int,
) -> None:
    random = Random(run_seed)
    print(f"seed {run_seed}")
    async with running("demo") as hub, launched() as browser, reading(browser, hub.url) as reader:
        reader.patience_s = 30
        for number in range(1, KILLS + 1):
            share = random.uniform(0.02, 0.9)
            await reader.say("tell me a story")
            await reader.begin_with(brain.STORY[: int(share * len(brain.STORY))], number)
            old = await hub.kill("node")
            await hub.replaced("node", old)
            await reader.quiet()
            assert list((await reader.texts()).values()).count(brain.STORY) == number
            await reader.shows_the_log(hub.url)
            assert await reader.tally() == (0, 0)
