"""Subscribing to Web Push by the doors: who may, what comes of it, and what nobody else learns."""

from __future__ import annotations

import os
from typing import Any

from aiohttp import ClientSession

from hub.keys.push import PushIdentity
from signaling.outside import Outside
from signaling.pushes import Pushes
from tests.signaling.doors import Doors, Page, doors
from tests.support.push_service import Browser

ENDPOINT = "https://push.example/b1"
HUB = PushIdentity(bytes(32))


async def asked(here: Doors, connection: str, body: object, session: str = "s_1") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {connection}"}
    async with (
        ClientSession(headers=headers) as client,
        client.post(f"{here.url}/v1/sessions/{session}/pushes", json=body) as answer,
    ):
        return answer.status, await answer.json()


async def subscribed(page: Page, given: dict[str, Any]) -> dict[str, Any]:
    page.sequence += 1
    command = {"type": "subscribe_push", **given}
    await page.send({"type": "do", "seq": page.sequence, "commands": [command]})
    return await page.told("push_subscribed")


async def test_a_browser_is_sealed_for_its_participant_and_its_address_is_nowhere_to_be_read() -> None:
    outside = Outside()
    pushes = Pushes(HUB, "mailto:ops@hub.example", outside, lambda: 0.0, os.urandom)
    async with doors(pushes=pushes) as here, Page.at(here) as page, Page.at(here) as other:
        attached = await page.attach(here.ticket())
        assert attached["push"] == HUB.public
        status, given = await asked(here, attached["connection"], Browser().says(ENDPOINT))
        assert status == 201
        event = await subscribed(page, given)
        assert (event["participant"], event["subscription"]) == ("p_ada", given["subscription"])
        theirs = await other.attach(here.ticket("p_ben"))
        assert list(theirs["snapshot"]["pushes"]) == [given["subscription"]]
        assert "push.example" not in str(theirs)
    await outside.close()


async def test_what_cannot_be_pushed_to_is_refused_by_name() -> None:
    outside = Outside()
    pushes = Pushes(HUB, "mailto:ops@hub.example", outside, lambda: 0.0, os.urandom)
    async with doors(pushes=pushes) as here, Page.at(here) as page:
        connection = (await page.attach(here.ticket()))["connection"]
        good = Browser().says(ENDPOINT)
        for field, value in (("endpoint", "https://127.0.0.1/x"), ("p256dh", "AAAA"), ("auth", "AAAA")):
            status, said = await asked(here, connection, good | {field: value})
            assert (status, said["error"]["reason"], said["error"]["field"]) == (400, "malformed", field)
        assert (await asked(here, connection, good, "s_other"))[0] == 404
        assert (await asked(here, here.ticket(), good))[0] == 401
    await outside.close()


async def test_a_hub_that_pushes_nothing_says_so() -> None:
    async with doors() as here, Page.at(here) as page:
        attached = await page.attach(here.ticket())
        assert "push" not in attached
        status, said = await asked(here, attached["connection"], Browser().says(ENDPOINT))
        assert (status, said["error"]["reason"]) == (503, "unavailable")
