"""A session that was erased is answered in one way by every door that leads to it, and one that never was in another.

Which doors these are is read from the hub's own description: one that is added is tried by itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from tests.signaling.doors import KEY, ClientKey, Doors, Page, doors
from tests.signaling.test_http import ask, boss

NAMED: Final = {"sha256": "0" * 64, "producer": "w_1", "seq": 1}
"""What a place in a path, or a field that a body must have, holds where its type does not tell."""

SAYS: Final = {"commands": [{"type": "end_session"}]}

Verb = tuple[str, str, Any]
"""Method, path (with the session still to be filled in), body."""


def _filled(schema: Any, components: dict[str, Any]) -> Any:
    """A body that would do: of what it must have, the least."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if "properties" not in schema:
        return {"string": "x", "integer": 1, "array": [], "boolean": False}.get(schema.get("type", ""))
    wanted = {name: schema["properties"][name] for name in schema.get("required", ())}
    return {name: (NAMED | SAYS).get(name, _filled(each, components)) for name, each in wanted.items()}


def _verbs(described: dict[str, Any]) -> list[Verb]:
    """Those that a ticket opens, and that say in path or query which session is meant."""
    found = list[Verb]()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            asked = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
            if {"ticket": []} not in operation["security"] or not ("{session}" in path or "session" in asked):
                continue
            where = re.sub(r"{(?!session)(\w+)}", lambda name: str(NAMED[name[1]]), path)
            where += "" if "{session}" in path else "?session={session}"
            content = operation.get("requestBody", {}).get("content", {})
            said = content.get("application/json", {}).get("schema")
            body = None if said is None else _filled(said, described["components"]["schemas"])
            found.append((method.upper(), where, body))
    return found


async def _answers(here: Doors, session: str) -> dict[str, tuple[int, str]]:
    """What each verb says of the session, to somebody who may do all of it."""
    described = (await ask(here, "GET", "/v1/openapi.json", ""))[1]
    answers = dict[str, tuple[int, str]]()
    for method, path, body in _verbs(described):
        status, said = await ask(here, method, path.format(session=session), boss(here), body)
        reason = said["error"]["reason"] if isinstance(said, dict) and "error" in said else ""
        answers[f"{method} {path}"] = (status, reason)
    return answers


async def test_every_verb_about_a_session_says_that_it_was_erased_or_that_it_never_was(
    tmp_path: Path,
) -> None:
    async with doors(folder=tmp_path) as here:
        await ask(here, "DELETE", f"/v1/sessions/{KEY.session}", boss(here))
        erased = await _answers(here, KEY.session)
        never = await _answers(here, "s_never")
    assert len(erased) >= 13
    assert {"GET /v1/sessions/{session}/recording", "GET /v1/earlier?session={session}"} <= erased.keys()
    assert {each for each, said in erased.items() if said != (410, "session_erased")} == set()
    assert {each for each, said in never.items() if said != (404, "not_found")} == set()


async def test_of_a_session_without_sound_there_is_no_recording_and_levels_of_nothing(tmp_path: Path) -> None:
    async with doors(folder=tmp_path) as here:
        one = f"/v1/sessions/{KEY.session}"
        for which in ("", "?track=t_1", "?from=0&to=1000"):
            status, said = await ask(here, "GET", f"{one}/recording{which}", boss(here))
            assert (status, said["error"]["reason"], said["error"]["detail"]) == (
                404,
                "not_found",
                "no sound is kept",
            )
        status, said = await ask(here, "GET", f"{one}/levels", boss(here))
        assert (status, said["length"]) == (200, 0)


async def test_every_way_to_come_back_to_an_erased_session_is_closed_with_that_word() -> None:
    key = ClientKey()
    async with doors() as here, Page.at(here) as page:
        ticket = here.ticket()
        resume = (await page.attach(ticket, key=key.jwk))["resume"]
        await ask(here, "DELETE", f"/v1/sessions/{KEY.session}", boss(here))
        assert await page.closed() == 4010
        again = {"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1"}
        back = {
            "type": "resume", "v": 1, "ticket": resume["ticket"], "producer": "w_1",
            "proof": key.proof(resume["nonce"]),
        }  # fmt: skip
        for first in (again, back):
            async with Page.at(here) as late:
                await late.send(first)
                assert await late.closed() == 4010, first["type"]
            headers = {"Accept": "application/json"}
            _, said = await ask(here, "POST", "/v1/attach", "none", first, headers)
            closed = said["envelopes"][-1]
            assert (closed["type"], closed["reason"]) == ("closing", "session_erased")
