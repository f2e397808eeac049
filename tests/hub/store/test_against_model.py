"""A real store and the model, asked the same things, answer alike: the model is the oracle.

Times and epochs differ between the two and are left out of the comparison; every witness is made in both,
from the position that each of them gave at the same offset.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from hub.store.model import ModelStore
from hub.store.promise import Append, Appended, Draft, Joined, LostTail, Page, Refused, Snapshot, Store
from legato.session.position import ORIGIN, Position
from tests.hub.store.writing import check_chain, new_key, sealed
from tests.support.stores import SERVERS, Server, connected, model_server

PRODUCERS = ("p", "q")
NAMES = ("a", "b")
OFFSETS = st.integers(0, 14)
NUMBERS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), max_size=2)


@dataclass(frozen=True)
class Place:
    """How a position is made of what each store knows: at an offset, then damaged."""

    offset: int
    ahead: int = 0
    wrong: bool = False
    stranger: bool = False


PLACES = st.builds(
    Place,
    offset=OFFSETS,
    ahead=st.sampled_from([0, 0, 0, 1, 40]),
    wrong=st.booleans(),
    stranger=st.booleans(),
)


def seen(answer: Any) -> Any:
    """An answer without what may differ."""
    match answer:
        case Appended():
            return ("appended", answer.first, answer.count, answer.repeat)
        case LostTail():
            return ("lost", answer.surviving.offset)
        case Position():
            return ("position", answer.offset)
        case Page():
            rows = [(e.offset, e.control, e.producer, e.sequence, e.index, e.sealed) for e in answer.entries]
            return (rows, answer.first, answer.tail.offset)
        case Joined():
            snapshot = answer.snapshot and (answer.snapshot.position.offset, answer.snapshot.fold_version)
            return (snapshot, seen(answer.page), answer.rights, answer.producer)
        case _:
            return answer


class Comparison(RuleBasedStateMachine):
    """Both stores, one session; the server is set on a subclass."""

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.key = new_key()
        self.sent: list[tuple[Append, Append]] = []
        self.next = dict.fromkeys(PRODUCERS, 1)
        self.positions: dict[int, tuple[Position, Position]] = {}
        self.model, self.real = self.runner.run(self.open())
        self.genesis_epoch = ""

    async def open(self) -> tuple[Store, Store]:
        loop = asyncio.get_running_loop()
        return ModelStore(model_server(), loop.call_soon), await connected(self.server)

    def ask(self, question: Callable[[Store, int], Awaitable[Any]]) -> Any:
        """Ask both; returns the model's answer."""

        async def both() -> tuple[Any, Any]:
            return await question(self.model, 0), await question(self.real, 1)

        expected, actual = self.runner.run(both())
        assert seen(actual) == seen(expected)
        return expected, actual

    def place(self, place: Place | None) -> tuple[Position | None, Position | None]:
        """The position in both."""
        if place is None:
            return None, None
        pair = self.positions.get(place.offset, (ORIGIN, ORIGIN))
        if pair[0].original:
            return pair
        changes: dict[str, Any] = {"offset": pair[0].offset + place.ahead}
        if place.wrong and changes["offset"]:
            changes["check"] = b"damaged!"
        if place.stranger:
            changes["epoch"] = "BBBBBBBBBBA"
        return replace(pair[0], **changes), replace(pair[1], **changes)

    def note(self) -> None:
        """Remember the tail's position of both."""
        model, real = self.ask(lambda store, _: store.read(self.key, 0, 1))
        if model is not None:
            self.positions[model.tail.offset] = (model.tail, real.tail)

    @initialize()
    def create(self) -> None:
        genesis = Append("creator", 0, 1, b"g" * 16, (Draft(sealed(), True),))
        self.ask(lambda store, _: store.create(self.key, genesis, {}))
        self.sent.append((genesis, genesis))
        self.note()
        self.genesis_epoch = self.positions[1][1].epoch

    @rule(
        producer=st.sampled_from(PRODUCERS),
        epoch=st.sampled_from([0, 1, 1, 2]),
        skip=st.sampled_from([0, 0, 0, 0, 1, -1]),
        drafts=st.lists(st.booleans(), max_size=3),
        witness=st.none() | PLACES,
        rights=NUMBERS,
        raises=NUMBERS,
        condition=st.none() | OFFSETS,
        tokens=st.sampled_from(["", "", "", "BBBBBBBBBBA"]),
        refusal=st.sampled_from([None, None, Refused("already_ended", 4, "ü")]),
    )
    def append(
        self, producer: str, epoch: int, skip: int, drafts: list[bool], witness: Place | None, rights: dict[str, int],
        raises: dict[str, int], condition: int | None, tokens: str, refusal: Refused | None,
    ) -> None:  # fmt: skip
        sequence = max(0, self.next[producer] + skip)
        contents = tuple(Draft(sealed(), control) for control in drafts)
        batches = tuple(
            Append(
                producer,
                epoch,
                sequence,
                os.urandom(16),
                contents,
                where,
                rights,
                raises,
                condition,
                tokens_of=tokens,
            )
            for where in self.place(witness)
        )
        self.put((batches[0], batches[1]), refusal)

    @rule(back=st.integers(0, 80), reused=st.booleans())
    def retry(self, back: int, reused: bool) -> None:
        pair = self.sent[-1 - back % len(self.sent)]
        if reused:
            pair = (replace(pair[0], digest=b"z" * 16), replace(pair[1], digest=b"z" * 16))
        self.put(pair, None)

    @rule(producer=st.sampled_from(PRODUCERS), count=st.integers(60, 70))
    def stream(self, producer: str, count: int) -> None:
        """So many plain batches that early ones fall out of the window."""
        for _ in range(count):
            batch = Append(producer, 9, self.next[producer], os.urandom(16), (Draft(sealed()),))
            self.put((batch, batch), None)

    def put(self, pair: tuple[Append, Append], refusal: Refused | None) -> None:
        def question(store: Store, at: int) -> Awaitable[Any]:
            return store.refuse(self.key, pair[at], refusal) if refusal else store.append(self.key, pair[at])

        outcome, _ = self.ask(question)
        self.took(pair, outcome, refusal)

    def took(self, pair: tuple[Append, Append], outcome: Any, refusal: Refused | None = None) -> None:
        name, sequence = pair[0].producer, pair[0].sequence
        kept = isinstance(outcome, Refused) and (outcome == refusal or outcome.detail in (*NAMES, "epoch"))
        if name in self.next and sequence == self.next[name]:
            if isinstance(outcome, Appended) or (kept and outcome.reason != "lost_race"):
                self.next[name] += 1
            self.sent.append(pair)
        self.note()

    @rule(evidence=PLACES, producer=st.sampled_from(PRODUCERS))
    def reopen(self, evidence: Place, producer: str) -> None:
        places = self.place(evidence)
        batch = Append(producer, 9, self.next[producer], os.urandom(16), (Draft(sealed(), True),))
        outcome, _ = self.ask(lambda store, at: store.reopen(self.key, places[at] or ORIGIN, batch))
        self.took((batch, batch), outcome)

    @rule(producer=st.sampled_from(PRODUCERS), joining=st.booleans())
    def open_producer(self, producer: str, joining: bool) -> None:
        if joining:
            self.ask(lambda store, _: store.join(self.key, producer))
        else:
            self.ask(lambda store, _: store.open_producer(self.key, producer))

    @rule(after=OFFSETS, limit=st.integers(1, 5))
    def read(self, after: int, limit: int) -> None:
        self.ask(lambda store, _: store.read(self.key, after, limit))
        self.ask(lambda store, _: store.position(self.key, after))
        self.ask(lambda store, _: store.join(self.key))

    @rule(place=PLACES, version=st.integers(1, 3))
    def write_snapshot(self, place: Place, version: int) -> None:
        places, body = self.place(place), sealed()
        snapshots = [Snapshot(where or ORIGIN, version, body, b"anchor") for where in places]
        self.ask(lambda store, at: store.write_snapshot(self.key, snapshots[at]))

    @rule(keep_from=st.integers(0, 20))
    def trim(self, keep_from: int) -> None:
        self.ask(lambda store, _: store.trim(self.key, keep_from))

    @precondition(lambda self: len(self.sent) > 8)
    @rule(offset=OFFSETS)
    def keep_cursor(self, offset: int) -> None:
        self.ask(lambda store, _: store.keep_cursor(self.key, "recorder", offset))

    def teardown(self) -> None:
        async def close() -> list[Any]:
            page = await self.real.read(self.key, 0)
            await self.real.close()
            return [] if page is None else [page]

        for page in self.runner.run(close()):
            if page.first == 1 and page.tail.offset == len(page.entries):
                check_chain(self.key, self.genesis_epoch, page.entries)
        self.runner.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", SERVERS)
def test_a_real_store_answers_as_the_model_does(kind: str, servers: dict[str, Server]) -> None:
    machine = type(f"Comparison_{kind}", (Comparison,), {"server": servers[kind]})
    profile = settings.default
    assert profile is not None
    run_state_machine_as_test(
        machine, settings=settings(profile, max_examples=max(40, profile.max_examples // 2))
    )
