"""The agent pauses for somebody who begins to speak, on whatever node it is heard."""

from __future__ import annotations

import asyncio
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from legato.session import events as e
from media.voice.barge_in import Move
from media.voice.pauses import AGAIN, STALE, Pauses
from tests.hub.node.builders import House, virtual
from tests.media.voice.test_company import Guest
from tests.media.voice.test_session import BOT, TEXT, Place, place, speak
from tests.support.sound import samples_of, strength

LOUD: Final = 3_000
SILENT: Final = 600


def agent(guest: Guest, frames: int) -> float:
    """How loud the agent's tone was in so many frames that were sent to the guest last."""
    return strength(samples_of(guest.phone.sent[-frames:])[9_600:], 300)


async def two(here: Place, there: Place) -> tuple[Guest, Guest]:
    """Who speaks, and who hears the agent on another node."""
    ada, bob = Guest(here, "ada", "a_ada", 1), Guest(there, "bob", "a_bob", 2)
    await ada.call()
    await bob.call()
    await here.write(e.ResponseStarted(by=BOT, response="r_1"))
    await here.say(TEXT * 4, response="r_1")
    await asyncio.sleep(1.5)
    assert agent(bob, 40) > LOUD
    return ada, bob


@virtual
async def test_the_agent_pauses_on_the_other_node_and_nothing_is_missing_after() -> None:
    house = House()
    async with place(house) as here, place(house, "n2", first=False) as there:
        ada, bob = await two(here, there)
        await speak(ada.phone, ada.ear, house, 200)
        await speak(ada.phone, ada.ear, house, 600, level=0.0)
        assert agent(bob, 30) < SILENT
        await speak(ada.phone, ada.ear, house, 1_500, level=0.0)
        assert agent(bob, 30) > LOUD
        await asyncio.sleep(12)
        assert there.of(e.CancelRequested) == []
        last = {one.participant: one.characters for one in there.of(e.HeardSettled) if one.final}
        assert last == dict.fromkeys(("ada", "bob"), len(TEXT * 4))


@virtual
async def test_who_speaks_on_is_waited_for_on_the_other_node_too() -> None:
    house = House()
    async with place(house, ears="stop") as here, place(house, "n2", first=False) as there:
        ada, bob = await two(here, there)
        await speak(ada.phone, ada.ear, house, 2_500)
        assert len(there.of(e.CancelRequested)) == 1
        await here.say("And more, and more, and more.", "m_2")
        await speak(ada.phone, ada.ear, house, 2_000)
        assert agent(bob, 90) < SILENT
        await speak(ada.phone, ada.ear, house, 2_000, level=0.0)
        assert agent(bob, 40) > LOUD


@virtual
async def test_nobody_waits_for_long_for_a_node_that_is_gone() -> None:
    house = House()
    async with place(house, "n2") as there:
        bob = Guest(there, "bob", "a_bob", 2)
        await bob.call()
        async with place(house, "n1", first=False) as here:
            ada = Guest(here, "ada", "a_ada", 1)
            await ada.call()
            await here.say(TEXT * 4)
            await asyncio.sleep(1.5)
            await speak(ada.phone, ada.ear, house, 800)
            assert agent(bob, 25) < SILENT
        await asyncio.sleep(1.8)
        assert agent(bob, 30) > LOUD


def test_what_is_held_is_said_at_once_and_again() -> None:
    pauses = Pauses()
    assert pauses.due(0) is None
    pauses.moved("a", Move.HOLD)
    pauses.moved("a", Move.CUT)
    assert [pauses.due(now) for now in (0, AGAIN - 1, AGAIN, AGAIN + 1)] == [True, None, True, None]
    pauses.moved("b", Move.HOLD)
    pauses.moved("a", Move.RELEASE)
    assert pauses.due(AGAIN + 2) is None
    pauses.moved("b", Move.RELEASE)
    assert [pauses.due(AGAIN + 3), pauses.due(AGAIN + 900)] == [False, None]


SAID = st.tuples(
    st.sampled_from(["n1", "n2"]), st.booleans(), st.sampled_from([0, 1, AGAIN, STALE - 1, STALE])
)


@given(st.lists(SAID, max_size=40))
def test_a_node_holds_the_floor_exactly_while_it_has_said_so_lately(
    said: list[tuple[str, bool, int]],
) -> None:
    pauses, now = Pauses(), 0
    holds = dict.fromkeys(("n1", "n2"), False)
    until = dict.fromkeys(("n1", "n2"), 0)
    for node, held, later in said:
        now += later
        for gone in pauses.expire(now):
            assert holds[gone]
            holds[gone] = False
        move = pauses.heard(node, held, now)
        assert (move is Move.HOLD) == (held and not holds[node])
        assert (move is Move.RELEASE) == (holds[node] and not held)
        holds[node], until[node] = held, now + STALE
        assert all(now < until[each] for each, holding in holds.items() if holding)
