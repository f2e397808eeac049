"""What we tell people to write works as it stands: the examples, and the blocks of README and docs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import click
import numpy as np
import pytest

import legato
from legato.session.commands import DecideTool
from legato.session.state import Message, State
from signaling.cli.root import main
from signaling.cli.tickets import mint_here, signer_here
from tests.e2e.minting import created, ticket_for
from tests.support.phone import phone
from tests.support.processes import ROOT, folder, running
from tests.support.sound import RATE, Samples, pitch

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES: Final = ("README.md", "docs/quickstart.md", "docs/agents.md", "docs/clients.md", "docs/operating.md")


def blocks(page: str, kind: str) -> list[str]:
    """The page's blocks of this kind."""
    return [body for found, body in BLOCK.findall((ROOT / page).read_text()) if found == kind]


PYTHON: Final = blocks("README.md", "python")
COMMANDS: Final = sorted(
    {
        line.removeprefix("$ ")
        for page in PAGES
        for body in blocks(page, "console")
        for line in body.splitlines()
        if line.startswith("$ ")
    }
)
TYPESCRIPT: Final = [
    pytest.param(body, id=f"{page}-{number}")
    for page in PAGES
    for number, body in enumerate(blocks(page, "ts"))
]
GIVEN: Final = """declare const getTicket: () => Promise<string>;
declare function render(state: unknown): void;
"""
"""What the README's page has of its own."""
JOINED: Final = """import type { Session } from "legato-web";
declare const session: Session;
"""
"""What a page has once it joined."""
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXAMPLES: Final = [ROOT / "examples" / "concierge.py"]
APPROVAL: Final = ROOT / "examples" / "tool_approval.py"
TWO_AGENTS: Final = ROOT / "examples" / "two_agents.py"
VOICE: Final = ROOT / "examples" / "voice_agent.py"
SCRIBE: Final = ROOT / "examples" / "scribe.py"
OWN_TARGET: Final = ROOT / "examples" / "own_target.py"
"""Run by `test_away`."""
TAKEOVER: Final = ROOT / "examples" / "takeover.py"


def whole(path: Path, tmp_path: Path, number: int) -> Path:
    """A block as a program of its own."""
    program = tmp_path / f"{path.stem}_{number}.py"
    program.write_text(PYTHON[number])
    return program


@asynccontextmanager
async def working(program: Path, data: Path, url: str, agent: str = "concierge") -> AsyncIterator[None]:
    """The program runs as an agent, with its credential in the environment as the README says."""
    ticket = await mint_here(data, os.environ, agent=agent)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), url.replace("http://", "ws://"),
        cwd=ROOT,
        env={**os.environ, "LEGATO_TICKET": ticket, "LEGATO_HUB": url, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        await process.wait()


def answers(state: State) -> list[str]:
    """What the agent said."""
    return [
        "".join(part.text for part in entry.parts if part.kind == "text")
        for entry in state.transcript()
        if isinstance(entry, Message) and state.participants[entry.by].role == "agent"
    ]


async def answer(client: legato.Client, words: str) -> str:
    """Say it; what is answered."""
    turn = await client.say(words)
    await client.until(lambda state: turn not in state.turns, 30)
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


def test_each_example_is_run() -> None:
    assert sorted((ROOT / "examples").glob("*.py")) == sorted(
        (*EXAMPLES, APPROVAL, OWN_TARGET, SCRIBE, TAKEOVER, TWO_AGENTS, VOICE)
    )


async def test_a_refund_waits_for_a_yes_and_one_that_was_cut_off_for_somebody_who_knows() -> None:
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="cashier")
            async with legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada:
                async with working(APPROVAL, data, hub.url, "cashier"):
                    assert await answer(ada, "refund it") == "Which order shall I refund?"
                    asking = asyncio.create_task(answer(ada, "refund 4711"))
                    await decide(ada, approved=True)
                    assert await asking == "Refunded, under receipt R4711."
                    asking = asyncio.create_task(answer(ada, "refund 1234"))
                    await decide(ada, approved=False)
                    assert await asking == "No refund: denied."
                    asking = asyncio.create_task(answer(ada, "refund 5150"))
                    await decide(ada, approved=True)
                    await ada.until(
                        lambda state: any(each.status == "started" for each in state.open_tools()), 30
                    )
                async with working(APPROVAL, data, hub.url, "cashier"):  # that one was killed in the midst
                    await ada.until(lambda state: any(each.unknown for each in state.open_tools()), 30)
                    await decide(ada, approved=False, done=True)
                    assert await asking == "Then it is refunded already."


async def test_two_agents_hand_a_conversation_over_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            for agent in ("reception", "billing"):
                monkeypatch.setenv(agent.upper(), await mint_here(data, os.environ, agent=agent))
            session = await created(http, hub.url, signer, agent="reception")
            async with (
                working(TWO_AGENTS, data, hub.url),
                legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada,
            ):
                assert await answer(ada, "hello") == "Welcome. Ask me about an invoice."
                asked = "where is my invoice?"
                assert await answer(ada, asked) == f"Billing here. They asked: {asked}"
                assert answers(ada.state)[-2] == "I hand you over to billing."
                assert await answer(ada, "and the one before?") == f"Billing here. They asked: {asked}"
                assert await answer(ada, "no more, thanks") == "Welcome. Ask me about an invoice."
                assert ada.state.labels["agent"] == "reception"


async def test_a_scribe_reads_along_and_the_other_agent_answers() -> None:
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="concierge", listeners="scribe")
            env = {**os.environ, "LEGATO_TICKET": await mint_here(data, os.environ, agent="scribe")}
            scribe = await asyncio.create_subprocess_exec(
                sys.executable, str(SCRIBE), hub.url, cwd=ROOT,
                env={**env, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            async with legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada:
                await ada.until(lambda state: any(right.listens for right in state.rights.values()), 30)
                assert ada.state.responder == ""
                async with working(EXAMPLES[0], data, hub.url):
                    await answer(ada, "where is 4711?")
                assert scribe.stdout is not None
                async with asyncio.timeout(30):
                    heard = [(await scribe.stdout.readline()).decode().strip() for _ in range(3)]
                assert heard == [
                    "p_ada: where is 4711?",
                    'p_concierge calls order({"number":"4711"})',
                    "p_concierge: Order 4711 is shipped and arrives Thursday.",
                ]
            scribe.kill()
            await scribe.communicate()


async def test_who_calls_the_voice_agent_is_greeted_once_and_hears_its_bell() -> None:
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="bell")
            ticket = ticket_for(signer, session, "p_ada")
            async with working(VOICE, data, hub.url, "bell"), phone(hub.url, session, ticket) as ada:
                await ada.client.until(lambda state: len(answers(state)) == 1, 30)
                turn = await ada.client.say("ring the bell")
                await ada.client.until(lambda state: turn not in state.turns, 30)
                await ada.until(lambda: loud(ada.heard()) > RATE // 4)
                sound = ada.heard()
                begin = int(np.argmax(np.abs(sound) > 2_000))
                assert abs(pitch(sound[begin : begin + RATE // 5]) - 880) < 20
                assert answers(ada.client.state)[0] == "Hello, I can hear you. Say something."
                assert "".join(answers(ada.client.state)[1:]) == "Ding. You said: ring the bell "


def loud(sound: Samples) -> int:
    """How many of its samples are from the first loud one on."""
    over = np.abs(sound) > 2_000
    return len(sound) - int(np.argmax(over)) if over.any() else 0


async def decide(client: legato.Client, *, approved: bool, done: bool = False) -> None:
    """Answer the call that waits for a person."""
    await client.until(lambda state: any(each.status == "requested" for each in state.open_tools()), 30)
    (call,) = client.state.open_tools()
    await client.do(DecideTool(call=call.id, approved=approved, done=done))


@pytest.mark.parametrize("number", range(len(PYTHON)))
async def test_the_readmes_agent_works(number: int, tmp_path: Path) -> None:
    same = [path for path in EXAMPLES if path.read_text().partition('"""\n\n')[2] == PYTHON[number]]
    if not same:  # else it was run under its own name
        await serves_as_agent(whole(Path("readme.py"), tmp_path, number))


async def test_the_quickstart_leads_to_an_answer(tmp_path: Path) -> None:
    agent, backend = tmp_path / "agent.py", tmp_path / "backend.py"
    for path, block in zip((agent, backend), blocks("docs/quickstart.md", "python"), strict=True):
        path.write_text(block)
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, working(agent, data, hub.url):
            (line,) = (line for line in COMMANDS if "--capability mint" in line)
            asked = (*shlex.split(line.partition("$(legato ")[2].rstrip(")")), "--data", str(data))
            said = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "signaling", *asked, cwd=ROOT, stdout=asyncio.subprocess.PIPE
            )
            ticket = (await said.communicate())[0].decode().strip()
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(backend), stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "LEGATO_TICKET": ticket, "LEGATO_HUB": hub.url},
            )  # fmt: skip
            session, minted = (await process.communicate())[0].decode().split()
            assert session.startswith("s_")
            async with legato.Client(hub.url, ticket=minted) as ada:
                assert await answer(ada, "hello") == "You said: hello "


async def test_the_agent_of_the_docs_works(tmp_path: Path) -> None:
    program = tmp_path / "shop.py"
    program.write_text("\n\n".join(blocks("docs/agents.md", "python")))
    async with folder() as shared:
        data = shared / "data"
        async with (
            running("serve", data=data) as hub,
            aiohttp.ClientSession() as http,
            working(program, data, hub.url, "shop"),
        ):
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="shop")
            ticket = ticket_for(signer, session, "p_ada")
            async with legato.Client(hub.url, ticket=ticket) as ada:
                await ada.until(lambda state: "Welcome to the shop." in answers(state), 30)
                assert await answer(ada, "hello") == "That was turn 1. "
                assert await answer(ada, "where is my order?") == "It is shipped."
                refusing = asyncio.create_task(answer(ada, "a refund, please"))
                await ada.until(lambda state: any(each.approval for each in state.open_tools()), 30)
                (call,) = ada.state.open_tools()
                await ada.do(DecideTool(call=call.id, approved=False))
                assert (await refusing).startswith("That was not done: ")
                assert answers(ada.state).count("Welcome to the shop.") == 1


async def test_the_person_of_the_docs_is_answered_and_speaks(tmp_path: Path) -> None:
    program = tmp_path / "person.py"
    program.write_text("\n\n".join(blocks("docs/clients.md", "python")))
    async with folder() as shared:
        data = shared / "data"
        async with (
            running("serve", data=data) as hub,
            aiohttp.ClientSession() as http,
            working(EXAMPLES[0], data, hub.url),
        ):
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="concierge")
            env = {"LEGATO_TICKET": ticket_for(signer, session, "p_ada"), "LEGATO_HUB": hub.url}
            person = await asyncio.create_subprocess_exec(
                sys.executable, str(program), cwd=ROOT,
                env={**os.environ, **env, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            async with asyncio.timeout(40):
                told = (await person.communicate())[0].decode()
            assert person.returncode == 0, told
            for line in ("level: buffered buffered", "refused: not_allowed", "safe until 24000 at buffered"):
                assert line in told
            assert "agent: Order 4711 is shipped and arrives Thursday." in told
            assert told.rstrip().count("user: ") == 4


@pytest.mark.parametrize("block", TYPESCRIPT)
def test_a_page_of_the_docs_is_typed_as_it_stands(block: str, tmp_path: Path) -> None:
    web = ROOT / "web"
    given = (GIVEN if "getTicket =" not in block else "") + (JOINED if "session =" not in block else "")
    (tmp_path / "page.ts").write_text(given + block + "\nexport {};\n")
    entries = {
        "legato-web": [f"{web}/src/client/index.ts"],
        "legato-web/voice": [f"{web}/src/voice/voice.ts"],
    }
    options = {"paths": entries, "types": [], "noEmit": True}
    config = {"extends": f"{web}/tsconfig.json", "compilerOptions": options, "include": ["page.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    checked = subprocess.run(
        [web / "node_modules" / ".bin" / "tsc", "--project", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_docs_can_be_given(line: str) -> None:
    inner = re.search(r"\$\((.*)\)\s*(?:#.*)?$", line)
    words = shlex.split((inner[1] if inner else line).replace("&", ""), comments=True)
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in targets
    elif words[:2] == ["pip", "install"]:
        extras = re.fullmatch(r"\.\[(.*)\]", words[2])
        assert extras is not None
        assert set(extras[1].split(",")) <= set(PROJECT["optional-dependencies"])
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file() or words[1] in ("agent.py", "backend.py", "-c")
    else:
        assert words[0] == "legato", f"what is `{words[0]}`?"
        assert isinstance(main, click.Group)
        verb = main.get_command(click.Context(main), words[1])
        assert verb is not None
        verb.make_context(words[1], words[2:])
