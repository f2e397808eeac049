"""A position that no hub gave closes the connection of who brings it, and changes nothing for anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from hub.keys.positions import Positions
from hub.node.room import Room
from hub.store.promise import SessionKey
from legato.session.position import Position, epoch_from_bits
from legato.session.state import encode_state
from tests.signaling.doors import KEY, WAIT_S, ClientKey, Doors, Page, doors
from tests.signaling.test_across_nodes import asked_to_resume

OTHER = SessionKey("main", "s_2")
OTHER_TENANT = SessionKey("other", "s_1")
WORDS = {"type": "post_message", "message": "m_1", "parts": [{"text": "by right"}]}


class Scene:
    """A session in which an agent answers, and somebody hostile whose attempts it must outlive."""

    def __init__(self, here: Doors, room: Room, agent: Page, genuine: str) -> None:
        self.here = here
        self.room = room
        self.agent = agent
        self.genuine = genuine
        self.before = (room.position, encode_state(room.state))

    @classmethod
    @asynccontextmanager
    async def set(cls) -> AsyncIterator[Scene]:
        async with doors(sessions=(KEY, OTHER, OTHER_TENANT)) as here, Page.at(here) as agent:
            await agent.attach(here.ticket("p_agent", "agent"), worker="k_1")
            accept = {"type": "accept_session", "right": "worker:agent", "worker": "k_1"}
            await agent.send(_do(1, accept, {"type": "start_response", "response": "r_1"}))
            await agent.acked(1)
            room = await here.node.open(KEY)
            assert isinstance(room, Room)
            await room.follower.caught_up()
            yield cls(here, room, agent, here.hall.positions.written("main", "s_1", room.position))
            here.node.release(room)

    def forgeries(self) -> dict[str, str]:
        """What somebody who holds a genuine position of the session can make of it."""
        at, code = self.room.position, self.genuine[34:]
        ahead = Position(at.epoch, at.offset + 1, b"\x01" * 8)
        far = Position(at.epoch, 2**53 - 1, b"\x01" * 8)
        wrong = Position(at.epoch, at.offset, bytes(each ^ 1 for each in at.check))
        older = Position(at.epoch, 1, b"\x01" * 8)
        elsewhere = Position(epoch_from_bits(b"unheard!"), at.offset, at.check)
        written = self.here.hall.positions.written
        forged: dict[str, str] = {}
        for name, place in {
            "ahead": ahead, "far ahead": far, "a wrong check": wrong, "an older wrong check": older,
            "of no epoch": elsewhere, "as it is": at, "the start": Position.start(at.epoch),
        }.items():  # fmt: skip
            text = place.to_text()
            forged[f"{name}, without a code"] = text
            forged[f"{name}, with a code of zeros"] = text + "A" * 11
            forged[f"{name}, of another hub"] = Positions(b"x" * 32).written("main", "s_1", place)
            forged[f"{name}, of another session"] = written("main", "s_2", place)
            forged[f"{name}, of another tenant"] = written("other", "s_1", place)
            if place != at:
                forged[f"{name}, with the genuine code"] = text + code
        forged |= {f"cut at {end}": self.genuine[:end] for end in (1, 11, 33, 34, 35, 44)}
        forged |= {
            f"with {more!r} after it": self.genuine + more for more in ("A", "=", "==", "\n", " ", "\0")
        }
        forged |= {f"with {more!r} before it": more + self.genuine for more in ("A", " ", "\n")}
        return forged | {
            "twice": self.genuine * 2,
            "long": "A" * 50_000,
            "not ASCII": self.genuine[:-1] + "Ａ",
        }

    async def attempts(self, *others: Page) -> AsyncIterator[tuple[str, str]]:
        """The forgeries, one after the other, while those who are here go on beating."""
        for name, position in self.forgeries().items():
            for page in (self.agent, *others):
                await page.send({"type": "ping"})
            yield name, position

    async def stands(self) -> None:
        """Nothing has changed, and the agent's right is good: what it says in its response is taken."""
        await self.room.follower.caught_up()
        assert (self.room.position, encode_state(self.room.state)) == self.before
        await self.agent.send(_do(2, {"type": "end_response", "response": "r_1"}, WORDS))
        await self.agent.acked(2)
        assert not {"discontinuity", "refused", "closing"} & {each["type"] for each in self.agent.got}


def _do(sequence: int, *commands: dict[str, Any]) -> dict[str, Any]:
    return {"type": "do", "seq": sequence, "commands": list(commands)}


def _attach(scene: Scene, position: str, participant: str = "p_eve") -> dict[str, Any]:
    ticket = scene.here.ticket(participant)
    return {"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1", "position": position}


def _turned_away(closing: dict[str, Any]) -> bool:
    told = (closing["type"], closing["code"], closing["reason"], closing["detail"])
    return told == ("closing", 4000, "malformed", "position")


async def test_no_forgery_gets_in_by_websocket() -> None:
    async with Scene.set() as scene:
        async for name, position in scene.attempts():
            async with Page.at(scene.here) as eve:
                await eve.send(_attach(scene, position))
                assert await eve.closed() == 4000, name
                assert [_turned_away(each) for each in eve.got] == [True], name
        await scene.stands()


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_no_forgery_gets_in_by_http(accept: str) -> None:
    async with Scene.set() as scene, ClientSession(headers={"Accept": accept}) as client:
        async for name, position in scene.attempts():
            async with client.post(f"{scene.here.url}/v1/attach", json=_attach(scene, position)) as answer:
                body = await asyncio.wait_for(answer.text(), WAIT_S)
            assert "attached" not in body, name
            assert all(word in body for word in ("4000", "malformed", "position")), (name, body)
        await scene.stands()


async def test_no_forgery_gets_in_with_a_resume_ticket() -> None:
    key = ClientKey()
    async with Scene.set() as scene, Page.attached(scene.here, "p_eve", key=key.jwk) as page:
        resume, scene.genuine = page.got[0]["resume"], page.got[0]["position"]
        await scene.room.follower.caught_up()
        scene.before = (scene.room.position, encode_state(scene.room.state))
        async for name, position in scene.attempts(page):
            async with Page.at(scene.here) as eve:
                await asked_to_resume(eve, resume, key, position=position)
                assert await eve.closed() == 4000, name
                assert [_turned_away(each) for each in eve.got] == [True], name
        await scene.stands()


async def test_what_a_client_was_given_lets_it_in_everywhere_in_that_session() -> None:
    async with Scene.set() as scene, ClientSession() as client:
        headers = {"Authorization": f"Bearer {scene.here.ticket('p_bob')}"}
        given = [scene.genuine, scene.agent.got[0]["position"]]
        for path, field in (("", "position"), ("/presence", "position"), ("/events", "tail")):
            async with client.get(f"{scene.here.url}/v1/sessions/s_1{path}", headers=headers) as answer:
                given.append((await answer.json())[field])
        given += [each["position"] for each in scene.agent.got if each["type"] == "events"]
        assert len(given) > 5
        for position in given:
            async with Page.at(scene.here) as bob:
                await bob.send(_attach(scene, position, "p_bob"))
                attached = await bob.until("attached")
                assert attached.get("events") or attached.get("snapshot"), "it is behind, by its own coming"
        assert scene.room.position.epoch == scene.before[0].epoch


async def test_a_position_that_a_hub_gave_still_tells_of_a_loss() -> None:
    """The same place that no forger may name: so the refusals above are the code's doing."""
    async with Scene.set() as scene:
        at = scene.room.position
        ahead = Position(at.epoch, at.offset + 5, b"\x01" * 8)
        async with Page.at(scene.here) as bob:
            await bob.send(_attach(scene, scene.here.hall.positions.written("main", "s_1", ahead), "p_bob"))
            await bob.until("discontinuity")
        assert scene.room.position.epoch != at.epoch
