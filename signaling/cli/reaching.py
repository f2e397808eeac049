"""How the verbs that watch and keep reach a running hub: its address, and a ticket."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from os import environ
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import aiohttp
import click
import msgspec

from hub.keys.errors import KeysError
from signaling.cli.tickets import mint_here

F = TypeVar("F", bound=Callable[..., Any])
TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=5, sock_read=60)


class HubSaid(Exception):
    """The hub refused: its reason, and what it says about it."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(f"{reason}{f': {detail}' if detail else ''} (HTTP {status})")
        self.status, self.reason = status, reason


class NoHub(Exception):
    """What answers at `base` says nothing that a hub says."""

    def __init__(self, base: str) -> None:
        super().__init__(f"what answers at {base} is no hub: choose one with --hub")
        self.base = base


class _Error(msgspec.Struct):
    reason: str = "failed"
    detail: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


class Hub:
    """A hub as its operator reaches it."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http, self._base = http, base.rstrip("/")

    async def get(self, path: str, **query: str | int) -> Any:
        """The JSON at `path`. Raises `HubSaid`, `NoHub`, `aiohttp.ClientError`."""
        async with self._http.get(f"{self._base}{path}", params=query) as answer:
            return await self._json(answer)

    async def download(self, path: str, to: Path, **query: str | int) -> int:
        """Write what is at `path` to a file; how many bytes."""
        async with self._http.get(f"{self._base}{path}", params=query) as answer:
            if answer.status >= 400:
                await self._json(answer)
            total = 0
            with await asyncio.to_thread(to.open, "wb") as out:
                async for piece in answer.content.iter_chunked(65_536):
                    total += await asyncio.to_thread(out.write, piece)
            return total

    async def delete(self, path: str) -> Any:
        """Delete what is at `path`."""
        async with self._http.delete(f"{self._base}{path}") as answer:
            return await self._json(answer)

    async def _json(self, answer: aiohttp.ClientResponse) -> Any:
        raw = await answer.read()
        if answer.status >= 400:
            try:
                error = msgspec.json.decode(raw, type=_ErrorBody).error
            except msgspec.MsgspecError:
                error = _Error()
            raise HubSaid(answer.status, error.reason, error.detail)
        try:
            return msgspec.json.decode(raw) if raw else None
        except msgspec.DecodeError:
            raise NoHub(self._base) from None


@asynccontextmanager
async def reached(hub: str, ticket: str, data: Path) -> AsyncIterator[Hub]:
    """The hub at `hub`, by the given ticket or by one minted with the keys in `data`."""
    held = ticket or await mint_here(data, environ)
    headers = {"Authorization": f"Bearer {held}"}
    async with aiohttp.ClientSession(
        headers=headers, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        yield Hub(http, hub)


def hub_reached(command: F) -> F:
    """The options that say which hub, and by what right."""
    options = (
        click.option("--hub", default="http://127.0.0.1:7070", show_default=True, help="The hub's address."),
        click.option(
            "--ticket", default="", help="A ticket; without one, it is made with the keys in --data."
        ),
        click.option(
            "--data",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("legato-data"),
            show_default=True,
            help="The hub's data folder.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def run(work: Coroutine[Any, Any, None]) -> None:
    """Do it; say what went wrong in one line, and what to do."""
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except aiohttp.ClientConnectionError as problem:
        _end(f"no hub answers there ({problem}): is it running? choose it with --hub")
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as problem:
        _end(f"{problem} is no address of a hub: say --hub http://HOST:PORT")
    except aiohttp.ClientPayloadError:
        _end("the hub's answer broke off: try again")
    except aiohttp.ClientResponseError as problem:  # it speaks, but not HTTP, or leads in circles
        _end(f"{problem.request_info.url} does not answer as a hub does: choose one with --hub")
    except (HubSaid, NoHub, KeysError) as refused:
        _end(str(refused))
    except OSError as problem:  # of files: a connection's are above
        _end(f"{problem.filename or 'a file'} cannot be written ({problem.strerror}): choose another place")


def _end(why: str) -> NoReturn:
    click.echo(f"legato: {why}", err=True)
    sys.exit(1)
