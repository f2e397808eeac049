"""Two devices of one person, on two nodes, claim the voice at the same instant: one gets it, in every round."""

from __future__ import annotations

import asyncio
from typing import Final

from hub.node.room import Room
from legato.session.actors import Actor
from legato.session.commands import ChangeModality, Refusal
from legato.session.events import Medium
from legato.session.modality_rules import owner
from legato.session.tickets import CAPABILITIES
from tests.hub.node.builders import KEY, House, batch, there, until, user_presence, virtual

ROUNDS: Final = 1_000
VOICE: Final[tuple[Medium, ...]] = ("text", "audio")
RIGHTS: Final = ("microphone:p_user", "playout:p_user")


def _number(room: Room, right: str) -> int:
    found = room.state.rights.get(right)
    return found.token if found is not None else 0


def _claim(room: Room) -> ChangeModality:
    return ChangeModality(
        takes=VOICE, gives=VOICE, microphone=_number(room, RIGHTS[0]), playout=_number(room, RIGHTS[1])
    )


@virtual
async def test_of_two_devices_that_claim_the_voice_at_once_exactly_one_gets_it() -> None:
    house = House()
    async with house.node("n1") as first, house.node("n2") as second:
        made = await there(await first.create(KEY, "hub", {}, ""))
        rooms = {"phone": made, "tab": await there(await second.open(KEY))}
        nodes = {"phone": first, "tab": second}
        actors = {name: Actor("p_user", "user", frozenset(CAPABILITIES), name) for name in rooms}
        for name, room in rooms.items():
            await nodes[name].arrive(room, user_presence(name))
            await room.open_producer(name)
        sequences, wins = dict.fromkeys(rooms, 0), dict.fromkeys(rooms, 0)
        for _ in range(ROUNDS):
            await until(lambda: rooms["tab"].position == rooms["phone"].position)
            before = _number(made, RIGHTS[0])
            contenders = house.random.sample(list(rooms), 2)
            had = owner(made.state, RIGHTS[0])
            asked = []
            for name in contenders:
                sequences[name] += 1
                asked.append(
                    rooms[name].execute(actors[name], batch(name, sequences[name], _claim(rooms[name])))
                )
            answers = dict(zip(contenders, await asyncio.gather(*asked), strict=True))
            await until(lambda: rooms["tab"].position == rooms["phone"].position)
            now = owner(made.state, RIGHTS[0])
            won = [
                name for name, answer in answers.items() if not isinstance(answer, Refusal) and name != had
            ]
            assert now == (won[0] if won else had)
            assert len(won) == 1
            refusals = [answer for answer in answers.values() if isinstance(answer, Refusal)]
            assert all(answer.reason == "stale_token" for answer in refusals)
            assert _number(made, RIGHTS[0]) == before + 1
            assert {owner(room.state, right) for room in rooms.values() for right in RIGHTS} == {now}
            wins[now] += 1
        assert min(wins.values()) > ROUNDS // 4
