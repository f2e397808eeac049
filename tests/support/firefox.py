"""A real Firefox for tests, headless, driven over its own remote protocol (W3C WebDriver BiDi) without a driver.

    async with firefox() as browser:
        await browser.open(url)
        await browser.until("document.title === 'Legato'")

Its microphone is the browser's own fake one, a steady tone. Each has a profile of its own.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.support.patience import holds

START_S: Final = 40.0
CALL_S: Final = 40.0
COMMAND: Final = "firefox-esr"
PREFERENCES: Final = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "remote.prefs.recommended": True,
}


class ScriptFailed(Exception):
    """A command was refused, or a script threw."""


class Firefox:
    """One tab of one browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._context = ""

    async def begin(self) -> None:
        """Begin the session of the protocol, in the tab that is there."""
        await self.call("session.new", capabilities={})
        tree = await self.call("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def call(self, method: str, within: float = CALL_S, **parameters: Any) -> Any:
        """One command; commands are given one after another."""
        number = next(self._numbers)
        async with asyncio.timeout(within):
            await self._socket.send_json({"id": number, "method": method, "params": parameters})
            while True:
                answer = json.loads(await self._socket.receive_str())
                if answer.get("id") != number:
                    continue  # an event that nobody waits for
                if answer["type"] == "error":
                    raise ScriptFailed(f"{method}: {answer['message']}")
                return answer["result"]

    async def open(self, url: str) -> None:
        """Go there; returns when the page has loaded."""
        await self.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def before(self, function: str) -> None:
        """Run the function in every page, before anything else of it."""
        await self.call("script.addPreloadScript", functionDeclaration=function)

    async def evaluate(self, expression: str, within: float = CALL_S) -> Any:
        """The value of the expression (awaited), as JSON carries it."""
        said = await self.call(
            "script.callFunction",
            within,
            functionDeclaration=f"async () => JSON.stringify(await ({expression}) ?? null)",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if said["type"] == "exception":
            raise ScriptFailed(said["exceptionDetails"]["text"])
        return json.loads(said["result"]["value"])

    async def until(self, condition: str, seconds: float = 20) -> None:
        """Wait until the expression is true in the page."""
        await holds(lambda function: self.evaluate(f"({function})()", seconds), condition, seconds)

    async def press(self, selector: str) -> None:
        """Click the middle of the element, as a pointer does."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = await self.evaluate(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({box})")
        down = {"type": "pointerDown", "button": 0}
        moves = [
            {"type": "pointerMove", "x": round(x), "y": round(y)},
            down,
            {"type": "pointerUp", "button": 0},
        ]
        await self._act({"type": "pointer", "id": "mouse", "actions": moves})

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        await self._act({"type": "key", "id": "keyboard", "actions": keys})

    async def shot(self, path: Path) -> None:
        """Keep a picture."""
        found = await self.call("browsingContext.captureScreenshot", context=self._context)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(found["data"]))

    async def _act(self, source: dict[str, Any]) -> None:
        await self.call("input.performActions", context=self._context, actions=[source])


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """A browser of its own; it and its profile are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="legato-firefox-", ignore_cleanup_errors=True) as profile:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()
        ]
        await asyncio.to_thread((Path(profile) / "user.js").write_text, "\n".join(lines))
        process = await asyncio.create_subprocess_exec(
            *(COMMAND, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"HOME": profile, "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"},
        )
        draining: asyncio.Task[bytes] | None = None
        try:
            assert process.stderr is not None
            address = await _address(process.stderr)
            draining = asyncio.create_task(process.stderr.read())
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(f"{address}/session", max_msg_size=0) as ws,
            ):
                browser = Firefox(ws)
                await browser.begin()
                yield browser
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if draining is not None:
                await draining


async def _address(stderr: asyncio.StreamReader) -> str:
    """Where it listens, as it says itself."""
    async with asyncio.timeout(START_S):
        while line := await stderr.readline():
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line.decode(errors="replace"))
            if found is not None:
                return found[1]
    raise AssertionError("Firefox ended before it could be driven")
