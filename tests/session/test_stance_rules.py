"""Listening in, whispering, holding, passing on: each by whom it is allowed, and what it leads to."""

import pytest

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.events import Stance
from legato.session.ids import HUB
from legato.session.parts import Part, Spoken, Word
from legato.session.presence_rules import attached
from legato.session.routing import Reach, apart, reach
from legato.session.stance_rules import as_routed, placed, reach_of
from tests.session.talk import ADA, ALL, BOT, OPERATOR, WORDS, Talk, types

BEN = Actor("ben", "operator", ALL)
SUE = Actor("sue", "supervisor", ALL)


def crowd() -> Talk:
    talk = Talk()
    for name, role in (("ben", "operator"), ("sue", "supervisor")):
        talk.put([e.ParticipantJoined(by=name, participant=name, role=role)])  # type: ignore[arg-type]
        talk.put(attached(talk.state, name, f"a_{name}", 0))
    return talk


@pytest.mark.parametrize("stance", ["monitor", "whisper", "barge"])
def test_a_stance_is_taken_by_a_control_event_of_its_author(stance: Stance) -> None:
    talk = crowd()
    taken = talk.do(OPERATOR, c.ChangeStance(stance=stance))
    assert (types(taken), taken.conditional, taken.events[0].by) == (["stance_changed"], True, "olga")
    assert talk.state.participants["olga"].stance == stance
    assert talk.refused(OPERATOR, c.ChangeStance(stance=stance)) == "already_exists"


def test_each_stance_needs_its_capability_and_users_take_none() -> None:
    talk = crowd()
    few = Actor("olga", "operator", frozenset({"read", "publish", "monitor"}))
    talk.do(few, c.ChangeStance(stance="monitor"))
    assert talk.refused(few, c.ChangeStance(stance="whisper")) == "not_allowed"
    assert talk.refused(few, c.ChangeStance(stance="barge")) == "not_allowed"
    assert talk.refused(ADA, c.ChangeStance(stance="monitor")) == "not_allowed"
    assert talk.refused(ADA, c.Whisper(text="x")) == "not_allowed"


def test_who_only_listens_or_whispers_posts_nothing_and_who_barges_in_does() -> None:
    talk = crowd()
    for stance in ("monitor", "whisper"):
        talk.do(OPERATOR, c.ChangeStance(stance=stance))
        assert talk.refused(OPERATOR, c.PostMessage(message="m", parts=WORDS)) == "not_allowed"
    talk.do(OPERATOR, c.ChangeStance(stance="barge"))
    talk.do(OPERATOR, c.PostMessage(message="m", parts=WORDS))


def test_who_only_listens_or_whispers_writes_nothing_piece_by_piece_either() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.StartMessage(message="m"))
    for stance in ("monitor", "whisper"):
        talk.do(OPERATOR, c.ChangeStance(stance=stance))
        assert talk.refused(OPERATOR, c.StartMessage(message="n")) == "not_allowed"
        assert talk.refused(OPERATOR, c.GrowMessage(message="m", index=0, text="x")) == "not_allowed"
        assert talk.refused(OPERATOR, c.AddPart(message="m", part=Part("text", "x"))) == "not_allowed"
    talk.do(OPERATOR, c.EndMessage(message="m"))


def test_what_who_is_held_writes_is_not_stored_and_they_are_told_by_whom_they_wait() -> None:
    talk = crowd()
    talk.do(ADA, c.StartMessage(message="begun"))
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.HoldUsers())
    written: list[c.Command] = [
        c.PostMessage(message="m", parts=WORDS),
        c.StartMessage(message="n"),
        c.GrowMessage(message="begun", index=0, text="x"),
        c.AddPart(message="begun", part=Part("text", "x")),
    ]
    for each in written:
        refusal = talk.ask(ADA, each)
        assert isinstance(refusal, Refusal)
        assert (refusal.reason, "olga" in refusal.detail) == ("on_hold", True)
    talk.do(ADA, c.EndMessage(message="begun", outcome="cancelled"))
    talk.do(OPERATOR, c.PostMessage(message="to_her", parts=WORDS))
    talk.do(SUE, c.PostMessage(message="to_all", parts=WORDS))
    talk.do(BOT, c.PostMessage(message="draft", parts=WORDS))
    talk.do(OPERATOR, c.ReleaseUsers())
    talk.do(ADA, c.PostMessage(message="m", parts=WORDS))


def test_who_answers_takes_no_stance_and_is_where_they_were_when_they_hand_back() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.ChangeStance(stance="monitor"))
    talk.do(OPERATOR, c.TakeOver())
    assert reach(talk.state, "olga") is Reach.ALL
    assert talk.refused(OPERATOR, c.ChangeStance(stance="barge")) == "wrong_order"
    talk.do(OPERATOR, c.HandBack())
    assert reach(talk.state, "olga") is Reach.NOBODY


def test_a_whisper_goes_to_whoever_answers() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.Whisper(text="offer her 10 %"))
    assert [(each.to, each.text) for each in talk.state.whispers] == [("p_bot", "offer her 10 %")]
    assert talk.refused(OPERATOR, c.Whisper(text=" ")) == "malformed"
    assert talk.refused(OPERATOR, c.Whisper(text="x" * 4_001)) == "too_large"
    talk.do(OPERATOR, c.TakeOver())
    assert talk.refused(OPERATOR, c.Whisper(text="x")) == "wrong_order"
    talk.do(SUE, c.Whisper(text="be kind"))
    assert talk.state.whispers[-1].to == "olga"


def test_only_who_answers_lets_users_wait_and_any_change_of_who_answers_ends_it() -> None:
    talk = crowd()
    assert talk.refused(OPERATOR, c.HoldUsers()) == "not_allowed"
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.HoldUsers())
    assert talk.refused(OPERATOR, c.HoldUsers()) == "already_exists"
    assert talk.refused(BEN, c.ReleaseUsers()) == "not_allowed"
    talk.do(SUE, c.ReleaseUsers())
    assert talk.refused(OPERATOR, c.ReleaseUsers()) == "wrong_order"
    for ends in (c.HandBack(), c.Transfer(to="ben")):
        if talk.state.responder != "olga":
            talk.do(OPERATOR, c.TakeOver())
        talk.do(OPERATOR, c.HoldUsers())
        talk.do(OPERATOR, ends)
        assert talk.state.held == ""


def test_a_transfer_goes_to_somebody_who_is_here_to_answer() -> None:
    talk = crowd()
    assert talk.refused(OPERATOR, c.Transfer(to="ben")) == "stale_token"
    talk.do(OPERATOR, c.TakeOver())
    talk.put([e.ParticipantJoined(by="tom", participant="tom", role="operator")])
    for nobody in ("ada", "p_bot", "zoe", "tom"):
        assert talk.refused(OPERATOR, c.Transfer(to=nobody)) == "not_found"
    passed = talk.do(OPERATOR, c.Transfer(to="ben", briefing="she waits for 4711"))
    assert (types(passed), passed.raises) == (["right_granted", "responder_changed"], {"responder": 3})
    assert (talk.state.responder, talk.state.briefing) == ("ben", "she waits for 4711")
    assert talk.refused(OPERATOR, c.Transfer(to="sue")) == "stale_token"
    assert talk.refused(BEN, c.Transfer(to="ben")) == "already_exists"
    assert "olga" in talk.state.wrap_ups


def spoken(by: str, turn: str) -> list[e.Event]:
    sound = Spoken(f"t_{by}", 0, 960, [Word("hello", 0, 960)])
    return [
        e.MessagePosted(by=by, message="s", parts=WORDS, turn=turn, ends_turn=True, spoken=sound),
        e.TurnMarked(by=HUB, turn=turn, mark="transcript_final", at_ms=1),
        e.TurnEnded(by=HUB, turn=turn),
    ]


def test_what_is_said_aloud_goes_as_far_as_its_speaker_reaches() -> None:
    talk = crowd()
    begun: list[e.Event] = [e.TurnStarted(by=HUB, turn="u", participant="olga")]
    assert as_routed(talk.state, "olga", begun) == begun
    talk.do(OPERATOR, c.ChangeStance(stance="monitor"))
    assert as_routed(talk.state, "olga", [*begun, *spoken("olga", "u")]) == []
    talk.do(OPERATOR, c.ChangeStance(stance="whisper"))
    assert as_routed(talk.state, "olga", [*begun, *spoken("olga", "u")]) == [
        e.Whispered(by="olga", to="p_bot", text="hello", spoken=Spoken("t_olga", 0, 960))
    ]


def test_a_turn_that_had_begun_when_its_speaker_fell_out_of_reach_ends_and_asks_for_no_answer() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.TakeOver())
    talk.put([e.TurnStarted(by=HUB, turn="u", participant="ada")])
    talk.do(OPERATOR, c.HoldUsers())
    kept = as_routed(talk.state, "ada", spoken("ada", "u"))
    assert kept == [e.TurnEnded(by=HUB, turn="u", empty=True)], "who is held is not transcribed"
    talk.put(kept)
    assert talk.state.turns == {}


def test_an_agents_words_know_no_stance() -> None:
    talk = crowd()
    assert reach(talk.state, "p_bot") is Reach.NOBODY
    talk.do(BOT, c.PostMessage(message="draft", parts=WORDS))


def test_speech_of_which_nothing_was_heard_yet_can_be_stopped_though_its_text_is_not_timed() -> None:
    talk = Talk().answering()
    talk.put([e.AttachmentOpened(by="ada", participant="ada", attachment="tab")])
    talk.put([e.VoiceStarted(by=HUB, attachment="tab", call="k", track="mic")])
    talk.put([e.SpeechQueued(by=HUB, message="m", track="t", start=0, end=960, characters=0)])
    talk.do(BOT, c.EndMessage(message="m"), c.EndResponse(response="r"))
    assert types(talk.do(ADA, c.CancelResponse(response="r"))) == ["cancel_requested"]


def test_what_people_say_who_only_listen_or_whisper_is_said_apart_and_what_users_say_never_is() -> None:
    talk = crowd()
    talk.do(OPERATOR, c.ChangeStance(stance="whisper"))
    assert apart(talk.state, "olga")
    talk.do(OPERATOR, c.ChangeStance(stance="barge"))
    assert not apart(talk.state, "olga")
    talk.do(OPERATOR, c.ChangeStance(stance="monitor"))
    assert apart(talk.state, "olga")
    talk.do(OPERATOR, c.TakeOver())
    talk.do(OPERATOR, c.HoldUsers())
    assert not any(apart(talk.state, who) for who in ("olga", "ada", "p_bot", "nobody"))


def test_who_may_not_barge_in_is_heard_by_all_in_no_way() -> None:
    talk, lesser = crowd(), Actor("olga", "operator", frozenset({"read", "publish", "monitor", "whisper"}))
    for stance in ("", "barge"):
        talk = crowd()
        talk.put([e.StanceChanged(by=HUB, participant="olga", stance="whisper")])
        assert talk.refused(lesser, c.ChangeStance(stance=stance)) == "not_allowed"
    talk = crowd()
    assert reach(talk.state, "olga") is Reach.ALL
    assert talk.refused(lesser, c.PostMessage(message="m", parts=WORDS)) == "not_allowed"
    talk.put(placed(talk.state, lesser))
    assert reach(talk.state, "olga") is Reach.NOBODY
    assert placed(talk.state, lesser) == []
    assert placed(crowd().state, OPERATOR) == placed(crowd().state, ADA) == []


LESSER = Actor("olga", "operator", frozenset({"read", "publish", "monitor", "whisper"}), attachment="phone")
LEAST = Actor("olga", "operator", frozenset({"read", "publish", "monitor"}), attachment="tablet")
DESK = Actor("olga", "operator", ALL, attachment="desk")


def comes(talk: Talk, actor: Actor) -> None:
    """With a device, as the hub lets them in."""
    talk.put(attached(talk.state, actor.participant, actor.attachment, 0, reach=reach_of(actor)))
    talk.put(placed(talk.state, actor))


def test_how_far_a_device_goes_is_as_its_ticket_says_and_users_are_not_bounded() -> None:
    assert [reach_of(each) for each in (DESK, LESSER, LEAST)] == ["all", "responder", "nobody"]
    assert reach_of(Actor("ada", "user", frozenset({"read", "publish"}))) == "all"


def test_a_lesser_device_of_an_operator_does_not_lower_the_other_nor_go_as_far() -> None:
    talk = crowd()
    comes(talk, DESK)
    talk.do(DESK, c.ChangeStance(stance="barge"))
    for lesser in (LESSER, LEAST):
        comes(talk, lesser)
        assert talk.state.participants["olga"].stance == "barge"
        assert talk.refused(lesser, c.PostMessage(message="m", parts=WORDS)) == "not_allowed"
    talk.do(DESK, c.PostMessage(message="m", parts=WORDS))


def test_a_lesser_device_goes_no_further_when_the_other_raises_the_stance_or_answers() -> None:
    talk = crowd()
    comes(talk, LEAST)
    assert talk.state.participants["olga"].stance == "monitor", "it is her only one"
    comes(talk, DESK)
    talk.do(DESK, c.ChangeStance(stance="barge"))
    assert reach(talk.state, "olga", "nobody") is Reach.NOBODY
    talk.do(DESK, c.TakeOver())
    assert reach(talk.state, "olga") is Reach.ALL
    assert reach(talk.state, "olga", "nobody") is Reach.NOBODY
    assert talk.refused(LEAST, c.PostMessage(message="m", parts=WORDS)) == "not_allowed"
    talk.do(DESK, c.PostMessage(message="m", parts=WORDS))


def test_what_is_said_on_a_lesser_device_goes_no_further_than_it_may() -> None:
    talk = crowd()
    comes(talk, DESK)
    comes(talk, LESSER)
    talk.do(DESK, c.ChangeStance(stance="barge"))
    assert types(as_routed(talk.state, "olga", spoken("olga", "u"), "responder")) == ["whispered"]
    assert as_routed(talk.state, "olga", spoken("olga", "u"), "nobody") == []
    talk.do(DESK, c.TakeOver())
    assert as_routed(talk.state, "olga", spoken("olga", "u"), "responder") == [], (
        "one whispers not to oneself"
    )
    assert "message_posted" in types(as_routed(talk.state, "olga", spoken("olga", "u")))


def test_what_was_said_by_somebody_who_was_not_heard_goes_no_further_when_they_are() -> None:
    talk = crowd()
    assert as_routed(talk.state, "ada", spoken("ada", "u")) == spoken("ada", "u")
    assert as_routed(talk.state, "ada", spoken("ada", "u"), "nobody") == [], "said on hold"
    talk.do(OPERATOR, c.TakeOver())
    assert as_routed(talk.state, "olga", spoken("olga", "u"), "responder") == []
    assert as_routed(talk.state, "ben", spoken("ben", "u"), "nobody") == [], "said in monitor"


def test_a_transfer_to_somebody_who_may_not_answer_is_refused() -> None:
    talk = crowd()
    talk.put([e.ParticipantJoined(by="tom", participant="tom", role="operator")])
    tom = {
        each: Actor("tom", "operator", LESSER.capabilities if each == "phone_t" else ALL, attachment=each)
        for each in ("phone_t", "desk_t")
    }
    comes(talk, tom["phone_t"])
    talk.do(OPERATOR, c.TakeOver())
    assert talk.refused(OPERATOR, c.Transfer(to="tom")) == "not_allowed"
    comes(talk, tom["desk_t"])
    talk.put([e.AttachmentAway(by=HUB, attachment="desk_t")])
    assert talk.refused(OPERATOR, c.Transfer(to="tom")) == "not_allowed", "the device that may is not here"
    talk.put([e.AttachmentBack(by="tom", attachment="desk_t")])
    talk.do(OPERATOR, c.Transfer(to="tom"))
    assert talk.state.responder == "tom"
