"""What only people who help may do, asked by others, out of order, or where nothing is to be done: refused by name, and
nothing else happens."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec
import pytest

from hub.audit import tried, tried_beside
from hub.keys.errors import SessionForgotten
from hub.store.promise import SessionKey
from legato.session.capability import NEEDS, OF_CLIENTS
from legato.session.commands import Command, PlainCommand
from legato.session.events import Role
from legato.session.tickets import CEILINGS
from tests.signaling.doors import ANCHORS, KEY, Doors, Page, doors
from tests.signaling.test_http import ask

WANTED: Final[dict[str, dict[str, object]]] = {
    "change_stance": {"stance": "barge"},
    "wrap_up": {"disposition": "x"},
    "accept_session": {"right": "worker:bot"},
    "label_session": {"labels": {"agent": "another"}},
    "answer_steering": {"asked": "pause"},
    "end_response": {"outcome": "finished"},
    "end_tool": {"outcome": "finished"},
}
"""What a field that a command must have holds, where a word would not do."""


def _fields(kind: type[Command]) -> dict[str, object]:
    """Fields that would do, were it allowed."""
    wanted: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        if field.required:
            wanted[field.encode_name] = 1 if field.type is int else True if field.type is bool else "x"
    return wanted | WANTED.get(_named(kind), {})


def _named(kind: type[Command]) -> str:
    return str(kind.__struct_config__.tag)


LEAST: Final = ("read", "publish")
"""What everybody who speaks has."""

KINDS: Final = {_named(kind): kind for kind in (*Command.__subclasses__(), *PlainCommand.__subclasses__())}
PRIVILEGED: Final = {
    name: _fields(KINDS[name])
    for name, needs in NEEDS.items()
    if needs not in LEAST and name not in OF_CLIENTS
}
"""All that needs more than that, as the table of needs has it, so that a new one is tried by itself."""

OUT_OF_ORDER: Final = {
    "hand_back": "stale_token",
    "transfer": "stale_token",
    "hold_users": "not_allowed",
    "release_users": "not_allowed",
    "reserve_session": "not_found",
    "reject_session": "not_found",
    "wrap_up": "wrong_order",
}
"""Of an operator who does not answer, where nobody asked for a person."""


async def asked(
    here: Doors, ticket: str, kind: str, number: int, session: str = KEY.session
) -> tuple[int, str]:
    """The status and the reason of one command in a batch of its own."""
    command = {"type": kind, **PRIVILEGED[kind]}
    body = {"producer": f"try_{number}", "seq": 1, "commands": [command]}
    status, said = await ask(here, "POST", f"/v1/sessions/{session}/commands", ticket, body)
    return status, said["error"]["reason"]


async def log(here: Doors) -> list[str]:
    """The types of all events of the session."""
    ticket = here.ticket("p_boss", "supervisor", more=set(CEILINGS["supervisor"]) - {"work"})
    status, said = await ask(here, "GET", f"/v1/sessions/{KEY.session}/events?limit=200", ticket)
    assert status == 200
    return [event["type"] for event in said["events"]]


async def audited(here: Doors) -> list[tuple[str, str, str]]:
    """Who was refused what, and why, as the audit has it."""
    for _ in range(20):
        await asyncio.sleep(0)  # it is written while nobody waits for it
    try:
        found = await tried(KEY, here.store, here.keys, ANCHORS)
    except SessionForgotten:
        return []
    assert found.unreadable == 0
    return [(each.by, each.asked, each.reason) for each in found.trials]


@pytest.mark.parametrize("kind", PRIVILEGED)
async def test_a_participants_ticket_does_nothing_of_it_on_the_wire_or_by_http(kind: str) -> None:
    async with doors() as here, Page.at(here) as page:
        ticket = here.ticket(capabilities=LEAST)
        await page.attach(ticket)
        before = await log(here)
        await page.send({"type": "do", "seq": 1, "commands": [{"type": kind, **PRIVILEGED[kind]}]})
        refused = await page.until("refused")
        assert (refused["seq"], refused["reason"]) == (1, "not_allowed")
        assert await asked(here, ticket, kind, 1) == (403, "not_allowed")
        assert await log(here) == before
        assert await audited(here) == [("p_ada", kind, "not_allowed")] * 2


@pytest.mark.parametrize("kind", OUT_OF_ORDER)
async def test_an_operator_does_nothing_of_it_out_of_order(kind: str) -> None:
    async with doors() as here:
        ticket = here.ticket("p_olga", "operator")
        body = {"producer": "first", "seq": 1, "commands": [{"type": "change_stance", "stance": "monitor"}]}
        assert (await ask(here, "POST", f"/v1/sessions/{KEY.session}/commands", ticket, body))[0] == 200
        before = await log(here)
        assert (await asked(here, ticket, kind, 1))[1] == OUT_OF_ORDER[kind]
        assert await log(here) == before
        assert await audited(here) == [("p_olga", kind, OUT_OF_ORDER[kind])]


@pytest.mark.parametrize("kind", PRIVILEGED)
async def test_in_a_session_that_ended_or_was_erased_nobody_does_any_of_it(kind: str) -> None:
    erased = SessionKey("main", "s_erased")
    async with doors(sessions=(KEY, erased)) as here:
        agents = NEEDS[kind] == "work"
        boss = here.ticket("p_boss", "supervisor", "*", more=set(CEILINGS["supervisor"]) - {"work"})
        asker = here.ticket("p_bot", "agent", "*") if agents else here.ticket("p_olga", "operator", "*")
        assert (await ask(here, "POST", f"/v1/sessions/{KEY.session}/end", boss, {}))[0] == 200
        assert (await ask(here, "DELETE", f"/v1/sessions/{erased.session}", boss))[0] == 204
        before = await log(here)
        assert (await asked(here, asker, kind, 1))[1] == "session_ended"
        assert await asked(here, asker, kind, 2, erased.session) == (410, "session_erased")
        assert await asked(here, asker, kind, 3, "s_never") == (404, "not_found")
        assert await log(here) == before
        who = "p_bot" if agents else "p_olga"
        assert await audited(here) == [(who, kind, "session_ended")]
        assert await beside_all(here) == [(who, kind, "session_erased", erased.session)]


@pytest.mark.parametrize(("method", "path", "needs"), [("DELETE", "", "erase"), ("POST", "/end", "end")])
async def test_what_is_asked_of_an_erased_session_by_http_is_in_the_audit(
    method: str, path: str, needs: str
) -> None:
    async with doors() as here:
        boss = here.ticket("p_boss", "supervisor", "*", more=set(CEILINGS["supervisor"]) - {"work"})
        for session, status in ((KEY.session, 410), ("s_never", 404)):
            await ask(here, "DELETE", f"/v1/sessions/{session}", boss)
            assert (await ask(here, method, f"/v1/sessions/{session}{path}", boss, {}))[0] == status
        assert await beside_all(here) == [("p_boss", needs, "session_erased", KEY.session)]


async def test_who_says_anything_in_or_comes_to_an_erased_session_is_in_the_audit_and_nothing_is_kept() -> (
    None
):
    async with doors() as here:
        boss = here.ticket("p_boss", "supervisor", "*", more=set(CEILINGS["supervisor"]) - {"work"})
        assert (await ask(here, "DELETE", f"/v1/sessions/{KEY.session}", boss))[0] == 204
        body = {"producer": "late", "seq": 1, "commands": [
            {"type": "post_message", "message": "m_1", "parts": [{"text": "are you there?"}]}
        ]}  # fmt: skip
        path = f"/v1/sessions/{KEY.session}/commands"
        assert (await ask(here, "POST", path, here.ticket(), body))[0] == 410
        for session, code in ((KEY.session, 4010), ("s_never", 4004)):
            async with Page.at(here) as page:
                ticket = here.ticket(session=session)
                await page.send({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1"})
                assert await page.closed() == code
        for what in ("", "/events", "/history", "/presence", "/audit"):
            said = await ask(here, "GET", f"/v1/sessions/{KEY.session}{what}", boss)
            assert (said[0], said[1]["error"]["reason"]) == (410, "session_erased"), what
            assert (await ask(here, "GET", f"/v1/sessions/s_never{what}", boss))[0] == 404, what
        stranger = here.ticket("p_eve", session="s_other")
        assert (await ask(here, "GET", f"/v1/sessions/{KEY.session}", stranger))[0] == 404
        assert [each[1] for each in await beside_all(here)] == ["post_message", "attach", "export"]
        assert await here.store.exists(KEY) == "erased"


@pytest.mark.parametrize("role", ["user", "agent", "observer"])
@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "/v1/sessions", None, "list"),
        ("GET", "/v1/queue", None, "list"),
        ("GET", "/v1/board", None, "list"),
        ("GET", "/v1/operators", None, "list"),
        ("GET", "/v1/usage", None, "list"),
        ("GET", "/v1/audit", None, "list"),
        ("POST", "/v1/sessions", {}, "create"),
        ("POST", "/v1/tickets/revoke", {"participant": "p_olga"}, "mint"),
    ],
)
async def test_what_is_asked_of_a_tenant_by_somebody_else_is_refused_and_in_its_audit(
    method: str, path: str, body: object, told: str, role: Role
) -> None:
    async with doors() as here:
        ticket = here.ticket("p_mal", role, capabilities=("read",))
        before = len(await here.store.sessions("main"))
        for address in (
            path,
            f"{path}?role=supervisor&rol=supervisor",
        ):  # a role that is written there is none
            status, said = await ask(here, method, address, ticket, body)
            assert (status, said["error"]["reason"]) == (403, "not_allowed")
        assert await beside_all(here) == [("p_mal", told, "not_allowed", "")] * 2
        assert await audited(here) == []
        assert len(await here.store.sessions("main")) == before
        boss = here.ticket("p_boss", "supervisor", "*", more=("export",))
        _, shown = await ask(here, "GET", "/v1/audit", boss)
        assert [(each["by"], each["role"], each["asked"]) for each in shown["refused"]] == [
            ("p_mal", role, told)
        ] * 2


async def test_a_role_that_is_written_into_a_new_session_or_a_users_work_is_not_believed() -> None:
    async with doors() as here, Page.at(here) as page:
        forged = {"role": "supervisor", "capabilities": ["create"]}
        status, _ = await ask(here, "POST", "/v1/sessions", here.ticket(), forged)
        assert status == 403
        work = {
            "type": "work",
            "v": 1,
            "ticket": here.ticket(),
            "name": "bot",
            "worker": "k_1",
            "role": "agent",
        }
        await page.send(work)
        assert await page.closed() == 4003
        told = [("p_ada", asked, "not_allowed", "") for asked in ("create", "work")]
        assert await beside_all(here) == told


async def test_a_ticket_whose_role_was_changed_by_its_holder_is_none() -> None:
    async with doors() as here:
        head, body, seal = here.ticket().split(".")
        claims = json.loads(urlsafe_b64decode(body + "=="))
        claims |= {"rol": "supervisor", "ses": "*", "cap": sorted(CEILINGS["supervisor"])}
        forged = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        for method, path in (("GET", "/v1/sessions"), ("POST", "/v1/sessions"), ("GET", "/v1/audit")):
            status, said = await ask(here, method, path, f"{head}.{forged}.{seal}")
            assert (status, said["error"]["reason"]) == (401, "ticket_refused")
        assert await beside_all(here) == [], "nobody knows who it was, nor whose tenant it is"


async def beside_all(here: Doors) -> list[tuple[str, str, str, str]]:
    """Who was refused what, why, in which erased session, as the tenant's audit has it."""
    await audited(here)
    found = await tried_beside("main", here.store, here.keys, ANCHORS)
    assert found.unreadable == 0
    return [(each.by, each.asked, each.reason, each.session) for each in found.trials]


@pytest.mark.parametrize("field", ["role", "rol", "by", "participant", "capabilities"])
async def test_a_role_that_is_written_into_a_command_is_not_believed(field: str) -> None:
    async with doors() as here, Page.attached(here) as page:
        before = await log(here)
        forged = {"type": "take_over", field: ["takeover"] if field == "capabilities" else "supervisor"}
        await page.send({"type": "do", "seq": 1, "commands": [forged]})
        assert (await page.until("refused"))["reason"] == "not_allowed"
        assert await log(here) == before
        assert await audited(here) == [("p_ada", "take_over", "not_allowed")]


@pytest.mark.parametrize("role", ["operator", "supervisor", "agent"])
async def test_a_user_hands_on_no_ticket_of_another_role(role: str) -> None:
    async with doors() as here:
        body = {"session": KEY.session, "role": role, "participant": "p_new"}
        status, said = await ask(here, "POST", "/v1/tickets", here.ticket(), body)
        assert (status, said["error"]["reason"]) == (403, "not_allowed")
        assert await audited(here) == [("p_ada", "mint", "not_allowed")]


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [("DELETE", "", "erase"), ("POST", "/end", "end")],
)
async def test_what_a_ticket_of_the_session_does_not_allow_by_http_is_in_the_audit(
    method: str, path: str, needs: str
) -> None:
    async with doors() as here:
        own = here.ticket("p_eve", "observer")
        status, _ = await ask(here, method, f"/v1/sessions/{KEY.session}{path}", own, {})
        other = here.ticket("p_mal", "observer", "s_other")
        assert (await ask(here, method, f"/v1/sessions/{KEY.session}{path}", other, {}))[0] == 404
        assert status == 403
        assert await audited(here) == [("p_eve", needs, "not_allowed")], "a stranger leaves nothing"


async def test_who_comes_without_the_right_to_barge_in_is_placed_where_nobody_hears_them() -> None:
    async with doors() as here, Page.at(here) as page:
        ticket = here.ticket("p_olga", "operator", capabilities=("read", "publish", "monitor"))
        told = await page.attach(ticket)
        assert told["snapshot"]["participants"]["p_olga"]["stance"] == "monitor"
        post = {"type": "post_message", "message": "m_1", "parts": [{"text": "hear me"}]}
        for sequence, command in enumerate(({"type": "change_stance", "stance": ""}, post), 1):
            await page.send({"type": "do", "seq": sequence, "commands": [command]})
            refused = await page.until("refused")
            assert (refused["seq"], refused["reason"]) == (sequence, "not_allowed")
        body = {"producer": "other", "seq": 1, "commands": [post]}
        path = f"/v1/sessions/{KEY.session}/commands"
        assert (await ask(here, "POST", path, ticket, body))[0] == 403
        assert "message_posted" not in await log(here)


async def test_who_may_not_answer_is_given_nobody_to_answer_and_that_it_was_tried_is_in_the_audit() -> None:
    async with doors() as here, Page.at(here) as desk, Page.at(here) as wall:
        await desk.attach(here.ticket("p_olga", "operator"))
        await wall.attach(here.ticket("p_ben", "operator", capabilities=("read", "publish", "monitor")))
        for sequence, command in enumerate(({"type": "take_over"}, {"type": "transfer", "to": "p_ben"}), 1):
            await desk.send({"type": "do", "seq": sequence, "commands": [command]})
        await desk.acked(1)
        refused = await desk.until("refused")
        assert (refused["seq"], refused["reason"], refused["field"]) == (2, "not_allowed", "to")
        assert await audited(here) == [("p_olga", "transfer", "not_allowed")]


async def test_an_operators_lesser_device_neither_lowers_the_other_nor_speaks_by_its_right() -> None:
    async with doors() as here, Page.at(here) as desk, Page.at(here) as wall:
        await desk.attach(here.ticket("p_olga", "operator"))
        lesser = here.ticket("p_olga", "operator", capabilities=("read", "publish", "monitor"))
        told = await wall.attach(lesser, producer="w_2")
        assert told["snapshot"]["participants"]["p_olga"].get("stance", "") == ""
        await desk.send({"type": "do", "seq": 1, "commands": [{"type": "take_over"}]})
        await desk.acked(1)
        await wall.post("hear me")
        assert (await wall.until("refused"))["reason"] == "not_allowed"
        desk.sequence = 1
        await desk.acked(await desk.post("hear me"))
        assert (await log(here)).count("message_posted") == 1
