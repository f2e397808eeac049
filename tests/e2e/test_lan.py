"""`demo --lan` as people use it: a laptop opens the page, a phone scans its code, both share a session, over TLS."""

from __future__ import annotations

import io

import pytest
import segno
from playwright.async_api import Browser

from tests.support.chromium import Tab, launched
from tests.support.page import Reader
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(90)]


async def at(browser: Browser, url: str, **device: object) -> Reader:
    """The page on a device that was told to trust the certificate once."""
    context = await browser.new_context(
        ignore_https_errors=True,
        permissions=["microphone"],
        **device,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    await page.goto(url)
    return Reader(Tab(page, context))


def drawn(address: str) -> str:
    """The code of an address, as the page gets it."""
    out = io.BytesIO()
    segno.make(address, micro=False).save(out, kind="svg", scale=6, border=2, xmldecl=False)
    return out.getvalue().decode()


async def test_a_phone_joins_by_the_code_and_goes_on_in_the_same_session() -> None:
    async with running("demo", "--lan", "--ears", "moonshine") as hub, launched() as browser:
        assert hub.url.startswith("https://")
        assert "127.0.0.1" not in hub.url
        laptop = await at(browser, hub.url)
        await laptop.live()
        await laptop.agent_here()
        await laptop.say("my order number is 4711")
        await laptop.says("cello bow")
        await laptop.quiet()
        async with laptop.page.expect_response("**/demo/qr") as code:
            await laptop.page.click("button[aria-label='Go on with a phone']")
        await laptop.until("document.querySelector('.share img')?.naturalWidth > 0")
        address = await laptop.page.locator(".share a").get_attribute("href") or ""
        assert address.startswith(f"{hub.url}/#")
        asked = (await code.value).request
        assert asked.post_data_json == {"address": address}
        again = await laptop.page.request.post(asked.url, data={"address": address})
        assert await again.text() == drawn(address), "what the picture shows is the link"

        phone = await at(
            browser, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
        )
        await phone.live()
        assert phone.session == laptop.session
        await phone.says("cello bow")
        wide = await phone.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, "nothing sticks out of a narrow screen"
        await phone.page.tap("#words")
        await phone.say("typed on the phone")
        await laptop.says("typed on the phone")
        await phone.quiet()
        await laptop.quiet()
        assert await phone.texts() == await laptop.texts()

        # Its microphone is to be had (TLS), and the call comes about over the network's address.
        await phone.until("isSecureContext && navigator.mediaDevices !== undefined")
        await phone.page.tap("[data-voice]")
        await phone.until("globalThis.legatoVoice?.current?.state === 'live'", 30)
        assert phone.tab.errors == []
