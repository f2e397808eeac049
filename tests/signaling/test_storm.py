"""When many come back at once, a live call passes those that wait before it, through the doors that everybody uses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from legato.wire.up import Attach, Resume
from signaling.admission import Admission
from tests.signaling.doors import WAIT_S, ClientKey, Doors, Page, doors


class Slow:
    """A doorkeeper who lets nobody in before `open` is set, and remembers whom it let in."""

    def __init__(self, admit: Callable[[Attach | Resume], Awaitable[Any]]) -> None:
        self._admit = admit
        self.came: list[str] = []
        self.open = asyncio.Event()

    async def __call__(self, envelope: Attach | Resume) -> Any:
        self.came.append(envelope.producer)
        await self.open.wait()
        return await self._admit(envelope)


async def resuming(here: Doors, name: str, was: str) -> dict[str, Any]:
    """Somebody attaches and is lost: the envelope with which it comes back."""
    key = ClientKey()
    async with Page.at(here) as page:
        answer = await page.attach(here.ticket(f"p_{name}"), producer=f"w_{name}", key=key.jwk)
    ticket = answer["resume"]
    return {
        "type": "resume", "v": 1, "ticket": ticket["ticket"], "proof": key.proof(ticket["nonce"]),
        "producer": f"w_{name}", "position": answer["position"], "was": was,
    }  # fmt: skip


async def eventually(counted: Callable[[], int], wanted: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while counted() != wanted:  # noqa: ASYNC110  # neither the line nor the doorkeeper says when it grew
            await asyncio.sleep(0.01)


async def test_a_live_call_comes_back_before_answers_and_answers_before_who_only_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admission = Admission(at_once=1)
    async with doors(admission=admission) as here, AsyncExitStack() as pages:
        lost = [("first", ""), ("idle", ""), ("idler", ""), ("answer", "streaming"), ("call", "voice")]
        back = [await resuming(here, name, was) for name, was in lost]
        slow = Slow(here.hall.doorkeeper.admit)
        monkeypatch.setattr(here.hall.doorkeeper, "admit", slow)
        back_on = [await pages.enter_async_context(Page.at(here)) for _ in back]

        def known() -> int:
            return len(slow.came) + admission.waiting

        for number, (page, envelope) in enumerate(zip(back_on, back, strict=True)):
            await page.send(envelope)
            await eventually(known, number + 1)
        slow.open.set()
        for page in back_on:
            await page.until("attached")
        assert slow.came == ["w_first", "w_call", "w_answer", "w_idle", "w_idler"]
