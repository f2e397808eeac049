"""One engine's process: started warm, asked one thing at a time, started again when it dies.

An `Engine` is used by one event loop. It has no task of its own: whoever asks also reads the answer, so there
is nothing to leak. A request that the engine did not survive is tried once more with a new process; if that
dies too, `SpeechFailed`. After several deaths in a row it is left alone for a while, because starting costs
a second of a core.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self, cast

from legato.speech import SpeechFailed
from media.engines import wire
from media.engines.wire import Answer, Failed, Product, Ready, Request, Sound
from media.engines.worker import MISSING

_LIMIT: Final = 1 << 20
_DEATHS: Final = 4


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Seconds, but for `max_waiting`: requests that may wait for their turn (more are refused as `busy`)."""

    start_timeout: float = 60.0
    request_timeout: float = 20.0
    stop_timeout: float = 2.0
    rest: float = 10.0
    max_waiting: int = 32
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the child's environment."""
    loud: bool = False
    """Whether what the engine prints is shown on stderr."""


@dataclass(frozen=True, slots=True)
class _Running:
    process: asyncio.subprocess.Process
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader


class _Died(Exception):
    """The process is gone, or not to be trusted any more. `reason`: `crashed`, `timeout`, `missing`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Engine:
    """The engine `name` (see `media.engines.models.MODELS`). Use as `async with`, or `start` and `close`."""

    def __init__(self, name: str, options: EngineOptions | None = None) -> None:
        self.name = name
        self.ready: Ready | None = None
        """What the living process said of itself; None while there is none."""
        self.starts = 0
        self._options = options or EngineOptions()
        self._running: _Running | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._request = 0
        self._body: int | None = None  # length of the message whose head was read already
        self._deaths = 0
        self._rest_until = 0.0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._running.process.pid if self._running else None

    async def start(self) -> None:
        """Have it warm before it is needed. Raises `SpeechFailed`."""
        async with self._turn:
            try:
                await self._warm()
            except _Died as death:
                await self._bury()
                raise SpeechFailed(self.name, death.reason) from None

    async def close(self) -> None:
        """End the process. It may be started again."""
        async with self._turn:
            await self._bury(self._options.stop_timeout)

    async def ask(self, make: Callable[[int], Request]) -> list[Product]:
        """All of the answer to one request, which `make` builds with the number it is given.

        Raises `SpeechFailed`. Cancelling is allowed at any time: what the engine still answers is dropped.
        """
        if self._waiting >= self._options.max_waiting:
            raise SpeechFailed(self.name, "busy")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._ask_twice(make)
        finally:
            self._waiting -= 1

    async def _ask_twice(self, make: Callable[[int], Request]) -> list[Product]:
        now = asyncio.get_running_loop().time
        if now() < self._rest_until:
            raise SpeechFailed(self.name, "crashed")
        reason = ""
        for _ in range(2):
            try:
                answers = await self._exchange(await self._warm(), make)
            except _Died as death:
                reason = death.reason
                await self._bury()
                self._deaths += 1
            else:
                self._deaths = 0
                return answers
        if self._deaths >= _DEATHS:
            self._rest_until = now() + self._options.rest
            self._deaths = 0
        raise SpeechFailed(self.name, reason)

    async def _warm(self) -> _Running:
        """The living process, warm; started if need be."""
        running = self._running
        if running is None or running.process.returncode is not None:
            await self._bury()
            running = self._running = await self._spawn()
            self.starts += 1
        if self.ready is None:
            answer = await self._read(running, self._options.start_timeout)
            if not isinstance(answer, Ready):
                raise _Died("crashed")
            self.ready = answer
        return running

    async def _spawn(self) -> _Running:
        pipe, stderr = asyncio.subprocess.PIPE, None if self._options.loud else asyncio.subprocess.DEVNULL
        # -P: a folder of the user's that is named like one of ours must not be taken for it.
        command = (sys.executable, "-P", "-m", "media.engines.worker", self.name)
        environment = {**os.environ, **self._options.environment}
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=stderr, env=environment, limit=_LIMIT
        )
        return _Running(
            process, cast("asyncio.StreamWriter", process.stdin), cast("asyncio.StreamReader", process.stdout)
        )

    async def _exchange(self, running: _Running, make: Callable[[int], Request]) -> list[Product]:
        self._request += 1
        request = make(self._request)
        try:
            running.stdin.write(wire.encode(request))
            async with asyncio.timeout(self._options.request_timeout):
                await running.stdin.drain()
        except wire.BadMessage:
            raise SpeechFailed(self.name, "refused") from None
        except ConnectionError:
            raise _Died("crashed") from None
        except TimeoutError:
            raise _Died("timeout") from None
        answers: list[Product] = []
        while True:
            answer = await self._read(running, self._options.request_timeout)
            if isinstance(answer, Ready) or answer.request > self._request:
                raise _Died("crashed")
            if answer.request < self._request:
                continue  # of a request that was cancelled
            if isinstance(answer, Failed):
                raise SpeechFailed(self.name, "refused")
            answers.append(answer)
            if not isinstance(answer, Sound) or answer.last:
                return answers

    async def _read(self, running: _Running, timeout: float) -> Answer:
        """The next message. Cancelled between head and body, it goes on with the body."""
        try:
            async with asyncio.timeout(timeout):
                if self._body is None:
                    self._body = wire.length(await running.stdout.readexactly(wire.HEAD))
                body = await running.stdout.readexactly(self._body)
                self._body = None
            return wire.answer(body)
        except TimeoutError:
            raise _Died("timeout") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Died(await self._last_words(running)) from None
        except wire.BadMessage:
            raise _Died("crashed") from None

    async def _last_words(self, running: _Running) -> str:
        """Why a process that closed its stdout ended."""
        try:
            async with asyncio.timeout(self._options.stop_timeout):
                status = await running.process.wait()
        except TimeoutError:
            return "crashed"
        return "missing" if status == MISSING else "crashed"

    async def _bury(self, patience: float = 0.0) -> None:
        """End the process: it may end by itself (its stdin ends) within `patience` seconds, then it is killed."""
        running, self._running = self._running, None
        self.ready, self._body = None, None
        if running is None:
            return
        running.stdin.close()
        try:
            async with asyncio.timeout(patience):
                await running.process.wait()
        except TimeoutError:
            pass
        finally:
            if running.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    running.process.kill()
        await running.process.wait()
