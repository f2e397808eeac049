"""What a browser is told of the hub's pages: nothing runs in them that did not come from the hub as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from signaling.pages import add_console


@pytest.fixture
def pages(tmp_path: Path) -> web.Application:
    (tmp_path / "assets").mkdir()
    for name in ("console.html", "icon.svg"):
        (tmp_path / name).write_text("x")
    for name in ("page-uGB_bMqb.js", "theme.js"):
        (tmp_path / "assets" / name).write_text("x")
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


async def test_a_browser_keeps_a_file_for_good_whose_name_says_what_is_in_it_and_asks_for_any_other(
    pages: web.Application,
) -> None:
    async with TestClient(TestServer(pages)) as client:
        kept = {
            path: (await client.get(path)).headers["Cache-Control"]
            for path in ("/assets/page-uGB_bMqb.js", "/assets/theme.js", "/console")
        }
    assert kept == {
        "/assets/page-uGB_bMqb.js": "public, max-age=31536000, immutable",
        "/assets/theme.js": "no-cache",
        "/console": "no-cache",
    }


@pytest.mark.parametrize(
    "path", ["/assets/", "/assets/..", "/assets/%2e%2e%2ficon.svg", "/assets/gone-uGB_bMqb.js"]
)
async def test_what_is_no_file_of_the_page_is_not_found(pages: web.Application, path: str) -> None:
    async with TestClient(TestServer(pages)) as client, client.get(URL(path, encoded=True)) as answer:
        assert answer.status == 404
        assert "immutable" not in answer.headers.get("Cache-Control", "")
