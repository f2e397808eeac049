"""Which stores a hub begins on, what its acknowledgements then say, and why it was told to take a poor one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import legato
from hub.store.fitness import StoreUnfit
from hub.store.promise import SessionKey
from legato.session.commands import PostMessage
from legato.session.parts import Part
from signaling.bench.first_audio import ticket_of
from signaling.cli.doctoring import doctor
from signaling.options import Options
from signaling.serve import serving
from tests.support.stores import Server, running

KEY = SessionKey("main", "s_1")


def on(server: Server, data: Path, accept_store: str = "", *, synced: bool = False) -> Options:
    url = f"redis://127.0.0.1:{server.port}"
    return Options(
        port=0, data=data, redis=url, accept_store=accept_store, synced=synced, ears="none", voice="none"
    )


async def said_by_doctor(data: Path) -> str:
    words = ["--data", str(data), "--port", "0"]
    return (await asyncio.to_thread(CliRunner().invoke, doctor, words)).output


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A store to set as one likes."""
    with running("redis") as server:
        yield server


async def test_doctor_repeats_why_a_poor_store_was_accepted_until_a_hub_needs_no_reason(
    own_server: Server, tmp_path: Path
) -> None:
    admin = own_server.admin()
    await admin.config_set("appendonly", "no")
    async with serving(on(own_server, tmp_path, accept_store="only a trial")):
        pass
    assert "accepted because: only a trial" in await said_by_doctor(tmp_path)
    await admin.config_set("appendonly", "yes")
    await admin.aclose()
    async with serving(on(own_server, tmp_path)):
        pass
    assert "accepted" not in await said_by_doctor(tmp_path)


async def test_synced_is_refused_on_a_store_that_is_not_and_said_of_each_acknowledgement_on_one_that_is(
    own_server: Server, tmp_path: Path
) -> None:
    admin = own_server.admin()
    await admin.config_set("appendfsync", "everysec")
    with pytest.raises(StoreUnfit, match="appendfsync always"):
        async with serving(on(own_server, tmp_path, synced=True)):
            pass
    await admin.config_set("appendfsync", "always")
    await admin.aclose()
    async with serving(on(own_server, tmp_path, synced=True)) as hub:
        room = await hub.node.create(KEY, "p_ada", {}, "")
        hub.node.release(room)  # type: ignore[arg-type]  # it was not refused: nobody made it before
        async with legato.Client(hub.url, ticket=ticket_of(hub, KEY.session, "user")) as ada:
            assert await ada.begin(PostMessage(message="m_1", parts=[Part(text="kept?")])) == "synced"
