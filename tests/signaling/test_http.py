"""The HTTP door: every verb, who may use it, and its description."""

from __future__ import annotations

import asyncio
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiohttp import ClientSession

from hub.store.accounting import Used
from hub.store.promise import Listed, SessionKey
from legato.session.tickets import CEILINGS
from signaling.policy import Policy
from tests.signaling.doors import Doors, Page, doors

POST = {"type": "post_message", "message": "m_1", "parts": [{"text": "hello"}]}


async def ask(
    here: Doors,
    method: str,
    path: str,
    ticket: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """A request's status and its JSON."""
    sent = {"Authorization": f"Bearer {ticket}", **(headers or {})}
    async with (
        ClientSession() as client,
        client.request(method, here.url + path, json=body, headers=sent) as answer,
    ):
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else await answer.read()


def boss(here: Doors) -> str:
    return here.ticket("p_boss", "supervisor", "*", more=set(CEILINGS["supervisor"]) - {"work"})


async def test_totals_are_told_to_whoever_may_list_all_sessions_and_to_nobody_else() -> None:
    async with doors() as here:
        await here.store.account(SessionKey("main", "s_gone"), "2026-11-29", Used(3, 4, 5, 6))
        status, told = await ask(here, "GET", "/v1/usage?from=2026-11-29&to=2026-11-30", boss(here))
        assert (status, told["days"]) == (
            200,
            [{"day": "2026-11-29", "tokens_in": 3, "tokens_out": 4, "ms": 5, "tool_calls": 6, "sessions": 1}],
        )
        assert (await ask(here, "GET", "/v1/usage?to=2026-11-28", boss(here)))[1] == {"days": []}
        assert (await ask(here, "GET", "/v1/usage?to=yesterday", boss(here)))[1]["error"]["field"] == "to"
        own = here.ticket("p_boss", "supervisor", "s_1")
        assert (await ask(here, "GET", "/v1/usage", own))[1]["error"]["reason"] == "not_allowed"


async def test_a_session_lives_from_its_making_to_its_erasure() -> None:
    async with doors() as here:
        ticket = boss(here)
        made = {"session": "s_new", "title": "An order", "labels": {"shop": "north"},
                "participants": [{"participant": "p_ada", "role": "user", "name": "Ada"}]}  # fmt: skip
        made["needs"] = {"language": "d e"}
        assert (await ask(here, "POST", "/v1/sessions", ticket, made))[1]["error"]["field"] == "needs"
        made["needs"] = {"region": "eu", "language": "de"}
        assert (await ask(here, "POST", "/v1/sessions", ticket, made))[0] == 201
        assert (await ask(here, "POST", "/v1/sessions", ticket, made))[1]["error"][
            "reason"
        ] == "already_exists"
        done = {"producer": "shop", "seq": 1, "commands": [POST]}
        status, first = await ask(here, "POST", "/v1/sessions/s_new/commands", ticket, done)
        assert (status, first["level"]) == (200, "buffered")
        assert (await ask(here, "POST", "/v1/sessions/s_new/commands", ticket, done)) == (200, first)
        _, read = await ask(here, "GET", "/v1/sessions/s_new", ticket)
        assert read["state"]["title"] == "An order"
        assert read["state"]["labels"] == {"shop": "north", "needs": "language=de region=eu"}
        _, log = await ask(here, "GET", "/v1/sessions/s_new/events?after=1&limit=2", ticket)
        assert [event["offset"] for event in log["events"]] == [2, 3]
        _, history = await ask(here, "GET", "/v1/sessions/s_new/history", ticket)
        assert [entry["id"] for entry in history["entries"]] == ["m_1"]
        _, presence = await ask(here, "GET", "/v1/sessions/s_new/presence", ticket)
        assert [each["attentive"] for each in presence["participants"]] == [False] * len(
            presence["participants"]
        )
        assert {each["participant"]: each["liveness"] for each in presence["participants"]}[
            "p_ada"
        ] == "offline"
        assert (await ask(here, "POST", "/v1/sessions/s_new/end", ticket, {"reason": "done"}))[0] == 200
        assert (await ask(here, "POST", "/v1/sessions/s_new/end", ticket, {}))[1]["error"][
            "reason"
        ] == "session_ended"
        assert (await ask(here, "DELETE", "/v1/sessions/s_new", ticket))[0] == 204
        assert (await ask(here, "GET", "/v1/sessions/s_new", ticket))[0] == 410


async def test_erasing_closes_who_is_there() -> None:
    async with doors() as here, Page.attached(here) as page:
        assert (await ask(here, "DELETE", "/v1/sessions/s_1", boss(here)))[0] == 204
        assert await page.closed() == 4010


async def test_a_session_one_may_not_see_and_one_that_is_not_there_look_alike() -> None:
    """Every verb, with a ticket of another session and of another tenant: the same bytes as for no session."""
    other = SessionKey("main", "s_other")
    async with doors(sessions=(SessionKey("main", "s_1"), other)) as here:
        all_of_it = set(CEILINGS["user"])
        verbs = [
            ("GET", "", None), ("GET", "/history", None), ("GET", "/events", None), ("GET", "/presence", None),
            ("POST", "/commands", {"producer": "w", "seq": 1, "commands": [POST]}),
            ("POST", "/end", {}), ("DELETE", "", None),
        ]  # fmt: skip
        for ticket in (
            here.ticket("p_eve", "user", "s_other", capabilities=all_of_it),
            here.ticket(
                "p_eve", "supervisor", "*", tenant="elsewhere", capabilities=set(CEILINGS["supervisor"])
            ),
        ):
            for method, path, body in verbs:
                seen = await ask(here, method, f"/v1/sessions/s_1{path}", ticket, body)
                absent = await ask(here, method, f"/v1/sessions/s_nowhere{path}", ticket, body)
                assert seen == absent
                assert seen[0] == 404


async def test_each_verb_wants_its_capability() -> None:
    async with doors() as here:
        for method, path, body in (
            ("POST", "/v1/sessions", {}), ("GET", "/v1/sessions", None), ("DELETE", "/v1/sessions/s_1", None),
            ("POST", "/v1/tickets", {"participant": "p_boss"}),
            ("POST", "/v1/tickets", {"role": "supervisor"}),
            ("POST", "/v1/tickets", {"capabilities": ["takeover"]}),
            ("POST", "/v1/tickets", {"session": "*"}),
        ):  # fmt: skip
            status, answer = await ask(here, method, path, here.ticket(), body)
            assert (status, answer["error"]["reason"]) in ((403, "not_allowed"), (400, "malformed")), path
        reader = here.ticket("p_o", "observer")
        done = {"producer": "w", "seq": 1, "commands": [POST]}
        assert (await ask(here, "POST", "/v1/sessions/s_1/commands", reader, done))[0] == 403
        assert (await ask(here, "GET", "/v1/sessions/s_1", ""))[0] == 401


async def test_a_ticket_is_renewed_and_made_for_others_and_invites_are_handed_on() -> None:
    async with doors() as here:
        status, renewed = await ask(here, "POST", "/v1/tickets", here.ticket(), {})
        assert status == 201
        async with Page.at(here) as page:
            assert (await page.attach(renewed["ticket"]))["participant"] == "p_ada"
            _, again = await ask(here, "POST", "/v1/tickets", page.got[0]["connection"], {})
            assert (await ask(here, "GET", "/v1/sessions/s_1", again["ticket"]))[0] == 200
        body = {"session": "s_1", "participant": "p_cy", "role": "operator"}
        _, minted = await ask(here, "POST", "/v1/tickets", boss(here), body)
        async with Page.at(here) as page:
            assert (await page.attach(minted["ticket"]))["participant"] == "p_cy"
        _, invite = await ask(
            here, "POST", "/v1/tickets", here.ticket(), {"kind": "invite", "participant": "p_ada+guest"}
        )
        async with Page.at(here) as page:
            assert (await page.attach(invite["ticket"]))["participant"] == "p_ada+guest"


async def test_nobody_is_invited_as_somebody_else() -> None:
    """Who came as the operator, the agent or another user would speak as them, and leave for them."""
    async with doors() as here:
        for another in ("p_olga", "p_concierge", "p_bob"):
            asked = {"kind": "invite", "participant": another}
            status, answer = await ask(here, "POST", "/v1/tickets", here.ticket(), asked)
            assert (status, answer["error"]["reason"]) == (403, "not_allowed"), another
            assert answer["error"]["field"] == "participant"
            assert "p_ada+NAME" in answer["error"]["detail"], "it says whom one may invite"


async def test_who_may_mint_renews_their_own_without_that() -> None:
    async with doors() as here:
        olga = here.ticket("p_olga", "operator", "*", more=["mint"])
        status, renewed = await ask(here, "POST", "/v1/tickets", olga, {"session": "s_1"})
        assert status == 201
        async with Page.at(here) as page:
            assert (await page.attach(renewed["ticket"]))["participant"] == "p_olga"
        for_another = {"participant": "p_cy", "role": "operator"}
        assert (await ask(here, "POST", "/v1/tickets", renewed["ticket"], for_another))[0] == 403
        everything = {"session": "s_1", "capabilities": ["mint"]}
        assert (await ask(here, "POST", "/v1/tickets", olga, everything))[0] == 403


async def test_sessions_are_listed_by_label_and_in_pages() -> None:
    async with doors(sessions=()) as here:
        ticket = boss(here)
        for number in range(3):
            body = {"session": f"s_{number}", "labels": {"shop": "north" if number else "south"}}
            assert (await ask(here, "POST", "/v1/sessions", ticket, body))[0] == 201
        _, listed = await ask(here, "GET", "/v1/sessions?limit=200", ticket)
        assert {row["session"] for row in listed["sessions"]} == {"s_0", "s_1", "s_2"}
        for query in ("limit=0", "limit=x", "before=-1", "before=MQ", "label=shop"):
            assert (await ask(here, "GET", f"/v1/sessions?{query}", ticket))[0] == 400


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_together_list_each_session_once_however_many_share_a_time(limit: int) -> None:
    async with doors(sessions=()) as here:
        ticket = boss(here)
        names = [f"s_+{number}" for number in range(7)]
        for name in names:
            assert (await ask(here, "POST", "/v1/sessions", ticket, {"session": name}))[0] == 201
        await here.store.index(SessionKey("main", "s_+3"), Listed("s_+3", 1, 4_000, False, {}), [])
        for name in names[:3] + names[4:]:
            await here.store.index(SessionKey("main", name), Listed(name, 1, 5_000, False, {}), [])
        seen, before = list[str](), "0"
        while before:
            _, page = await ask(here, "GET", f"/v1/sessions?limit={limit}&before={before}", ticket)
            seen += [row["session"] for row in page["sessions"]]
            before = page["next"]
        assert seen == [*names[:3:-1], *names[2::-1], names[3]]
        _, page = await ask(here, "GET", "/v1/sessions?limit=2", ticket)
        assert page["before"] == 5_000
        _, page = await ask(here, "GET", "/v1/sessions?before=5000", ticket)
        assert [row["session"] for row in page["sessions"]] == ["s_+3"], "as clients from before have it"


async def test_a_blob_is_kept_sealed_under_its_hash_and_served_so_that_nobody_runs_it(tmp_path: Path) -> None:
    canary = b"<script>the canary sings</script>" * 5_000
    digest = sha256(canary).hexdigest()
    path = f"/v1/sessions/s_1/blobs/{digest}"
    async with doors(folder=tmp_path) as here, ClientSession() as client:
        headers = {"Authorization": f"Bearer {here.ticket()}"}
        async with client.put(here.url + path, data=b"other bytes", headers=headers) as answer:
            assert answer.status == 422
        async with client.get(here.url + path, headers=headers) as answer:
            assert answer.status == 404
        for expected in (201, 200):
            async with client.put(here.url + path, data=canary, headers=headers) as answer:
                assert answer.status == expected
        async with client.get(here.url + path + "?type=image/svg%2Bxml", headers=headers) as answer:
            assert await answer.read() == canary
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Disposition"].startswith("attachment")
        stored = b"".join(_files(tmp_path))
        assert len(stored) > len(canary)
        assert b"canary" not in stored
        assert (await ask(here, "DELETE", "/v1/sessions/s_1", boss(here)))[0] == 204
        assert not _files(tmp_path)


async def test_a_blob_that_is_too_large_or_misnamed_is_refused(tmp_path: Path) -> None:
    async with doors(folder=tmp_path) as here, ClientSession() as client:
        headers = {"Authorization": f"Bearer {here.ticket()}", "Content-Length": "20000001"}
        url = f"{here.url}/v1/sessions/s_1/blobs/"
        async with client.put(url + "0" * 64, data=_nothing(), headers=headers) as answer:
            assert answer.status == 413
        async with client.put(
            url + "zz", data=b"x", headers={"Authorization": headers["Authorization"]}
        ) as answer:
            assert answer.status == 400


async def _nothing() -> Any:
    yield b""


async def test_a_call_without_sound_is_unavailable_and_only_for_who_is_attached() -> None:
    async with doors() as here, Page.attached(here) as page:
        path = "/v1/sessions/s_1/calls"
        assert (await ask(here, "POST", path, here.ticket(), {"sdp": "v=0"}))[0] == 401
        assert (await ask(here, "POST", path, page.got[0]["connection"], {"sdp": "v=0"}))[0] == 503
        other = "/v1/sessions/s_other/calls"
        assert (await ask(here, "POST", other, page.got[0]["connection"], {"sdp": "v=0"}))[0] == 404


async def test_answers_carry_what_keeps_browsers_from_guessing_and_pages_on_the_list_may_read_them() -> None:
    policy = Policy(frozenset({"https://shop.example"}))
    async with doors(policy=policy) as here, ClientSession() as client:
        async with client.get(f"{here.url}/healthz", headers={"Origin": "https://shop.example"}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "Set-Cookie" not in answer.headers
        async with client.get(f"{here.url}/healthz", headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
            assert "Access-Control-Allow-Origin" not in answer.headers
        preflight = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
        async with client.options(f"{here.url}/v1/sessions", headers=preflight) as answer:
            assert answer.status == 204
            assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
            assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


async def test_a_body_that_does_not_say_it_is_json_is_not_read() -> None:
    async with doors() as here, ClientSession() as client:
        headers = {"Authorization": f"Bearer {boss(here)}", "Content-Type": "text/plain"}
        async with client.post(f"{here.url}/v1/sessions", data=b"{}", headers=headers) as answer:
            assert answer.status == 415


async def test_counters_are_for_this_machine_alone_and_name_nobody() -> None:
    async with doors() as here, Page.attached(here) as page, ClientSession() as client:
        await page.acked(await page.post("the canary sings"))
        async with client.get(f"{here.url}/metrics") as answer:
            text = await answer.text()
            assert "legato_acks_total" in text
            assert not any(secret in text for secret in ("canary", "p_ada", "s_1"))
        async with client.get(f"{here.url}/metrics", headers={"X-Forwarded-For": "192.0.2.1"}) as answer:
            assert answer.status == 404


async def test_the_description_is_openapi_and_names_every_verb(tmp_path: Path) -> None:
    async with doors(folder=tmp_path) as here:
        _, described = await ask(here, "GET", "/v1/openapi.json", "")
        assert described["openapi"].startswith("3.1")
        for path, method in (
            ("/v1/sessions", "post"), ("/v1/sessions", "get"), ("/v1/sessions/{session}", "get"),
            ("/v1/sessions/{session}", "delete"), ("/v1/sessions/{session}/history", "get"),
            ("/v1/sessions/{session}/events", "get"), ("/v1/sessions/{session}/commands", "post"),
            ("/v1/sessions/{session}/presence", "get"), ("/v1/sessions/{session}/end", "post"),
            ("/v1/sessions/{session}/calls", "post"), ("/v1/sessions/{session}/blobs/{sha256}", "put"),
            ("/v1/sessions/{session}/blobs/{sha256}", "get"), ("/v1/tickets", "post"), ("/v1/attach", "post"),
            ("/v1/up", "post"), ("/v1/poll", "post"), ("/healthz", "get"), ("/readyz", "get"),
            ("/metrics", "get"), ("/v1/openapi.json", "get"),
        ):  # fmt: skip
            operation = described["paths"][path][method]
            named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert all(f"{{{name}}}" in path for name in named)
            assert path.count("{") == len(named)
            assert operation["responses"]
        names = [each["operationId"] for path in described["paths"].values() for each in path.values()]
        assert len(names) == len(set(names))
        schemas = described["components"]["schemas"]
        for reference in _references(described):
            assert reference.removeprefix("#/components/schemas/") in schemas
        for schema in schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)


async def test_what_is_answered_is_what_is_described() -> None:
    async with doors() as here:
        _, described = await ask(here, "GET", "/v1/openapi.json", "")
        for path in (
            "/v1/sessions",
            "/v1/sessions/s_1",
            "/v1/sessions/s_1/presence",
            "/healthz",
            "/v1/sessions/s_no",
        ):
            status, answer = await ask(here, "GET", path, boss(here))
            template = path.replace("s_1", "{session}").replace("s_no", "{session}")
            responses = described["paths"][template]["get"]["responses"]
            content = responses["200" if status == 200 else "default"]["content"]["application/json"]
            schema = content["schema"] | {"components": described["components"]}
            jsonschema.Draft202012Validator(schema).validate(answer)


def _files(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for inner in value.values() for each in _references(inner)]
    return [each for inner in value for each in _references(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("count", [3])
async def test_batches_of_one_producer_by_two_requests_at_once_are_each_done_once(count: int) -> None:
    async with doors() as here:
        ticket = boss(here)
        done = {"producer": "shop", "seq": 1, "commands": [POST | {"message": f"m_{os.urandom(4).hex()}"}]}
        answers = await asyncio.gather(
            *(ask(here, "POST", "/v1/sessions/s_1/commands", ticket, done) for _ in range(count))
        )
        assert {status for status, _ in answers} == {200}
        assert len({answer["first"] for _, answer in answers}) == 1
