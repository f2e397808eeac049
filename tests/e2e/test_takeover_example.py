"""The example of a person at a terminal who takes over, beside a caller and an agent of a real hub."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import aiohttp
import pytest

import legato
from legato.session.state import Message
from signaling.cli.tickets import signer_here
from tests.e2e.minting import created, ticket_for
from tests.e2e.test_examples import EXAMPLES, TAKEOVER, answer, blocks, working
from tests.support.processes import ROOT, folder, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]


async def test_a_person_takes_over_from_the_example_agent_and_hands_back() -> None:
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="concierge")
            async with (
                working(EXAMPLES[0], data, hub.url),
                legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada,
            ):
                await answer(ada, "hello")
                ticket = ticket_for(signer, session, "p_olga", "operator")
                process = await asyncio.create_subprocess_exec(
                    sys.executable, str(TAKEOVER), hub.url, cwd=ROOT,
                    env={**os.environ, "LEGATO_TICKET": ticket, "PYTHONPATH": str(ROOT)},
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                assert process.stdin is not None
                await ada.until(lambda state: "p_olga" in state.participants, 30)
                process.stdin.write(b"\n")
                await ada.until(lambda state: state.responder == "p_olga", 30)
                process.stdin.write(b"/hold\n")
                await ada.until(lambda state: state.held == "p_olga", 30)
                process.stdin.write(b"/back\n")
                await ada.until(lambda state: not state.held, 30)
                turn = await ada.say("is anybody there?")
                process.stdin.write(b"A person is.\n")
                await ada.until(lambda state: turn not in state.turns, 30)
                (said,) = (entry for entry in ada.state.transcript() if entry.by == "p_olga")
                assert isinstance(said, Message)
                assert said.parts[0].text == "A person is."
                process.stdin.write(b"\nshe is in a hurry\n")
                out, _ = await process.communicate()
                assert (process.returncode, b"is anybody there?" in out) == (0, True)
                await ada.until(lambda state: not state.wrap_ups, 30)
                assert ada.state.participants[ada.state.responder].role == "agent"
                assert ada.state.briefing == "she is in a hurry"
                assert await answer(ada, "where is 4711?") == "Order 4711 is shipped and arrives Thursday."


async def test_a_person_at_a_terminal_sends_what_the_agent_drafts_and_the_caller_sees_one_message(
    tmp_path: Path,
) -> None:
    shop = tmp_path / "shop.py"
    shop.write_text("\n\n".join(blocks("docs/agents.md", "python")))
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="shop")
            ticket = ticket_for(signer, session, "p_olga", "operator")
            async with (
                working(shop, data, hub.url, "shop"),
                legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada,
            ):
                await ada.until(lambda state: bool(state.responder), 30)
                process = await asyncio.create_subprocess_exec(
                    sys.executable, str(TAKEOVER), hub.url, cwd=ROOT,
                    env={**os.environ, "LEGATO_TICKET": ticket, "PYTHONPATH": str(ROOT)},
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(b"\n")
                await ada.until(lambda state: state.responder == "p_olga", 30)
                turn = await ada.say("where is it?")
                while b"draft: Thank you for asking" not in await process.stdout.readline():
                    assert process.returncode is None
                process.stdin.write(b"/draft\n")
                await ada.until(lambda state: turn not in state.turns, 30)
                (said,) = (entry for entry in ada.state.transcript() if entry.by == "p_olga")
                assert isinstance(said, Message)
                assert said.parts[0].text.startswith("Thank you for asking about “where is it?”.")
                assert ada.state.drafts == []
                process.stdin.write(b"\n\n")
                await process.communicate()
                assert process.returncode == 0
