"""The tools that a hub calls by HTTP: signed, under one key, tried again only where that does no harm, and bounded."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from hub.node.errands import Came, Errand
from hub.node.registered import HubTool
from signaling.callee_file import CalleesInvalid, read_callees
from signaling.callees import MOST_BYTES, MOST_LINES, Callee, Callees
from signaling.options import Options, OptionsInvalid
from signaling.outside import NoAnswer, Outside
from signaling.webhooks import signature
from tests.signaling.doors import WAIT_S
from tests.signaling.test_webhooks import Names
from tests.support.receiver import nobody

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
CHARGE = Errand("tool_1", "charge", True, '{"amount": 1.50}', "c_1", "s_1", "main", 1_700_000_000_000)
ONCE = replace(CHARGE, idempotent=False)
NO_SENSE = Came("failed", reason="its answer is neither JSON nor text")
TOO_LONG = Came("failed", reason="its answer is too long")


class There:
    """A callee that answers one after another thing; `got`: headers and bodies."""

    def __init__(self, *answers: object) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.port = 0
        self.came = asyncio.Event()
        self.cut = asyncio.Event()
        self._answers = list(answers)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.got.append(
            ({name.lower(): said for name, said in request.headers.items()}, await request.read())
        )
        self.came.set()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer == "hang":
            try:
                await asyncio.Event().wait()
            finally:
                self.cut.set()
        if answer == "break":
            assert request.transport is not None
            request.transport.abort()
        if isinstance(answer, int):
            return web.Response(status=answer, headers={"Location": "http://127.0.0.1:9/"})
        return answer if isinstance(answer, web.StreamResponse) else web.Response()


@asynccontextmanager
async def there(*answers: object) -> AsyncIterator[There]:
    callee = There(*answers)
    runner = web.ServerRunner(web.Server(callee, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    callee.port = runner.addresses[0][1]
    try:
        yield callee
    finally:
        await runner.cleanup()


async def called(
    port: int, errand: Errand = CHARGE, within_s: float = 30.0, said: list[tuple[str, int, int]] | None = None
) -> Came:
    """What comes of one call."""
    tool = HubTool("charge", idempotent=errand.idempotent)
    callees = Callees([Callee(tool, f"http://127.0.0.1:{port}/x", KEY, True)], lambda: 1_700_000_000.7)

    async def progressed(text: str, step: int, steps: int) -> None:
        if said is not None:
            said.append((text, step, steps))

    try:
        return await callees.call(errand, within_s, progressed)
    finally:
        await callees.close()


async def test_a_callee_can_check_who_calls_and_finds_the_key_in_three_places() -> None:
    async with there(web.json_response({"paid": True})) as callee:
        assert await called(callee.port) == Came("finished", '{"paid":true}')
    ((headers, body),) = callee.got
    assert headers["idempotency-key"] == headers["webhook-id"] == json.loads(body)["data"]["id"] == "tool_1"
    assert headers["webhook-signature"] == signature(KEY, "tool_1", "1700000000", body)
    assert json.loads(body) == {
        "type": "legato.tool_called",
        "data": {
            "id": "tool_1", "tool": "charge", "arguments": {"amount": 1.5}, "call": "c_1", "session": "s_1",
            "tenant": "main", "time": 1_700_000_000_000,
        },
    }  # fmt: skip
    assert b'{"amount": 1.50}' in body, "as the agent gave them"


@pytest.mark.parametrize("first", [500, 503, 429, 409, 408, 425, "break"])
async def test_what_does_nothing_twice_is_tried_again_under_its_key(first: object) -> None:
    async with there(first, web.json_response(1)) as callee:
        assert await called(callee.port) == Came("finished", "1")
        assert [headers["idempotency-key"] for headers, _ in callee.got] == ["tool_1"] * 2


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (500, Came("interrupted", reason="status 500")),
        (503, Came("interrupted", reason="status 503")),
        ("break", Came("interrupted", reason="it broke off")),
        (429, Came("failed", reason="status 429")),
        (404, Came("failed", reason="status 404")),
        (302, Came("failed", reason="status 302")),
    ],
)
async def test_of_anything_else_one_try_is_made_and_what_nobody_knows_is_said(
    answer: object, came: Came
) -> None:
    async with there(answer) as callee:
        assert await called(callee.port, ONCE) == came
        assert len(callee.got) == 1


@pytest.mark.parametrize(("errand", "outcome"), [(CHARGE, "failed"), (ONCE, "interrupted")])
async def test_a_callee_that_says_nothing_is_left_when_the_time_is_over(errand: Errand, outcome: str) -> None:
    for within_s in (0.3, 3, 20):
        async with there("hang") as callee:
            came = await called(callee.port, errand, within_s)
            if not callee.came.is_set() and within_s < 20:
                continue  # it was not even reached in time
            assert (came.outcome, came.reason) == (outcome, "no answer in time")
            await asyncio.wait_for(callee.cut.wait(), WAIT_S)
            assert len(callee.got) == 1
            return


async def test_what_was_not_reached_was_not_done() -> None:
    with nobody() as (_, port):
        for within_s in (0.6, 6, 20):
            came = await called(port, ONCE, within_s)
            if came.reason != "no answer in time":  # it has tried once, at least
                break
    assert came == Came("failed", reason="unreachable")


async def test_what_was_not_reached_is_tried_again_though_it_may_be_done_but_once() -> None:
    with nobody() as (held, port):
        call = asyncio.create_task(called(port, ONCE))
        callee = There(web.json_response("late"))
        runner = web.ServerRunner(web.Server(callee), shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, held).start()
        assert await call == Came("finished", '"late"')
        await runner.cleanup()


async def test_who_takes_a_call_back_is_heard_by_the_callee() -> None:
    async with there("hang") as callee:
        call = asyncio.create_task(called(callee.port))
        await asyncio.wait_for(callee.came.wait(), WAIT_S)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(callee.cut.wait(), WAIT_S)


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (web.Response(), Came("finished", "null")),
        (web.Response(text="so be it"), Came("finished", '"so be it"')),
        (web.Response(body=b"\xff", content_type="text/plain"), NO_SENSE),
        (web.Response(body=b"{", content_type="application/json"), NO_SENSE),
        (web.Response(body=b"<x/>", content_type="image/svg+xml"), NO_SENSE),
        (web.Response(body=b"[" * 40 + b"]" * 40, content_type="application/json"), NO_SENSE),
        (web.Response(body=b"1" * (MOST_BYTES + 1)), TOO_LONG),
        (web.json_response("x" * 16_000), TOO_LONG),
    ],
)  # fmt: skip
async def test_an_answer_is_json_or_text_and_bounded(answer: web.Response, came: Came) -> None:
    async with there(answer) as callee:
        assert await called(callee.port, ONCE) == came


def lines(*said: object) -> web.Response:
    body = b"".join(json.dumps(each).encode() + b"\n" for each in said)
    return web.Response(body=body, content_type="application/x-ndjson")


async def test_a_callee_that_takes_long_says_how_far_it_is() -> None:
    said: list[tuple[str, int, int]] = []
    answer = lines({"text": "half", "step": 1, "steps": 2}, {"step": 2, "steps": 2}, {"result": {"n": 1}})
    async with there(answer) as callee:
        assert await called(callee.port, said=said) == Came("finished", '{"n":1}')
    assert said == [("half", 1, 2), ("", 2, 2)]


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (lines({"step": 1}), Came("interrupted", reason="it broke off")),
        (lines(*[{"step": 1}] * (MOST_LINES + 9)), Came("interrupted", reason="it broke off")),
        (lines([1]), NO_SENSE),
        (lines({"text": "x" * 500_000}), TOO_LONG),
    ],
)
async def test_lines_without_a_result_are_no_answer(answer: web.Response, came: Came) -> None:
    async with there(answer) as callee:
        assert await called(callee.port, ONCE) == came


async def test_no_call_goes_where_it_must_not() -> None:
    tool = HubTool("charge")
    callees = Callees([Callee(tool, "https://pay.example/x", KEY)], lambda: 0.0, Names("127.0.0.1"))

    async def progressed(text: str, step: int, steps: int) -> None:
        raise AssertionError

    came = await callees.call(ONCE, 5.0, progressed)
    assert came == Came("failed", reason="its address is not a public one")
    bad = await callees.call(replace(ONCE, arguments="{"), 5.0, progressed)
    assert bad == Came("failed", reason="its arguments are no JSON")
    assert (await callees.call(replace(ONCE, tool="other"), 5.0, progressed)).outcome == "failed"
    await callees.close()


async def test_what_was_never_connected_was_never_sent() -> None:
    outside = Outside(private=True)
    with nobody() as (_, port), pytest.raises(NoAnswer) as silence:
        async with outside.ask(f"http://127.0.0.1:{port}/", b"", {}):
            pass
    await outside.close()
    assert (silence.value.sent, silence.value.never) == (False, False)


def written(folder: Path, *tables: str) -> Path:
    path = folder / "tools.toml"
    path.write_text("".join(f"[[tool]]\n{each}\n" for each in tables))
    return path


GOOD = f'name = "charge"\nurl = "https://pay.example/x"\nsecret = "{SECRET}"\n'


def test_a_file_names_tools_and_how_they_may_be_done(tmp_path: Path) -> None:
    more = 'idempotent = true\napproval = "operator"\ntimeout_s = 9\ntenants = ["a", "b"]\n'
    send = 'name = "send"\nurl = "http://127.0.0.1:9/"\nsecret_env = "SEND"\nprivate = true\n'
    charge, other = read_callees(written(tmp_path, GOOD + more, send), {"SEND": SECRET})
    assert charge.tool == HubTool("charge", True, "operator", 9_000, frozenset({"a", "b"}))
    assert (charge.url, charge.key, charge.private) == ("https://pay.example/x", KEY, False)
    assert (other.tool, other.private) == (HubTool("send"), True)
    assert SECRET not in repr(charge)
    assert str(KEY) not in repr(charge)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (GOOD.replace("https", "http"), "only https"),
        (GOOD.replace("pay.example", "10.0.0.1"), "only public"),
        (GOOD.replace(SECRET, "whsec_AAAA"), "charge: the secret"),
        (GOOD.replace('name = "charge"', ""), "has a name"),
        (GOOD + "timeout = 9\n", "not known: timeout"),
        (GOOD + "timeout_s = 601\n", "timeout_s is 1 to 600"),
        (GOOD + 'timeout_s = "9"\n', "timeout_s is not what it should be"),
        (GOOD + 'idempotent = "yes"\n', "idempotent is not what it should be"),
        (GOOD + 'approval = "agent"\n', "approval is one of"),
        (GOOD + "tenants = [1]\n", "tenants are names"),
        (f"{GOOD}[[tool]]\n{GOOD}", "two tools have one name"),
    ],
)
def test_a_file_that_cannot_be_is_said_to_be_so_before_anything_is_opened(
    tmp_path: Path, table: str, says: str
) -> None:
    with pytest.raises(CalleesInvalid, match=says):
        read_callees(written(tmp_path, table), {})
    with pytest.raises(OptionsInvalid, match="--tools: "):
        Options(tools=written(tmp_path, table))
