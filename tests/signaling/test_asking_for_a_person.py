"""Whoever takes part may ask for a person, and take it back, without knowing a command by name."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

import legato
from legato.session.events import Event
from tests.signaling.doors import KEY, WAIT_S, doors

SCRIBED = type(KEY)("main", "s_scribed")


async def test_a_user_asks_for_a_person_with_a_reason_and_takes_it_back() -> None:
    async with (
        doors() as here,
        legato.Client(here.url, ticket=here.ticket("p_ada", session=KEY.session)) as ada,
        legato.Client(here.url, ticket=here.ticket("p_bob", session=KEY.session)) as bob,
    ):
        await ada.ask_for_human("my refund", "billing")
        await bob.until(lambda state: state.asking is not None, WAIT_S)
        asking = bob.state.asking
        assert asking is not None
        assert (asking.by, asking.reason, asking.skill) == ("p_ada", "my refund", "billing")
        with pytest.raises(legato.Refused) as twice:
            await bob.ask_for_human("so do I")
        with pytest.raises(legato.Refused) as anothers:
            await bob.withdraw_request()
        await ada.until(lambda state: state.asking is not None, WAIT_S)
        await ada.withdraw_request("found it")
        await ada.until(lambda state: state.asking is None, WAIT_S)
        with pytest.raises(legato.Refused) as nothing:
            await ada.withdraw_request()
        reasons = [each.value.refusal.reason for each in (twice, anothers, nothing)]
        assert reasons == ["already_exists", "not_allowed", "not_found"]


async def test_an_agent_that_only_listens_may_ask_for_a_person() -> None:
    scribe = legato.Agent("scribe", listens=True)

    @scribe.on_event
    async def heed(session: legato.Engagement, event: Event) -> None:
        if event.type == "message_posted":
            await session.ask_for_human("they are angry")
            await session.ask_for_human("they still are")

    async with doors(sessions=()) as here:
        room = await here.node.create(SCRIBED, "p_boss", {"listeners": "scribe"}, "")
        here.node.release(room)  # type: ignore[arg-type]  # it was not refused: nobody made it before
        working = asyncio.create_task(scribe.work(here.url, ticket=here.ticket("p_scribe", "agent", "*")))
        async with legato.Client(here.url, ticket=here.ticket("p_ada", session=SCRIBED.session)) as ada:
            await ada.until(lambda state: "worker:scribe" in state.rights, WAIT_S)
            await ada.say("I am angry")
            await ada.until(lambda state: state.asking is not None, WAIT_S)
            assert ada.state.asking is not None
            assert ada.state.asking.reason == "they are angry"
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
