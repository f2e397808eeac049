"""A real Chromium and a call port, over real sockets: sound both ways, and over a change of address."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from media.rtc.call import Call, CallState
from media.rtc.rtp import AudioPacket
from signaling.voice.call_port import CallPort, CallPortOptions
from signaling.voice.sdp import Offer, read_offer
from tests.support.certificates import minted
from tests.support.chromium import Tab, launched, opened
from tests.support.patience import PATIENCE_S, patience
from tests.support.sound import opus_of, pitch, samples_of, tone, write_wav

PAGE = Path(__file__).parent.parent / "support" / "call_page.html"
MICROPHONE, GREETING = 440.0, 660.0

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


class Door:
    """The hub's side of the test: takes one offer at a time, and keeps what it hears."""

    def __init__(self, port: CallPort) -> None:
        self.port = port
        self.call: Call | None = None
        self.offers: list[Offer] = []
        self.answers: list[str] = []
        self.packets: list[AudioPacket] = []
        self.arrivals: list[int] = []
        self.states: list[CallState] = []
        self.connected = asyncio.Event()
        self.changed = asyncio.Event()
        self.url = ""
        self.blocks_udp = False

    async def offer(self, request: web.Request) -> web.Response:
        self.offers.append(read_offer(await request.text()))
        answer, self.call = self.port.accept(self.offers[-1], self.hear, self.turn)
        if self.blocks_udp:
            answer = re.sub(r"a=candidate:\d+ 1 udp .*\r\n", "", answer)
        self.answers.append(answer)
        return web.Response(text=answer)

    def hear(self, packet: AudioPacket, now: int) -> None:
        self.packets.append(packet)
        self.arrivals.append(now)
        self.changed.set()

    def turn(self, call: Call) -> None:
        self.states.append(call.state)
        self.changed.set()
        if call.state is CallState.CONNECTED:
            self.connected.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something about the call is so."""
        async with patience(PATIENCE_S, "something of the call", self._seen):
            while not true():
                self.changed.clear()
                await self.changed.wait()

    async def _seen(self) -> str:
        return f"{len(self.packets)} packets, states {self.states}"

    async def greet(self) -> None:
        """Speak a tone at 50 frames a second for as long as the call lives."""
        frames = opus_of(tone(GREETING, 2.0))
        await self.connected.wait()
        start, sent = time.monotonic(), 0
        while self.call is not None and self.call.state is CallState.CONNECTED:
            self.call.send_audio(frames[sent % len(frames)], 960)
            sent += 1
            await asyncio.sleep(max(0.0, start + sent * 0.02 - time.monotonic()))


@asynccontextmanager
async def door(advertised_port: int | None = None) -> AsyncIterator[Door]:
    options = CallPortOptions(
        secret=b"a secret of this test, 32 bytes.",
        certificate=minted(),
        advertise=["127.0.0.1"],
        clock=lambda: time.monotonic_ns() // 1_000_000,
        host="127.0.0.1",
        advertised_port=advertised_port,
        tcp=advertised_port is None,
    )
    port = CallPort(options)
    await port.start()
    found = Door(port)
    app = web.Application()
    app.router.add_get("/", _page)
    app.router.add_post("/offer", found.offer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    greeting = asyncio.create_task(found.greet())
    try:
        yield found
    finally:
        greeting.cancel()
        await asyncio.gather(greeting, return_exceptions=True)
        await runner.cleanup()
        await port.close()


async def _page(_: web.Request) -> web.Response:
    return web.Response(text=PAGE.read_text(), content_type="text/html")


@asynccontextmanager
async def talking(tmp_path: Path, to: Door) -> AsyncIterator[Tab]:
    wav = write_wav(tmp_path / "microphone.wav", tone(MICROPHONE, 10.0))
    async with launched(microphone=wav) as browser, opened(browser, to.url) as tab:
        await tab.page.evaluate("call()")
        await asyncio.wait_for(to.connected.wait(), PATIENCE_S)
        yield tab


async def heard(tab: Tab, hertz: float) -> dict[str, Any]:
    """What the page hears, once it hears that pitch."""
    condition = "hz => { const h = heard(); return h.level > 0.02 && Math.abs(h.pitch - hz) < 20 && h; }"
    found: dict[str, Any] = await (await tab.page.wait_for_function(condition, arg=hertz)).json_value()
    return found


async def test_sound_flows_both_ways(tmp_path: Path) -> None:
    async with door() as hub, talking(tmp_path, hub) as tab:
        found = await heard(tab, GREETING)
        assert found["state"] == "connected"
        await hub.until(lambda: len(hub.packets) >= 150)
        frames = hub.packets[50:150]
        assert [p.extended for p in frames] == list(range(frames[0].extended, frames[0].extended + 100))
        steps = [(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(frames)]
        # 50 frames a second; a starved machine's microphone may skip a moment, never go back.
        assert steps.count(960) >= 95
        assert max(steps) < 48_000
        sound = samples_of(p.payload for p in frames)
        assert abs(pitch(sound[4800:]) - MICROPHONE) < 5
        assert np.abs(sound[4800:]).max() > 3000
        assert all(p.audio_level is not None and p.audio_level < 40 for p in frames)
        assert tab.errors == []
        where = hub.port.mux.where(hub.call.key) if hub.call else None
        assert where is not None
        assert where[1]


async def test_sound_flows_over_tcp_where_udp_does_not(tmp_path: Path) -> None:
    async with door() as hub:
        hub.blocks_udp = True
        async with talking(tmp_path, hub) as tab:
            await heard(tab, GREETING)
            await hub.until(lambda: len(hub.packets) >= 50)
            where = hub.port.mux.where(hub.call.key) if hub.call else None
            assert where is not None
            assert where[0][2] == "tcp"
            assert tab.errors == []


async def test_the_page_hanging_up_ends_the_call(tmp_path: Path) -> None:
    async with door() as hub, talking(tmp_path, hub) as tab:
        await tab.page.evaluate("pc.close()")
        await hub.until(lambda: CallState.CLOSED in hub.states)
        assert hub.states == [CallState.CONNECTING, CallState.CONNECTED, CallState.CLOSED]


async def test_the_hub_hanging_up_ends_the_call_in_the_page(tmp_path: Path) -> None:
    async with door() as hub, talking(tmp_path, hub) as tab:
        assert hub.call is not None
        await heard(tab, GREETING)
        hub.call.close()
        await tab.page.wait_for_function("pc.connectionState != 'connected'")
        assert hub.call.state is CallState.CLOSED


class Relay:
    """A router with address translation between page and hub; `rebind` gives the page another address."""

    def __init__(self) -> None:
        self.inner = self._socket(self._from_page)
        self.port: int = self.inner.getsockname()[1]
        self.hub = ("127.0.0.1", 0)
        self.page: tuple[str, int] | None = None
        self.outer = self._socket(self._from_hub)

    def rebind(self) -> None:
        self.close_socket(self.outer)
        self.outer = self._socket(self._from_hub)

    def close(self) -> None:
        self.close_socket(self.inner)
        self.close_socket(self.outer)

    @staticmethod
    def close_socket(one: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(one.fileno())
        one.close()

    @staticmethod
    def _socket(reader: Callable[[], None]) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        one.bind(("127.0.0.1", 0))
        asyncio.get_running_loop().add_reader(one.fileno(), reader)
        return one

    def _from_page(self) -> None:
        datagram, self.page = self.inner.recvfrom(2048)
        self.outer.sendto(datagram, self.hub)

    def _from_hub(self) -> None:
        datagram = self.outer.recv(2048)
        if self.page is not None:
            self.inner.sendto(datagram, self.page)


async def test_sound_goes_on_when_the_page_has_another_address(tmp_path: Path) -> None:
    relay = Relay()
    try:
        async with door(advertised_port=relay.port) as hub:
            relay.hub = ("127.0.0.1", hub.port.port)
            async with talking(tmp_path, hub) as tab:
                assert hub.call is not None
                await heard(tab, GREETING)
                await hub.until(lambda: len(hub.packets) >= 100)
                before = hub.port.mux.where(hub.call.key)
                relay.rebind()
                count, last = len(hub.packets), hub.packets[-1].extended
                await hub.until(lambda: len(hub.packets) >= count + 100)
                after = hub.port.mux.where(hub.call.key)
                assert before is not None
                assert after is not None
                assert before[0] != after[0]
                assert after[1], "the new address was validated"
                # Not a frame is lost on the way up but one that may have been inside the router.
                assert hub.packets[count].extended - last <= 2
                packets = (await tab.page.evaluate("received()"))["packets"]
                await tab.page.wait_for_function(f"received().then(r => r.packets > {packets + 50})")
                await heard(tab, GREETING)
                assert tab.errors == []
    finally:
        relay.close()
