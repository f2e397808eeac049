"""A page that is reloaded does not hold any more what its microphone had said: what of it never came is named."""

from __future__ import annotations

import asyncio

from legato.session import events as e
from legato.wire.up import LeftBehind
from legato.wire.up import Microphone as OpenMicrophone
from media.opus import FRAME
from tests.hub.node.builders import KEY, USER, House, virtual
from tests.media.voice.test_session import Phone, Place, place
from tests.media.voice.test_streams import CAPTURE, Page, called

TRACK = f"t_{USER.attachment.removeprefix('a_')}.{CAPTURE}"


async def speaking(here: Place, house: House) -> Page:
    """A page in a call, which has said 30 pilots."""
    page = Page(here, house)
    await page.connect()
    await called(page, here, Phone())
    await page.pilots(30)
    return page


async def reloaded(page: Page, here: Place) -> list[tuple[str, int, int]]:
    """The page that comes after this one, at this node, tells what that had said, twice; what the log says is lost."""
    left = LeftBehind(capture=CAPTURE, since=page.unacked.since, until=page.number * FRAME)
    asked = OpenMicrophone(stream=1, capture="k2", before=[left])
    async with here.desk.voice(KEY) as voice:
        assert voice is not None
        for _ in range(2):
            await voice.open_stream(page, USER.attachment, USER.participant, asked)
        await asyncio.sleep(1)
    return [(gap.track, gap.start, gap.end) for gap in here.of(e.GapMarked)]


@virtual
async def test_what_a_page_said_while_it_was_cut_off_is_named_with_its_bounds() -> None:
    house = House()
    async with place(house) as here:
        page = await speaking(here, house)
        page.cut()
        await page.pilots(20)
        assert await reloaded(page, here) == [(TRACK, 30 * FRAME, 50 * FRAME)]


@virtual
async def test_so_it_is_by_a_node_that_never_heard_that_page() -> None:
    house = House()
    async with place(house) as here:
        page = await speaking(here, house)
        await asyncio.sleep(1)
        page.cut()
        await page.pilots(20)
        here.desk._voices.clear()  # the node is killed
        async with place(house, "n2", first=False) as there:
            assert await reloaded(page, there) == [(TRACK, 30 * FRAME, 50 * FRAME)]


@virtual
async def test_a_page_whose_every_frame_came_lost_nothing() -> None:
    house = House()
    async with place(house) as here:
        page = await speaking(here, house)
        page.cut()
        assert page.unacked.since < page.number * FRAME, "not all of it is acknowledged"
        assert await reloaded(page, here) == []
