"""What the demo serves beside the protocol: the page, a ticket for whoever opens it, a QR code, things to break.

Whoever reaches the demo may come in: it is for this machine, or with `--lan` for the network one is in. Killing is
offered to whoever sits at this machine (`owner.py`).
"""

from __future__ import annotations

import asyncio
import io
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec
import segno
from aiohttp import web

from hub.store.promise import SessionKey
from legato.session.actors import agents_participant
from legato.session.commands import Refusal
from legato.session.ids import MAIN, new_id, well_formed
from legato.session.tickets import new_ticket
from legato.speech import SpeechFailed
from signaling.demo import brain
from signaling.demo.console import Console
from signaling.demo.owner import Owner
from signaling.demo.reading import read_body
from signaling.http.errors import Refused, json_response
from signaling.pages import PAGE_HEADERS, add_console, page_folder
from signaling.serve import Serving

log: Final = logging.getLogger("legato.demo")
AGENT: Final = "concierge"
ANSWER_S: Final = 0.02
MOST_ADDRESS: Final = 2_000


class Join(msgspec.Struct):
    """Come in: to `session`, or (empty, or gone) to a new one."""

    session: str = ""
    participant: str = ""
    role: Literal["user", "operator"] = "user"
    """An operator can take over; only this machine may let one in."""


class Draw(msgspec.Struct):
    """An address to draw as a QR code; it may hold a ticket, so it comes in a body."""

    address: str


class Kill(msgspec.Struct):
    """What to kill: `hub` or `agent`; `loop` makes the hub hang instead."""

    what: str


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`kill(what)` kills a process of the demo; `share` is the address at which a phone finds the page."""

    kill: Callable[[str], None] | None = None
    share: str = ""
    voice: bool = False


def add_demo(serving: Serving, options: DemoOptions) -> None:
    """Serve the page and what it asks for."""
    app, demo = serving.app, _Demo(serving, options, page_folder())
    app.router.add_get("/", demo.page)
    add_console(app, demo.folder)
    app.router.add_get("/service_worker.js", demo.service_worker)
    app.router.add_post("/demo/join", demo.join)
    app.router.add_post("/demo/kill", demo.kill)
    app.router.add_post("/demo/qr", demo.qr)
    Console(demo.owner, serving.signer.mint, voice=options.voice).add_to(app)
    app.cleanup_ctx.append(demo.prompted)


class _Demo:
    def __init__(self, serving: Serving, options: DemoOptions, folder: Path) -> None:
        self._serving, self._options, self.folder = serving, options, folder
        self.owner = Owner(owned=options.kill is not None, told=serving.options.host)

    async def prompted(self, app: web.Application) -> AsyncIterator[None]:
        """The first words that anybody hears are prepared, so that they come at once."""
        preparing = asyncio.create_task(self._prepare())
        yield
        preparing.cancel()
        await asyncio.wait((preparing,))

    async def _prepare(self) -> None:
        try:
            await self._serving.voice.prompts.prepare(brain.HELLO)
        except SpeechFailed as failure:
            log.warning("the first words could not be prepared", extra={"reason": failure.reason})

    async def page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self.folder / "index.html", headers=PAGE_HEADERS)

    async def service_worker(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self.folder / "service_worker.js", headers=PAGE_HEADERS)

    async def join(self, request: web.Request) -> web.Response:
        wanted = await read_body(request, Join)
        participant = wanted.participant or new_id("p", secrets.token_bytes)
        if not well_formed(participant) or participant == agents_participant(AGENT):
            raise Refused("malformed", field="participant")
        if wanted.role == "operator":
            self.owner.check(request)
        session = await self._session(wanted.session)
        ticket = new_ticket(
            "access",
            id=new_id("j", secrets.token_bytes),
            now=int(time.time()),
            tenant=MAIN,
            session=session,
            participant=participant,
            role=wanted.role,
            name="You" if wanted.role == "user" else "Operator",
        )
        return json_response(
            {
                "session": session,
                "ticket": self._serving.signer.mint(ticket),
                "participant": participant,
                "voice": self._options.voice,
                "breakable": self.owner.asks(request),
                "share": self._options.share,
            }
        )

    async def _session(self, wanted: str) -> str:
        node = self._serving.node
        if wanted and well_formed(wanted):
            room = await node.open(SessionKey(MAIN, wanted))
            if room is not None:
                node.release(room)
                return wanted
        session = new_id("s", secrets.token_bytes)
        made = await node.create(SessionKey(MAIN, session), "hub", {"agent": AGENT}, "Demo")
        if isinstance(made, Refusal):
            raise Refused.of(made)
        node.release(made)
        return session

    async def kill(self, request: web.Request) -> web.Response:
        order = await read_body(request, Kill)
        self.owner.check(request)
        if self._options.kill is None or order.what not in ("hub", "agent", "loop"):
            raise Refused("not_allowed")
        # After the answer has left: a browser that gets none sends the order again, and kills the next one too.
        asyncio.get_running_loop().call_later(ANSWER_S, self._options.kill, order.what)
        return web.Response(status=202)

    async def qr(self, request: web.Request) -> web.Response:
        asked = await read_body(request, Draw)
        if not 0 < len(asked.address) <= MOST_ADDRESS:
            raise Refused("malformed", field="address")
        out = io.BytesIO()
        segno.make(asked.address, error="l", micro=False).save(
            out, kind="svg", scale=6, border=2, xmldecl=False
        )
        return web.Response(body=out.getvalue(), content_type="image/svg+xml")
