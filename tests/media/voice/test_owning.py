"""Which of a person's devices a call gives the voice to: who asked last has it, whenever its call begins."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from hypothesis import given
from hypothesis import strategies as st

from legato.session import events as e
from legato.session.commands import Refusal
from legato.session.events import Medium
from legato.session.modality_rules import MICROPHONE, PLAYOUT, owner, switched
from legato.session.presence_rules import attached, closed, log_reopened
from media.rtc.call import Call
from media.voice.owning import Claim, claimed, plays, taken
from tests.hub.node.builders import KEY, House, until, virtual
from tests.media.voice.test_company import TEXT, VOICE, Guest
from tests.media.voice.test_session import Phone, Place, place
from tests.session.talk import Talk

DEVICES: Final = ("tab", "phone", "watch")
EAR, MIC = PLAYOUT + "ada", MICROPHONE + "ada"


def here(*devices: str) -> Talk:
    talk = Talk()
    for device in devices:
        talk.put(attached(talk.state, "ada", device, 7))
    return talk


def begin(talk: Talk, claim: Claim) -> list[str]:
    """Its call begins; what the log says of that."""
    made = taken(talk.state, claim)
    assert not isinstance(made, Refusal)
    return [event.type for event in talk.put(list(made.events))]


def test_who_asks_gets_the_voice_from_another_device() -> None:
    talk = here("tab", "phone")
    begin(talk, claimed(talk.state, "tab"))
    begin(talk, claimed(talk.state, "phone"))
    assert (owner(talk.state, EAR), owner(talk.state, MIC)) == ("phone", "phone")


def test_a_call_that_was_dialled_before_the_voice_moved_does_not_take_it_back() -> None:
    talk = here("tab", "phone")
    early = claimed(talk.state, "tab")
    begin(talk, claimed(talk.state, "phone"))
    assert not plays(talk.state, early)
    assert begin(talk, early) == ["modality_changed"], "its page is told"
    assert owner(talk.state, EAR) == "phone"


def test_who_had_it_and_called_anew_is_told_once() -> None:
    talk = here("tab", "phone")
    begin(talk, claimed(talk.state, "tab"))
    anew = claimed(talk.state, "tab")
    begin(talk, claimed(talk.state, "phone"))
    assert begin(talk, anew) == []
    assert owner(talk.state, EAR) == "phone"


def test_a_call_that_nobody_asked_for_takes_what_is_free_and_nothing_else() -> None:
    talk = here("tab", "phone")
    begin(talk, claimed(talk.state, "tab", again=True))
    begin(talk, claimed(talk.state, "phone", again=True))
    assert owner(talk.state, EAR) == "tab"


def test_who_listens_here_and_speaks_elsewhere_still_does_after_a_call_anew() -> None:
    talk = here("tab", "phone")
    for device, takes, gives in (("tab", VOICE, TEXT), ("phone", TEXT, VOICE)):
        talk.put(switched(talk.state, device, takes, gives))
    begin(talk, claimed(talk.state, "tab", again=True))
    begin(talk, claimed(talk.state, "phone", again=True))
    assert (owner(talk.state, EAR), owner(talk.state, MIC)) == ("tab", "phone")


def test_a_call_of_a_device_that_is_gone_takes_nothing() -> None:
    talk = here("tab")
    claim = claimed(talk.state, "tab")
    talk.put(closed(talk.state, "tab"))
    assert begin(talk, claim) == []


ACTS = st.one_of(
    st.tuples(st.sampled_from(["asks", "anew"]), st.sampled_from(DEVICES), st.integers(0, 3)),
    st.tuples(
        st.sampled_from(["begins", "text", "open", "close", "reopen"]), st.sampled_from(DEVICES), st.just(0)
    ),
)


@given(st.lists(ACTS, max_size=40))
def test_of_any_calls_in_any_order_only_who_asked_last_takes_it_from_another(
    acts: list[tuple[str, str, int]],
) -> None:
    talk = here(*DEVICES)
    on_their_way: list[Claim] = []
    for act, device, ahead in acts:
        before, number = _plays(talk), _number(talk)
        if act in ("asks", "anew"):
            on_their_way.insert(ahead, claimed(talk.state, device, again=act == "anew"))
        elif act == "begins" and on_their_way:
            claim = on_their_way.pop(0)
            begin(talk, claim)
            if before not in ("", claim.attachment):
                may = not claim.again and claim.seen.get(EAR) == number
                may = may and claim.attachment in talk.state.attachments
                assert _plays(talk) == (claim.attachment if may else before)
            elif claim.attachment in talk.state.attachments:
                assert _plays(talk) == claim.attachment
        elif act == "text" and device in talk.state.attachments:
            talk.put(switched(talk.state, device, TEXT, TEXT))
        elif act == "open":
            talk.put(attached(talk.state, "ada", device, 7))
        elif act == "close":
            talk.put(closed(talk.state, device))
        elif act == "reopen":
            talk.put(log_reopened("e", 1, 1))
        assert sum("audio" in each.takes for each in talk.state.attachments.values()) <= 1
        assert sum("audio" in each.gives for each in talk.state.attachments.values()) <= 1


def _plays(talk: Talk) -> str:
    return next((each.id for each in talk.state.attachments.values() if "audio" in each.takes), "")


def _number(talk: Talk) -> int:
    found = talk.state.rights.get(EAR)
    return found.token if found is not None else 0


class Caller(Guest):
    """A guest whose call begins some time after it was dialled."""

    async def dial(self, *, again: bool = False) -> None:
        await self.come()
        self.claim = claimed(self.here.room.state, self.device, again=again)

    async def begin(self) -> None:
        async with self.here.desk.voice(KEY) as voice:
            assert voice is not None
            self.ear = await voice.ear_for(self.device, self.name)
            carrier = cast("Call", self.phone)
            returning = await voice.returning(self.name)
            voice.begin(
                self.ear, f"call-{self.device}-{self.phone.ssrc}", carrier, returning, claim=self.claim
            )
        voice.connected(self.device, carrier)
        self.here.room.signal(self.name, "output_ready", True)
        await asyncio.sleep(0.1)


def media(here: Place, device: str) -> tuple[tuple[Medium, ...], tuple[Medium, ...]]:
    known = here.room.state.attachments[device]
    return known.takes, known.gives


@virtual
async def test_the_first_tab_does_not_take_the_voice_back_and_is_played_nothing() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = Caller(here, "ada", "a_tab", 1), Caller(here, "ada", "a_mobile", 2)
        await tab.dial()
        await mobile.call()
        await here.say("One two three four five six seven eight nine ten.")
        await tab.begin()
        await asyncio.sleep(2)
        assert (media(here, "a_mobile"), media(here, "a_tab")) == ((VOICE, VOICE), (TEXT, TEXT))
        assert tab.phone.speech == []
        assert len(mobile.phone.speech) > 80
        assert here.of(e.SpeechShown) == []


@virtual
async def test_of_two_nodes_the_one_that_began_a_call_late_leaves_the_voice_where_it_is() -> None:
    house = House()
    async with place(house) as one, place(house, "n2", first=False) as two:
        tab, mobile = Caller(one, "ada", "a_tab", 1), Caller(two, "ada", "a_mobile", 2)
        await tab.dial()
        await mobile.call()
        await tab.begin()
        await until(lambda: one.room.position == two.room.position)
        assert owner(one.room.state, MICROPHONE + "ada") == "a_mobile"
        assert owner(one.room.state, PLAYOUT + "ada") == "a_mobile"


@virtual
async def test_who_asks_for_a_call_that_began_before_gets_the_voice_with_it() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = Caller(here, "ada", "a_tab", 1), Caller(here, "ada", "a_mobile", 2)
        await mobile.call()
        await tab.dial(again=True)
        await tab.begin()
        assert media(here, "a_mobile") == (VOICE, VOICE)
        async with here.desk.voice(KEY) as voice:
            assert voice is not None
            voice.claim(claimed(here.room.state, "a_tab"))
        await until(lambda: media(here, "a_tab") == (VOICE, VOICE))
        await asyncio.sleep(0.1)
        await here.say("One two three four five six seven eight nine ten.")
        await asyncio.sleep(1)
        assert (media(here, "a_tab"), media(here, "a_mobile")) == ((VOICE, VOICE), (TEXT, TEXT))
        assert len(tab.phone.speech) > 30


@virtual
async def test_a_call_made_anew_is_silent_where_the_voice_is_elsewhere_and_ends_the_older_one() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = Caller(here, "ada", "a_tab", 1), Caller(here, "ada", "a_mobile", 2)
        await tab.call()
        tab.claim = claimed(here.room.state, "a_tab", again=True)
        await mobile.call()
        first, tab.phone = tab.phone, Phone(3)
        await tab.begin()
        await here.say("One two three four five six seven eight nine ten.")
        await asyncio.sleep(1)
        assert first.closed
        assert (tab.phone.speech, first.speech) == ([], [])
        assert len(mobile.phone.speech) > 30
