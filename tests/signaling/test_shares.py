"""What one participant may have of a node (PROTOCOL.md §14): the machine, and the real doors."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st

from hub.store.promise import SessionKey
from legato.session.events import Role
from legato.session.tickets import DEFAULTS, Ticket
from signaling.shares import ShareLimits, Shares
from tests.signaling.doors import WAIT_S, ClientKey, Doors, Page, doors
from tests.signaling.test_http import boss

FEW = ShareLimits(
    connections=2, verbs_a_second=1, sessions_a_minute=2, sessions_open=3, many_verbs=100, many_sessions=10
)


def held(participant: str = "p_ada", role: Role = "user", more: frozenset[str] = frozenset()) -> Ticket:
    now = int(time.time())
    return Ticket(
        kind="access", tenant="main", session="s_1", participant=participant, role=role,
        capabilities=DEFAULTS[role] | more, id="j_1", issued=now, not_before=now, expires=now + 600,
    )  # fmt: skip


# --- the machine


@given(st.lists(st.tuples(st.sampled_from(["p_a", "p_b"]), st.booleans(), st.booleans()), max_size=60))
def test_a_participant_has_at_most_so_many_connections_and_who_comes_back_twice_as_many(
    steps: list[tuple[str, bool, bool]],
) -> None:
    shares = Shares(ShareLimits(connections=2), lambda: 0)
    inside = {"p_a": 0, "p_b": 0}
    for who, leaves, back in steps:
        if leaves and inside[who]:
            shares.leave(held(who))
            inside[who] -= 1
        elif not leaves:
            entered = shares.enter(held(who), back=back)
            assert entered == (inside[who] < (4 if back else 2))
            inside[who] += entered


@given(st.lists(st.integers(0, 500), max_size=200))
def test_verbs_of_any_stretch_of_time_are_no_more_than_rate_and_burst(pauses: list[int]) -> None:
    now = 0
    shares = Shares(ShareLimits(verbs_a_second=3), lambda: now)
    taken: list[int] = []
    for pause in pauses:
        now += pause
        wait = shares.verb(held())
        if wait == 0:
            taken.append(now)
        else:
            now += wait
            assert shares.verb(held()) == 0, "who waits as told is let in"
            taken.append(now)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert (last - first + 1) * 1000 <= 30_000 + (taken[last] - begin) * 3


def test_sessions_come_back_one_by_one_over_the_minute() -> None:
    now = 0
    shares = Shares(ShareLimits(sessions_a_minute=2), lambda: now)
    assert [shares.session(held()) for _ in range(3)] == [0, 0, 30_000]
    now = 30_000
    assert [shares.session(held()) for _ in range(2)] == [0, 30_000]


def test_a_participant_has_so_many_blobs_under_way_and_each_that_ends_makes_room() -> None:
    shares = Shares(ShareLimits(uploads=2), lambda: 0)
    assert [shares.begin_upload(held()) for _ in range(3)] == [True, True, False]
    assert shares.begin_upload(held("p_other"))
    shares.end_upload(held())
    assert [shares.begin_upload(held()) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "ticket", [held("p_x", "agent"), held("p_x", "supervisor"), held("p_x", "operator", frozenset({"mint"}))]
)
def test_back_ends_have_more_and_any_number_of_connections(ticket: Ticket) -> None:
    shares = Shares(FEW, lambda: 0)
    assert all(shares.enter(ticket) for _ in range(1_000))
    assert sum(shares.verb(ticket) == 0 for _ in range(2_000)) == 1_000
    assert sum(shares.session(ticket) == 0 for _ in range(100)) == 20
    assert (shares.open(ticket), shares.open(held())) == (30, 3)
    assert sum(shares.begin_upload(ticket) for _ in range(100)) == 12


def test_without_a_bound_nothing_is_refused() -> None:
    shares = Shares(
        ShareLimits(connections=0, verbs_a_second=0, sessions_a_minute=0, sessions_open=0, uploads=0),
        lambda: 0,
    )
    for _ in range(2_000):
        assert shares.enter(held())
        assert shares.begin_upload(held())
        assert shares.verb(held()) == shares.session(held()) == shares.open(held()) == 0


# --- the doors


async def test_requests_beyond_the_rate_are_429_and_others_are_answered() -> None:
    async with doors(each=FEW) as here, ClientSession() as client:
        reading = f"{here.url}/v1/sessions/s_1/presence"
        many = {"Authorization": f"Bearer {here.ticket('p_many')}"}
        statuses = []
        for _ in range(40):
            async with client.get(reading, headers=many) as answer:
                statuses.append(answer.status)
                if answer.status == 429:
                    error = (await answer.json())["error"]
                    assert (error["reason"], error["detail"]) == ("too_fast", "requests")
                    assert 0 < error["retry_after_ms"] <= 1_000
                    assert answer.headers["Retry-After"] == "1"
        assert statuses[:10] == [200] * 10
        assert 429 in statuses
        # Another ticket of the same participant does not help; another participant is not touched.
        for who, reached in (("p_many", {200, 429}), ("p_ada", {200})):
            async with client.get(reading, headers={"Authorization": f"Bearer {here.ticket(who)}"}) as answer:
                assert answer.status in reached


async def test_sessions_beyond_so_many_a_minute_are_429_and_others_make_theirs() -> None:
    async with doors(each=FEW) as here, ClientSession() as client:

        async def make(ticket: str) -> tuple[int, str]:
            headers = {"Authorization": f"Bearer {ticket}"}
            async with client.post(f"{here.url}/v1/sessions", json={}, headers=headers) as answer:
                body = await answer.json()
                return answer.status, body.get("error", {}).get("detail", "")

        operators = [here.ticket(who, "operator", "*", more={"create"}) for who in ("p_olga", "p_otto")]
        assert [await make(operators[0]) for _ in range(3)] == [(201, ""), (201, ""), (429, "sessions")]
        assert (await make(operators[1]))[0] == 201
        assert (await make(boss(here)))[0] == 201


async def test_whoever_has_too_many_open_is_told_what_to_do_and_an_ended_one_makes_room() -> None:
    async with (
        doors(each=replace(FEW, verbs_a_second=0, sessions_a_minute=0)) as here,
        ClientSession() as client,
    ):
        olga = {"Authorization": f"Bearer {here.ticket('p_olga', 'operator', '*', more={'create', 'end'})}"}

        async def make(headers: dict[str, str]) -> tuple[int, dict[str, object]]:
            async with client.post(f"{here.url}/v1/sessions", json={}, headers=headers) as answer:
                return answer.status, await answer.json()

        made = [await make(olga) for _ in range(3)]
        assert [status for status, _ in made] == [201] * 3
        status, body = await make(olga)
        error = body["error"]
        assert isinstance(error, dict)
        assert (status, error["reason"], error["field"], error["retry_after_ms"]) == (
            409,
            "too_many",
            "sessions",
            0,
        )
        assert error["detail"] == "3 sessions that you made are open: end or erase some"
        assert (await make({"Authorization": f"Bearer {boss(here)}"}))[0] == 201

        ended = f"{here.url}/v1/sessions/{made[0][1]['session']}/end"
        async with client.post(ended, json={}, headers=olga) as answer:
            assert answer.status == 200
        async with asyncio.timeout(WAIT_S):
            while (await make(olga))[0] != 201:  # noqa: ASYNC110 - nobody is told that a row was written
                await asyncio.sleep(0.05)
        assert (await make(olga))[0] == 409


async def turned_away(here: Doors, participant: str, session: str) -> dict[str, object]:
    async with Page.at(here) as page:
        ticket = here.ticket(participant, session=session)
        await page.send({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_9"})
        assert await page.closed() == 4013
        return page.got[-1]


async def until_in(here: Doors, participant: str, session: str) -> None:
    """The place of a connection that ended is free as soon as the hub has seen that it ended."""
    async with asyncio.timeout(WAIT_S):
        while True:
            async with Page.at(here) as page:
                ticket = here.ticket(participant, session=session)
                await page.send({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_9"})
                message = await page.socket.receive_json()
                if message["type"] == "attached":
                    return


async def test_connections_beyond_the_bound_are_sent_away_and_their_places_are_given_back() -> None:
    keys = tuple(SessionKey("main", f"s_{number}") for number in range(1, 4))
    async with (
        doors(each=FEW, sessions=keys) as here,
        Page.at(here) as first,
        Page.attached(here, "p_ada") as innocent,
    ):
        await first.attach(here.ticket("p_many"))
        async with Page.at(here) as second:
            await second.attach(here.ticket("p_many", session="s_2"))
            closing = await turned_away(here, "p_many", "s_3")
            assert (closing["reason"], closing["detail"]) == ("overloaded", "connections")
            assert closing["retry_after_ms"] == 10_000
        await until_in(here, "p_many", "s_3")
        await innocent.acked(await innocent.post("still here"))


async def test_an_attachment_that_is_turned_away_for_another_reason_takes_no_place() -> None:
    async with doors(each=FEW) as here:
        for _ in range(5):
            async with Page.at(here) as page:
                ticket = here.ticket("p_many", session="s_none")
                await page.send({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1"})
                assert await page.closed() == 4004
        async with Page.at(here) as page:
            await page.attach(here.ticket("p_many"))


async def test_who_comes_back_is_let_in_beside_the_connections_that_it_lost() -> None:
    key = ClientKey()
    async with doors(each=FEW) as here, Page.at(here) as first, Page.at(here) as second:
        await first.attach(here.ticket("p_many"), producer="w_2")
        resume = (await second.attach(here.ticket("p_many"), key=key.jwk))["resume"]
        async with Page.at(here) as again:
            await again.send(
                {"type": "resume", "v": 1, "ticket": resume["ticket"], "producer": "w_1",
                 "proof": key.proof(resume["nonce"])}
            )  # fmt: skip
            await again.until("attached")


async def test_agents_have_as_many_connections_as_their_sessions_need() -> None:
    keys = tuple(SessionKey("main", f"s_{number}") for number in range(1, 6))
    async with doors(each=FEW, sessions=keys) as here, ClientSession() as client:
        for key in keys:
            socket = await client.ws_connect(f"{here.url}/v1/connect", protocols=("legato.1",))
            ticket = here.ticket("p_greeter", "agent", key.session)
            await socket.send_json({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1"})
            assert (await socket.receive_json())["type"] == "attached"
