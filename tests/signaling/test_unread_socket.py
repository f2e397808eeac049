"""A client that does not read costs its bound, and is caught up when it reads again."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from hub.node.promise import Done
from hub.node.room import Room
from hub.store.promise import SessionKey
from legato.session.event_json import decode
from legato.session.events import MessagePosted
from legato.session.fold import fold
from legato.session.parts import Part
from legato.session.state import State, decode_state, encode_state
from tests.signaling.doors import Page
from tests.signaling.test_serving import node, ticket

SECONDS: Final = 60
EVENTS_A_SECOND: Final = 200
WORDS: Final = "x" * 1_000
MOST_GROWN: Final = 8_000_000
"""Less than what is told (12 MB): the bound of a megabyte, and buffers."""

pytestmark = [pytest.mark.store, pytest.mark.timeout(120)]


async def test_a_minute_of_events_for_a_socket_that_nobody_reads_costs_its_bound(socket_folder: Path) -> None:
    """What counts is how much is told while nothing is read, not how long that takes: the minute is told as
    fast as the store takes it. The store is a process of its own; this one is hub and (idle) client."""
    async with node(socket_folder) as here, ClientSession() as client:
        room = await here.node.open(SessionKey("main", "s_1"))
        assert isinstance(room, Room)
        for second in range(SECONDS):  # what the hub keeps of any session is there before it counts
            await _tell(room, second)
        socket = await client.ws_connect(f"{here.url}/v1/connect", protocols=("legato.1",), max_msg_size=0)
        page = Page(socket)
        await page.attach(ticket(here))
        (line,) = here.hall
        before = _resident()
        for second in range(SECONDS, 2 * SECONDS):
            await _tell(room, second)
            await page.send({"type": "ping"})
        grown = _resident() - before
        assert grown < MOST_GROWN, f"{grown} bytes for {SECONDS * EVENTS_A_SECOND * len(WORDS)} of words"
        assert line.machine.downlink.behind
        while _offset(page.got[-1]) < room.position.offset:
            await page.next()
        state = _folded(page)
        assert encode_state(state) == encode_state(room.state)
        assert [each["reason"] for each in page.got if each["type"] == "snapshot"] == ["slow"]
        assert len(page.events()) < SECONDS * EVENTS_A_SECOND
        here.node.release(room)


async def _tell(room: Room, second: int) -> None:
    events = [
        MessagePosted(by="p_bob", message=f"m_{second}_{number}", parts=[Part(text=WORDS)])
        for number in range(EVENTS_A_SECOND)
    ]
    assert isinstance(await room.append_as_hub("test", events, conditional=False), Done)


def _resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


def _offset(envelope: dict[str, Any]) -> int:
    """Up to where an envelope brings the page; 0 if it does not."""
    if "snapshot" in envelope:
        return int(envelope["snapshot"]["offset"])
    return int(envelope["events"][-1]["offset"]) if envelope.get("events") else 0


def _folded(page: Page) -> State:
    """The state that the page's envelopes make."""
    state = State()
    for each in page.got:
        if "snapshot" in each:
            state = decode_state(json.dumps(each["snapshot"]).encode())
        elif each.get("events"):
            state = fold([decode(json.dumps(event).encode()) for event in each["events"]], state)
    return state
