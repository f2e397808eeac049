"""`bench delivery`: words that stream in many sessions at once, sent at one node and read at another.

In each session one person writes at one node and another reads at the next; every node has writers and readers, as
behind any load balancer. Every event is one delta of a message
(about 155 bytes in the log), at a fixed rate over all sessions in a seeded order, whether or not the hub keeps up.
Measured from the call that sends it: until its acknowledgement is parsed at the writer, and until the event is
parsed at the reader. All clients live in one process with one clock.

The floor: as many bare echoes as the hub has processes, each of them given every message at the same rate.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig, started
from signaling.bench.visitor import HOST, NotDelivered, Seen, Visitor
from signaling.bench.wire_client import WireClient, open_wire

ACK_BARS: Final = (Bar(50, 0.6), Bar(99, 3.0))
REMOTE_BARS: Final = (Bar(50, 0.6), Bar(99, 3.5))
REMOTE_5K_BARS: Final = (Bar(50, 1.0), Bar(99, 6.5))
RATE: Final = 1_000
FAST_RATE: Final = 5_000
TEXT: Final = "and then a few words "
BEAT_S: Final = 2.0
SETTLE_S: Final = 5.0
OPENING_AT_ONCE: Final = 8


@dataclass(slots=True)
class Taken:
    """What one stretch of sending gave, in ms."""

    ack: list[float] = field(default_factory=list)
    remote: list[float] = field(default_factory=list)
    sent: int = 0
    cpu: dict[str, float] = field(default_factory=dict)


class Conversation:
    """One session: its writer, its reader, and when each delta was sent."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.writer, self.reader = Visitor(), Visitor(producer="w_reader")
        self.taken: Taken | None = None
        self._message = ""
        self._sent_by_sequence: dict[int, float] = {}
        self._sent_by_index: dict[int, float] = {}
        self._index = 0
        self.writer.acked = self._acked
        self.reader.happened = self._happened

    async def open(self, rig: Rig) -> None:
        """Attach both: the writer at any node, the reader at the next one."""
        place = rig.rng.randrange(len(rig.nodes))
        near, far = rig.nodes[place].port, rig.nodes[(place + 1) % len(rig.nodes)].port
        await self.writer.attach(near, rig.ticket(self.session, "p_ada"))
        await self.reader.attach(far, rig.ticket(self.session, "p_bob"))

    def begin(self, message: str) -> None:
        """A message to grow; the one before is over."""
        commands = b'{"type":"start_message","message":"%b"}' % message.encode()
        if self._message:
            commands = b'{"type":"end_message","message":"%b"},' % self._message.encode() + commands
        self._message, self._index = message, 0
        self.writer.do(b"[" + commands + b"]")

    def send(self) -> None:
        """One more delta."""
        index, self._index = self._index, self._index + 1
        command = b'[{"type":"grow_message","message":"%b","index":%d,"text":"%b"}]'
        now = time.perf_counter()
        sequence = self.writer.do(command % (self._message.encode(), index, TEXT.encode()))
        if self.taken is not None:
            self._sent_by_sequence[sequence] = self._sent_by_index[index] = now

    @property
    def unsettled(self) -> int:
        """Deltas whose way is not over."""
        return len(self._sent_by_sequence) + len(self._sent_by_index)

    def give_up(self) -> int:
        """What did not come counts as long as it was waited for; how much that is."""
        now, late = time.perf_counter(), self.unsettled
        assert self.taken is not None
        self.taken.ack += [(now - sent) * 1000 for sent in self._sent_by_sequence.values()]
        self.taken.remote += [(now - sent) * 1000 for sent in self._sent_by_index.values()]
        self._sent_by_sequence.clear()
        self._sent_by_index.clear()
        return late

    def _acked(self, acks: Sequence[tuple[int, int, int]]) -> None:
        now = time.perf_counter()
        for sequence, _, _ in acks:
            sent = self._sent_by_sequence.pop(sequence, None)
            if sent is not None and self.taken is not None:
                self.taken.ack.append((now - sent) * 1000)

    def _happened(self, events: list[Seen]) -> None:
        now = time.perf_counter()
        for event in events:
            if event.type == "message_grown" and event.message == self._message:
                sent = self._sent_by_index.pop(event.index, None)
                if sent is not None and self.taken is not None:
                    self.taken.remote.append((now - sent) * 1000)


async def measure_delivery(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run."""
    if not rig.nodes:
        for _ in range(plan.nodes):
            await rig.start_node()
    names = [f"s_d{rig.rng.getrandbits(80):x}" for _ in range(plan.conversations)]
    plan.says(f"delivery: {len(names)} sessions over {len(rig.nodes)} nodes")
    await rig.create(names)
    talks = [Conversation(name) for name in names]
    async with _beating(talks):
        await opened(rig, talks)
        plain = await _stream(rig, plan, talks, RATE)
        fast = await _stream(rig, plan, talks, FAST_RATE)
    for talk in talks:
        talk.writer.vanish()
        talk.reader.vanish()
    floor, fast_floor = await _floors(rig, plan)
    return [
        Figure("append_ack_ms", "ms", plain.ack, floor, ACK_BARS),
        Figure("deliver_remote_ms", "ms", plain.remote, floor, REMOTE_BARS),
        Figure("append_ack_5k_ms", "ms", fast.ack, fast_floor),
        Figure("deliver_remote_5k_ms", "ms", fast.remote, fast_floor, REMOTE_5K_BARS),
        *_costs("cpu_us", plain),
        *_costs("cpu_us_5k", fast),
    ]


async def opened(rig: Rig, talks: Sequence[Conversation]) -> None:
    """Everybody is there."""
    turns = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one(talk: Conversation) -> None:
        async with turns:
            await talk.open(rig)

    async with asyncio.TaskGroup() as group:
        for talk in talks:
            group.create_task(open_one(talk))


def _costs(name: str, taken: Taken) -> list[Result]:
    return [Value(f"{name}_{who}", used * 1e6 / taken.sent) for who, used in taken.cpu.items()]


async def _stream(rig: Rig, plan: Plan, talks: Sequence[Conversation], rate: int) -> Taken:
    """Warm up, then send at `rate` a second and time it."""
    for talk in talks:
        talk.begin(f"m_{rig.rng.getrandbits(60):x}")
    await asyncio.sleep(0.5)
    order = list(talks)
    rig.rng.shuffle(order)
    plan.says(f"delivery: {rate} events a second")
    await _at_rate([talk.send for talk in order], rate, plan.warm_s)
    await asyncio.sleep(0.3)
    taken, before = Taken(), rig.cpu()
    for talk in talks:
        talk.taken = taken
    gc.collect()
    gc.freeze()
    taken.sent = await _at_rate([talk.send for talk in order], rate, plan.stream_s)
    taken.cpu = {name: used - before[name] for name, used in rig.cpu().items()}
    gc.unfreeze()
    until = time.monotonic() + SETTLE_S
    while any(talk.unsettled for talk in talks):
        if closed := {talk.writer.closing or talk.reader.closing for talk in talks} - {""}:
            raise NotDelivered(f"the hub hung up: {', '.join(closed)}")
        if time.monotonic() > until:
            late = sum(talk.give_up() for talk in talks)
            plan.says(f"delivery: {late} of {2 * taken.sent} did not come within {SETTLE_S:g} s")
            break
        await asyncio.sleep(0.02)
    for talk in talks:
        talk.taken = None
    if levels := {talk.writer.level for talk in talks} - {"buffered", "synced"}:
        raise NotDelivered(f"the store acknowledges {levels}, less than `buffered`")
    return taken


async def _at_rate(senders: Sequence[Callable[[], None]], rate: int, seconds: float) -> int:
    """Call the senders in turn, `rate` a second; how often that was. Late calls are made up for, none is left out."""
    loop = asyncio.get_running_loop()
    began, total, sent = time.perf_counter(), int(rate * seconds), 0
    over = loop.create_future()

    def send() -> None:
        nonlocal sent
        due = min(total, int((time.perf_counter() - began) * rate) + 1)
        while sent < due:
            senders[sent % len(senders)]()
            sent += 1
        if sent < total:
            loop.call_later(max(0.0, began + sent / rate - time.perf_counter()), send)
        elif not over.done():
            over.set_result(None)

    send()
    await over
    return sent


@asynccontextmanager
async def _beating(talks: Sequence[Conversation]) -> AsyncIterator[None]:
    """Everybody shows a sign of life while inside."""

    async def beat() -> None:
        while True:
            for talk in talks:
                talk.reader.ping()
                talk.writer.ping()
                await asyncio.sleep(BEAT_S / len(talks))

    task = asyncio.get_running_loop().create_task(beat())
    try:
        yield
    finally:
        task.cancel()


async def _floors(rig: Rig, plan: Plan) -> tuple[list[float], list[float]]:
    """What bare echoes take, at both rates."""
    echoes = [await started(f"echo {i}", "signaling.bench.floor") for i in range(len(rig.nodes) + 1)]
    try:
        return await _floor(echoes, plan, RATE), await _floor(echoes, plan, FAST_RATE)
    finally:
        for echo in echoes:
            await echo.end()


async def _floor(echoes: Sequence[Child], plan: Plan, rate: int) -> list[float]:
    plan.says(f"delivery: the floor at {rate} a second")
    samples: list[float] = []
    speakers = [await _speaker(echo, samples) for echo in echoes for _ in range(plan.conversations)]
    groups = [speakers[i :: plan.conversations] for i in range(plan.conversations)]

    def send(group: Sequence[Echoed]) -> None:
        for speaker in group:
            speaker.send()

    senders = [lambda group=group: send(group) for group in groups]
    await _at_rate(senders, rate, plan.warm_s)
    samples.clear()
    await _at_rate(senders, rate, plan.stream_s)
    await asyncio.sleep(0.3)
    for speaker in speakers:
        speaker.wire.abort()
    return samples


class Echoed:
    """A connection to a bare echo."""

    wire: WireClient

    def __init__(self, samples: list[float]) -> None:
        self._samples = samples

    def send(self) -> None:
        """A message of the size of a delta's."""
        self.wire.send(b"%-20.9f" % time.perf_counter() + b"." * 135)

    def heard(self, raw: bytes) -> None:
        """It is back."""
        self._samples.append((time.perf_counter() - float(raw[:20])) * 1000)


async def _speaker(echo: Child, samples: list[float]) -> Echoed:
    speaker = Echoed(samples)
    speaker.wire = await open_wire(HOST, echo.port, speaker.heard)
    return speaker
