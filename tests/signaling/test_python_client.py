"""What a Python program can do that a page can: images and files, the past, stopping, a ticket from the environment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

import legato
from hub.store.promise import SessionKey
from legato.session.state import Message
from tests.signaling.doors import KEY, WAIT_S, Doors, doors

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
SHOWN = SessionKey("main", "s_shown")


@asynccontextmanager
async def engaged(here: Doors, agent: legato.Agent) -> AsyncIterator[None]:
    """The agent works, and has a session to answer in."""
    room = await here.node.create(SHOWN, "p_boss", {"agent": agent.name}, "")
    here.node.release(room)  # type: ignore[arg-type]  # it was not refused: nobody made it before
    working = asyncio.create_task(agent.work(here.url, ticket=here.ticket("p_concierge", "agent", "*")))
    yield
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def user(here: Doors, participant: str = "p_ada", session: str = KEY.session) -> legato.Client:
    return legato.Client(here.url, ticket=here.ticket(participant, session=session))


async def test_an_image_is_stored_said_and_fetched_by_another(tmp_path: Path) -> None:
    async with doors(folder=tmp_path) as here, user(here) as ada, user(here, "p_bob") as bob:
        part = await ada.upload(PNG, name="bow.png", type="image/png")
        assert (part.kind, part.size, part.type, part.name) == ("image", len(PNG), "image/png", "bow.png")
        message = await ada.say("look", [part])
        await bob.until(lambda state: message in state.entries, WAIT_S)
        entry = bob.state.entries[message]
        assert isinstance(entry, Message)
        assert [each.kind for each in entry.parts] == ["text", "image"]
        assert await bob.download(entry.parts[1]) == PNG


async def test_what_is_not_there_or_too_large_is_told_by_a_typed_error(tmp_path: Path) -> None:
    async with doors(folder=tmp_path) as here, user(here) as ada:
        with pytest.raises(legato.RequestFailed) as missing:
            await ada.download(legato.Part(kind="file", sha256="0" * 64))
        assert (missing.value.status, missing.value.reason) == (404, "not_found")
        with pytest.raises(legato.RequestFailed) as large:
            await ada.upload(bytes(20_000_001))
        assert large.value.reason == "too_large"


async def test_an_agent_shows_an_image_in_its_answer(tmp_path: Path) -> None:
    agent = legato.Agent("concierge")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        await turn.show(await turn.session.upload(PNG, name="bow.png", type="image/png"))

    async with (
        doors(sessions=(), folder=tmp_path) as here,
        engaged(here, agent),
        user(here, session=SHOWN.session) as ada,
    ):
        turn = await ada.say("show me")
        await ada.until(lambda state: turn not in state.turns, WAIT_S)
        (shown,) = [each for each in ada.state.transcript() if each.id != turn]
        assert isinstance(shown, Message)
        assert await ada.download(shown.parts[0]) == PNG


async def test_the_past_is_read_a_page_at_a_time() -> None:
    async with doors() as here, user(here) as ada:
        said = [await ada.say(str(number)) for number in range(9)]
        page = await ada.earlier(limit=4)
        found = [each.id for each in page.entries]
        while page.before:
            page = await ada.earlier(page.before, limit=4)
            found = [*(each.id for each in page.entries), *found]
        assert found == said
        with pytest.raises(ValueError, match="1 to 200"):
            await ada.earlier(limit=0)


async def test_who_stops_stops_every_answer_in_progress() -> None:
    agent = legato.Agent("concierge")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> AsyncIterator[str]:
        for number in count():
            yield f"{number} "
            await asyncio.sleep(0)

    async with doors(sessions=()) as here, engaged(here, agent), user(here, session=SHOWN.session) as ada:
        turn = await ada.say("count")
        await ada.until(lambda state: any(state.responses), WAIT_S)
        await ada.stop()
        await ada.until(lambda state: turn not in state.turns, WAIT_S)
        await ada.stop()  # nothing is in progress, and nothing is refused
        assert [each.status for each in ada.state.entries.values() if isinstance(each, Message)][
            -1
        ] == "cancelled"


async def test_a_client_takes_its_ticket_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEGATO_TICKET", raising=False)
    with pytest.raises(legato.NoTicket):
        legato.Client("ws://127.0.0.1:1")
    async with doors() as here:
        monkeypatch.setenv("LEGATO_TICKET", here.ticket("p_ada", session=KEY.session))
        async with legato.Client(here.url) as ada:
            assert ada.attached is not None
            assert ada.attached.participant == "p_ada"


async def test_what_no_envelope_holds_is_refused_and_costs_neither_the_session_nor_the_agent() -> None:
    agent = legato.Agent("concierge")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        if turn.text == "show it":
            await turn.show(legato.Part(kind="data", text="x" * 100_000))
        await turn.say("here")

    async with doors(sessions=()) as here, engaged(here, agent), user(here, session=SHOWN.session) as ada:
        with pytest.raises(legato.Refused, match="too_large"):
            await ada.say("x" * 100_000)
        for words in ("show it", "and now?"):
            turn = await ada.say(words)
            await ada.until(lambda state, turn=turn: turn not in state.turns, WAIT_S)  # type: ignore[misc]
        said = [part.text for each in ada.state.transcript() for part in getattr(each, "parts", ())]
        assert said == ["show it", "and now?", "here"]
