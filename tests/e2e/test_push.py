"""A person lets the page tell them, and goes. The answer comes, the hub dies while it tells them, and Chromium's own
service worker shows it once; a click opens the session."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, Page

import legato
from tests.support.chromium import launched
from tests.support.page import Reader, reading, serious_findings
from tests.support.patience import comes, patience
from tests.support.processes import Tree, invited, running
from tests.support.push_service import PushService, certified, push_service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SUBSCRIBES: Final = """
PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
  globalThis.subscribedWith = applicationServerKey;
  return { toJSON: () => (SAYS) };
};
"""
"""There is no push service of Chromium's maker here: the browser says that it is told at ours."""

WATCHED: Final = """async () => {
  const registration = await navigator.serviceWorker.ready;
  globalThis.shown = {};
  globalThis.showing = 0;
  const look = async () => {
    const there = await registration.getNotifications();
    for (const { title, body, tag } of there) {
      const now = there.filter((one) => one.tag === tag).length;
      shown[tag] = { title, body, at_once: Math.max(shown[tag]?.at_once ?? 0, now) };
    }
    showing = there.length;
    setTimeout(look, 20);
  };
  await look();
}"""
"""All that was ever shown, by its tag: Chromium takes down by itself, after ten seconds or so, what nobody clicks."""

CLICKED: Final = """async () => {
  const opened = new Promise((done) => { self.clients.openWindow = async (url) => void done(url); });
  let notification;
  while (notification === undefined) [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  return opened;
}"""
REGISTERED: Final = """async () => {
  const all = await navigator.serviceWorker.getRegistrations();
  const shown = (await Promise.all(all.map((one) => one.getNotifications()))).flat();
  return { workers: all.map(({ active }) => active?.state), shown: shown.map(({ tag }) => tag) };
}"""
TELL_ME: Final = "[data-bell]"
SHOWN_S: Final = 20.0
UNSEEN_S: Final = 4.0
GONE_S: Final = 8.0
"""Less than Chromium lets an untouched notification stand: what was not taken down by us still stands then."""


@asynccontextmanager
async def pushing(folder: Path) -> AsyncIterator[tuple[Tree, PushService]]:
    """A demo that pushes, and a push service that it believes."""
    tls, ca = certified(folder)
    arguments = ("--push-contact", "mailto:ops@hub.example", "--push-private")
    async with push_service(tls) as service, running("demo", *arguments, SSL_CERT_FILE=str(ca)) as hub:
        yield hub, service


def script(service: PushService) -> str:
    said = service.browser.says(service.endpoint)
    keys = {name: said[name] for name in ("p256dh", "auth")}
    return SUBSCRIBES.replace("SAYS", json.dumps({"endpoint": service.endpoint, "keys": keys}))


async def deliver(context: BrowserContext, page: Page, origin: str, data: dict[str, Any]) -> None:
    """Chromium's push client got it, as it were."""
    session = await context.new_cdp_session(page)
    found: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda said: found.extend(said["registrations"]))
    await session.send("ServiceWorker.enable")
    async with patience(SHOWN_S, "the worker's registration", lambda: page.evaluate(REGISTERED)):
        while not found:
            await page.evaluate("new Promise((next) => setTimeout(next, 20))")
    await session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": found[-1]["registrationId"], "data": json.dumps(data)},
    )
    await session.detach()


async def delivered(reader: Reader, origin: str, data: dict[str, Any]) -> dict[str, Any]:
    """The notification of it. A page that has just learned that it is told takes down what is there, maybe before
    anybody looks: then it is delivered again."""
    tag = f"{data['session']}/{data['about']}"
    for seconds in (UNSEEN_S, UNSEEN_S, SHOWN_S):
        await deliver(reader.tab.context, reader.page, origin, data)
        with suppress(TimeoutError):
            shown: dict[str, Any] = (await shown_by(reader, tag, seconds))[tag]
            return shown
    raise TimeoutError(tag)


async def shown_by(reader: Reader, last: str, seconds: float = SHOWN_S) -> dict[str, Any]:
    """What was shown until the notification of that tag was, by tag."""
    await reader.until(f"{json.dumps(last)} in shown", seconds)
    shown: dict[str, Any] = await reader.page.evaluate("shown")
    return shown


async def clicked(context: BrowserContext, page: Page) -> str:
    """Somebody clicks what is shown; what opens."""
    (worker,) = context.service_workers
    async with patience(SHOWN_S, "a click that opens", lambda: page.evaluate(REGISTERED)):
        return str(await worker.evaluate(CLICKED))


async def told(reader: Reader, service: PushService) -> None:
    """The page asks to be told, and says that it will be."""
    await reader.page.click(TELL_ME)
    await reader.until(f"document.querySelector('{TELL_ME}').ariaPressed === 'true'")
    service.hub_key = await reader.page.evaluate("subscribedWith")


async def test_who_went_is_shown_once_that_an_answer_came_though_the_hub_died_while_it_told_them(
    tmp_path: Path,
) -> None:
    async with (
        pushing(tmp_path) as (hub, service),
        launched() as browser,
        reading(
            browser, hub.url, permissions=("notifications",), script=script(service), bypass_csp=True
        ) as reader,
    ):
        await told(reader, service)
        await reader.shot("told-by-push")
        assert await serious_findings(reader.page) == []
        assert service.endpoint not in await reader.page.evaluate("JSON.stringify(legato.view.state)")
        service.receiver.hang()
        session = reader.session
        await reader.say("tell me a story")
        await reader.until("Object.keys(legato.view.state.responses).length > 0")
        await reader.page.evaluate("legato.detach()")
        await service.receiver.comes(1)
        node = await hub.kill("node")
        await hub.replaced("node", node)
        service.receiver.go_on()
        await service.receiver.comes(2)
        first, second = service.pushed(0), service.pushed(1)
        assert (first.data["id"], first.headers["topic"]) == (second.data["id"], second.headers["topic"])
        assert (first.data["notice"], first.data["session"]) == ("answer", session)
        assert {"people", "tenant"}.isdisjoint(first.data)
        page, context = reader.page, reader.tab.context
        other = first.data | {"id": "ntf_other", "about": "m_other"}
        await page.evaluate(WATCHED)
        for each in (first.data, second.data, other):
            await deliver(context, page, hub.url, each)
        shown = await shown_by(reader, f"{session}/m_other")
        assert set(shown) == {f"{session}/{first.data['about']}", f"{session}/m_other"}
        assert {each["at_once"] for each in shown.values()} == {1}, "a repeat takes its place"
        assert {each["body"] for each in shown.values()} == {"An answer has come while you were away."}
        await deliver(context, page, hub.url, first.data)  # the first may have been taken down by now
        assert await clicked(context, page) == f"/#{session}"
        assert len(service.receiver.got) == 2


async def test_who_went_is_told_of_what_she_asked_though_another_stays_and_of_nothing_that_he_asks(
    tmp_path: Path,
) -> None:
    async with (
        pushing(tmp_path) as (hub, service),
        launched() as browser,
        reading(browser, hub.url, permissions=("notifications",), script=script(service)) as reader,
        aiohttp.ClientSession() as http,
    ):
        await told(reader, service)
        guest = await invited(http, hub.url, reader.session)
        async with legato.Client(hub.url, ticket=guest.ticket) as bob:
            await reader.say("tell me a story")
            await reader.until("Object.keys(legato.view.state.responses).length > 0")
            await reader.page.evaluate("legato.detach()")
            await service.receiver.comes(1)
            pushed = service.pushed(0)
            about = pushed.data["about"]
            await comes(bob, lambda state: about in state.notified, "the log's word that she was told")
            answer = bob.state.entries[about]
            assert (pushed.data["notice"], answer.asker) == (
                "answer",
                bob.state.notified[answer.id].people[0],
            )
            assert bob.state.notified[answer.id].people != (guest.participant,)
            await bob.say("and what is the time?")
            await comes(
                bob,
                lambda state: any(each.asker == guest.participant for each in state.ended_entries()),
                "an answer for him",
            )
            assert list(bob.state.notified) == [answer.id]
            assert len(service.receiver.got) == 1


async def test_who_is_back_finds_no_notification_any_more_and_may_say_stop(tmp_path: Path) -> None:
    async with (
        pushing(tmp_path) as (hub, service),
        launched() as browser,
        reading(browser, hub.url, permissions=("notifications",), script=script(service)) as reader,
    ):
        await told(reader, service)
        about = {
            "id": "ntf_1",
            "session": reader.session,
            "title": "",
            "notice": "approval",
            "about": "call_1",
            "tool": "refund",
        }
        await reader.page.evaluate(WATCHED)
        shown = await delivered(reader, hub.url, about)
        assert (shown["title"], shown["body"]) == ("Legato", "“refund” waits for your word.")
        await reader.page.reload()
        await reader.live()
        await reader.page.evaluate(WATCHED)
        await reader.until("showing === 0", GONE_S)
        await reader.until(f"document.querySelector('{TELL_ME}').ariaPressed === 'true'")
        await reader.page.click(TELL_ME)
        await reader.until("Object.keys(legato.view.state.pushes).length === 0")
        await reader.until(f"document.querySelector('{TELL_ME}').ariaPressed === 'false'")


async def refused(browser: Browser, hub: Tree) -> None:
    async with reading(browser, hub.url, permissions=()) as reader:
        await reader.page.evaluate("Notification.requestPermission = async () => 'denied'")
        await reader.page.click(TELL_ME)
        await reader.until("document.body.textContent.includes('does not let the page notify you')")
        assert await reader.page.get_attribute(TELL_ME, "aria-pressed") == "false"
        await reader.shot("push-denied")


async def test_a_browser_that_is_not_allowed_to_says_so_and_where_a_hub_pushes_nothing_nothing_is_offered(
    tmp_path: Path,
) -> None:
    async with launched() as browser:
        async with pushing(tmp_path) as (hub, _):
            await refused(browser, hub)
        async with running("demo") as silent, reading(browser, silent.url) as reader:
            assert await reader.page.locator(TELL_ME).count() == 0
