"""Somebody pauses in mid sentence on the phone: over real sockets, heard by the demo's ears and the real judge."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from click.testing import CliRunner

from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as StoreOptions
from hub.store.promise import SessionKey
from legato.session.events import TurnEnded, TurnStarted
from legato.session.tickets import CEILINGS, Ticket
from media.engines.endings import ChildEndings
from signaling.cli.doctoring import doctor
from signaling.options import Options
from signaling.serve import serving
from tests.support.phone import Phone, phone
from tests.support.spoken import silence
from tests.support.turn_model import parted_by_espeak, turn_model

pytestmark = [pytest.mark.voice, pytest.mark.store, pytest.mark.timeout(150)]

PAUSE_MS: Final = 1_000


@asynccontextmanager
async def caller(folder: Path, model: Path) -> AsyncIterator[tuple[Phone, list[str], ChildEndings]]:
    """Somebody on the phone in a session where nobody answers; what happened to turns; and the node's judge."""
    options = Options(port=0, data=folder, ears="moonshine", voice="none", turn_model=model)
    happened: list[str] = []
    try:
        async with serving(options) as here:
            await here.node.create(SessionKey("main", "s_1"), "p_boss", {}, "")
            now = int(time.time())
            ticket = Ticket(
                kind="access", tenant="main", session="s_1", participant="p_ada", role="user",
                capabilities=frozenset(CEILINGS["user"]), id=f"j_{os.urandom(8).hex()}", issued=now,
                not_before=now, expires=now + 600,
            )  # fmt: skip
            async with phone(here.url, "s_1", here.signer.mint(ticket)) as ada:
                ada.client.on.events.append(
                    lambda events: happened.extend(
                        type(each).__name__ for each in events if isinstance(each, TurnStarted | TurnEnded)
                    )
                )
                judge = here.voice.engines.endings
                assert isinstance(judge, ChildEndings)
                yield ada, happened, judge
    finally:
        store = await EmbeddedStore.start(StoreOptions(folder / "store"), random=lambda: 0.5)
        await store.stop()


async def turns_in(ada: Phone, happened: list[str], said: bytes) -> int:
    """In how many turns this was heard."""
    happened.clear()
    await ada.say(np.frombuffer(said, dtype=np.int16), then_s=3.0)
    await ada.until(
        lambda: "TurnStarted" in happened and happened.count("TurnStarted") == happened.count("TurnEnded"), 40
    )
    return happened.count("TurnStarted")


async def test_a_caller_who_pauses_is_judged(socket_folder: Path) -> None:
    model = await asyncio.to_thread(turn_model)
    said = silence(PAUSE_MS).join(await parted_by_espeak())
    async with caller(socket_folder, model) as (ada, happened, judge):
        assert await turns_in(ada, happened, said) > 0
        # Whether it is one turn hangs on how soon the judge answers on this machine: see `media/engines/test_endings`.
        await ada.until(lambda: judge.judged > 0, 40)


async def test_without_the_model_it_is_two_and_the_hub_runs_on(socket_folder: Path) -> None:
    said = silence(PAUSE_MS).join(await parted_by_espeak())
    async with caller(socket_folder, socket_folder / "nowhere.onnx") as (ada, happened, judge):
        assert await turns_in(ada, happened, said) > 1
        assert judge.judged == 0


async def test_doctor_says_whether_the_model_can_be_loaded(socket_folder: Path) -> None:
    junk = socket_folder / "junk.onnx"
    junk.write_bytes(b"no model")
    model = await asyncio.to_thread(turn_model)
    for path, says in (
        (model, "ok       turn model         smart-turn-v3.2-cpu, loaded in "),
        (junk, f"missing  turn model         {junk} cannot be loaded"),
        (socket_folder / "none", f"missing  turn model         {socket_folder / 'none'} is no file"),
    ):
        words = ["--data", str(socket_folder / "data"), "--port", "0", "--turn-model", str(path)]
        done = await asyncio.to_thread(CliRunner().invoke, doctor, words)
        assert done.exit_code == 0, done.output
        assert says in done.output
