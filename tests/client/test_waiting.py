"""Who waits for a batch gets its level, or an error whose type says whose turn it is now."""

from __future__ import annotations

import asyncio

import pytest

import legato
from legato.client.link import Settled
from legato.client.waiting import Waiting
from legato.session.commands import Refusal
from legato.session.outbox import Batch


async def told(refusal: Refusal | None) -> str:
    waiting = Waiting()
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting.put(7, future)
    waiting.settle(Settled(Batch(7, "{}"), refusal, level="buffered"))
    return await future


async def test_who_has_lost_the_right_is_superseded_and_whatever_catches_refusals_catches_that() -> None:
    with pytest.raises(legato.Superseded) as raised:
        await told(Refusal("stale_token", "", "worker:concierge", 3))
    assert isinstance(raised.value, legato.Refused)
    assert raised.value.refusal.expected == 3


async def test_any_other_refusal_is_no_loss_of_a_right() -> None:
    with pytest.raises(legato.Refused) as raised:
        await told(Refusal("wrong_order"))
    assert not isinstance(raised.value, legato.Superseded)
    assert await told(None) == "buffered"
