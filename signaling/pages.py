"""The pages that a hub serves beside the protocol's doors: the operator console, for whoever brings a ticket."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

from signaling.http.routes import Handler

PAGE_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE_HEADERS: Final = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}


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
    app.router.add_static("/assets", folder / "assets", append_version=False)


def _page(file: Path) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers=PAGE_HEADERS)

    return page
