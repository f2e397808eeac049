"""The console of a hub that is no demo: whoever brings a ticket of an operator comes in, and nobody else."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import aiohttp
import pytest

from signaling.cli.tickets import signer_here
from tests.e2e.minting import created
from tests.e2e.test_console import Console
from tests.support.chromium import launched, opened
from tests.support.page import serious_findings
from tests.support.processes import QUIET, Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def ticket(hub: Tree, *words: str) -> str:
    """As whoever runs the hub makes one."""
    command = [sys.executable, "-m", "signaling", "ticket", "--data", str(hub.folder), *words]
    child = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    said, _ = await child.communicate()
    assert child.returncode == 0
    return said.decode().strip()


async def test_who_brings_an_operators_ticket_comes_in_and_it_leaves_the_address() -> None:
    async with running("serve", *QUIET) as hub, aiohttp.ClientSession() as http, launched() as browser:
        session = await created(http, hub.url, await signer_here(hub.folder, os.environ))
        console = f"{hub.url.rstrip('/')}/console"
        given = await ticket(hub, "--role", "operator", "--name", "Olga Ödön")
        async with opened(browser, f"{console}#ticket={given}") as tab:
            desk = Console(tab)
            await desk.open(session)
            assert given not in desk.page.url
            await desk.key("t")
            await desk.place("answers")
            state = await desk.page.evaluate("legato.view.state")
            assert state["participants"][state["responder"]]["name"] == "Olga Ödön"
            await desk.page.reload()
            await desk.open(session)
            assert tab.errors == []


async def test_who_brings_none_or_no_operators_is_told_how_to_get_one() -> None:
    async with running("serve", *QUIET) as hub, launched() as browser:
        console = f"{hub.url.rstrip('/')}/console"
        users = await ticket(hub, "--session", "s_1", "--name", "Ada")
        good = await ticket(hub, "--role", "operator")
        for address in (console, f"{console}#ticket={users}", f"{console}#ticket={good[:-4]}AAAA"):
            async with opened(browser, address, bypass_csp=True) as tab:
                await tab.page.wait_for_selector("text=legato ticket --role operator", timeout=30_000)
                assert await serious_findings(tab.page) == []
                assert await tab.page.locator("#queue").count() == 0
