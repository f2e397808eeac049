"""The pages that a hub serves beside the protocol's doors: the operator console, for whoever brings a ticket."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final

from aiohttp import web

from signaling.http.routes import Handler

PAGE_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE_HEADERS: Final = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}

FOR_GOOD: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Of a file whose name has the hash of what is in it: whoever has it need not ask, and keeps it compiled (RFC 8246)."""

ASKED: Final = {"Cache-Control": "no-cache"}
_HASHED: Final = re.compile(r".+-[A-Za-z0-9_-]{8}\.[a-z]+", re.ASCII)


def page_folder() -> Path:
    """Where the built pages are: in the installed package, or in a checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "page", here.parent / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    raise FileNotFoundError("the page is not built: run `make web` in the checkout")


def add_console(app: web.Application, folder: Path) -> None:
    """Serve the console and what it is made of: files that hold no secret."""
    app.router.add_get("/console", _page(folder / "console.html"))
    app.router.add_get("/icon.svg", _page(folder / "icon.svg"))
    app.router.add_get("/assets/{name:[A-Za-z0-9_.-]+}", _assets(folder / "assets"))


def _page(file: Path) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers=PAGE_HEADERS)

    return page


def _assets(folder: Path) -> Handler:
    async def asset(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if not await asyncio.to_thread((folder / name).is_file):
            raise web.HTTPNotFound
        return web.FileResponse(folder / name, headers=FOR_GOOD if _HASHED.fullmatch(name) else ASKED)

    return asset
