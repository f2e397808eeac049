"""A real Chromium for tests, headless, with a WAV file as its microphone.

    async with launched(microphone=wav) as browser, opened(browser, url) as tab:
        await tab.page.click("text=Talk")
    assert tab.errors == []

Each `launched` has a user-data directory of its own (Playwright makes and removes it); each `opened` a
context of its own, so that tabs share neither storage nor permissions.
"""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, Worker, async_playwright

ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Loopback candidates are hidden behind mDNS names otherwise, and nothing resolves those here.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


@dataclass
class Tab:
    """A page, and what went wrong in it so far: console errors, uncaught exceptions."""

    page: Page
    context: BrowserContext
    errors: list[str] = field(default_factory=list)


def watched(page: Page, context: BrowserContext) -> Tab:
    """The page, and what goes wrong in it from now on."""
    tab = Tab(page, context)
    page.on("console", lambda m: tab.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: tab.errors.append(str(e)))
    return tab


def executable() -> str | None:
    """Chromium: the one `LEGATO_CHROMIUM` names, or the system's; None for Playwright's own."""
    return os.environ.get("LEGATO_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def launched(
    microphone: Path | None = None,
    once: bool = False,
    arguments: Sequence[str] = (),
    without: Sequence[str] = (),
) -> AsyncIterator[Browser]:
    """A browser of its own. The microphone hears the WAV file, again and again unless `once`. `without` names
    arguments of ours that are left out."""
    flags = [*(each for each in _flags(microphone, once) if each not in without), *arguments]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), headless=True, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


def _flags(microphone: Path | None, once: bool = False) -> list[str]:
    flags = list(ARGUMENTS)
    if microphone is not None:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}{'%noloop' if once else ''}")
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return flags


@asynccontextmanager
async def extended(
    extension: Path, microphone: Path, profile: Path
) -> AsyncIterator[tuple[BrowserContext, Worker]]:
    """A browser with an extension, its profile in a folder, and the extension's worker. Only a browser that could have
    windows takes extensions: it has none, by its own argument."""
    flags = [
        *_flags(microphone),
        "--headless=new",
        f"--disable-extensions-except={extension}",
        f"--load-extension={extension}",
    ]
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=executable(), headless=False, args=flags,
            ignore_default_args=["--disable-extensions"], permissions=["microphone"],
        )  # fmt: skip
        try:
            workers = context.service_workers
            yield context, workers[0] if workers else await context.wait_for_event("serviceworker")
        finally:
            await context.close()


@asynccontextmanager
async def opened(
    browser: Browser,
    url: str,
    permissions: Sequence[str] = ("microphone",),
    script: str = "",
    *,
    bypass_csp: bool = False,
) -> AsyncIterator[Tab]:
    """A page at `url` in a context of its own. `script` runs in it before anything else. `bypass_csp`: the page's
    policy lets in what a test adds."""
    context = await browser.new_context(permissions=list(permissions), bypass_csp=bypass_csp)
    try:
        page = await context.new_page()
        if script:
            await page.add_init_script(script)
        tab = watched(page, context)
        await page.goto(url)
        yield tab
    finally:
        await context.close()
