"""A person asks and goes. The answer comes, the hub is killed while it tells them, and they are told all the same."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import legato
from tests.support.patience import comes
from tests.support.processes import invited, running
from tests.support.receiver import Receiver, receiving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

KEY = bytes(range(32))
EXAMPLES = Path(__file__).parents[2] / "examples"


def told(receiver: Receiver, number: int) -> tuple[dict[str, str], dict[str, Any]]:
    """The headers and the data of one of the messages, its signature checked."""
    headers, body = receiver.got[number]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    good = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{good}"
    return headers, json.loads(body)["data"]


def others(folder: Path) -> Path:
    """A file of targets: one that is dead, and the example's own."""
    dead = 'name = "dead"\nurl = "http://127.0.0.1:9/"\nsecret_env = "LEGATO_WEBHOOK_SECRET"\nprivate = true'
    own = 'name = "journal"\npython = "own_target:Journal"'
    path = folder / "targets.toml"
    path.write_text(f"[[target]]\n{dead}\n[[target]]\n{own}\n")
    (folder / "own_target.py").write_text((EXAMPLES / "own_target.py").read_text())
    return path


async def test_who_went_before_the_answer_came_is_told_though_the_hub_is_killed_meanwhile(
    tmp_path: Path,
) -> None:
    secret = f"whsec_{base64.b64encode(KEY).decode()}"
    wanted = tmp_path / "wanted.jsonl"
    said_where = ("--webhook-private", "--targets", str(others(tmp_path)))
    async with (
        receiving() as receiver,
        running(
            "demo", "--webhook", receiver.url, *said_where, LEGATO_WEBHOOK_SECRET=secret, WANTED=str(wanted)
        ) as hub,
        aiohttp.ClientSession() as http,
    ):
        me = await invited(http, hub.url)
        receiver.hang()
        async with legato.Client(hub.url, ticket=me.ticket) as ada:
            await ada.say("tell me a story")
            await comes(
                ada, lambda state: any(each.turn for each in state.responses.values()), "an answer that began"
            )
        await receiver.comes(1)
        node = await hub.kill("node")
        await hub.replaced("node", node)
        receiver.go_on()
        await receiver.comes(2)
        (first, said), (second, again) = told(receiver, 0), told(receiver, 1)
        assert first["webhook-id"] == second["webhook-id"]
        assert (said["session"], said["notice"], said["people"]) == (me.session, "answer", [me.participant])
        assert said["about"] == again["about"]
        back = await invited(http, hub.url, me.session, me.participant)
        async with legato.Client(hub.url, ticket=back.ticket) as ada:
            await asyncio.sleep(6)
            assert said["about"] in ada.state.entries
        assert len(receiver.got) == 2
        (noted,) = (json.loads(line) for line in wanted.read_text().splitlines())
        assert noted == {"id": first["webhook-id"], "session": me.session, "notice": "answer"}
