"""The tools that a hub calls, by HTTP: the `hub.node.errands.Caller`.

Signed as webhooks are (`signaling.webhooks`), with an `Idempotency-Key` that is the same in every try. Where a call
never goes is said in `signaling.outside`. What may be tried again is decided by two things: whether the callee may have
heard of it, and whether its doing it twice would do harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from aiohttp import ClientResponse
from aiohttp.abc import AbstractResolver

from hub.node.errands import AT_ONCE, Came, Errand, Progressed
from hub.node.registered import HubTool, Registered
from legato.session.limits import TEXTS
from legato.wire.strict import BadJson, check
from signaling.outside import NoAnswer, Outside
from signaling.webhooks import signature

MOST_BYTES: Final = 65_536
"""Of an answer; of one in lines, of each line."""

MOST_LINES: Final = 200
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
AGAIN: Final = frozenset({408, 409, 425, 429})
"""What a callee that honours keys answers when it is to be asked again; 409: it is still at it (see the IETF's draft
of the Idempotency-Key header)."""

SILENT: Final = "no answer in time"
NO_SENSE: Final = "its answer is neither JSON nor text"
TOO_LONG: Final = "its answer is too long"


@dataclass(frozen=True, slots=True)
class Callee:
    """A registered tool and where it is. `private`: http and private addresses, too."""

    tool: HubTool
    url: str
    key: bytes = field(repr=False)
    private: bool = False


class _Unfit(Exception):
    """The answer makes no sense; the text says why."""


class _Progress(msgspec.Struct):
    text: str = ""
    step: int = 0
    steps: int = 0


class Callees:
    """See the module. `wall` gives seconds UTC. Made within a running loop; to be closed."""

    def __init__(
        self, callees: Sequence[Callee], wall: Callable[[], float], names: AbstractResolver | None = None
    ) -> None:
        self._callees = {each.tool.name: each for each in callees}
        # One each: a callee that is slow holds up no other's calls. And a connection for each call that a node has
        # under way: one that waited here would lose of its time what the callee needs.
        self._outsides = {
            each.tool.name: Outside(private=each.private, names=names, anew=True, at_once=AT_ONCE)
            for each in callees
        }
        self._wall = wall

    @property
    def tools(self) -> Registered:
        """See the protocol."""
        return {name: each.tool for name, each in self._callees.items()}

    async def call(self, errand: Errand, within_s: float, progressed: Progressed) -> Came:
        """See the protocol."""
        callee = self._callees.get(errand.tool)
        if callee is None:
            return Came("failed", reason="this hub has no such tool")
        try:
            check(errand.arguments.encode())
        except BadJson:
            return Came("failed", reason="its arguments are no JSON")
        trying = _Trying(callee, self._outsides[errand.tool], errand, self._wall, progressed)
        return await trying.until(within_s)

    async def close(self) -> None:
        """Call no more."""
        for each in self._outsides.values():
            await each.close()


class _Trying:
    """One call, until something is known of it. `heard`: the callee may have heard of it."""

    def __init__(
        self,
        callee: Callee,
        outside: Outside,
        errand: Errand,
        wall: Callable[[], float],
        progressed: Progressed,
    ) -> None:
        self._callee, self._outside, self._errand, self._body = callee, outside, errand, _body(errand)
        self._wall, self._progressed = wall, progressed
        self._heard = False
        self._why = SILENT

    async def until(self, within_s: float) -> Came:
        try:
            async with asyncio.timeout(within_s):
                for pause in _pauses():
                    came = await self._once()
                    if came is not None:
                        return came
                    await asyncio.sleep(pause)
        except TimeoutError:
            pass
        return self._given_up()

    async def _once(self) -> Came | None:
        """What came of it; None: it may be tried again."""
        try:
            async with self._outside.ask(
                self._callee.url, self._body, self._headers(), self._reached
            ) as answer:
                self._why = f"status {answer.status}"
                if 200 <= answer.status < 300:
                    return await self._read(answer)
        except NoAnswer as silence:
            self._why, self._heard = silence.reason, silence.sent or self._heard
            if silence.never:
                return Came("failed", reason=self._why)
            return None if self._errand.idempotent or not self._heard else self._given_up()
        if answer.status in AGAIN or answer.status >= 500:
            harmless = self._errand.idempotent
            return None if harmless else self._given_up(known=answer.status < 500)
        return Came("failed", reason=self._why)

    def _reached(self) -> None:
        self._heard = True

    def _given_up(self, *, known: bool = False) -> Came:
        harmless = self._errand.idempotent or known or not self._heard
        return Came("failed" if harmless else "interrupted", reason=self._why)

    async def _read(self, answer: ClientResponse) -> Came:
        try:
            if answer.content_type == "application/x-ndjson":
                result = await self._last_line(answer)
            else:
                result = _result(await _whole(answer), answer.content_type)
        except _Unfit as unfit:
            return Came("failed", reason=str(unfit))
        if len(result) > TEXTS["result"]:
            return Came("failed", reason=TOO_LONG)
        return Came("finished", result)

    async def _last_line(self, answer: ClientResponse) -> str:
        """The result, which is the last of the lines; those before say how far it is."""
        for _ in range(MOST_LINES):
            try:
                line = await answer.content.readuntil(b"\n")
            except ValueError:
                raise _Unfit(TOO_LONG) from None
            if not line:
                break
            said = _json(line)
            if isinstance(said, dict) and "result" in said:
                return msgspec.json.encode(said["result"]).decode()
            try:
                how_far = msgspec.convert(said, _Progress)
            except msgspec.ValidationError:
                raise _Unfit(NO_SENSE) from None
            await self._progressed(how_far.text[: TEXTS["status"]], how_far.step, how_far.steps)
        raise NoAnswer("it broke off", sent=True)

    def _headers(self) -> dict[str, str]:
        at, name = str(int(self._wall())), self._errand.key
        return {
            "content-type": "application/json",
            "accept": "application/json, application/x-ndjson, text/plain",
            "accept-encoding": "identity",
            "idempotency-key": name,
            "webhook-id": name,
            "webhook-timestamp": at,
            "webhook-signature": signature(self._callee.key, name, at, self._body),
        }


def _body(errand: Errand) -> bytes:
    data: Mapping[str, object] = {
        "id": errand.key,
        "tool": errand.tool,
        "arguments": msgspec.Raw(errand.arguments.encode()),
        "call": errand.call,
        "session": errand.session,
        "tenant": errand.tenant,
        "time": errand.time,
    }
    return msgspec.json.encode({"type": "legato.tool_called", "data": data})


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def _whole(answer: ClientResponse) -> bytes:
    found = bytearray()
    async for chunk in answer.content.iter_chunked(8_192):
        found += chunk
        if len(found) > MOST_BYTES:
            raise _Unfit(TOO_LONG)
    return bytes(found)


def _result(body: bytes, kind: str) -> str:
    """The JSON text of an answer."""
    if not body.strip():
        return "null"
    if kind.startswith("text/"):
        try:
            return msgspec.json.encode(body.decode()).decode()
        except UnicodeDecodeError:
            raise _Unfit(NO_SENSE) from None
    return msgspec.json.encode(_json(body)).decode()


def _json(body: bytes) -> object:
    try:
        return check(body)
    except BadJson as bad:
        raise _Unfit(TOO_LONG if bad.problem == "size" else NO_SENSE) from None
