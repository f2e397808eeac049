"""What the vectors hold of tools that clients and the hub run: how they fold, and what a client has to do."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from legato.client.errands import errands
from legato.session import events as e
from legato.session.compaction import AnyEvent
from legato.session.fold import fold
from legato.session.parts import Part
from legato.session.state import State, encode_state
from tests.session.happenings import placed


# long: one table
def client_tools() -> list[AnyEvent]:
    """Two devices say what they can run; one runs, goes, and comes again."""
    asked = partial(
        e.ToolRequested,
        by="bot",
        name="where",
        arguments="{}",
        response="r",
        runs="client",
        participant="ada",
    )
    return [
        e.ParticipantJoined(by="ada", participant="ada", role="user"),
        e.ParticipantJoined(by="ben", participant="ben", role="user"),
        e.ParticipantJoined(by="olga", participant="olga", role="operator"),
        *[
            e.AttachmentOpened(by=who, participant=who, attachment=f"a_{who}")
            for who in ("ada", "ben", "olga")
        ],
        e.ToolsAnnounced(by="ada", attachment="a_ada", tools=("look", "where")),
        *[
            e.ToolsAnnounced(by="hub", attachment=f"a_{who}", tools=("where",))
            for who in ("ben", "olga", "x")
        ],
        asked(call="c1", key="k", approval="user", claim_ms=5_000),
        e.ToolDecided(by="ada", call="c1", approved=True),
        e.ToolStarted(by="ada", call="c1", runner="a_ada"),
        e.ToolProgressed(by="ada", call="c1", text="looking", step=1, steps=2),
        asked(call="c2", idempotent=True, participant=""),
        e.ToolStarted(by="ben", call="c2", runner="a_ben"),
        asked(call="c3", name="look"),
        asked(call="c4", name="else"),
        asked(call="c5", approval="user", approval_ms=9_000),
        e.ToolRequested(by="bot", call="c6", name="where", arguments="{}", policy="small"),
        e.AttachmentClosed(by="hub", attachment="a_ben"),
        e.ToolEnded(by="hub", call="c2", outcome="interrupted", reason="whoever ran it is gone"),
        asked(call="c7", participant="", idempotent=True),
        e.ToolStarted(by="ada", call="c7", runner="a_ada"),
        e.AttachmentOpened(by="ben", participant="ben", attachment="a_ben"),
        e.ToolsAnnounced(by="ben", attachment="a_ben", tools=()),
        asked(call="c8", participant=""),
        e.ToolEnded(by="ada", call="c1", outcome="finished", result="{}"),
    ]


def hub_tools() -> list[AnyEvent]:
    """A node begins a call, dies, and another begins it anew; one that is not idempotent is cut off."""
    asked = partial(
        e.ToolRequested, by="bot", name="charge", arguments="{}", response="r", runs="hub", run_ms=9_000
    )
    return [
        e.ParticipantJoined(by="ada", participant="ada", role="user"),
        e.MessagePosted(by="ada", message="t", parts=[Part("text", "pay")]),
        e.ResponseStarted(by="bot", response="r", turn="t"),
        asked(call="c1", key="k", idempotent=True, approval="user", claim_ms=5_000),
        e.ToolDecided(by="ada", call="c1", approved=True),
        e.ToolStarted(by="hub", call="c1", runner="n_a/1"),
        e.ToolProgressed(by="hub", call="c1", text="half", step=1, steps=2),
        asked(call="c2", key="k2"),
        e.ToolStarted(by="hub", call="c2", runner="n_a/2"),
        e.ToolStarted(by="hub", call="c1", runner="n_b/1"),
        e.ToolEnded(by="hub", call="c2", outcome="interrupted", reason="whoever ran it is gone"),
        e.ToolEnded(by="hub", call="c1", outcome="finished", result="{}"),
    ]


def errands_vectors() -> Iterator[dict[str, Any]]:
    """`{name, cases}`: of each client, with what it can run and what it is running, what it has to do."""
    events = placed(client_tools())
    steps = (9, 11, 13, 19, 21, 24, 26, len(events))
    known = {last: fold(events[:last], State()) for last in steps}
    cases = [
        (last, state, attachment, tools, running)
        for last, state in known.items()
        for attachment in ("a_ada", "a_ben", "a_olga", "a_nobody")
        for tools in (("where", "look"), ("where",), ())
        for running in ((), ("c1", "c2", "c7"))
    ]
    states = {str(last): msgspec.json.decode(encode_state(state)) for last, state in known.items()}
    told = [
        {
            "state": last,
            "attachment": attachment,
            "tools": tools,
            "running": running,
            "errands": msgspec.to_builtins(errands(state, attachment, tools, running)),
        }
        for last, state, attachment, tools, running in cases
    ]
    yield {"name": "all", "states": states, "cases": told}
