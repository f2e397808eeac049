"""Whoever puts their own device on hold is on hold until they, or their turning to text, end it."""

from __future__ import annotations

from legato.agent.silence import somebody_is_there
from legato.session import commands as c
from legato.session import events as e
from legato.session.presence import roster
from legato.session.presence_rules import attached
from legato.session.tickets import DEFAULTS
from tests.session.talk import ADA, BOT, Talk, types
from tests.session.test_modality_rules import PHONE, TEXT, VOICE, speak

HOLD, GO_ON = c.ChangeHold(holds=True), c.ChangeHold(holds=False)


def talking(*devices: str) -> Talk:
    """A session in which Ada is attached with these, and speaks at the first."""
    talk = Talk()
    for device in devices or ("tab",):
        talk.put(attached(talk.state, "ada", device, 7))
    talk.do(ADA, speak())
    return talk


def holds(talk: Talk) -> bool:
    return next(each.holds for each in roster(talk.state) if each.participant == "ada")


def test_a_device_is_on_hold_until_it_goes_on_and_others_see_it() -> None:
    talk = talking()
    assert not holds(talk)
    assert list(talk.do(ADA, HOLD).events) == [e.HoldChanged(by="ada", attachment="tab", holds=True)]
    assert holds(talk)
    assert talk.refused(ADA, HOLD) == "already_exists"
    talk.do(ADA, GO_ON)
    assert not holds(talk)
    assert talk.refused(ADA, GO_ON) == "already_exists"


def test_what_has_no_sound_is_not_put_on_hold_nor_is_an_agent_nor_somebody_elses_device() -> None:
    talk = talking("tab", "phone")
    assert talk.refused(PHONE, HOLD) == "wrong_order"
    assert talk.refused(BOT, HOLD) == "resume_first"
    talk.put(attached(talk.state, "p_bot", "w", 7))
    agents = BOT.__class__("p_bot", "agent", BOT.capabilities, attachment="w")
    assert talk.refused(agents, HOLD) == "not_allowed"


def test_everybody_who_may_read_may_hold() -> None:
    assert all("read" in DEFAULTS[role] for role in ("user", "operator", "supervisor"))


def test_who_turns_to_text_has_nothing_on_hold_and_comes_back_to_sound() -> None:
    talk = talking()
    talk.do(ADA, HOLD)
    assert types(talk.do(ADA, speak(TEXT, TEXT)))[-1] == "hold_changed"
    talk.do(ADA, speak())
    assert not holds(talk)


def test_who_is_muted_while_on_hold_stays_on_hold() -> None:
    talk = talking()
    talk.do(ADA, HOLD)
    talk.do(ADA, speak(VOICE, TEXT))
    assert holds(talk)


def test_another_device_that_takes_the_voice_takes_it_off_hold() -> None:
    talk = talking("tab", "phone")
    talk.do(ADA, HOLD)
    talk.do(PHONE, speak())
    assert not talk.state.attachments["tab"].holds
    assert not holds(talk)


def test_a_hold_outlives_a_lost_connection_and_a_call() -> None:
    talk = talking()
    talk.do(ADA, HOLD)
    talk.put([e.AttachmentAway(by="hub", attachment="tab"), e.AttachmentBack(by="ada", attachment="tab")])
    talk.put([e.VoiceStarted(by="hub", attachment="tab", call="c", track="t")])
    talk.put([e.VoiceEnded(by="hub", attachment="tab", call="c")])
    assert talk.state.attachments["tab"].holds


def test_who_is_on_hold_breaks_no_silence() -> None:
    talk = talking()
    assert somebody_is_there(talk.state)
    talk.do(ADA, HOLD)
    assert not somebody_is_there(talk.state)
