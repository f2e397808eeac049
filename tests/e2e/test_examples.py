"""What we tell people to write works as it stands: the examples, and the README's blocks."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import click
import pytest

import legato
from legato.session.state import Message, State
from signaling.cli.root import main
from signaling.cli.tickets import mint_here, signer_here
from tests.e2e.minting import created, ticket_for
from tests.support.processes import ROOT, folder, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]
README: Final = (ROOT / "README.md").read_text()
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON: Final = [body for kind, body in BLOCK.findall(README) if kind == "python"]
COMMANDS: Final = [
    line.removeprefix("$ ")
    for kind, body in BLOCK.findall(README)
    if kind == "console"
    for line in body.splitlines()
    if line.startswith("$ ")
]
EXAMPLES: Final = sorted((ROOT / "examples").glob("*.py"))


def whole(path: Path, tmp_path: Path, number: int) -> Path:
    """A block as a program of its own."""
    program = tmp_path / f"{path.stem}_{number}.py"
    program.write_text(PYTHON[number])
    return program


@asynccontextmanager
async def working(program: Path, data: Path, url: str) -> AsyncIterator[None]:
    """The program runs as an agent, with its credential in the environment as the README says."""
    ticket = await mint_here(data, os.environ, agent="concierge")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), url.replace("http://", "ws://"),
        cwd=ROOT, env={**os.environ, "LEGATO_TICKET": ticket, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def answer(client: legato.Client, words: str) -> str:
    """Say it; what is answered."""
    turn = await client.say(words)
    await client.until(lambda state: turn not in state.turns, 30)

    def answers(state: State) -> list[str]:
        return [
            "".join(part.text for part in entry.parts)
            for entry in state.transcript()
            if isinstance(entry, Message) and entry.by == "p_concierge"
        ]

    return answers(client.state)[-1]


async def serves_as_agent(program: Path) -> None:
    """It answers typed text and calls its tool, in a session of a real hub."""
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="concierge")
            ticket = ticket_for(signer, session, "p_ada")
            async with (
                working(program, data, hub.url),
                legato.Client(hub.url, ticket=ticket) as ada,
            ):
                assert await answer(ada, "hello") == "You said: hello. Ask me about an order. "
                assert await answer(ada, "where is 4711?") == "Order 4711 is shipped and arrives Thursday."


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_works_as_an_agent_of_a_real_hub(example: Path) -> None:
    await serves_as_agent(example)


@pytest.mark.parametrize("number", range(len(PYTHON)))
async def test_the_readmes_agent_works(number: int, tmp_path: Path) -> None:
    same = [path for path in EXAMPLES if path.read_text().partition('"""\n\n')[2] == PYTHON[number]]
    if not same:  # else it was run under its own name
        await serves_as_agent(whole(Path("readme.py"), tmp_path, number))


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_readme_can_be_given(line: str) -> None:
    inner = re.search(r"\$\((.*?)\)", line)
    words = shlex.split((inner[1] if inner else line).replace("&", ""), comments=True)
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in targets
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
    else:
        assert words[0] == "legato", f"what is `{words[0]}`?"
        assert isinstance(main, click.Group)
        verb = main.get_command(click.Context(main), words[1])
        assert verb is not None
        verb.make_context(words[1], words[2:])
