"""Commands with the mistakes that people make: one line says what is wrong, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web

from tests.support.commands import Done, legato

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

REFUSED: Final = 78
QUIET: Final = ("--port", "0", "--ears", "none", "--voice", "none")


def told(done: Done, code: int, *says: str) -> None:
    """It ended with that code, and said all of that in one line."""
    assert done.code == code, done
    (line,) = done.err.splitlines()
    assert line.startswith("legato: ")
    for words in says:
        assert words in line
    assert done.out == ""


@asynccontextmanager
async def answering(said: bytes) -> AsyncIterator[str]:
    """Something that answers whatever is asked with that, and is no hub; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def a_web_site() -> AsyncIterator[str]:
    """It has a page for whatever is asked for; its address."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>Tulips</title>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("hub", ["localhost:7070", "ftp://localhost", "http://", "http://localhost:port", ""])
async def test_what_is_no_address_of_a_hub_is_named_with_how_one_looks(tmp_path: Path, hub: str) -> None:
    done = await legato("sessions", "--hub", hub, at=tmp_path)
    told(done, 1, hub, "is no address of a hub: say --hub http://HOST:PORT")


async def test_who_answers_and_is_no_hub_is_told_from_one(tmp_path: Path) -> None:
    async with a_web_site() as url:
        for words in (("sessions",), ("tail", "s_1"), ("export", "s_1"), ("erase", "s_1", "--yes")):
            told(await legato(*words, "--hub", url, at=tmp_path), 1, url, "is no hub: choose one with --hub")
    async with answering(b"-ERR unknown command 'GET'\r\n") as url:
        told(await legato("sessions", "--hub", url, at=tmp_path), 1, url, "choose one with --hub")


async def test_an_answer_that_breaks_off_is_no_traceback(tmp_path: Path) -> None:
    async with answering(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"sess') as url:
        told(await legato("sessions", "--hub", url, at=tmp_path), 1, "broke off: try again")


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "file").write_text, "")
    done = await legato("export", "s_1", "--to", "file/taken", at=tmp_path)
    told(done, 1, "file/taken cannot be written (Not a directory): choose another place")
    bad = ("--data", "file/data")
    for words in (("sessions",), ("ticket", "--role", "supervisor"), ("ticket", "--agent", "bell")):
        told(await legato(*words, *bad, at=tmp_path), 1, "file/data/keys (Not a directory)", "choose another")
    for verb in ("demo", "serve"):
        done = await legato(verb, *QUIET, *bad, at=tmp_path)
        told(done, REFUSED, "file/data/keys (Not a directory)", "choose another")
    told(await legato("demo", *QUIET, "--lan", *bad, at=tmp_path), REFUSED, "file/data/lan", "choose another")


async def test_a_secret_that_is_too_short_is_named_with_what_a_secret_is(tmp_path: Path) -> None:
    for secret in ("short", "c2hvcnQ"):
        for code, words in (
            (REFUSED, ("demo", *QUIET)),
            (1, ("sessions",)),
            (1, ("ticket", "--agent", "bell")),
        ):
            done = await legato(*words, at=tmp_path, LEGATO_TICKET_SECRET=secret)
            told(done, code, "LEGATO_TICKET_SECRET: a secret is base64url of at least 32 bytes")
