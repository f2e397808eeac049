"""A session is made whole or not at all: what is refused made nothing, and mended it is made under its own id."""

from __future__ import annotations

from typing import Any

import pytest

from legato.session.limits import PARTICIPANTS
from tests.signaling.doors import doors
from tests.signaling.test_http import ask, boss


def people(count: int) -> list[dict[str, Any]]:
    return [
        {"participant": f"p_{number}", "role": "user", "name": f"Guest {number}"} for number in range(count)
    ]


ADA: dict[str, Any] = {"participant": "p_ada", "role": "user", "name": "Ada"}


@pytest.mark.parametrize(
    ("participants", "status", "reason"),
    [
        ([ADA, ADA | {"participant": "no id!"}], 400, "malformed"),
        ([ADA, ADA | {"participant": ""}], 400, "malformed"),
        ([ADA, ADA | {"name": "x" * 65}], 400, "malformed"),
        ([ADA, ADA | {"role": "king"}], 400, "malformed"),
        (people(PARTICIPANTS + 1), 413, "too_large"),
        (people(64), 413, "too_large"),
    ],
)
async def test_a_session_that_is_refused_for_its_participants_was_not_made(
    participants: list[dict[str, Any]], status: int, reason: str
) -> None:
    async with doors() as here:
        body = {"session": "s_new", "participants": participants}
        refused, told = await ask(here, "POST", "/v1/sessions", boss(here), body)
        assert (refused, told["error"]["reason"]) == (status, reason)
        assert "participants" in told["error"]["field"]
        assert (await ask(here, "GET", "/v1/sessions/s_new", boss(here)))[0] == 404
        mended = body | {"participants": [ADA]}
        assert (await ask(here, "POST", "/v1/sessions", boss(here), mended))[0] == 201
        _, listed = await ask(here, "GET", "/v1/sessions", boss(here))
        assert {row["session"] for row in listed["sessions"]} == {"s_1", "s_new"}


async def test_as_many_as_a_session_holds_take_part_from_the_beginning() -> None:
    async with doors() as here:
        body = {"session": "s_new", "participants": people(PARTICIPANTS)}
        assert (await ask(here, "POST", "/v1/sessions", boss(here), body))[0] == 201
        _, presence = await ask(here, "GET", "/v1/sessions/s_new/presence", boss(here))
        assert len(presence["participants"]) == PARTICIPANTS
        again = await ask(here, "POST", "/v1/sessions", boss(here), body)
        assert (again[0], again[1]["error"]["reason"]) == (409, "already_exists")
