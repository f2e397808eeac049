"""What a browser is told of the hub's pages: nothing runs in them that did not come from the hub as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from signaling.pages import add_console


@pytest.fixture
def pages(tmp_path: Path) -> web.Application:
    (tmp_path / "assets").mkdir()
    for name in ("console.html", "icon.svg"):
        (tmp_path / name).write_text("x")
    app = web.Application()
    add_console(app, tmp_path)
    return app


async def test_a_page_takes_its_code_and_its_style_from_the_hubs_own_files_alone(
    pages: web.Application,
) -> None:
    async with TestClient(TestServer(pages)) as client, client.get("/console") as answer:
        policy = answer.headers["Content-Security-Policy"]
    told = {name: set(sources) for name, *sources in (each.split() for each in policy.split(";"))}
    assert told["default-src"] == {"'self'"}, "of scripts and styles, too, which are not named"
    assert not told.keys() & {"script-src", "style-src", "script-src-elem", "style-src-attr", "worker-src"}
    assert not any("unsafe" in source or source == "*" for sources in told.values() for source in sources)
    assert told["object-src"] == told["base-uri"] == told["frame-ancestors"] == {"'none'"}
    assert told["form-action"] == {"'self'"}
