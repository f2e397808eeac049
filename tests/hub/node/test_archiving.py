"""A quiet session leaves the store for the vault and comes back whole; one that the store lost comes back named so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hub.keys.anchors import Anchors
from hub.keys.keystore import KeyStore
from hub.node.archiving import what_was_lost
from hub.node.conductor import AT_ONCE, first_snapshot_after
from hub.node.entries import SessionDamaged
from hub.node.node import Node
from hub.node.promise import Done, Presence
from hub.node.room import Room
from hub.settings import Settings
from hub.store.promise import SessionKey, Store
from hub.vault import Folder, Vault
from hub.verify import verify
from legato.session import commands as c
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.events import AttachmentAway, LogReopened
from legato.session.parts import Part
from legato.session.position import Position
from legato.session.state import Attachment, State, encode_state
from legato.session.tickets import CAPABILITIES
from signaling.archive import Archive
from tests.hub.node.builders import (
    AGENT,
    KEY,
    SCRIBE,
    Clock,
    Heard,
    House,
    batch,
    there,
    until,
    user_presence,
)

DAY_MS = 86_400_000
QUICK = Settings(sweep=10, snapshot_every=8, snapshot_quiet=20, idle_close=50)
NEVER = replace(QUICK, snapshot_every=1 << 40, snapshot_quiet=1 << 40)
"""Nothing goes into the vault but what a test records itself."""


class Turned(Clock):
    """A clock that a test puts forward."""

    ahead = 0

    def __call__(self) -> int:
        return super().__call__() + self.ahead


class Home(House):
    """A house with a vault."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.clock: Turned = Turned()
        self.root = root
        self.vault = Vault(Folder(root))

    @asynccontextmanager
    async def at_work(self, name: str = "n1", settings: Settings = QUICK) -> AsyncIterator[Node]:
        async with self.node(name, settings=settings, vault=self.vault) as node:
            yield node

    def keys(self) -> KeyStore:
        return KeyStore(self.rest, self.wrap, self.clock, random_bytes=self.random.randbytes)

    def in_store(self) -> bool:
        return self.server.session(KEY) is not None

    def files(self) -> list[Path]:
        """All that the vault keeps; something of it, while it goes."""
        try:
            return [path for path in self.root.rglob("*") if path.is_file()]
        except FileNotFoundError:  # a folder went while it was looked into
            return [self.root]

    def rests(self) -> int:
        """How many states of sessions that rest are kept; what an older one was goes a moment after the session."""
        return [path.suffix for path in self.files()].count(".rest")

    def forget_all(self) -> None:
        """FLUSHALL."""
        self.server.contents = type(self.server.contents)()


async def written(room: Room, count: int, first: int = 1) -> None:
    """So many messages of an observer."""
    opened = await room.open_producer("c_1")
    last = 0
    for n in range(opened.last + 1, opened.last + 1 + count):
        command = c.PostMessage(message=f"m_{first + n}", parts=[Part("text", f"words {n}")])
        done = await room.execute(SCRIBE, batch("c_1", n, command, epoch=opened.epoch))
        assert isinstance(done, Done), done
        last = done.first
    await until(lambda: room.state.offset >= last)


class Busy(Vault):
    """Counts who is recorded at the same time."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder)
        self.now = self.most = 0
        self.recorded: set[SessionKey] = set()

    async def record(self, store: Store, key: SessionKey) -> int:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.05)
            self.recorded.add(key)
            return await super().record(store, key)
        finally:
            self.now -= 1


async def a_day_later(home: Home) -> None:
    home.clock.ahead += DAY_MS + 1_000
    await until(lambda: not home.in_store())


async def test_a_quiet_session_is_archived_and_comes_back_as_it_was(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        room = await there(await node.create(KEY, "p_user", {}, "talk"))
        await node.arrive(room, user_presence())
        await written(room, 30)
        await node.departed(room, "a_user")
        await until(lambda: not room.state.attachments)
        before, position = encode_state(room.state), room.position
        entries, _ = await room.history(0, 50)
        node.release(room)
        await a_day_later(home)
        assert [row.session for row in await home.store().sessions("main")] == [KEY.session]
        page = await Archive(home.store(), home.keys(), Anchors(b"a" * 32), home.vault).events(KEY, 0, 1000)
        assert page is not None
        assert (len(page.events), page.first, page.tail) == (position.offset, 1, position)
        report = await verify(KEY, home.store(), home.keys(), Anchors(b"a" * 32), home.vault)
        assert report is not None
        assert (report.entries, report.findings) == (position.offset, [])

        again = await there(await node.open(KEY))
        assert (encode_state(again.state), again.position) == (before, position)
        assert (await again.history(0, 50))[0] == entries
        listener = Heard()
        welcome = again.listen(listener, position)
        assert (welcome.snapshot, welcome.events) == (None, ())
        await node.arrive(again, user_presence())
        await written(again, 3, first=100)
        await until(lambda: len(listener.events_told) >= 4)
        assert not listener.lost


async def test_sessions_that_fall_silent_together_go_to_rest_a_few_at_a_time(tmp_path: Path) -> None:
    home, vault = Home(tmp_path), Busy(Folder(tmp_path))
    keys = [SessionKey(KEY.tenant, f"s_{number}") for number in range(12)]
    async with home.node("n1", settings=Settings(snapshot_quiet=20), vault=vault) as node:
        rooms = [await there(await node.create(key, "p_user", {}, "")) for key in keys]
        await until(lambda: vault.recorded == set(keys))
        assert vault.most == AT_ONCE
        for room in rooms:
            node.release(room)


async def test_sessions_that_grow_together_are_written_down_a_few_at_a_time(tmp_path: Path) -> None:
    home, vault = Home(tmp_path), Busy(Folder(tmp_path))
    keys = [SessionKey(KEY.tenant, f"s_{number}") for number in range(12)]
    growing = Settings(snapshot_every=8, snapshot_quiet=DAY_MS)
    async with home.node("n1", settings=growing, vault=vault) as node:
        rooms = [await there(await node.create(key, "p_user", {}, "")) for key in keys]
        for room in rooms:
            await node.arrive(room, user_presence())
        await asyncio.gather(*(written(room, 8) for room in rooms))
        await until(lambda: vault.recorded == set(keys))
        assert vault.most == AT_ONCE
        for room in rooms:
            node.release(room)


def test_sessions_that_grow_in_step_come_to_their_first_snapshots_one_after_another() -> None:
    due = [first_snapshot_after(f"s_{number}", 256) for number in range(256)]
    assert all(128 <= each <= 256 for each in due)
    assert max(map(due.count, due)) <= 10
    assert {first_snapshot_after(f"s_{number}", 1) for number in range(9)} == {1}


async def test_it_is_archived_anew_after_it_was_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        node.release(await there(await node.create(KEY, "p_user", {}, "")))
        await a_day_later(home)
        room = await there(await node.open(KEY))
        assert home.in_store()
        node.release(room)
        await until(lambda: not home.in_store() and home.rests() == 1)


async def test_a_session_that_a_person_is_attached_to_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        room = await there(await node.create(KEY, "p_user", {"archive_after_s": "1"}, ""))
        await node.arrive(room, user_presence())
        home.clock.ahead += DAY_MS
        await asyncio.sleep(0.1)
        assert home.in_store()


async def test_an_agent_that_nobody_needs_leaves_first(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        agent = Actor("p_agent", "agent", frozenset(CAPABILITIES), "a_agent", "w_1")
        await node.arrive(room, Presence(agent, "", "worker", ("text",), ("text",)))
        opened = await room.open_producer("c_a")
        accept = c.AcceptSession(right="worker:agent", worker="w_1")
        await room.execute(AGENT, batch("c_a", 1, accept, epoch=opened.epoch))
        home.clock.ahead += DAY_MS + 1_000
        await until(lambda: not room.state.attachments)
        assert not room.state.rights["worker:agent"].holder
        assert home.in_store()
        node.release(room)
        await a_day_later(home)


async def test_a_label_says_how_long_it_stays_and_a_month_erases_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        node.release(await there(await node.create(KEY, "p_user", {"archive_after_s": "60"}, "")))
        home.clock.ahead += 61_000
        await until(lambda: not home.in_store())
        home.clock.ahead += 30 * DAY_MS
        store = home.store()
        await until(lambda: home.server.exists(KEY) == "erased")
        assert await node.open(KEY) is None
        assert await store.sessions("main") == []
        await until(lambda: not home.files())


async def test_two_nodes_bring_it_back_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work("n1") as left, home.at_work("n2") as right:
        room = await there(await left.create(KEY, "p_user", {}, ""))
        await left.arrive(room, user_presence())
        await written(room, 3)
        await left.departed(room, "a_user")
        left.release(room)
        await a_day_later(home)
        rooms = await asyncio.gather(left.open(KEY), right.open(KEY))
        one, other = [await there(each) for each in rooms]
        assert encode_state(one.state) == encode_state(other.state)


async def test_what_the_store_lost_comes_back_from_the_vault_and_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work(settings=NEVER) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        await written(room, 20)
        kept = await home.vault.record(home.store(), KEY)
        await written(room, 3, first=100)
        listener = Heard()
        room.listen(listener, room.position)
        lost_to, epoch = room.position.offset, room.position.epoch
        assert lost_to > kept
        home.forget_all()
        for store in home.server.subscribers:
            store.resync()  # type: ignore[attr-defined]
        await until(lambda: listener.lost)
        assert listener.lost == [(kept + 1, lost_to)]
        assert room.position.epoch != epoch
        assert [(each.lost_from, each.lost_to) for each in room.state.reopened] == [(kept + 1, lost_to)]
        await until(lambda: room.state.liveness("p_user") == "online")
        assert await home.vault.record(home.store(), KEY) >= room.position.offset - 1
        # And it goes on.
        await written(room, 1, first=200)
        report = await verify(KEY, home.store(), home.keys(), Anchors(b"a" * 32), home.vault)
        assert report is not None
        assert not report.findings


async def test_a_node_that_knew_nothing_reopens_it_too(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        await written(room, 20)
        kept = await home.vault.record(home.store(), KEY)
        history = (await room.history(0, 50))[0]
    home.forget_all()
    async with home.at_work("n2") as node:
        again = await there(await node.open(KEY))
        assert again.state.reopened[-1].lost_from == kept + 1
        assert again.state.liveness("p_user") == "away"
        assert (await again.history(0, 50))[0] == history
        assert await node.create(KEY, "p_user", {}, "") == Refusal("already_exists")


async def test_what_not_even_the_vault_has_is_lost_and_said_to_be(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        listener = Heard()
        room.listen(listener, None)
        home.forget_all()
        for store in home.server.subscribers:
            store.resync()  # type: ignore[attr-defined]
        await until(lambda: listener.ends)
        assert listener.ends == ["lost"]
        with pytest.raises(SessionDamaged) as damage:
            await node.open(KEY)
        assert damage.value.reason == "lost"


async def test_a_command_on_its_way_while_the_store_forgets_is_done_and_not_lost(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.at_work() as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        await written(room, 5)
        await home.vault.record(home.store(), KEY)
        opened = await room.open_producer("c_2")
        home.forget_all()
        command = c.PostMessage(message="m_after", parts=[Part("text", "still here")])
        done = await room.execute(SCRIBE, batch("c_2", 1, command, epoch=opened.epoch))
        assert isinstance(done, Done), done
        await until(lambda: "m_after" in room.state.entries)


def test_the_loss_names_both_epochs_and_puts_everybody_away() -> None:
    state = State(
        attachments={"a_1": Attachment("a_1", "p_1"), "a_2": Attachment("a_2", "p_2", away_since=5)}
    )
    end, newest = Position("A" * 10 + "E", 7, b"x" * 8), Position("B" * 10 + "E", 9, b"y" * 8)
    reopened, later, away = what_was_lost(state, end, newest)
    assert isinstance(reopened, LogReopened)
    assert isinstance(later, LogReopened)
    assert (reopened.previous_epoch, later.previous_epoch) == (end.epoch, newest.epoch)
    assert {(each.lost_from, each.lost_to) for each in (reopened, later)} == {(8, 9)}
    assert isinstance(away, AttachmentAway)
    assert away.attachment == "a_1"
    (alone,) = what_was_lost(State(), end, None)
    assert isinstance(alone, LogReopened)
    assert (alone.lost_from, alone.lost_to) == (8, 8)
