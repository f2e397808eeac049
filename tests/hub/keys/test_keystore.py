"""Opened keys are few, short-lived, and gone after an erasure.

Mutants that these tests kill: a key lives longer than 60 s unasked; it is counted from its last use, or
from the answer instead of the question; `forget` drops it only before, or only after, the place was told;
an answer from before an erasure is kept; a dropped key still works in a sealer that somebody kept; the most
used key is dropped first; a wrapped key opens for another session; an old version of a secret opens.
"""

import asyncio
import json
import os
import random
from pathlib import Path

import pytest

from hub.keys.certificates import ROTATE_S, certificates
from hub.keys.errors import (
    KeyFileUnusable,
    KeyNotOpen,
    KeyStoreDamaged,
    KeyUnknown,
    SealBroken,
    SessionForgotten,
)
from hub.keys.hub_secrets import hub_secrets
from hub.keys.keystore import ASK_AGAIN_MS, OPEN_MS, KeyStore
from hub.keys.wrapped import MemoryKeys
from hub.keys.wrapping import KeyWrap, open_key_file, read_key_file

WRAP = KeyWrap([bytes(range(32))])


class CountedKeys(MemoryKeys):
    """Counts how often it was asked, and can hold an answer back."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.gate: asyncio.Event | None = None
        self.forget_gate: asyncio.Event | None = None

    async def read(self, tenant: str, session: str) -> bytes | None:
        self.asked += 1
        found = await super().read(tenant, session)
        if self.gate is not None:
            gate, self.gate = self.gate, None
            await gate.wait()
        return found

    async def forget(self, tenant: str, session: str) -> bool:
        if self.forget_gate is not None:
            await self.forget_gate.wait()
        return await super().forget(tenant, session)


class Bench:
    """One place for keys, a clock that is moved by hand, and any number of nodes."""

    def __init__(self) -> None:
        self.rest = CountedKeys()
        self.now = 1_000_000

    def node(self, most_open: int = 100) -> KeyStore:
        return KeyStore(self.rest, WRAP, lambda: self.now, most_open=most_open)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_session_that_never_had_a_key_is_unknown(bench: Bench) -> None:
    with pytest.raises(KeyUnknown):
        await bench.node().sealer("main", "s_1")


async def test_all_nodes_open_the_same_key(bench: Bench) -> None:
    nodes = [bench.node() for _ in range(4)]
    keys = await asyncio.gather(*(node.data_key("main", "s_1", create=True) for node in nodes))
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32
    sealed = (await nodes[0].sealer("main", "s_1")).seal_event("w", 1, 0, b"words")
    assert (await nodes[3].sealer("main", "s_1")).open_event("w", 1, 0, sealed) == b"words"


async def test_every_session_has_its_own_key(bench: Bench) -> None:
    node = bench.node()
    keys = {await node.data_key(tenant, f"s_{at}", create=True) for tenant in "ab" for at in range(8)}
    assert len(keys) == 16


async def test_an_open_key_needs_no_asking(bench: Bench) -> None:
    node = bench.node()
    assert node.opened("main", "s_1") is None
    await node.sealer("main", "s_1", create=True)
    bench.now += ASK_AGAIN_MS - 1
    await node.sealer("main", "s_1")
    assert node.opened("main", "s_1") is not None
    assert bench.rest.asked == 0


async def test_a_key_is_asked_for_again_however_busy_it_is(bench: Bench) -> None:
    node = bench.node()
    await node.sealer("main", "s_1", create=True)
    for _ in range(10):
        bench.now += ASK_AGAIN_MS // 5
        await node.sealer("main", "s_1")
    assert bench.rest.asked == 2


async def test_no_sealer_works_longer_than_60_s_unasked(bench: Bench) -> None:
    sealer = await bench.node().sealer("main", "s_1", create=True)
    bench.now += OPEN_MS - 1
    sealed = sealer.seal_event("w", 1, 0, b"words")
    bench.now += 1
    with pytest.raises(KeyNotOpen):
        sealer.open_event("w", 1, 0, sealed)
    with pytest.raises(KeyNotOpen):
        sealer.seal_event("w", 1, 1, b"words")


async def test_an_erasure_reaches_a_busy_node_within_60_s(bench: Bench) -> None:
    here, there = bench.node(), bench.node()
    await there.sealer("main", "s_1", create=True)
    assert await here.forget("main", "s_1")
    bench.now += ASK_AGAIN_MS - 1
    await there.sealer("main", "s_1")
    bench.now += 1
    with pytest.raises(SessionForgotten):
        await there.sealer("main", "s_1")
    assert there.opened("main", "s_1") is None


async def test_an_erasure_ends_the_sealers_of_its_own_node_at_once(bench: Bench) -> None:
    node = bench.node()
    sealer = await node.sealer("main", "s_1", create=True)
    await node.forget("main", "s_1")
    with pytest.raises(KeyNotOpen):
        sealer.seal_event("w", 1, 0, b"words")
    with pytest.raises(SessionForgotten):
        await node.sealer("main", "s_1", create=True)


async def test_an_answer_from_before_an_erasure_does_not_open_the_key_again(bench: Bench) -> None:
    await bench.node().sealer("main", "s_1", create=True)
    node = bench.node()
    bench.rest.gate = gate = asyncio.Event()
    opening = asyncio.ensure_future(node.sealer("main", "s_1"))
    await asyncio.sleep(0)
    await node.forget("main", "s_1")
    gate.set()
    with pytest.raises(SessionForgotten):
        await opening
    assert node.opened("main", "s_1") is None


async def test_nothing_is_open_here_while_an_erasure_is_under_way(bench: Bench) -> None:
    node = bench.node()
    sealer = await node.sealer("main", "s_1", create=True)
    bench.rest.forget_gate = gate = asyncio.Event()
    forgetting = asyncio.ensure_future(node.forget("main", "s_1"))
    await asyncio.sleep(0)
    with pytest.raises(KeyNotOpen):
        sealer.seal_event("w", 1, 0, b"words")
    late = await node.sealer("main", "s_1")
    gate.set()
    assert await forgetting
    with pytest.raises(KeyNotOpen):
        late.seal_event("w", 1, 0, b"words")
    assert node.opened("main", "s_1") is None


async def test_a_slow_answer_counts_from_when_it_was_asked(bench: Bench) -> None:
    await bench.node().sealer("main", "s_1", create=True)
    node = bench.node()
    bench.rest.gate = gate = asyncio.Event()
    opening = asyncio.ensure_future(node.sealer("main", "s_1"))
    await asyncio.sleep(0)
    bench.now += 30_000
    gate.set()
    sealer = await opening
    bench.now += 30_000
    with pytest.raises(KeyNotOpen):
        sealer.seal_event("w", 1, 0, b"words")


async def test_a_sweep_drops_old_keys_and_says_when_to_come_again(bench: Bench) -> None:
    node = bench.node()
    assert node.expire() is None
    early = await node.sealer("main", "s_1", create=True)
    bench.now += 20_000
    await node.sealer("main", "s_2", create=True)
    assert node.expire() == OPEN_MS - 20_000
    bench.now += OPEN_MS - 20_000
    assert node.expire() == 20_000
    with pytest.raises(KeyNotOpen):
        early.seal_event("w", 1, 0, b"words")
    bench.now += 20_000
    assert node.expire() is None


async def test_only_so_many_keys_are_open_and_the_least_used_goes(bench: Bench) -> None:
    node = bench.node(most_open=3)
    for session in "abc":
        await node.sealer("main", session, create=True)
    node.opened("main", "a")
    await node.sealer("main", "d", create=True)
    assert [node.opened("main", session) is not None for session in "abcd"] == [True, False, True, True]


async def test_another_key_file_opens_nothing(bench: Bench) -> None:
    await bench.node().sealer("main", "s_1", create=True)
    stranger = KeyStore(bench.rest, KeyWrap([bytes(32)]), lambda: bench.now)
    with pytest.raises(KeyStoreDamaged):
        await stranger.sealer("main", "s_1")


async def test_a_wrapped_key_of_another_session_does_not_open(bench: Bench) -> None:
    await bench.node().sealer("main", "s_1", create=True)
    stolen = await bench.rest.read("main", "s_1")
    assert stolen is not None
    await bench.rest.create("main", "s_2", stolen)
    with pytest.raises(KeyStoreDamaged):
        await bench.node().sealer("main", "s_2")


async def test_an_erased_log_does_not_open_with_a_new_session_of_the_same_name(bench: Bench) -> None:
    sealed = (await bench.node().sealer("main", "s_1", create=True)).seal_event("w", 1, 0, b"words")
    fresh = Bench()
    sealer = await fresh.node().sealer("main", "s_1", create=True)
    with pytest.raises(SealBroken):
        sealer.open_event("w", 1, 0, sealed)


async def test_any_course_of_events_keeps_the_promises(bench: Bench) -> None:
    dice, nodes = random.Random(9), [bench.node(most_open=4) for _ in range(3)]
    forgotten: dict[str, int] = {}
    held: list[tuple[str, int]] = []
    for step in range(3_000):
        node, session = dice.choice(nodes), f"s_{dice.randrange(40)}"
        bench.now += dice.choice([0, 1, 7_000, ASK_AGAIN_MS - 1, 1, OPEN_MS])
        if dice.random() < 0.02:
            await node.forget("main", session)
            forgotten.setdefault(session, bench.now)
            continue
        try:
            (await node.sealer("main", session, create=True)).seal_event("w", step, 0, b"words")
        except SessionForgotten:
            assert session in forgotten
        else:
            held.append((session, bench.now))
            assert bench.now - forgotten.get(session, bench.now) < OPEN_MS
    assert len(forgotten) > 10
    assert len(held) > 300


async def test_secrets_are_the_same_on_every_node_and_for_ever(bench: Bench) -> None:
    one, two = await asyncio.gather(hub_secrets(bench.node()), hub_secrets(bench.node()))
    assert one == two
    assert await hub_secrets(bench.node()) == one
    assert len({one.anchor, one.digest, one.ice, one.position, one.development}) == 5
    assert repr(one.anchor) not in repr(one)


async def test_an_older_version_of_a_secret_cannot_be_put_back(bench: Bench) -> None:
    node = bench.node()
    assert await node.write_secret("dtls", b"one", expected=0)
    old = await bench.rest.read_secret("dtls")
    assert old is not None
    assert await node.write_secret("dtls", b"two", expected=1)
    assert await node.read_secret("dtls") == (2, b"two")
    await bench.rest.write_secret("dtls", old.wrapped, 2)
    with pytest.raises(KeyStoreDamaged):
        await node.read_secret("dtls")


async def test_a_certificate_is_announced_a_day_before_it_is_used_and_kept_a_day_after(bench: Bench) -> None:
    start = 1_795_244_400
    first = await certificates(bench.node(), start)
    assert await certificates(bench.node(), start + ROTATE_S - 1) == first
    second = await certificates(bench.node(), start + ROTATE_S)
    assert second.current == first.next
    assert second.previous == first.current
    third = await certificates(bench.node(), start + 2 * ROTATE_S)
    assert (third.previous, third.current) == (second.current, second.next)
    prints = {one.fingerprint for one in (first.current, first.next, second.next, third.next)}
    assert len(prints) == 4
    assert all(len(text) == 95 for text in prints)


async def test_nodes_that_turn_the_certificate_at_once_agree(bench: Bench) -> None:
    start = 1_795_244_400
    made = await asyncio.gather(*(certificates(bench.node(), start) for _ in range(5)))
    assert len({one.current.fingerprint for one in made}) == 1
    turned = await asyncio.gather(*(certificates(bench.node(), start + ROTATE_S) for _ in range(5)))
    assert {one.current.fingerprint for one in turned} == {made[0].next.fingerprint}
    assert len({one.next.fingerprint for one in turned}) == 1


def test_a_key_file_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "hub" / "keyfile"
    keys = open_key_file(path)
    assert open_key_file(path) == keys
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keyfile"]


def test_of_two_processes_that_make_the_key_file_at_once_the_first_wins(tmp_path: Path) -> None:
    path = tmp_path / "keyfile"
    other: list[list[bytes]] = []

    def interrupted(size: int) -> bytes:
        """The other process is done just after this one saw no file."""
        if not other:
            other.append(open_key_file(path))
        return os.urandom(size)

    assert open_key_file(path, interrupted) == other[0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["keyfile"]


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keyfile"
    open_key_file(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileUnusable) as caught:
        read_key_file(path)
    assert caught.value.reason == "exposed"


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnusable) as caught:
        read_key_file(tmp_path / "keyfile")
    assert caught.value.reason == "missing"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"version": 1, "keys": []}',
        b'{"version": 1, "keys": ["AAAA"]}',
        b'{"version": 1, "keys": [7]}',
        b'{"version": 1, "keys": "' + b"A" * 43 + b'"}',
        b'{"version": 2, "keys": ["' + b"A" * 43 + b'"]}',
    ],
)
def test_a_malformed_key_file_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "keyfile"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileUnusable) as caught:
        read_key_file(path)
    assert caught.value.reason == "malformed"


def test_the_first_key_of_a_file_wraps_and_every_one_opens(tmp_path: Path) -> None:
    path = tmp_path / "keyfile"
    old = open_key_file(path)
    wrapped = KeyWrap(old).wrap(b"k", "session", "main", "s_1")
    parsed = json.loads(path.read_text())
    parsed["keys"].insert(0, "A" * 43)
    path.write_text(json.dumps(parsed))
    keys = read_key_file(path)
    assert keys == [bytes(32), *old]
    assert KeyWrap(keys).unwrap(wrapped, "session", "main", "s_1") == b"k"
    assert os.path.getsize(path) < 200
