"""A session that left for the vault, asked for at a whole node's doors over its embedded store."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from hub.keys.anchors import Anchors
from hub.node.room import Room
from hub.settings import Settings
from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as StoreOptions
from hub.store.promise import SessionKey
from hub.verify import verify
from legato.session.tickets import CEILINGS, Ticket
from signaling.options import Options
from signaling.serve import Serving, opened_vault, serving

pytestmark = [pytest.mark.store, pytest.mark.timeout(150)]

KEY: Final = SessionKey("main", "s_1")
SETTINGS: Final = Settings(idle_close=200, snapshot_quiet=100, sweep=50)
PATIENCE_S: Final = 45.0
BLOB: Final = b"a picture" * 1000


@asynccontextmanager
async def node(folder: Path) -> AsyncIterator[Serving]:
    """A node with a session that is archived a second after its last event."""
    options = Options(port=0, data=folder, ears="none", voice="none", settings=SETTINGS)
    try:
        async with serving(options) as here:
            room = await here.node.create(KEY, "p_boss", {"archive_after_s": "1"}, "")
            assert isinstance(room, Room)
            here.node.release(room)
            yield here
    finally:
        store = await EmbeddedStore.start(StoreOptions(folder / "store"), random=lambda: 0.5)
        await store.stop()


class Desk:
    """A supervisor at a node's HTTP doors."""

    def __init__(self, client: ClientSession, here: Serving) -> None:
        now = int(time.time())
        ticket = Ticket(
            kind="access", tenant="main", session="*", participant="p_ada", role="supervisor",
            capabilities=frozenset(CEILINGS["supervisor"]), id=f"j_{os.urandom(8).hex()}", issued=now,
            not_before=now, expires=now + 600,
        )  # fmt: skip
        self.ticket = here.signer.mint(ticket)
        self._client, self._url = client, here.url

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.ticket}"}
        async with self._client.request(method, self._url + path, headers=headers, **more) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if answer.content_type == "application/json" else raw

    @asynccontextmanager
    async def attached(self) -> AsyncIterator[dict[str, Any]]:
        """What is told to somebody who attaches, and stays inside."""
        async with self._client.ws_connect(f"{self._url}/v1/connect", protocols=("legato.1",)) as socket:
            attach = {"type": "attach", "v": 1, "ticket": self.ticket, "session": "s_1", "producer": "w_1"}
            await socket.send_str(json.dumps(attach))
            yield json.loads((await socket.receive(PATIENCE_S)).data)
            await socket.send_str(json.dumps({"type": "detach"}))
            while not socket.closed:
                await socket.receive(PATIENCE_S)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so: nobody is told of a session's leaving."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)


async def archived(here: Serving) -> None:
    """Wait until the session has left."""

    async def left() -> bool:
        return await here.store.archived(KEY) is not None

    await until(left)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_an_archived_session_is_listed_read_verified_joined_and_erased(socket_folder: Path) -> None:
    async with node(socket_folder) as here, ClientSession() as client:
        desk = Desk(client, here)
        for n in range(1, 6):
            said = {"type": "post_message", "message": f"m_{n}", "parts": [{"text": f"words {n}"}]}
            body = {"producer": "w_1", "seq": n, "commands": [said]}
            assert (await desk.ask("POST", "/v1/sessions/s_1/commands", json=body))[0] == 200
        blob = f"/v1/sessions/s_1/blobs/{sha256(BLOB).hexdigest()}"
        assert (await desk.ask("PUT", blob, data=BLOB))[0] == 201
        _, before = await desk.ask("GET", "/v1/sessions/s_1/events")
        await archived(here)

        status, listed = await desk.ask("GET", "/v1/sessions")
        assert (status, [row["session"] for row in listed["sessions"]]) == (200, ["s_1"])
        assert await desk.ask("GET", "/v1/sessions/s_1/events") == (200, before)
        _, later = await desk.ask("GET", "/v1/sessions/s_1/events?after=3&limit=2")
        assert [event["offset"] for event in later["events"]] == [4, 5]
        report = await verify(
            KEY, here.store, here.keys, Anchors(here.secrets.anchor), opened_vault(here.options)
        )
        assert report is not None
        assert (report.entries, report.findings) == (len(before["events"]), [])
        assert await here.store.archived(KEY) is not None

        async with desk.attached() as told:
            assert told["type"] == "attached"
            assert await here.store.archived(KEY) is None, "nor does it go while somebody is there"
        assert [entry["id"] for entry in told["snapshot"]["entries"].values()] == [
            f"m_{n}" for n in range(1, 6)
        ]
        assert (await desk.ask("GET", blob)) == (200, BLOB)
        await archived(here)

        assert (await desk.ask("DELETE", "/v1/sessions/s_1"))[0] == 204
        assert (await desk.ask("GET", "/v1/sessions/s_1"))[0] == 410
        for rest in ("blobs", "vault"):
            assert not await asyncio.to_thread(files, socket_folder / rest)


async def test_what_retention_erases_leaves_no_blob_either(socket_folder: Path) -> None:
    async with node(socket_folder) as here, ClientSession() as client:
        desk = Desk(client, here)
        blob = f"/v1/sessions/s_1/blobs/{sha256(BLOB).hexdigest()}"
        assert (await desk.ask("PUT", blob, data=BLOB))[0] == 201
        labels = {"type": "label_session", "labels": {"erase_after_s": "2"}}
        body = {"producer": "w_1", "seq": 1, "commands": [labels]}
        assert (await desk.ask("POST", "/v1/sessions/s_1/commands", json=body))[0] == 200

        async def erased() -> bool:
            gone = await here.store.exists(KEY) == "erased"
            return gone and not await asyncio.to_thread(files, socket_folder / "blobs")

        await until(erased)
