"""The WebSocket door, over a real socket."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from hub.keys.wrapped import MemoryKeys
from legato.session.decisions import Decided
from legato.session.event_json import decode
from legato.session.fold import fold
from legato.session.presence_rules import closed
from legato.session.state import State, decode_state, encode_state
from signaling.policy import Policy
from tests.signaling.doors import KEY, PATIENT, ClientKey, Page, doors


async def test_what_one_page_says_reaches_both_and_is_acknowledged() -> None:
    async with doors() as here, Page.attached(here) as ada, Page.attached(here, "p_bob") as bob:
        await ada.acked(await ada.post("hello"))
        for page in (ada, bob):
            said = await page.told("message_posted")
            assert said["parts"] == [{"text": "hello"}]
            assert said["by"] == "p_ada"


async def test_an_acknowledgement_names_its_level_and_its_offset() -> None:
    async with doors() as here, Page.attached(here) as page:
        sequence = await page.post("hello")
        acks = await page.until("acks")
        event = await page.told("message_posted")
        assert acks["level"] == "buffered"
        assert acks["acks"] == [[sequence, event["offset"], 1]]


async def test_a_resumed_page_gets_what_it_missed_and_nothing_twice() -> None:
    key = ClientKey()
    async with doors() as here, Page.attached(here, "p_bob") as bob:
        async with Page.attached(here, key=key.jwk) as page:
            attached = page.got[0]
            await page.acked(await page.post("one"))
            told = await page.until("events", lambda each: any("parts" in one for one in each["events"]))
            position = told["position"]
        await bob.told("attachment_away")
        await bob.acked(await bob.post("while you were away"))
        async with Page.at(here) as back:
            resumed = await _resume(back, attached["resume"], key, position)
            assert resumed["attachment"] == attached["attachment"]
            said = [event for event in resumed["events"] if "parts" in event]
            assert [event["parts"][0]["text"] for event in said] == ["while you were away"]
            assert resumed["producer"]["last"] == 1
            assert resumed["returning"]


async def test_the_snapshot_and_the_events_after_it_make_the_log() -> None:
    async with doors() as here, Page.attached(here) as page:
        for text in ("one", "two", "three"):
            await page.acked(await page.post(text))
        room = await here.node.open(KEY)
        assert room is not None
        while _folded(page).offset < room.position.offset:
            await page.next()
        assert encode_state(_folded(page)) == encode_state(room.state)


async def test_a_repeated_batch_is_answered_as_it_was_the_first_time() -> None:
    async with doors() as here, Page.attached(here) as page:
        batch = {
            "type": "do",
            "seq": 1,
            "commands": [{"type": "post_message", "message": "m_1", "parts": [{"text": "x"}]}],
        }
        await page.send(batch)
        first = await page.until("acks")
        await page.send(batch)
        assert (await page.until("acks"))["acks"] == first["acks"]


async def test_a_command_that_makes_no_sense_is_refused_for_good_and_uses_up_its_sequence() -> None:
    async with doors() as here, Page.attached(here) as page:
        await page.send({"type": "do", "seq": 1, "commands": [{"type": "sing_aloud"}]})
        refused = await page.until("refused")
        assert (refused["seq"], refused["reason"]) == (1, "unknown_command")
        page.sequence = 1
        await page.acked(await page.post("the next sequence"))


async def test_a_newer_connection_of_an_attachment_wins_and_the_older_is_told() -> None:
    key = ClientKey()
    async with doors() as here, Page.attached(here, key=key.jwk) as older, Page.at(here) as newer:
        resumed = await _resume(newer, older.got[0]["resume"], key, "")
        assert resumed["attachment"] == older.got[0]["attachment"]
        assert await older.closed() == 4101
        await newer.acked(await newer.post("I am the one"))
        assert not any(event["type"] == "attachment_away" for event in newer.events())


async def test_a_resume_ticket_without_its_key_is_refused_and_its_holder_is_told() -> None:
    key, thief = ClientKey(), ClientKey()
    async with doors() as here, Page.attached(here, key=key.jwk) as holder, Page.at(here) as other:
        resume = holder.got[0]["resume"]
        proof = thief.proof(resume["nonce"])
        await other.send(
            {"type": "resume", "v": 1, "ticket": resume["ticket"], "producer": "w_1", "proof": proof}
        )
        assert await other.closed() == 4001
        notice = await holder.until("notice")
        # What is at its default may be left out or not: `resume` is what a notice is about.
        assert (notice["reason"], notice.get("ticket", "resume")) == ("ticket_misused", "resume")
        await holder.acked(await holder.post("still here"))


async def test_the_same_key_gets_the_same_next_ticket_until_it_says_that_it_kept_it() -> None:
    key = ClientKey()
    async with doors() as here, Page.attached(here, key=key.jwk) as page:
        first = page.got[0]["resume"]
        async with Page.at(here) as second, Page.at(here) as third:
            await page.send({"type": "kept", "ticket": first["id"]})
            one = await _resume(second, first, key, "")
            two = await _resume(third, first, key, "")
            assert one["resume"]["id"] == two["resume"]["id"]
            await third.send({"type": "kept", "ticket": two["resume"]["id"]})
            await third.send({"type": "ping", "n": 7})
            await third.until("pong", lambda each: each.get("n") == 7)
            async with Page.at(here) as late:
                await late.send(
                    {"type": "resume", "v": 1, "ticket": first["ticket"], "producer": "w_1",
                     "proof": key.proof(first["nonce"])}
                )  # fmt: skip
                assert await late.closed() == 4001


async def test_detaching_ends_the_attachment_at_once() -> None:
    async with doors() as here, Page.attached(here, "p_bob") as bob:
        async with Page.attached(here) as page:
            await page.send({"type": "detach"})
            assert await page.closed() == 1000
        assert (await bob.told("attachment_closed")).get("reason", "detached") == "detached"


async def test_who_left_is_refused_for_good_and_at_once_and_so_is_all_that_follows() -> None:
    async with doors() as here, Page.attached(here) as page:
        leave = {"type": "leave"}
        await page.send({"type": "do", "seq": 1, "commands": [leave]})
        await page.acked(1)
        page.sequence = 1
        for sequence in [await page.post("too late") for _ in range(3)]:
            refused = await page.until("refused")
            assert (refused["seq"], refused["reason"]) == (sequence, "not_allowed")
            assert "retry_after_ms" not in refused


async def test_who_must_resume_first_is_told_so_at_once_and_nothing_is_used_up() -> None:
    async with doors() as here, Page.attached(here) as page:
        attachment = page.got[0]["attachment"]
        room = await here.node.open(KEY)
        assert room is not None
        await room.settle("test", lambda state: _closed(state, attachment))
        change = {"type": "change_modality", "takes": ["text"], "gives": []}
        await page.send({"type": "do", "seq": 1, "commands": [change]})
        assert (await page.until("refused"))["reason"] == "resume_first"
        await page.acked(await page.post("under the same sequence"))
        here.node.release(room)


async def test_a_page_that_vanishes_is_away_and_one_that_is_silent_too() -> None:
    keys = MemoryKeys()
    async with (
        doors(keys=keys, limits=replace(PATIENT, silent_beats=1)) as here,
        doors(keys=keys, server=here.server, name="n2", sessions=()) as elsewhere,
        Page.attached(elsewhere, "p_bob") as bob,
    ):
        async with Page.attached(here, takes=["text", "audio"]) as page:
            assert await page.closed() == 4008  # it says nothing for its beat of one second
        await bob.told("attachment_away")


async def test_a_position_that_the_log_does_not_hold_is_a_discontinuity() -> None:
    async with doors() as here, Page.attached(here) as page:
        saved = here.server.saved()
        await page.acked(await page.post("will be lost"))
        lost = await page.told("message_posted")
        here.server.restore(saved)
        page.sequence += 1
        await page.post("after the loss")
        told = await page.until("discontinuity")
        assert told["lost_from"] <= lost["offset"] <= told["lost_to"]
        assert told["producer"]["last"] == 0


async def test_a_lesser_level_than_required_is_refused() -> None:
    async with doors() as here, Page.at(here) as page:
        await page.send(
            {"type": "attach", "v": 1, "ticket": here.ticket(), "producer": "w_1", "require": "synced"}
        )
        assert await page.closed() == 4406
        assert page.got[-1]["reason"] == "level_unavailable"


async def test_a_revoked_ticket_ends_its_open_connection() -> None:
    async with doors() as here, Page.at(here) as page:
        await page.attach(here.ticket(id="j_revoked"))
        here.revocations.revoke("main", "j_revoked", 2_000_000_000)
        assert await page.closed() == 4001


async def test_a_draining_node_says_where_to_go_and_serves_until_then() -> None:
    async with doors() as here, Page.attached(here) as page:
        here.hall.drain(100)
        draining = await page.until("draining")
        assert draining["nodes"] == ["https://hub.example"]
        await page.acked(await page.post("nothing is refused meanwhile"))
        async with ClientSession() as client, client.get(f"{here.url}/readyz") as answer:
            assert answer.status == 503


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://good.example.evil.example", "http://good.example", ""]
)
async def test_a_page_of_another_origin_does_not_get_in(origin: str) -> None:
    policy = Policy(frozenset({"https://good.example"}))
    async with doors(policy=policy) as here, ClientSession(headers={"Origin": origin}) as client:
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect(f"{here.url}/v1/connect")
        assert refused.value.status == 403


async def test_pages_on_the_list_and_the_hubs_own_get_in() -> None:
    policy = Policy(frozenset({"https://good.example"}))
    async with doors(policy=policy) as here:
        for origin in ("https://good.example", here.url):
            async with Page.at(here, Origin=origin) as page:
                await page.attach(here.ticket())


async def test_two_nodes_on_one_store_are_one_hub() -> None:
    keys = MemoryKeys()
    async with (
        doors(keys=keys) as one,
        doors(keys=keys, server=one.server, name="n2", sessions=()) as two,
        Page.attached(one) as ada,
        Page.attached(two, "p_bob") as bob,
    ):
        await ada.acked(await ada.post("across"))
        assert (await bob.told("message_posted"))["parts"] == [{"text": "across"}]


async def test_a_slow_reader_costs_its_bound_and_is_caught_up_when_it_reads() -> None:
    limits = replace(PATIENT, waiting_events=20)
    async with doors(limits=limits) as here, Page.attached(here) as page, Page.attached(here, "p_bob") as bob:
        await page.send({"type": "credit", "events": 1})
        await page.send({"type": "ping", "n": 1})
        await page.until("pong")
        for number in range(40):
            command = {"type": "change_activity", "activity": "thinking", "text": f"number {number}"}
            await bob.send({"type": "do", "seq": number + 1, "commands": [command]})
            if number % 20 == 19:
                await bob.acked(number + 1)
        await page.send({"type": "ping", "n": 2})
        await page.until("pong", lambda each: each.get("n") == 2)
        assert len(page.events()) <= 30
        await page.send({"type": "credit", "events": 1_000})
        room = await here.node.open(KEY)
        assert room is not None
        while _folded(page).offset < room.position.offset:
            await page.next()
        assert encode_state(_folded(page)) == encode_state(room.state)


def _folded(page: Page) -> State:
    """What a page that folds everything it got, in order, holds."""
    state = State()
    for envelope in page.got:
        if "snapshot" in envelope:
            state = decode_state(json.dumps(envelope["snapshot"]).encode())
        else:
            events = envelope.get("events", [])
            state = fold([decode(json.dumps(event).encode()) for event in events], state)
    return state


async def _resume(page: Page, resume: dict[str, Any], key: ClientKey, position: str) -> dict[str, Any]:
    await page.send(
        {
            "type": "resume",
            "v": 1,
            "ticket": resume["ticket"],
            "producer": "w_1",
            "position": position,
            "proof": key.proof(resume["nonce"]),
        }
    )
    return await page.until("attached")


def _closed(state: State, attachment: str) -> Decided:
    return Decided(tuple(closed(state, attachment)), False, {}, {})
