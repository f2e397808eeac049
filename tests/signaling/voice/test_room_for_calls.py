"""A page lets more calls wait than one ticket has room for."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from legato.wire.up import Dial
from tests.signaling.voice.test_dialling import hub, key_of, phone, waiting
from tests.support.call_sockets import HOST, PeerSocket, settled
from tests.support.checks import check


async def test_one_more_call_by_a_ticket_takes_the_place_of_one_that_was_left_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signaling.voice.dialling.MOST_AT_ONCE", 2)
    async with hub() as here, phone(here, waits=True) as one:
        keys = [f"{one.peer.hub_ufrag}:page{number}" for number in range(3)]
        with ExitStack() as pages:
            for key in keys:
                page = pages.enter_context(PeerSocket((HOST, here.port.port)))
                page.send(check(key, one.peer.hub_password, os.urandom(12)))
                await settled(here.port)
        assert [here.port.mux.checked(key) is not None for key in keys] == [False, True, True]


async def test_a_call_that_somebody_calls_by_makes_room_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.voice.dialling.MOST_AT_ONCE", 1)
    async with hub() as here, phone(here, waits=True) as one:
        await waiting(here, one)
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True))
        another = f"{one.peer.hub_ufrag}:another"
        with PeerSocket((HOST, here.port.port)) as page:
            page.send(check(another, one.peer.hub_password, os.urandom(12)))
            await settled(here.port)
        assert here.port.mux.checked(key_of(one)) is not None
        assert here.port.mux.checked(another) is None
