"""What is refused stands in the audit, and however often somebody tries it costs a few lines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit import Tried, tried, tried_beside
from hub.keys.anchors import Anchors
from hub.keys.keystore import KeyStore
from hub.keys.refused import Chain, Flaw, Head, read_record
from hub.node.node import Node
from hub.node.promise import Done
from hub.node.refusals import BURST, EVERY_MS, NODE_BURST, WATCHED, Ledger, asked_of
from hub.store.model.server import Contents
from hub.store.promise import SessionKey
from hub.store.refusing import REFUSALS_KEPT_MS, KeptRefusals
from hub.vault import Folder, Vault
from legato.session import commands as c
from legato.session.actors import Actor
from legato.session.commands import Reason, Refusal
from legato.session.parts import Part
from legato.session.tickets import ANY_SESSION, DEFAULTS
from tests.hub.node.builders import KEY, House, batch, passes, there, until, user_presence, virtual

ANCHORS = Anchors(b"a" * 32)
GUEST = Actor("p_user", "user", DEFAULTS["user"], "a_user")
TAKE, POST = c.TakeOver(), c.PostMessage(message="m", parts=[Part("text", "x")])


@given(
    st.lists(
        st.tuples(st.sampled_from(["p", "q"]), st.sampled_from([0, 1, EVERY_MS - 1, EVERY_MS])), max_size=80
    )
)
def test_of_a_participant_so_many_are_written_at_once_then_one_a_minute_and_none_is_uncounted(
    tries: list[tuple[str, int]],
) -> None:
    ledger, now = Ledger(), 0
    written: dict[str, list[int]] = {"p": [], "q": []}
    told, tried_by = dict.fromkeys("pq", 0), dict.fromkeys("pq", 0)
    pending = dict.fromkeys("pq", 0)
    for who, later in tries:
        now += later
        tried_by[who] += 1
        unlisted = ledger.note(KEY, who, now)
        if unlisted is None:
            pending[who] += 1
            continue
        assert unlisted == pending[who]
        pending[who] = 0
        told[who] += 1 + unlisted
        written[who].append(now)
    for who, times in written.items():
        assert told[who] + pending[who] == tried_by[who]
        for first in range(len(times)):
            for last in range(first, len(times)):
                assert last - first + 1 <= BURST + (times[last] - times[first]) // EVERY_MS + 1


def test_many_participants_together_do_not_write_without_end_nor_fill_the_memory() -> None:
    ledger = Ledger()
    listed = [ledger.note(SessionKey("main", f"s_{n}"), "p", 1) for n in range(WATCHED + BURST)]
    assert sum(each is not None for each in listed) == NODE_BURST
    assert ledger.note(SessionKey("main", "s_0"), "p", EVERY_MS) == 0, (
        "forgotten: what it tried is not counted"
    )


@pytest.mark.parametrize(
    ("commands", "reason", "asked"),
    [
        ((TAKE,), "not_allowed", "take_over"),
        ((POST, TAKE), "already_exists", "take_over"),
        ((POST,), "not_allowed", "post_message"),
        ((POST,), "session_ended", "post_message"),
        ((POST,), "session_erased", "post_message"),
        ((c.ContinueResponse(response="r_1"),), "wrong_order", "continue_response"),
        ((POST,), "already_exists", ""),
        ((c.AcceptSession(right="worker:agent", worker="w"),), "already_exists", ""),
        ((c.EndSession(),), "session_ended", "end_session"),
        ((TAKE,), "overloaded", ""),
        ((TAKE,), "sequence_gap", ""),
        ((), "not_allowed", ""),
    ],
)
def test_what_belongs_in_the_audit(commands: tuple[c.Command, ...], reason: Reason, asked: str) -> None:
    assert asked_of(commands, Refusal(reason)) == asked


async def test_a_refused_command_is_kept_beside_the_log_and_changes_nothing_in_it() -> None:
    house = House()
    async with house.node("n1") as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        opened = await room.open_producer("c_1")
        before = room.position
        tries = [room.execute(GUEST, batch("c_1", n, TAKE, epoch=opened.epoch)) for n in range(1, 4)]
        assert {getattr(await each, "reason", "") for each in tries} == {"not_allowed"}
        assert isinstance(await room.execute(GUEST, batch("c_1", 4, POST, epoch=opened.epoch)), Done)
        await passes()
        assert room.position.offset == before.offset + 1
        found = await found_of(house)
        assert [(one.by, one.role, one.asked, one.reason) for one in found.trials] == [
            ("p_user", "user", "take_over", "not_allowed")
        ] * 3
        assert (found.trials[0].detail, found.unreadable) == ("needs the capability takeover", 0)
        node.refused(KEY, "p_user", "user", "export", Refusal("not_allowed"))
        await passes()
        found = await found_of(house)
        assert [trial.number for trial in found.trials] == [1, 2, 3, 4]
        assert (found.trials[-1].asked, found.unreadable, found.flaws) == ("export", 0, ())
        head = (await house.store().refusals(KEY)).head
        await house.store().keep_refusal(KEY, b"nonsense", head, head)
        found = await found_of(house)
        assert (len(found.trials), found.unreadable, found.flaws) == (4, 1, (Flaw(5, "seal"),))


async def test_of_an_erased_session_nothing_stays_beside_it_and_who_still_asks_is_told_beside_all() -> None:
    house = House()
    async with house.node("n1") as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        node.refused(KEY, "p_user", "user", "export", Refusal("not_allowed"))
        await passes()
        node.release(room)
        await node.erase(KEY)
        node.refused(KEY, "p_user", "user", "export", Refusal("not_allowed"))
        await passes()
        assert await house.store().refusals(KEY) == KeptRefusals()
        (after,) = (await beside_all(house)).trials
        assert (after.by, after.asked, after.session) == ("p_user", "export", KEY.session)


async def test_what_is_asked_of_a_tenant_is_kept_beside_all_its_sessions_and_bounded_alike() -> None:
    house, here = House(), SessionKey(KEY.tenant, ANY_SESSION)
    async with house.node("n1") as node:
        for _ in range(BURST + 3):
            node.refused(here, "p_user", "user", "list", Refusal("not_allowed", "/v1/board"))
        node.refused(SessionKey("other", ANY_SESSION), "p_x", "user", "create", Refusal("not_allowed"))
        await passes()
        found = await beside_all(house)
        assert len(found.trials) == BURST
        assert {
            (one.by, one.role, one.asked, one.reason, one.detail, one.session) for one in found.trials
        } == {("p_user", "user", "list", "not_allowed", "/v1/board", "")}
        assert found.flaws == ()


async def test_who_guesses_names_of_sessions_writes_nothing() -> None:
    house = House()
    async with house.node("n1") as node:
        node.refused(SessionKey(KEY.tenant, "s_never"), "p_user", "user", "end", Refusal("session_erased"))
        await passes()
        assert (await beside_all(house)) == Tried()


async def test_refusals_of_several_nodes_are_one_chain() -> None:
    house = House()
    async with house.node("n1") as left, house.node("n2") as right:
        node_of = [left, right]
        await there(await left.create(KEY, "p_user", {}, ""))
        for n in range(BURST):
            node_of[n % 2].refused(KEY, f"p_{n}", "user", "export", Refusal("not_allowed"))
        await listed(house, KEY, BURST)
        found = await found_of(house)
        assert ([trial.number for trial in found.trials], found.flaws) == ([*range(1, BURST + 1)], ())
        assert {trial.by for trial in found.trials} == {f"p_{n}" for n in range(BURST)}


async def test_a_refusal_that_was_changed_removed_or_put_back_in_the_store_is_named(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    async with house.node("n1", vault=vault) as node:
        await refused_by(house, node, 4)
    whole, kept = await found_of(house, vault), await house.store().refusals(KEY)
    assert ([trial.number for trial in whole.trials], whole.flaws) == ([1, 2, 3, 4], ())
    one, two, three, four = kept.records
    for records, flaws in (
        ((one, two[:-1] + bytes((two[-1] ^ 1,)), three, four), {2: "chain"}),
        ((one, two, four), {3: "missing"}),
        ((one, three, two, four), {2: "chain"}),
        ((), {1: "missing", 2: "missing", 3: "missing", 4: "missing"}),
    ):
        house.server.contents.refused[KEY] = (house.server.clock(), KeptRefusals(kept.head, records))
        found = await found_of(house, vault)
        named = {each.number: each.what for each in found.flaws}
        assert named.keys() == flaws.keys(), records
        assert [trial.number for trial in found.trials] == [1, 2, 3, 4], "the vault has them"
        assert {each.number for each in (await found_of(house)).flaws} >= flaws.keys() - {2}
    earlier = Chain(KEY.tenant, KEY.session, ANCHORS)
    first = read_record(one)
    assert first is not None
    put_back = KeptRefusals(earlier.write(Head(1, 1, house.server.clock(), first.digest())), (one,))
    house.server.contents.refused[KEY] = (house.server.clock(), put_back)
    assert (await found_of(house)).flaws == ()
    assert (await found_of(house, vault)).flaws == tuple(Flaw(n, "lost") for n in (2, 3, 4))


async def test_a_store_that_was_lost_loses_no_refusal_and_the_list_goes_on(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    async with house.node("n1", vault=vault) as node:
        await refused_by(house, node, 3)
        node.refused(SessionKey(KEY.tenant, ANY_SESSION), "p_x", "user", "create", Refusal("not_allowed"))
        await until(lambda: KEY.tenant in house.server.contents.refused_of)
    sessions = house.server.contents.sessions
    house.server.contents = Contents(sessions=sessions)
    assert [trial.number for trial in (await found_of(house, vault)).trials] == [1, 2, 3]
    assert [trial.by for trial in (await beside_all(house, vault)).trials] == ["p_x"]
    async with house.node("n2", vault=vault) as node:
        node.refused(KEY, "p_late", "user", "export", Refusal("not_allowed"))
        await until(lambda: KEY in house.server.contents.refused)
        found = await found_of(house, vault)
        assert ([trial.number for trial in found.trials], found.flaws) == ([1, 2, 3, 4], ())
        assert len((await house.store().refusals(KEY)).records) == 1


async def test_an_erased_sessions_refusals_are_in_the_vault_no_more(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    async with house.node("n1", vault=vault) as node:
        await refused_by(house, node, 2)
        assert (await vault.refusals(KEY)).records == ()
        await node.erase(KEY)
    assert await vault.refusals(KEY) == KeptRefusals(), "what waited for the vault does not come there"


@virtual
async def test_the_vault_has_a_refusal_a_second_later_and_not_for_longer_than_a_store_would() -> None:
    with TemporaryDirectory() as folder:
        house, vault = House(), Vault(Folder(Path(folder)))
        async with house.node("n1", vault=vault) as node:
            await refused_by(house, node, 2)
            await asyncio.sleep(2)
            assert len((await vault.refusals(KEY)).records) == 2
        house.server.contents.refused.clear()
        assert len((await found_of(house, vault)).trials) == 2
        await asyncio.sleep(REFUSALS_KEPT_MS / 1000)
        assert await found_of(house, vault) == Tried()
        async with house.node("n2", vault=vault) as node:
            node.refused(KEY, "p_late", "user", "export", Refusal("not_allowed"))
            await listed(house, KEY, 1)
        found = await found_of(house, vault)
        assert ([(trial.by, trial.number) for trial in found.trials], found.flaws) == ([("p_late", 1)], ())


async def refused_by(house: House, node: Node, count: int) -> None:
    """A session in which so much was refused."""
    node.release(await there(await node.create(KEY, "p_user", {}, "")))
    for n in range(count):
        node.refused(KEY, f"p_{n}", "user", "export", Refusal("not_allowed"))
    await listed(house, KEY, count)


async def listed(house: House, key: SessionKey, count: int) -> None:
    """The store has so many of the session's: a node looks into the vault first, by a thread."""
    kept = house.server.contents.refused
    await until(lambda: key in kept and len(kept[key][1].records) == count)


async def beside_all(house: House, vault: Vault | None = None) -> Tried:
    keys = KeyStore(house.rest, house.wrap, house.clock, random_bytes=house.random.randbytes)
    return await tried_beside(KEY.tenant, house.store(), keys, ANCHORS, vault)


async def found_of(house: House, vault: Vault | None = None) -> Tried:
    keys = KeyStore(house.rest, house.wrap, house.clock, random_bytes=house.random.randbytes)
    return await tried(KEY, house.store(), keys, ANCHORS, vault)
