"""`hub_added_latency_ms`: from a frame at the hub to the same frame on its way to somebody else in the session.

Two people talk in a session to which an agent listens, while many other calls are served. One says numbered frames;
each is timed from its send to its arrival, by the kernel's clock, at the other person, and at the agent (who is on a
WebSocket). The floor is the same at a bare process that sends every datagram back.
"""

from __future__ import annotations

import asyncio
from typing import Final

from legato.client import Client
from legato.wire.audio import decode_audio
from legato.wire.up import Listen
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.person import FRAME_S, LOUD_DBOV, StampedSocket, on_the_phone, wall
from signaling.bench.pilots import SIZE, number_of, pilot
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig, started

ADDED: Final = (Bar(50, 3), Bar(99, 10))
ARRIVED: Final = 0.98
PROBE: Final = 900_000
SETTLED_S: Final = 0.5
_PACKET: Final = bytes([0x80, 111]) + bytes(10)


class _Way:
    """Frames on one way: when each left, when each came."""

    def __init__(self) -> None:
        self.left: dict[int, float] = {}
        self.came: dict[int, float] = {}

    def arrived(self, frame: bytes, at: float) -> None:
        number = number_of(frame[-SIZE:])
        if number is not None:
            self.came.setdefault(number, at)

    @property
    def took(self) -> list[float]:
        return [1000 * (self.came[number] - at) for number, at in self.left.items() if number in self.came]


async def measure_added(rig: Rig, node: Child, plan: Plan) -> list[Result]:
    """The figures, with whatever else the node has to do."""
    plan.says("voice: what the hub adds to a frame")
    session = f"s_v{rig.rng.getrandbits(80):x}"
    await rig.create([session])
    url = f"http://127.0.0.1:{node.port}"
    spoken, tapped = _Way(), _Way()
    async with (
        Client(url, ticket=rig.ticket(session, "p_agent", "agent")) as agent,
        on_the_phone(url, session, rig.ticket(session, "p_ada"), PROBE) as speaker,
        on_the_phone(url, session, rig.ticket(session, "p_ben"), PROBE + 1) as listener,
    ):
        agent.on.audio.append(lambda raw: tapped.arrived(decode_audio(raw).frames[0], wall()))
        agent.tell(Listen(format="opus"))
        listener.hears.append(spoken.arrived)
        await speaker.speak([b"\x48" + bytes(19)] * round(SETTLED_S / FRAME_S), LOUD_DBOV)
        pilots = [pilot(number) for number in range(plan.frames)]
        left = await speaker.speak(pilots, LOUD_DBOV)
        await asyncio.sleep(SETTLED_S)
    spoken.left = tapped.left = dict(enumerate(left))
    floor = await _floor(plan)
    return [
        Figure("hub_added_latency_ms", "ms", spoken.took, floor, ADDED),
        Figure("hub_tapped_latency_ms", "ms", tapped.took),
        Value("hub_added_arrived", len(spoken.took) / plan.frames, least=ARRIVED),
        Value("hub_tapped_arrived", len(tapped.took) / plan.frames, least=ARRIVED),
    ]


async def _floor(plan: Plan) -> list[float]:
    echo = await started("echo", "signaling.bench.udp_floor")
    way = _Way()
    line = StampedSocket(("127.0.0.1", echo.port))
    line.start(way.arrived)
    loop = asyncio.get_running_loop()
    due = loop.time()
    for number in range(plan.frames):
        way.left[number] = line.send(_PACKET + pilot(number))
        due += FRAME_S
        await asyncio.sleep(max(0.0, due - loop.time()))
    line.close()
    await echo.end()
    return way.took
