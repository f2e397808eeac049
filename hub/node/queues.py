"""What waits for an agent, in the store: one queue of sessions that any of its workers may take, and one for each set
of needs, so that what nobody here may take keeps nothing else from being seen.

    concierge                   sessions that need nothing
    concierge?language=de       sessions that need `language=de`
    concierge?                  which of these there are: no sessions, but needs

A queue is named there after its first session waits in it, and no more when it was found empty; it is named again if a
session came meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, zip_longest
from typing import Final

from hub.store.promise import SessionKey, Store

SEPARATOR: Final = "?"
MOST_NAMED: Final = 256
"""Queues of an agent that are looked at."""


def queue_of(agent: str, needs: str) -> str:
    """Where a session waits that needs this of the agent's worker."""
    return f"{agent}{SEPARATOR}{needs}" if needs else agent


def agent_of(queue: str) -> str:
    """Whose queue it is."""
    return queue.partition(SEPARATOR)[0]


def needs_of(queue: str) -> str:
    """What who waits in it needs."""
    return queue.partition(SEPARATOR)[2]


async def enter(store: Store, queue: str, key: SessionKey, since: int) -> None:
    """The session waits there from here on."""
    await store.want(key.tenant, queue, key, since)
    if needs := needs_of(queue):
        await store.want(key.tenant, _names(agent_of(queue)), SessionKey(key.tenant, needs), since)


async def waiting(
    store: Store, tenant: str, agent: str, limit: int, labels: Collection[frozenset[str]]
) -> Mapping[SessionKey, frozenset[str]]:
    """Who waits that a worker with one of these sets of labels may take, and needs what: of each queue the longest
    waiting come first, and the queues in turns."""
    if not any(labels):
        return dict.fromkeys(await store.wanted(tenant, agent, limit), frozenset())
    named = [each.session for each in await store.wanted(tenant, _names(agent), MOST_NAMED)]
    met = ["", *(needs for needs in named if any(words_of(needs) <= each for each in labels))]
    found = await asyncio.gather(*[store.wanted(tenant, queue_of(agent, needs), limit) for needs in met])
    turns: Iterable[tuple[SessionKey, str] | None] = chain.from_iterable(
        zip_longest(*[[(key, needs) for key in keys] for needs, keys in zip(met, found, strict=True)])
    )
    await _forget(
        store, tenant, agent, [needs for needs, keys in zip(met, found, strict=True) if needs and not keys]
    )
    return {each[0]: words_of(each[1]) for each in turns if each is not None}


def words_of(needs: str) -> frozenset[str]:
    """What must be among a worker's labels."""
    return frozenset(needs.split())


async def _forget(store: Store, tenant: str, agent: str, empty: Collection[str]) -> None:
    for needs in empty:
        name = SessionKey(tenant, needs)
        await store.unwant(tenant, _names(agent), name)
        if await store.wanted(tenant, queue_of(agent, needs), 1):
            await store.want(tenant, _names(agent), name, 0)


def _names(agent: str) -> str:
    return agent + SEPARATOR
