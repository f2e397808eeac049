"""A session that is offered to a worker, as its author judges it: read before the worker has anything to do with it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import msgspec

from legato.session.state import Participant, State
from legato.wire import down as d

log = logging.getLogger("legato.agent")
READ_S: Final = 5.0
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Offer:
    """A session that the agent may take. `participants` are all who take part and have not left; `state` is everything
    that its log says."""

    session: str
    title: str
    labels: dict[str, str]
    participants: tuple[Participant, ...]
    state: State


OnOffer = Callable[[Offer], Awaitable[bool | str | None]]


class OfferRefused(Exception):
    """The author does not want it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Read(msgspec.Struct):
    state: State


async def judge(
    on_offer: OnOffer | None, offered: d.Offered, hubs: Sequence[str], http: aiohttp.ClientSession
) -> None:
    """Ask the author. Raises `OfferRefused`; what fails in the author's hook refuses, too."""
    if on_offer is None:
        return
    offer = await _read(offered, hubs, http)
    try:
        said = await on_offer(offer)
    except Exception as problem:  # an author's hook may raise whatever: somebody else may take it
        log.exception("judging an offer failed", extra={"problem": type(problem).__name__})
        raise OfferRefused("failed") from problem
    if said is False or (isinstance(said, str) and said):
        raise OfferRefused(said or REFUSED)


async def _read(offered: d.Offered, hubs: Sequence[str], http: aiohttp.ClientSession) -> Offer:
    """Raises `aiohttp.ClientError`, `TimeoutError`."""
    problem: Exception = TimeoutError()
    for hub in hubs:
        address = (
            f"{hub.replace('ws', 'http', 1) if hub.startswith('ws') else hub}/v1/sessions/{offered.session}"
        )
        bearer = {"Authorization": f"Bearer {offered.ticket}"}
        try:
            async with http.get(
                address, headers=bearer, timeout=aiohttp.ClientTimeout(READ_S), raise_for_status=True
            ) as answer:
                state = msgspec.json.decode(await answer.read(), type=_Read).state
        except (aiohttp.ClientError, TimeoutError) as failed:
            problem = failed
        else:
            there = tuple(who for who in state.participants.values() if not who.left)
            return Offer(offered.session, state.title, state.labels, there, state)
    raise problem
