"""A Python microphone at a real node: cut off and back, nothing of it is lost; and what is no microphone's."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import aiohttp
import pytest

import legato
from hub.node.room import Room
from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as StoreOptions
from hub.store.promise import SessionKey
from legato.session.events import Role
from legato.session.tickets import DEFAULTS, Ticket
from legato.wire import down, up
from legato.wire.audio import Audio
from media.codecs import Encoder
from media.opus import FRAME, RATE
from media.voice.captured import CapturedEar
from signaling.bench.pilots import judged, pilot, pilots_in
from signaling.connection.websocket import MOST_AT_ONCE
from signaling.options import Options
from signaling.serve import Serving, serving
from tests.media.builders import tone
from tests.support.proxy import TcpProxy

pytestmark = [pytest.mark.store, pytest.mark.timeout(120)]


@asynccontextmanager
async def node(folder: Path) -> AsyncIterator[Serving]:
    """A node without engines, with a session `s_1`."""
    options = Options(port=0, data=folder, ears="none", voice="none")
    try:
        async with serving(options) as here:
            room = await here.node.create(SessionKey("main", "s_1"), "p_boss", {}, "")
            assert isinstance(room, Room)
            here.node.release(room)
            yield here
    finally:
        store = await EmbeddedStore.start(StoreOptions(folder / "store"), random=lambda: 0.5)
        await store.stop()


def ticket(here: Serving, role: Role = "user") -> str:
    now = int(time.time())
    return here.signer.mint(
        Ticket(
            kind="access", tenant="main", session="s_1", participant=f"p_{role}", role=role,
            capabilities=DEFAULTS[role], id=f"j_{os.urandom(8).hex()}", issued=now, not_before=now,
            expires=now + 600,
        )
    )  # fmt: skip


async def recorded(here: Serving, track: str) -> list[int | None]:
    """The pilots of a track's recording, by place."""
    headers = {"Authorization": f"Bearer {ticket(here, 'supervisor')}"}
    url = f"{here.url}/v1/sessions/s_1/recording"
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, params={"track": track}, headers=headers) as answer,
    ):
        assert answer.status == 200
        return pilots_in(await answer.read())


async def until_told(session: legato.Client, holds: Callable[[], bool]) -> None:
    """Wait until an envelope made it true."""
    news = asyncio.Event()
    session.on.told.append(lambda _: news.set())
    async with asyncio.timeout(45):
        while not holds():
            news.clear()
            await news.wait()


async def test_what_is_said_while_everything_is_cut_is_in_the_recording(socket_folder: Path) -> None:
    async with node(socket_folder) as here, TcpProxy("127.0.0.1", here.port) as proxy:
        way = f"http://127.0.0.1:{proxy.port}"
        async with legato.Client(way, ticket=ticket(here)) as session, session.microphone() as microphone:
            for number in range(120):
                if number == 30:
                    proxy.blackhole()
                    proxy.cut()
                if number == 90:
                    proxy.heal()
                microphone.send(pilot(number))
                await asyncio.sleep(0.01)
            await microphone.settled(45)
            assert microphone.level == "buffered"
            assert session.state.gaps == []
            attached = next(iter(session.state.attachments.values()))
            assert attached.track == microphone.track
            places = await recorded(here, microphone.track)
        heard = judged(places, range(120))
        assert (heard.lost, heard.doubled, heard.misplaced) == ((), (), ())
        assert places == list(range(120))


async def test_what_came_before_it_was_open_is_taken_in_turns_with_everybody_else(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, passes, taken = asyncio.get_running_loop(), 0, Counter[int]()
    on_stream = CapturedEar.on_stream

    def passed() -> None:
        nonlocal passes
        passes += 1
        loop.call_soon(passed)

    def took(ear: CapturedEar, audio: Audio, now: int) -> None:
        taken[passes] += 1
        on_stream(ear, audio, now)

    monkeypatch.setattr(CapturedEar, "on_stream", took)
    async with (
        node(socket_folder) as here,
        legato.Client(here.url, ticket=ticket(here)) as session,
        session.microphone() as microphone,
    ):
        loop.call_soon(passed)
        for number in range(400):
            microphone.send(pilot(number))
        await microphone.settled(45)
        assert await recorded(here, microphone.track) == list(range(400))
    assert max(taken.values()) <= MOST_AT_ONCE


async def test_how_loud_the_call_was_is_told_and_a_stretch_of_it_is_a_file(socket_folder: Path) -> None:
    async with node(socket_folder) as here, aiohttp.ClientSession() as http:
        sessions, headers = f"{here.url}/v1/sessions", {"Authorization": f"Bearer {ticket(here)}"}

        async def got(path: str, **query: str) -> tuple[int, bytes]:
            async with http.get(f"{sessions}/{path}", params=query, headers=headers) as answer:
                return answer.status, await answer.read()

        assert json.loads((await got("s_1/levels"))[1])["length"] == 0, "nobody has spoken yet"
        assert (await got("s_1/recording", **{"from": "0", "to": "9"}))[0] == 404
        async with (
            legato.Client(here.url, ticket=ticket(here)) as session,
            session.microphone() as microphone,
        ):
            for packet in Encoder(RATE).push(tone(440, 100 * FRAME)):
                microphone.send(packet)
            await microphone.settled(45)
            status, body = await got("s_1/levels")
        page = json.loads(body)
        lanes = [base64.b64decode(page[lane]) for lane in ("callers", "helpers")]
        assert (status, page["start"], page["step_ms"], page["next"]) == (200, 0, 100, 0)
        assert min(lanes[0][:19]) > 50, "two seconds of a tone"
        assert len(lanes[0]) * 100 == page["length"]
        assert not any(lanes[1])
        status, ogg = await got("s_1/recording", **{"from": "500", "to": "1500"})
        assert (status, ogg[:4]) == (200, b"OggS")
        for query in (
            {"from": "5"},
            {"to": "5"},
            {"from": "5", "to": "5"},
            {"from": "0", "to": "9", "track": "t"},
        ):
            assert (await got("s_1/recording", **query))[0] == 400, query
        assert (await got("s_1/levels", **{"from": "x"}))[0] == 400
        assert (await got("s_2/levels"))[0] == 404


async def test_only_who_may_listen_in_asks_for_what_was_said_aside(socket_folder: Path) -> None:
    async with node(socket_folder) as here, aiohttp.ClientSession() as http:
        url = f"{here.url}/v1/sessions/s_1/recording"
        for role, status, reason in (
            ("user", 403, "not_allowed"),
            ("observer", 403, "not_allowed"),
            ("agent", 403, "not_allowed"),
            ("operator", 404, "not_found"),
            ("supervisor", 404, "not_found"),
        ):
            headers = {"Authorization": f"Bearer {ticket(here, cast('Role', role))}"}
            async with http.get(url, params={"asides": "true"}, headers=headers) as answer:
                assert answer.status == status, await answer.text()
                assert (await answer.json())["error"]["reason"] == reason


async def test_sound_comes_the_other_way_on_the_same_stream(socket_folder: Path) -> None:
    came: asyncio.Queue[bytes] = asyncio.Queue()
    async with (
        node(socket_folder) as here,
        legato.Client(here.url, ticket=ticket(here)) as session,
        session.microphone(came.put_nowait) as microphone,
    ):
        async with asyncio.timeout(45):
            for _ in range(5):
                await came.get()
        await session.until(
            lambda state: any("audio" in each.gives for each in state.attachments.values()), 45
        )
        microphone.send(pilot(0))
        await microphone.settled(45)


async def test_an_agent_speaks_otherwise(socket_folder: Path) -> None:
    async with node(socket_folder) as here, legato.Client(here.url, ticket=ticket(here, "agent")) as agent:
        told: list[down.Down] = []
        agent.on.told.append(told.append)
        agent.tell(up.Microphone(stream=1, capture="k1"))
        agent.tell(up.Lacking(stream=1, gaps=[(0, 960)]))
        agent.tell(up.History(id=1))
        await until_told(agent, lambda: any(isinstance(one, down.HistoryPage) for one in told))
        assert not any(isinstance(one, down.AudioAcked) for one in told)
