"""What of the demo is for whoever sits at its machine alone, asked for by others: by a page whose name was rebound, by
a proxy or a tunnel that runs on the machine, and by the demo's own page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from tests.support.processes import Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]

OPERATE: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("/demo/operator", {"role": "supervisor"}),
    ("/demo/join", {"role": "operator"}),
)
KILL: Final = ("/demo/kill", {"what": "agent"})
SECRET: Final = "A" * 43


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub() -> AsyncIterator[Tree]:
    async with running("demo") as hub:
        yield hub


async def ask(hub: Tree, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[int, Any]:
    """As a browser of this machine asks."""
    url = f"http://127.0.0.1:{port_of(hub)}{path}"
    async with ClientSession() as http, http.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else {}


def port_of(hub: Tree) -> str:
    return hub.url.rpartition(":")[2]


def shown_as(hub: Tree, name: str) -> dict[str, str]:
    """What a page that is shown under that name sends: its origin is what it asks."""
    host = f"{name}:{port_of(hub)}"
    return {"Host": host, "Origin": f"http://{host}"}


async def owns(hub: Tree, headers: Mapping[str, str]) -> bool:
    """Whether who asks so may operate the demo. Nobody else may break it, either; but all may come in."""
    joined, invitation = await ask(hub, "/demo/join", {}, headers)
    assert joined == 200
    answers = [await ask(hub, path, body, headers) for path, body in OPERATE]
    if not invitation["breakable"]:
        agent = await hub.pid("agent")
        answers.append(await ask(hub, *KILL, headers))
        assert await hub.pid("agent") == agent
        for status, body in answers:
            assert (status, body["error"]["reason"]) == (403, "not_allowed")
            assert "open http://localhost" in body["error"]["detail"], "what to do instead is said"
    else:
        assert [status for status, _ in answers] == [200, 200]
    return bool(invitation["breakable"])


@pytest.mark.parametrize(
    "name", ["rebound.example", "localhost.rebound.example", "127.0.0.1.rebound.example", "[2001:db8::7]"]
)
async def test_a_page_whose_name_was_rebound_to_this_machine_is_neither_operator_nor_kills(
    hub: Tree, name: str
) -> None:
    """The page was loaded from a machine of its own; then its name, which is theirs who made it, became 127.0.0.1. So
    what it asks comes here, and from here, and its origin is that of whom it asks: only the name tells."""
    assert not await owns(hub, shown_as(hub, name))


async def test_the_demos_own_page_operates_and_breaks_it(hub: Tree) -> None:
    for name in ("localhost", "127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:7f00:1]"):
        assert await owns(hub, shown_as(hub, name)), name
    agent = await hub.pid("agent")
    assert (await ask(hub, *KILL, shown_as(hub, "localhost")))[0] == 202
    await hub.replaced("agent", agent)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_who_comes_by_a_proxy_or_a_tunnel_of_this_machine_does_not_own_it(
    hub: Tree, header: str
) -> None:
    for said in ("192.0.2.7", "127.0.0.1"):
        assert not await owns(hub, {**shown_as(hub, "localhost"), header: said}), "anybody may say it"


async def test_a_request_that_names_nobody_is_not_the_owners(hub: Tree) -> None:
    assert [(await ask(hub, *each, {"Host": ""}))[0] for each in (*OPERATE, KILL)] == [403] * 3


async def test_behind_a_proxy_that_is_trusted_its_word_counts_and_not_its_own_address() -> None:
    async with running("demo", "--proxy", "127.0.0.1", LEGATO_TICKET_SECRET=SECRET) as hub:
        passed = {
            "X-Forwarded-For": "192.0.2.7",
            "X-Forwarded-Host": "localhost",
            "X-Forwarded-Proto": "http",
        }
        assert not await owns(hub, {"Host": "localhost", "Origin": "http://localhost", **passed})
        forged = {"X-Forwarded-Host": f"rebound.example:{port_of(hub)}"}
        assert not await owns(hub, {**shown_as(hub, "rebound.example"), **forged})
        assert await owns(hub, shown_as(hub, "localhost"))


async def test_the_name_that_the_demo_was_told_to_listen_at_is_its_own() -> None:
    async with running("demo", "--host", "0.0.0.0", LEGATO_TICKET_SECRET=SECRET) as hub:
        assert await owns(hub, shown_as(hub, "0.0.0.0"))
        assert await owns(hub, shown_as(hub, "localhost"))
        assert not await owns(hub, shown_as(hub, "rebound.example"))
