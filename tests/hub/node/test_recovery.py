"""After a lost tail: what is named, and that the log can be opened again."""

from __future__ import annotations

import asyncio
from hashlib import sha1

from hub.node.node import Node
from hub.node.promise import Done, Presence
from hub.node.recent import Recent, Told
from hub.node.recovery import first_lost, lost_checks, remembered_in_common
from hub.node.room import Room
from hub.store.model import ModelStore
from hub.store.model.server import Contents
from hub.store.promise import SessionKey
from legato.session import commands as c
from legato.session.commands import Refusal
from legato.session.events import ActivityChanged
from legato.session.position import Position
from legato.session.state import Reopening, State
from tests.hub.node.builders import (
    AGENT,
    KEY,
    USER,
    Heard,
    House,
    batch,
    passes,
    there,
    user_presence,
    virtual,
)
from tests.hub.node.test_room import post

EPOCH, OLDER = "q83vEjRWeJA", "9MYxdRfJX0A"


def remembered(*names: str) -> Recent:
    """What a log with these entries remembers."""
    recent = Recent(EPOCH, 0, bytes(20))
    for name in names:
        event = ActivityChanged(by="hub", participant="p", activity="idle")
        recent.add(Told(event, b"{}", sha1(name.encode(), usedforsecurity=False).digest()))
    return recent


def test_what_two_memories_share_ends_where_their_checks_differ() -> None:
    ours, theirs = remembered("a", "b", "c", "d"), remembered("a", "b", "x", "y", "z")
    assert remembered_in_common(ours, theirs) == 2


def test_a_shorter_memory_tells_as_much() -> None:
    ours, theirs = remembered("a", "b", "c", "d", "e"), remembered("a", "x", "y")
    assert remembered_in_common(ours, theirs) == 1


def test_a_memory_that_goes_on_from_ours_has_lost_nothing() -> None:
    assert remembered_in_common(remembered("a", "b"), remembered("a", "b", "c")) is None
    assert remembered_in_common(remembered("a", "b", "c"), remembered("a")) is None


async def say(room: Room, producer: str, *messages: str) -> None:
    """Post them, whatever has to be found out on the way."""
    opened = await room.open_producer(producer)
    for n, message in enumerate(messages, opened.last + 1):
        assert isinstance(
            await room.execute(USER, batch(producer, n, post(message), epoch=opened.epoch)), Done
        )
    await passes(50)


async def lost_once(house: House, node: Node) -> tuple[Room, Contents]:
    """A room whose log lost its tail and was reopened, and what the store held before any of it."""
    room = await there(await node.create(KEY, "p_user", {}, ""))
    assert isinstance(await node.arrive(room, user_presence()), Done)
    kept = house.server.saved()
    await say(room, "c_1", "m_1", "m_2", "m_3")
    before = room.position.epoch
    house.server.restore(kept)
    await say(room, "c_2", "m_4")
    assert room.position.epoch != before
    return room, kept


@virtual
async def test_a_log_whose_new_epoch_was_lost_too_can_be_opened_by_any_node() -> None:
    house = House()
    async with house.node("n1") as first, house.node("n2") as second:
        room, kept = await lost_once(house, first)
        house.server.restore(kept)
        await say(room, "c_3", "m_5")
        other = await there(await second.open(KEY))
        assert other.position == room.position
        assert other.state == room.state


@virtual
async def test_who_comes_from_an_epoch_that_nobody_knows_is_told_no_less_than_what_is_lost() -> None:
    house = House()
    async with house.node("n1") as first:
        gone, kept = await lost_once(house, first)
        seen = gone.position
    house.server.restore(kept)
    async with house.node("n2") as second:
        room = await there(await second.open(KEY))
        held = room.position.offset
        heard = Heard()
        room.listen(heard, seen)
        await passes()
        [(lost_from, lost_to)] = heard.lost
        assert lost_from <= held + 1
        assert lost_to == seen.offset


async def seen_and_lost(house: House) -> tuple[Position, Contents]:
    """A position that somebody holds and the store lost, and what the store holds now; no node knew of it."""
    async with house.node("n1") as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        assert isinstance(await node.arrive(room, user_presence()), Done)
        kept = house.server.saved()
        await say(room, "c_1", "m_1", "m_2", "m_3")
        seen = room.position
    house.server.restore(kept)
    return seen, kept


class GoesBack(ModelStore):
    """A store that is put back when somebody compares with its log."""

    kept: Contents | None = None

    async def position(self, key: SessionKey, offset: int) -> Position | None:
        kept, self.kept = self.kept, None
        if kept is not None:
            self.server.restore(kept)
        return await super().position(key, offset)


@virtual
async def test_who_comes_back_while_the_log_goes_back_a_second_time_is_told() -> None:
    house = House()
    seen, kept = await seen_and_lost(house)
    store = GoesBack(house.server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    async with house.node("n2", store) as second:
        room = await there(await second.open(KEY))
        await say(room, "c_2", *(f"m_{n}" for n in range(4, 12)))
        assert room.position.epoch == seen.epoch
        store.kept = kept
        await room.reach(seen)
        assert room.position.epoch != seen.epoch
        heard = Heard()
        room.listen(heard, seen)
        await passes()
        [(lost_from, lost_to)] = heard.lost
        assert lost_from <= seen.offset == lost_to


@virtual
async def test_who_comes_just_after_the_log_went_back_is_told() -> None:
    house = House()
    seen, _ = await seen_and_lost(house)
    async with house.node("n2") as second:
        room = await there(await second.open(KEY))
        heard = Heard()
        assert room.listen(heard, seen).events == ()
        await passes(100)
        [(lost_from, lost_to)] = heard.lost
        assert lost_from <= seen.offset == lost_to


@virtual
async def test_a_page_that_was_reloaded_is_told_what_was_lost_of_what_it_had_seen() -> None:
    house = House()
    seen, _ = await seen_and_lost(house)
    async with house.node("n2") as second:
        room = await there(await second.open(KEY))
        await say(room, "c_2", *(f"m_{n}" for n in range(4, 12)))
        heard = Heard()
        assert room.listen(heard, seen, whole=True).position == seen
        await passes(100)
        [(lost_from, lost_to)] = heard.lost
        assert lost_from <= seen.offset == lost_to
        assert heard.states[-1].offset == room.position.offset
        again = room.listen(Heard(), room.position, whole=True)
        assert again.snapshot is not None


@virtual
async def test_of_two_losses_the_first_of_which_nobody_saw_each_is_told_its_own() -> None:
    house = House()
    seen, _ = await seen_and_lost(house)
    async with house.node("n2") as second:
        room = await there(await second.open(KEY))
        went_on_from = room.position.offset
        await say(room, "c_2", "m_4")
        kept = house.server.saved()
        first_gone = room.position.offset + 1
        await say(room, "c_2", "m_5", "m_6", "m_7")
        also_seen = room.position
        house.server.restore(kept)
        await say(room, "c_3", "m_8")
        assert went_on_from < seen.offset <= also_seen.offset
        assert seen.epoch == also_seen.epoch != room.position.epoch
        for position, lost_from in ((also_seen, first_gone), (seen, 1)):
            heard = Heard()
            room.listen(heard, position)
            await passes()
            assert heard.lost == [(lost_from, position.offset)]


def test_a_position_of_a_tail_that_nobody_knew_is_lost_from_its_epochs_beginning() -> None:
    checks = [bytes([n]) * 8 for n in range(10, 14)]
    known = Reopening(at=10, previous_epoch=EPOCH, lost_from=10, lost_to=13, checks=b"".join(checks).hex())
    state = State(reopened=[Reopening(5, OLDER, 5, 6), known])
    assert [first_lost(state, "", Position(EPOCH, n + 10, checks[n])) for n in range(4)] == [10] * 4
    for unknown in (
        Position(EPOCH, 9, bytes(8)),
        Position(EPOCH, 12, checks[1]),
        Position(EPOCH, 14, checks[3]),
    ):
        assert first_lost(state, "", unknown) == 6
    assert first_lost(state, "", Position(OLDER, 6, bytes(8))) == 5  # nothing is known of that tail


def test_the_checks_of_a_lost_tail_begin_where_it_does() -> None:
    recent = remembered("a", "b", "c", "d")
    assert lost_checks(recent, 3) == b"".join(recent.check_at(at) or b"" for at in (3, 4))
    assert lost_checks(recent, 5) == b""
    assert len(lost_checks(remembered(*map(str, range(300))), 2)) == 128 * 8


@virtual
async def test_whose_refusals_the_store_lost_comes_again_and_goes_on() -> None:
    house = House()
    async with house.node("n1") as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        assert isinstance(await node.arrive(room, user_presence()), Done)
        await say(room, "c_1", "m_1")
        kept, opened = house.server.saved(), await room.open_producer("c_1")
        for sequence in (2, 3):
            twice = batch("c_1", sequence, post("m_1"), epoch=opened.epoch)
            assert isinstance(await room.execute(USER, twice), Refusal)
        house.server.restore(kept)
        refused = await room.execute(USER, batch("c_1", 4, post("m_2"), epoch=opened.epoch))
        assert isinstance(refused, Refusal)
        assert refused.reason == "resume_first"
        again = await room.open_producer("c_1")
        assert again.last == 1
        own_gap = await room.execute(USER, batch("c_1", 9, post("m_2"), epoch=again.epoch))
        assert isinstance(own_gap, Refusal)
        assert (own_gap.reason, own_gap.expected) == ("sequence_gap", 2)


@virtual
async def test_a_refusal_under_an_older_epoch_of_its_producer_is_not_said_to_be_kept() -> None:
    house = House()
    async with house.node("n1") as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        assert isinstance(
            await node.arrive(room, Presence(AGENT, "concierge", "", ("text",), ("text",))), Done
        )
        older, newer = await room.open_producer("c_1"), await room.open_producer("c_1")
        unaccepted = c.StartResponse(response="r_1")
        told = []
        for opened in (older, newer):
            refused = await room.execute(AGENT, batch("c_1", 1, unaccepted, epoch=opened.epoch))
            assert isinstance(refused, Refusal)
            told.append((refused.reason, refused.field))
        assert told == [("resume_first", "producer"), ("stale_token", "right")]
