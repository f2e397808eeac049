"""People whose calls are on two nodes hear each other, as they would on one."""

from __future__ import annotations

import asyncio

from hub.keys import places
from media.frames import Frame
from media.voice.relay import PLACE, Relay
from tests.hub.node.builders import KEY, House, virtual
from tests.media.voice.test_company import SAID, TEXT, VOICE, Guest, talk
from tests.media.voice.test_session import place
from tests.support.sound import samples_of, strength


@virtual
async def test_people_on_two_nodes_hear_each_other_as_they_came_and_never_themselves() -> None:
    house = House()
    async with place(house) as here, place(house, "n2", first=False) as there:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(there, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await asyncio.sleep(0.2)
        await talk(here, 20, ada)
        passed = [payload for payload in bob.phone.speech if payload in SAID["ada"]]
        assert passed == SAID["ada"][:20], "one voice is passed on as it came"
        await asyncio.sleep(1)
        await talk(there, 20, bob)
        assert [payload for payload in ada.phone.speech if payload in SAID["bob"]] == SAID["bob"][:20]
        assert not set(ada.phone.sent) & set(SAID["ada"])
        assert not set(bob.phone.sent) & set(SAID["bob"])


@virtual
async def test_of_three_people_on_two_nodes_each_hears_the_two_others_mixed() -> None:
    house = House()
    async with place(house) as here, place(house, "n2", first=False) as there:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(there, "bob", "a_bob", 2)
        third = Guest(there, "cyd", "a_cyd", 3)
        for guest in (ada, bob, third):
            await guest.call()
        await asyncio.sleep(0.2)
        await talk(here, 60, ada, bob)
        heard = samples_of(third.phone.sent[-40:])
        assert strength(heard, 600) > 3_000
        assert strength(heard, 900) > 3_000
        for guest, own, other in ((ada, 600, 900), (bob, 900, 600)):
            alone = samples_of(guest.phone.sent[-40:])
            assert strength(alone, other) > 3_000
            assert strength(alone, own) < 1_000


@virtual
async def test_a_muted_microphone_is_heard_on_no_node() -> None:
    house = House()
    async with place(house) as here, place(house, "n2", first=False) as there:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(there, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await ada.switch(VOICE, TEXT)
        await asyncio.sleep(0.2)
        await talk(here, 10, ada)
        assert bob.phone.speech == []


@virtual
async def test_who_talks_with_nobody_on_another_node_sends_nothing_there() -> None:
    house = House()
    async with place(house) as here, place(house, "n2", first=False) as there:
        heard = list[bytes]()

        class Ear(Relay):
            def signal(self, payload: bytes) -> None:
                heard.append(payload)

        ear = Ear(house.store(), there.node._parts.keys, KEY, "x", lambda *_: None)
        listening = asyncio.ensure_future(ear.run())
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await asyncio.sleep(0.2)
        await talk(here, 10, ada)
        listening.cancel()
        assert heard == []


@virtual
async def test_frames_come_sealed_and_what_is_none_is_left_out() -> None:
    house = House()
    async with place(house) as here:
        came = list[tuple[str, str, Frame | None]]()
        keys, store = here.node._parts.keys, house.store()
        ear = Relay(store, keys, KEY, "there", lambda *frame: came.append(frame))
        mouth = Relay(store, keys, KEY, "here", lambda *frame: came.append(frame))
        listening = asyncio.ensure_future(asyncio.wait((ear_task := asyncio.ensure_future(ear.run()),)))
        await asyncio.sleep(0.1)
        frame = Frame(960, b"\x48abc", 960)
        mouth.tell("a_ada", "ada", None)
        mouth.tell("a_ada", "ada", frame)
        mouth.tell("a_ada", "ada", None)
        mouth.tell("a_ada", "ada", None)
        await asyncio.sleep(0.1)
        assert came == [("a_ada", "ada", frame), ("a_ada", "ada", None)]
        sealer = keys.opened(KEY.tenant, KEY.session)
        assert sealer is not None
        elsewhere = sealer.seal(places.record("signals", 0), b"x")
        for payload in (b"", b"nonsense", sealer.seal(PLACE, b"\xc1"), elsewhere):
            ear.signal(payload)
        assert len(came) == 2
        ear_task.cancel()
        await listening
