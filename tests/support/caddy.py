"""The configuration that `examples/Caddyfile` gives people, in a real Caddy.

Three things are put in for what nobody has on a test machine: a name that resolves here, a certificate of Caddy's own
making, and the port of the hub. The rest is the file, word for word.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from tests.support.processes import ROOT, folder

SHIPPED: Final = ROOT / "examples" / "Caddyfile"
READY_S: Final = 20.0
FIRST: Final = """{
	admin off
	skip_install_trust
	auto_https disable_redirects
}
"""


@dataclass
class Caddy:
    """A proxy at `url`. Killed, it takes all its connections with it."""

    configuration: Path
    home: Path
    port: int
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    async def start(self) -> None:
        """Run it, and wait until the hub answers through it."""
        with (self.home / "caddy.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                "caddy", "run", "--config", str(self.configuration), "--adapter", "caddyfile",
                env={"PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_DATA_HOME": str(self.home)},
                stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(READY_S), aiohttp.ClientSession() as http:
            while not await _ready(http, self.url):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


async def _ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/readyz", ssl=False) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def configured(shipped: str, port: int, hub: int) -> str:
    """The shipped file with this machine's words in their places."""
    for word, ours in (
        ("\nhub.example {\n", f"\nlocalhost:{port} {{\n\ttls internal\n"),
        ("reverse_proxy 127.0.0.1:7070 {", f"reverse_proxy 127.0.0.1:{hub} {{"),
    ):
        assert shipped.count(word) == 1, word
        shipped = shipped.replace(word, ours)
    return FIRST + shipped


@asynccontextmanager
async def caddy(hub: int) -> AsyncIterator[Caddy]:
    """One before the hub's port."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    async with folder() as home:
        file = home / "Caddyfile"
        await asyncio.to_thread(file.write_text, configured(SHIPPED.read_text(), port, hub))
        here = Caddy(file, home, port)
        try:
            await here.start()
            yield here
        finally:
            await here.kill()
