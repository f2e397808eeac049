"""The connection's machine: a stateful property test, and policy by example."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.keys.positions import Positions, unverified
from hub.node.promise import Done, Welcome
from legato.session.commands import Refusal
from legato.session.position import Position, epoch_from_bits
from legato.wire import down, up
from signaling.connection.effects import (
    NEVER,
    CloseWith,
    Effect,
    Execute,
    OpenAttachment,
    Register,
    ReopenProducer,
    Sound,
)
from signaling.connection.limits import ConnectionLimits
from signaling.connection.machine import Connection
from signaling.connection.stages import LIVE, NEXT, Stage, Step

EPOCH = epoch_from_bits(b"epoch---")
LIMITS = ConnectionLimits(
    waiting_events=6,
    waiting_bytes=4_000,
    waiting_replies=12,
    in_flight=4,
    batches_at_once=20,
    questions_at_once=9,
)
WRITTEN = Positions(bytes(32)).writer("main", "s")
ATTACH = b'{"type":"attach","v":1,"ticket":"t","producer":"w"}'
LEAVE = [{"type": "leave"}]


def at(offset: int) -> Position:
    return Position.at(EPOCH, offset, offset.to_bytes(20))


def attached(position: int = 0, beat_ms: int = 1_000) -> down.Attached:
    return down.Attached(
        v=1, session="s", tenant="main", participant="p", attachment="a", node="n", connection="c",
        position=WRITTEN(at(position)), level="buffered", producer=down.ProducerAt(1, 0), beat_ms=beat_ms,
    )  # fmt: skip


def opened(limits: ConnectionLimits = LIMITS) -> Connection:
    connection = Connection(0, limits)
    connection.received(ATTACH, 0)
    connection.attached(attached(), at(0), WRITTEN, 0)
    connection.take(0)
    return connection


def do(sequence: int, commands: object = LEAVE) -> bytes:
    return json.dumps({"type": "do", "seq": sequence, "commands": commands}).encode()


def types(envelopes: list[bytes]) -> list[str]:
    return [json.loads(each)["type"] for each in envelopes]


class Life(RuleBasedStateMachine):
    """A connection with everything that may happen to it, and a client that folds what it is sent."""

    @initialize()
    def begin(self) -> None:
        self.now = 0
        self.log = 0
        self.connection = Connection(0, LIMITS)
        self.worker = False  # `says` may attach before `first` does, and never as a worker
        self.in_flight: list[int] = []
        self.sequence = 0
        self.client: int | None = None
        self.answered: list[int] = []
        self.closes = 0
        self.departed = False
        self.reopening = False

    def done(self, effects: list[Effect]) -> None:
        for effect in effects:
            assert self.closes == 0, "nothing follows a close"
            if isinstance(effect, CloseWith):
                self.closes += 1
            elif isinstance(effect, Execute):
                self.in_flight.append(effect.sequence)
            elif isinstance(effect, ReopenProducer):
                self.reopening = True

    @precondition(lambda self: self.connection.stage is Stage.OPENING)
    @rule(worker=st.booleans())
    def first(self, worker: bool) -> None:
        raw = b'{"type":"work","v":1,"ticket":"t","name":"n","worker":"k"}' if worker else ATTACH
        effects = self.connection.received(raw, self.now)
        assert [type(effect) for effect in effects] == [Register if worker else OpenAttachment]
        self.worker = worker

    @precondition(lambda self: self.connection.stage is Stage.ADMITTING)
    @rule(well=st.booleans())
    def answer(self, well: bool) -> None:
        if not well:
            self.done(self.connection.close(4001, "ticket_refused"))
        elif self.worker:
            self.done(self.connection.working(down.Working(node="n", beat_ms=1_000), self.now))
        else:
            self.done(self.connection.attached(attached(self.log), at(self.log), WRITTEN, self.now))

    @rule(raw=st.sampled_from([b'{"type":"ping"}', b'{"type":"history","id":1}', b'{"type":"signal","name":"x"}',
                               b'{"type":"detach"}', b'{"type":"future"}', b'{"type":"do"}', b"{", b"[]",
                               b'{"type":"capacity","free":1}', b'{"type":"credit","events":2}', ATTACH]))  # fmt: skip
    def says(self, raw: bytes) -> None:
        before = self.connection.stage
        effects = self.connection.received(raw, self.now)
        if before is Stage.CLOSED:
            assert not effects
        self.done(effects)

    @precondition(lambda self: self.connection.stage in (Stage.ATTACHED, Stage.DRAINING))
    @rule(sense=st.booleans())
    def batch(self, sense: bool) -> None:
        self.sequence += 1
        raw = do(self.sequence, LEAVE if sense else [{"type": "nonsense"}])
        before = len(self.in_flight)
        effects = self.connection.received(raw, self.now)
        self.done(effects)
        if len(self.in_flight) > before:
            executed = next(effect for effect in effects if isinstance(effect, Execute))
            assert (executed.refusal is None) == sense == bool(executed.commands)
        assert len(self.in_flight) <= LIMITS.in_flight

    @precondition(lambda self: self.in_flight)
    @rule(well=st.booleans())
    def room_answers(self, well: bool) -> None:
        sequence = self.in_flight.pop(0)
        outcome = Done(sequence, 1, 1, "buffered") if well else Refusal("not_found")
        self.done(self.connection.answered(sequence, outcome))
        if self.connection.stage is not Stage.CLOSED:
            self.answered.append(sequence)

    @rule(count=st.integers(1, 4), size=st.sampled_from([10, 900]))
    def events_come(self, count: int, size: int) -> None:
        self.log += count
        encoded = [
            json.dumps({"offset": self.log - count + 1 + each, "x": "y" * size}).encode()
            for each in range(count)
        ]
        self.connection.events(encoded, at(self.log))

    @rule()
    def a_tail_is_lost(self) -> None:
        if self.log:
            self.log += 1
            self.done(
                self.connection.discontinuity(1, self.log - 1, b'{"offset":%d}' % self.log, at(self.log))
            )

    @precondition(lambda self: self.reopening)
    @rule()
    def the_producer_is_open_again(self) -> None:
        self.reopening = False
        self.connection.producer_reopened(down.ProducerAt(2, 0))

    @rule(compacted=st.booleans())
    def reads(self, compacted: bool) -> None:
        """What the shell does when the wire takes more, and what the client makes of it."""
        if self.connection.stage is Stage.CLOSED:
            return
        if self.connection.downlink.behind:
            assert self.connection.downlink.sent == at(self.client or 0)
            if compacted:
                self.connection.caught_up(Welcome(at(self.log), None, (b'{"offset":%d}' % self.log,)))
            else:
                self.connection.caught_up(Welcome(at(self.log), b'{"offset":%d}' % self.log, ()))
        for raw in self.connection.take(self.now):
            self.fold(json.loads(raw))

    def fold(self, envelope: dict[str, Any]) -> None:
        kind = envelope["type"]
        if kind == "attached":
            assert self.client is None, "once"
            self.client = unverified(envelope["position"]).offset
        elif kind in ("snapshot", "discontinuity"):
            assert self.client is not None
            self.client = unverified(envelope["position"]).offset
            assert envelope["snapshot"]["offset"] == self.client
        elif kind == "events":
            assert self.client is not None, "events come after `attached`"
            offsets = [event["offset"] for event in envelope["events"]]
            dense = offsets == list(range(self.client + 1, self.client + 1 + len(offsets)))
            assert dense or len(offsets) == 1, "each once, in order, none left out; or all of it compacted"
            self.client = unverified(envelope["position"]).offset
            assert self.client == offsets[-1]
        elif kind == "acks":
            for sequence, _, _ in envelope["acks"]:
                self.answered.remove(sequence)
        elif kind == "refused" and envelope["seq"] in self.answered:
            self.answered.remove(envelope["seq"])

    @rule()
    def drains(self) -> None:
        self.done(self.connection.drain(10, [], self.now))

    @rule(ms=st.sampled_from([1, 500, 1_000, 2_999, 5_000, 40_000]))
    def time_passes(self, ms: int) -> None:
        self.now += ms
        deadline = self.connection.next_deadline()
        effects = self.connection.expire(self.now)
        if deadline is None or self.now < deadline:
            assert not effects
        self.done(effects)
        after = self.connection.next_deadline()
        assert after is None or after > self.now, "what was due is done"

    @invariant()
    def its_memory_is_bounded(self) -> None:
        if hasattr(self, "connection"):
            line = self.connection.downlink._line
            assert (
                sum(max(len(piece.encoded), 1) for piece in line) <= LIMITS.waiting_events or len(line) == 1
            )
            assert sum(piece.size for piece in line) <= LIMITS.waiting_bytes or len(line) == 1
            if self.connection.stage is not Stage.CLOSED:
                assert not self.connection.downlink.congested

    @invariant()
    def a_closed_one_stays_closed(self) -> None:
        if hasattr(self, "connection"):
            assert (self.connection.stage is Stage.CLOSED) == (self.closes == 1)


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=50)
TestLife = Life.TestCase


def test_events_of_one_pass_and_the_next_share_an_envelope_and_acks_too() -> None:
    connection = opened()
    for sequence in (1, 2):
        connection.received(do(sequence), 0)
        connection.answered(sequence, Done(sequence, sequence, 1, "buffered"))
        connection.events([b'{"offset":%d}' % sequence], at(sequence))
    events, acks = connection.take(0)
    assert [event["offset"] for event in json.loads(events)["events"]] == [1, 2]
    assert json.loads(acks)["acks"] == [[1, 1, 1], [2, 2, 1]]


def test_a_batch_beyond_the_rate_is_told_when_to_come_again_and_uses_up_nothing() -> None:
    connection = opened(ConnectionLimits(batches_a_second=10, batches_at_once=1))
    assert isinstance(connection.received(do(1), 0)[0], Execute)
    assert connection.received(do(2), 0) == []
    refused = json.loads(connection.take(0)[0])
    assert (refused["seq"], refused["reason"], refused["retry_after_ms"]) == (2, "too_fast", 100)
    assert isinstance(connection.received(do(2), 100)[0], Execute)


def test_who_leaves_with_batches_in_flight_is_answered_first() -> None:
    connection = opened()
    connection.received(do(1), 0)
    assert not any(isinstance(each, CloseWith) for each in connection.received(b'{"type":"detach"}', 0))
    closes = connection.answered(1, Done(1, 9, 1, "buffered"))
    assert closes == [CloseWith(1000, "detached", "", NEVER)]
    assert types(connection.take(0)) == ["acks"]


def test_the_hub_says_something_in_every_beat_and_a_client_that_does_not_is_gone_after_three() -> None:
    connection = opened()
    for now in (1_000, 2_000):
        assert connection.expire(now) == []
        assert types(connection.take(now)) == ["pong"]
    assert connection.expire(3_000) == [CloseWith(4008, "timed_out", "silent")]


def test_a_loss_is_not_told_before_the_producers_place_is_known_and_nothing_overtakes_it() -> None:
    connection = opened()
    assert connection.discontinuity(3, 4, b"{}", at(5)) == [ReopenProducer()]
    connection.events([b'{"offset":6}'], at(6))
    assert connection.take(0) == []
    connection.producer_reopened(down.ProducerAt(2, 7))
    told, events = (json.loads(each) for each in connection.take(0))
    assert told["producer"] == {"epoch": 2, "last": 7}
    assert [event["offset"] for event in events["events"]] == [6]


def test_a_client_without_credit_is_sent_no_events_and_everything_else() -> None:
    connection = opened()
    connection.received(b'{"type":"credit","events":1}', 0)
    for offset in (1, 2):
        connection.events([b'{"offset":%d}' % offset], at(offset))
        assert connection.take(0) or offset == 2
    connection.received(b'{"type":"ping","n":3}', 0)
    assert types(connection.take(0)) == ["pong"]
    connection.received(b'{"type":"credit","events":5}', 0)
    assert types(connection.take(0)) == ["events"]


def test_a_client_that_never_reads_its_answers_is_closed() -> None:
    connection = opened()
    effects: list[Effect] = []
    for sequence in range(1, 20):
        connection.received(do(sequence), sequence * 1_000)
        effects += connection.answered(sequence, Done(sequence, sequence, 1, "buffered"))
    assert effects == [CloseWith(4029, "too_fast", "answers are not read", 1_000)]


@pytest.mark.parametrize(
    ("envelope", "field"),
    [
        (up.Microphone(stream=-1, capture="k1"), "capture"),
        (up.Microphone(stream=2**32, capture="k1"), "capture"),
        (up.Microphone(stream=1, capture="no good"), "capture"),
        (up.Microphone(stream=1, capture="k" * 17), "capture"),
        (up.Microphone(stream=1, capture="k1", since=-1), "since"),
        (up.Microphone(stream=1, capture="k1", clock=-1), "since"),
        (
            up.Microphone(stream=1, capture="k1", before=[up.LeftBehind(capture="no good", until=960)]),
            "before",
        ),
        (
            up.Microphone(stream=1, capture="k1", before=[up.LeftBehind(capture="k", since=2, until=1)]),
            "before",
        ),
        (up.Microphone(stream=1, capture="k1", before=[up.LeftBehind(capture="k", until=0)] * 5), "before"),
        (up.Lacking(stream=1, gaps=[]), "gaps"),
        (up.Lacking(stream=1, gaps=[(960, 960)]), "gaps"),
        (up.Lacking(stream=1, gaps=[(-1, 960)]), "gaps"),
        (up.Lacking(stream=1, gaps=[(0, 960)] * 65), "gaps"),
    ],
)
def test_a_microphone_that_makes_no_sense_is_refused(envelope: up.Up, field: str) -> None:
    connection = opened()
    assert connection.received(up.encode_up(envelope), 10) == []
    refused = json.loads(connection.take(10)[0])
    assert (refused["type"], refused["seq"], refused["field"]) == ("refused", 0, field)


def test_what_a_microphone_brings_is_handed_on() -> None:
    connection = opened()
    for envelope in (up.Microphone(stream=1, capture="k-_9"), up.Lacking(stream=1, gaps=[(0, 960)] * 64)):
        assert connection.received(up.encode_up(envelope), 10) == [Sound(envelope)]


def test_every_stage_can_be_reached_and_left() -> None:
    reached = {Stage.OPENING} | set(NEXT.values())
    assert reached | {Stage.CLOSED} == set(Stage)
    assert {stage for stage, _ in NEXT} | {Stage.LEAVING} == set(Stage) - {Stage.CLOSED}
    assert {step for _, step in NEXT} == set(Step)
    assert set(Stage) > LIVE
