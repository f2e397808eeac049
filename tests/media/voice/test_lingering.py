"""A session's voice lingers after its last call; a call that comes while it goes has a voice that stays."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from hub.store.promise import SessionKey, Store, StoreUnavailable
from legato.session import events as e
from media.rtc.call import Call
from media.voice.session import LINGER
from tests.hub.node.builders import KEY, USER, House, passes, until, virtual
from tests.media.voice.test_session import Phone, Place, place


class SlowVault:
    """Takes sound when it is let."""

    def __init__(self) -> None:
        self.asked, self.may = asyncio.Event(), asyncio.Event()

    async def record_audio(self, store: Store, key: SessionKey, track: str, before: int) -> int:
        self.asked.set()
        await self.may.wait()
        return 0


def needed(here: Place) -> int:
    """By how many the room is needed."""
    return here.node._rooms.needed(here.room)


async def hung_up(here: Place) -> int:
    """Somebody calls, hears something, and hangs up. By how many the room is needed beside the voice."""
    alone = needed(here)
    voice, _ = await here.ring_up(Phone())
    assert needed(here) == alone + 1
    await here.say()
    await asyncio.sleep(8)
    assert voice.hang_up(USER.attachment)
    return alone


@virtual
async def test_who_calls_while_the_voice_goes_has_one_that_stays_and_the_old_one_goes() -> None:
    async with place(House()) as here:
        vault, phone = SlowVault(), Phone(9)
        here.desk.sound = replace(here.desk.sound, vault=vault)
        alone = await hung_up(here)
        await until(lambda: here.desk.here(KEY) is None)
        await vault.asked.wait()
        calling = asyncio.ensure_future(here.ring_up(phone, 9))
        await asyncio.sleep(1)
        vault.may.set()
        voice, _ = await calling
        await asyncio.sleep(1)
        assert here.desk.here(KEY) is voice
        assert voice.has_call(USER.attachment)
        assert not phone.closed
        assert needed(here) == alone + 1, "the old one let its room go"
        assert voice.hang_up(USER.attachment)
        await asyncio.sleep(2 * LINGER / 1000)
        assert here.desk.here(KEY) is None
        assert needed(here) == alone
        assert [event.call for event in here.of(e.VoiceEnded)] == ["call7", "call9"]


@virtual
async def test_a_call_that_shakes_hands_while_the_voice_would_go_has_it_still() -> None:
    async with place(House()) as here:
        phone = Phone(9)
        await hung_up(here)
        await asyncio.sleep(LINGER / 1000 - 0.2)
        async with here.desk.voice(
            KEY
        ) as voice:  # as a call by ticket is joined: it begins when its handshake is done
            assert voice is not None
            ear = await voice.ear_for(USER.attachment, USER.participant)
        await asyncio.sleep(1)
        returning = await voice.returning(USER.participant)
        voice.begin(ear, "call9", cast("Call", phone), returning)
        await asyncio.sleep(1)
        assert here.desk.here(KEY) is voice
        assert not phone.closed


@pytest.mark.parametrize("turns", range(12))
def test_a_call_that_is_given_up_while_its_voice_opens_leaves_no_voice_behind(turns: int) -> None:
    @virtual
    async def leaves_nothing() -> None:
        async with place(House()) as here:
            alone = needed(here)

            async def call() -> None:
                async with here.desk.voice(KEY):
                    pass

            calling = asyncio.ensure_future(call())
            await passes(turns)
            calling.cancel()
            await asyncio.sleep(2 * LINGER / 1000)
            assert here.desk.here(KEY) is None
            assert needed(here) == alone

    leaves_nothing()


class AwayVault:
    """Takes no sound: the store is away."""

    async def record_audio(self, store: Store, key: SessionKey, track: str, before: int) -> int:
        raise StoreUnavailable("away")


@virtual
async def test_a_node_that_stops_while_the_store_is_away_stops() -> None:
    async with place(House()) as here:
        here.desk.sound = replace(here.desk.sound, vault=AwayVault())
        await here.ring_up(Phone())
        await here.say()
        await asyncio.sleep(5)
        desk = here.desk
    assert len(desk) == 0
    assert not desk._errands._tasks, "nothing of it works on"
