"""What calls by ticket may take of the voice: what their pages said, and what the log said as they came."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from legato.session.events import Medium
from legato.session.modality_rules import PLAYOUT, switched
from legato.session.presence_rules import attached
from legato.wire.up import Dial
from tests.session.talk import Talk
from tests.signaling.voice.test_dialling import Hub, hub, key_of, phone

VOICE: Final[tuple[Medium, ...]] = ("text", "audio")
EAR: Final = PLAYOUT + "ada"


def two_devices(here: Hub) -> Talk:
    """The page's attachment, and another that has the voice."""
    talk = Talk()
    for device in ("a_1", "a_2"):
        talk.put(attached(talk.state, "ada", device, 7))
    moves(here, talk, "a_2")
    return talk


def moves(here: Hub, talk: Talk, device: str) -> None:
    talk.put(switched(talk.state, device, VOICE, VOICE))
    here.state = talk.state


async def test_a_call_that_nobody_announced_takes_the_voice_from_nobody() -> None:
    async with hub() as here, phone(here) as one:
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        (claim,) = here.voice.claims
        assert (claim.attachment, claim.again) == ("a_1", True)


async def test_who_announces_it_later_asks_for_the_voice_then() -> None:
    async with hub() as here, phone(here) as one:
        two_devices(here)
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True))
        await here.voice.until(lambda: len(here.voice.claims) > 1)
        asked = here.voice.claims[-1]
        assert (asked.again, asked.seen[EAR], len(here.voice.begun)) == (False, 1, 1)
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True))
        assert len(here.voice.claims) == 2, "said again it adds nothing"


@pytest.mark.parametrize("again", [False, True])
async def test_a_call_is_judged_by_the_numbers_that_the_log_had_as_it_was_dialled(again: bool) -> None:
    async with hub() as here, phone(here) as one:
        talk = two_devices(here)
        here.dialling.announce(here.line(), Dial(call=key_of(one), ready=True, again=again))
        moves(here, talk, "a_1")
        moves(here, talk, "a_2")
        one.send(one.peer.check())
        await here.voice.until(lambda: here.voice.up)
        await asyncio.gather(*here.tasks)
        (claim,) = here.voice.claims
        assert (claim.again, claim.seen[EAR], talk.state.rights[EAR].token) == (again, 1, 3)
