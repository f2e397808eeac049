"""An OpenAI-compatible chat model as an agent's mind: streams words, calls tools, at most five rounds."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import aiohttp
import msgspec

import legato
from legato.agent.tools import Tool
from signaling.demo.directions import Directions

ROUNDS: Final = 5
PROMPT: Final = (
    "You are the concierge of a shop for string instruments, in a live conversation by voice and text. "
    "Answer in one to three short spoken sentences. Use the tools for orders and refunds."
)

DRAFT: Final = (
    " A colleague answers now: write only what they might say next, without promising what you do not know."
)
REDIRECT: Final = "(Go on from where you are, but: do not repeat what you said.) "


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function = msgspec.field(default_factory=_Function)


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []


@dataclass(slots=True)
class _Wanted:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A chat model behind an OpenAI-compatible address."""

    base: str
    key: str
    name: str
    timeout: aiohttp.ClientTimeout = field(
        default_factory=lambda: aiohttp.ClientTimeout(total=120, sock_read=30)
    )

    @classmethod
    def from_environment(cls) -> Self | None:
        """The model that `OPENAI_API_KEY`, `OPENAI_BASE_URL` and `OPENAI_MODEL` name; None if none is."""
        base, key = os.environ.get("OPENAI_BASE_URL", ""), os.environ.get("OPENAI_API_KEY", "")
        if not base and not key:
            return None
        return cls(
            (base or "https://api.openai.com/v1").rstrip("/"),
            key,
            os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
        )

    async def answer(self, turn: legato.Turn, tools: Sequence[Tool], directions: Directions) -> None:
        """Answer the turn: words as they come, tools as they are asked for, another way when somebody wants one."""
        lines: list[dict[str, Any]] = [{"role": "system", "content": PROMPT}]
        lines += [{"role": line.role, "content": line.text} for line in turn.history]
        async with aiohttp.ClientSession(timeout=self.timeout) as http:
            for _ in range(ROUNDS):
                wanted: dict[int, _Wanted] = {}
                said = ""
                async for delta in self._stream(http, lines, tools):
                    if delta.content:
                        said += delta.content
                        await turn.say(delta.content)
                    for call in delta.tool_calls or []:
                        _gather(wanted, call)
                    if directions.asked(turn.id):
                        break
                if words := directions.take(turn.id):
                    lines += [
                        {"role": "assistant", "content": said},
                        {"role": "user", "content": REDIRECT + words},
                    ]
                elif wanted:
                    await _use(turn, lines, list(wanted.values()))
                else:
                    return

    async def draft(self, history: Sequence[legato.Said]) -> str:
        """What a person might say next. No tool is used for it."""
        lines: list[dict[str, Any]] = [{"role": "system", "content": PROMPT + DRAFT}]
        lines += [{"role": line.role, "content": line.text} for line in history]
        async with aiohttp.ClientSession(timeout=self.timeout) as http:
            return "".join([delta.content or "" async for delta in self._stream(http, lines, ())])

    async def _stream(
        self, http: aiohttp.ClientSession, lines: list[dict[str, Any]], tools: Sequence[Tool]
    ) -> AsyncIterator[_Delta]:
        body: dict[str, Any] = {"model": self.name, "messages": lines, "stream": True}
        if tools:
            body["tools"] = [_described(tool) for tool in tools]
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        async with http.post(f"{self.base}/chat/completions", json=body, headers=headers) as answer:
            answer.raise_for_status()
            async for raw in answer.content:
                line = raw.strip()
                if not line.startswith(b"data:") or line.endswith(b"[DONE]"):
                    continue
                for choice in msgspec.json.decode(line[5:], type=_Chunk).choices:
                    yield choice.delta


def _described(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }


def _gather(wanted: dict[int, _Wanted], call: _Call) -> None:
    one = wanted.setdefault(call.index, _Wanted())
    one.id = call.id or one.id
    one.name += call.function.name or ""
    one.arguments += call.function.arguments or ""


async def _use(turn: legato.Turn, lines: list[dict[str, Any]], wanted: list[_Wanted]) -> None:
    calls = [
        {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
        for one in wanted
    ]
    lines.append({"role": "assistant", "content": None, "tool_calls": calls})
    for one in wanted:
        try:
            result = await turn.call(one.name, **msgspec.json.decode(one.arguments or "{}"))
        except (legato.ToolFailed, KeyError, msgspec.MsgspecError) as problem:
            result = {"error": str(problem)}
        lines.append(
            {"role": "tool", "tool_call_id": one.id, "content": msgspec.json.encode(result).decode()}
        )
