"""A whole node in this process, over its embedded store: TLS, and what its logs never say."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import (
    ClientConnectorCertificateError,
    ClientSession,
    ClientWebSocketResponse,
    TCPConnector,
    WSMsgType,
)

from hub.keys.certificates import certificates
from hub.keys.page_certificate import page_certificate
from hub.node.room import Room
from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as StoreOptions
from hub.store.promise import SessionKey
from legato.client import Client
from legato.session.tickets import DEFAULTS, Ticket
from signaling.logs import set_up_logs
from signaling.options import Options
from signaling.serve import Serving, serving

pytestmark = [pytest.mark.store, pytest.mark.timeout(120)]

CANARY: Final = "canary7351"
WAIT_S: Final = 30.0


@asynccontextmanager
async def node(folder: Path, **more: Any) -> AsyncIterator[Serving]:
    """A node with a session `s_1`."""
    options = Options(port=0, data=folder, ears="none", voice="none", **more)
    try:
        async with serving(options) as here:
            room = await here.node.create(SessionKey("main", "s_1"), "p_boss", {}, "")
            assert isinstance(room, Room)
            here.node.release(room)
            yield here
    finally:
        store = await EmbeddedStore.start(StoreOptions(folder / "store"), random=lambda: 0.5)
        await store.stop()


def ticket(here: Serving, name: str = "") -> str:
    """A supervisor's ticket."""
    now = int(time.time())
    return here.signer.mint(
        Ticket(
            kind="access", tenant="main", session="s_1", participant="p_ada", role="supervisor",
            capabilities=DEFAULTS["supervisor"], id=f"j_{os.urandom(8).hex()}", issued=now, not_before=now,
            expires=now + 600, name=name,
        )
    )  # fmt: skip


async def told(client: ClientSession, here: Serving, *envelopes: object) -> list[dict[str, Any]]:
    """All that a socket is told: of the first envelope, and (once that let it in) of the others, then of its end."""
    got: list[dict[str, Any]] = []
    waiting = [*envelopes, {"type": "detach"}]
    async with client.ws_connect(f"{here.url}/v1/connect", protocols=("legato.1",)) as socket:
        await _send(socket, waiting[:1])
        while (message := await asyncio.wait_for(socket.receive(), WAIT_S)).type is WSMsgType.TEXT:
            got.append(json.loads(message.data))
            if got[-1]["type"] == "attached":
                await _send(socket, waiting[1:])
    return got


async def _send(socket: ClientWebSocketResponse, envelopes: Sequence[object]) -> None:
    for envelope in envelopes:
        await socket.send_str(envelope if isinstance(envelope, str) else json.dumps(envelope))


async def test_over_tls_a_page_attaches_and_who_does_not_trust_the_certificate_goes(
    socket_folder: Path,
) -> None:
    certificate, key = await asyncio.to_thread(page_certificate, socket_folder / "tls", "127.0.0.1")
    trusting = await asyncio.to_thread(ssl.create_default_context, cafile=str(certificate))
    async with node(socket_folder, tls_cert=certificate, tls_key=key) as here:
        assert here.url.startswith("https://")
        attach = {"type": "attach", "v": 1, "ticket": ticket(here), "producer": "w_1"}
        async with ClientSession(connector=TCPConnector(ssl=trusting)) as client:
            assert (await told(client, here, attach))[0]["type"] == "attached"
            async with client.get(f"{here.url}/readyz") as answer:
                assert answer.status == 200
        async with ClientSession() as stranger:
            with pytest.raises(ClientConnectorCertificateError):
                await stranger.get(f"{here.url}/readyz")
        old = await asyncio.to_thread(ssl.create_default_context, cafile=str(certificate))
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        async with ClientSession(connector=TCPConnector(ssl=old)) as client:
            assert (await told(client, here, attach))[0]["type"] == "attached"


async def test_a_call_ticket_names_the_hubs_certificate_and_what_follows_it_the_next_one(
    socket_folder: Path,
) -> None:
    async with node(socket_folder) as here, ClientSession() as http:
        held = await certificates(here.keys, int(time.time()))
        async with Client(here.url, ticket=ticket(here)) as page:
            assert page.attached is not None
            headers = {"Authorization": f"Bearer {page.attached.connection}"}
            asked = {"fingerprint": held.current.fingerprint}
            path = f"{here.url}/v1/sessions/s_1/calls/tickets"
            async with http.post(path, json=asked, headers=headers) as answer:
                given = await answer.json()
        assert given["fingerprint"] == held.current.fingerprint
        assert given["next"]["fingerprint"] == held.next.fingerprint
        assert given["next"]["expires"] - given["expires"] == 86_400


async def test_no_ticket_no_name_no_words_and_no_sdp_reach_the_logs_or_the_metrics(
    socket_folder: Path,
) -> None:
    with captured() as lines:
        async with node(socket_folder) as here, ClientSession() as client:
            good = ticket(here, f"Name {CANARY}")
            attach = {"type": "attach", "v": 1, "ticket": good, "producer": "w_1", "device": CANARY}
            got = await told(client, here, attach, *_said())
            assert {each["type"] for each in got} >= {"attached", "refused", "acks"}
            for first in _first(good):
                await told(client, here, first)
            for method, path, bearer, body in _requests(good):
                headers = {"Authorization": f"Bearer {bearer}", "User-Agent": CANARY, "Referer": CANARY}
                async with client.request(method, here.url + path, json=body, headers=headers) as answer:
                    await answer.read()
            logging.getLogger("legato.test").warning("a field in a hurry", extra={"words": CANARY})
            try:
                raise ValueError(CANARY)
            except ValueError:
                logging.getLogger("legato.test").exception("it failed: %s", CANARY)
            async with client.get(f"{here.url}/metrics") as answer:
                metrics = await answer.text()
            assert answer.status == 200
    written = lines.getvalue()
    assert [json.loads(line)["message"] for line in written.splitlines()].count("ticket refused") >= 3
    for secret in (CANARY, good, good.rpartition(".")[2]):
        assert secret not in written
        assert secret not in metrics


def _said() -> list[object]:
    words = {"type": "post_message", "message": "m_1", "parts": [{"text": f"words {CANARY}"}]}
    return [
        {"type": "do", "seq": 1, "commands": [words]},
        {"type": "do", "seq": 2, "commands": [words]},
        {"type": "do", "seq": 3, "commands": [{"type": f"sing_{CANARY}"}]},
        {"type": "do", "seq": 4, "commands": [{"type": "post_message", CANARY: 1}]},
        {"type": "signal", "name": CANARY, "data": CANARY},
        {"type": "history", "id": CANARY},
        {"type": CANARY},
    ]


def _first(good: str) -> list[object]:
    """First envelopes that do not get in."""
    return [
        f'{{"{CANARY}"',
        {"type": "attach", "v": 1, "ticket": CANARY, "producer": "w_1"},
        {"type": "attach", "v": 1, "ticket": good[:-8] + CANARY, "producer": "w_1"},
        {"type": "attach", "v": 1, "ticket": good, "producer": f"no name {CANARY}"},
        {"type": "attach", "v": 1, "ticket": good, "producer": "w_1", "position": CANARY},
        {"type": "attach", "v": 1, "ticket": good, "producer": "w_1", "key": {"kty": CANARY}},
        {"type": "resume", "v": 1, "ticket": good, "producer": "w_1", "proof": CANARY},
        {"type": "work", "v": 1, "ticket": good, "name": CANARY, "worker": "k_1"},
    ]


def _requests(good: str) -> list[tuple[str, str, str, object]]:
    sdp = {"sdp": f"v=0\r\no={CANARY} 1 1 IN IP4 127.0.0.1\r\ns={CANARY}\r\n", "type": "offer"}
    session = "/v1/sessions/s_1"
    return [
        ("GET", f"/{CANARY}?{CANARY}={CANARY}", good, None),
        ("GET", f"/v1/sessions/{CANARY}", good, None),
        ("GET", session, CANARY, None),
        ("POST", f"{session}/calls", good, sdp),
        ("POST", f"{session}/commands", good, {"producer": "w", "seq": 1, "commands": [{"type": CANARY}]}),
        ("POST", "/v1/sessions", good, {"title": CANARY, CANARY: 1}),
        ("POST", "/v1/tickets", good, {"name": CANARY}),
        ("POST", "/v1/tickets/revoke", good, {"id": CANARY}),
        ("POST", "/v1/attach", "", {"type": "attach", "v": 1, "ticket": CANARY, "producer": "w"}),
    ]


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, as a node of its own would write it, debugging included."""
    root, lines = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    quiet = logging.getLogger("asyncio").level
    set_up_logs("debug", lines)
    try:
        yield lines
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.getLogger("asyncio").setLevel(quiet)
        logging.getLogger("aiohttp.access").disabled = False
