"""The example of a page that goes from voice to text and back, as a newcomer serves it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page

from media.engines.openai import wav
from signaling.cli.tickets import signer_here
from tests.e2e.minting import created, ticket_for
from tests.e2e.test_examples import VOICE, working
from tests.support.chromium import launched, opened
from tests.support.processes import ROOT, folder, running
from tests.support.spoken import silence

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(120)]
PATIENCE_MS = 30_000


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    """The project's folder, as Vite serves it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    vite = str(ROOT / "web" / "node_modules" / ".bin" / "vite")
    asked = [vite, ".", "--host", "127.0.0.1", "--port", str(port), "--strictPort"]
    process = await asyncio.create_subprocess_exec(*asked, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while b"Local" not in await process.stdout.readline():
                pass
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.communicate()


async def shows(page: Page, words: str) -> None:
    await page.get_by_text(words).first.wait_for(timeout=PATIENCE_MS)


async def test_one_conversation_is_typed_spoken_and_typed_again(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    await asyncio.to_thread(quiet.write_bytes, wav(silence(60_000), 48_000))
    async with folder() as shared, served() as address:
        data = shared / "data"
        async with running("serve", "--origin", address, data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="bell")
            ticket = ticket_for(signer, session, "p_ada")
            url = f"{address}/examples/voice_to_text.html?hub={hub.url}#{session}&{ticket}"
            async with (
                working(VOICE, data, hub.url, "bell"),
                launched(quiet) as browser,
                opened(browser, url) as tab,
            ):
                await tab.page.fill("#words", "first, typed")
                await tab.page.press("#words", "Enter")
                await shows(tab.page, "You said: first, typed")
                await tab.page.click("#talk")
                await tab.page.wait_for_function("document.getElementById('how').textContent === 'voice'")
                await tab.page.fill("#words", "typed on a call")
                await tab.page.press("#words", "Enter")
                await shows(tab.page, "You said: typed on a call")
                await tab.page.click("#type")
                await tab.page.wait_for_function("document.getElementById('how').textContent === 'text'")
                await tab.page.fill("#words", "and typed again")
                await tab.page.press("#words", "Enter")
                await shows(tab.page, "You said: and typed again")
                assert tab.errors == [], "\n".join(tab.errors)
