"""What is asked becomes facts or is refused: the policy, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import SERVICE, Actor, Decided
from legato.session.commands import Refusal
from legato.session.decisions import decide, foresee
from legato.session.parts import Part
from legato.session.presence_rules import (
    session_ended,
)
from legato.session.right_rules import crashed
from tests.session.talk import ADA, ALL, BOT, OPERATOR, WORDS, ZOMBIE, Talk, types


def test_the_first_worker_gets_its_right_and_answers() -> None:
    talk = Talk()
    assert talk.state.rights["worker:bot"].holder == talk.state.rights["responder"].holder == "p_bot"
    assert talk.state.responder == "p_bot"
    assert talk.refused(
        Actor("p_bot", "agent", ALL, worker="w2"), c.AcceptSession(right="worker:bot", worker="w2")
    ) == ("already_exists")


def test_a_second_agent_drafts_while_the_first_answers() -> None:
    talk, second = Talk(), Actor("p_aide", "agent", ALL, worker="w9")
    decided = talk.do(second, c.AcceptSession(right="worker:aide", worker="w9"))
    assert decided.raises == {"worker:aide": 1}
    assert talk.state.responder == "p_bot"
    assert talk.do(second, c.PostMessage(message="d", parts=WORDS)).rights == {"worker:aide": 1}
    assert talk.refused(second, c.StartResponse(response="r9")) == "not_allowed"


def test_a_batch_is_appended_on_condition_if_any_of_its_commands_is() -> None:
    label, post = c.LabelSession(labels={"a": "b"}), c.PostMessage(message="o", parts=WORDS)
    for batch in ((label, post), (post, label)):
        assert Talk().do(OPERATOR, *batch).conditional


def test_what_people_post_is_a_turn_that_waits_and_needs_no_right() -> None:
    talk = Talk()
    decided = talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
    assert (decided.conditional, decided.rights, decided.raises) == (False, {}, {})
    assert [turn.id for turn in talk.state.waiting_turns()] == ["t"]


def test_what_agents_post_is_no_turn() -> None:
    talk = Talk()
    talk.do(BOT, c.PostMessage(message="n", parts=WORDS))
    assert talk.state.turns == {}


def test_the_words_of_an_answer_use_both_tokens_and_a_draft_only_the_workers() -> None:
    talk = Talk().answering()
    both = {"worker:bot": 1, "responder": 1}
    for command in (
        c.GrowMessage(message="m", index=0, text="x"),
        c.AddPart(message="m", part=Part("data", "{}")),
        c.EndMessage(message="m"),
        c.PostMessage(message="n", parts=WORDS, response="r"),
        c.StartMessage(message="n", response="r"),
        c.RequestTool(call="k", name="n", arguments="{}", response="r"),
        c.EndResponse(response="r"),
    ):
        decided = talk.ask(BOT, command)
        assert isinstance(decided, Decided)
        assert decided.rights == both
    drafts: list[c.Command] = [c.StartMessage(message="n"), c.ChangeActivity(activity="thinking")]
    for draft in drafts:
        decided = talk.ask(BOT, draft)
        assert isinstance(decided, Decided)
        assert decided.rights == {"worker:bot": 1}


def test_only_plain_commands_go_without_a_condition() -> None:
    talk = Talk().answering()
    grown = talk.ask(BOT, c.GrowMessage(message="m", index=0, text="x"))
    ended = talk.ask(BOT, c.GrowMessage(message="m", index=0, text="x"), c.EndMessage(message="m"))
    assert isinstance(grown, Decided)
    assert isinstance(ended, Decided)
    assert (grown.conditional, ended.conditional) == (False, True)


def test_a_zombie_is_told_that_its_token_is_stale() -> None:
    talk = Talk().answering()
    assert talk.refused(ZOMBIE, c.GrowMessage(message="m", index=0, text="x")) == "stale_token"
    talk.put(crashed(talk.state, "worker:bot"))
    assert talk.refused(BOT, c.PostMessage(message="z", parts=WORDS)) == "stale_token"


def test_deltas_count_from_zero_without_holes() -> None:
    talk = Talk().answering()
    refusal = talk.ask(BOT, c.GrowMessage(message="m", index=1, text="x"))
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.expected) == ("wrong_order", 0)
    talk.do(BOT, *(c.GrowMessage(message="m", index=n, text="x") for n in range(3)))
    assert talk.refused(BOT, c.GrowMessage(message="m", index=2, text="x")) == "wrong_order"
    assert talk.refused(BOT, c.GrowMessage(message="m", index=3, text="x", part=2)) == "wrong_order"
    assert talk.refused(BOT, c.GrowMessage(message="m", index=3, text="x", kind="reasoning")) == "malformed"


def test_only_its_author_grows_and_ends_a_message() -> None:
    talk = Talk().answering()
    assert talk.refused(ADA, c.GrowMessage(message="m", index=0, text="x")) == "not_allowed"
    assert talk.refused(ADA, c.EndMessage(message="m")) == "not_allowed"
    talk.do(BOT, c.EndMessage(message="m"))
    assert talk.refused(BOT, c.EndMessage(message="m")) == "already_ended"
    assert talk.refused(BOT, c.GrowMessage(message="m", index=0, text="x")) == "already_ended"


def test_a_turn_is_claimed_once() -> None:
    talk = Talk().answering()
    assert talk.refused(BOT, c.StartResponse(response="r2", turn="t")) == "already_exists"
    talk.do(BOT, c.EndResponse(response="r"))
    assert talk.refused(BOT, c.StartResponse(response="r2", turn="t")) == "not_found"


def test_a_turn_that_is_still_spoken_is_not_answered() -> None:
    talk = Talk()
    talk.put([e.TurnStarted(by="hub", turn="t", participant="ada")])
    assert talk.refused(BOT, c.StartResponse(response="r", turn="t")) == "wrong_order"


def test_the_end_of_a_response_ends_what_is_open_in_it_alike() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.RequestTool(call="k", name="n", arguments="{}", response="r"))
    talk.do(BOT, c.StartResponse(response="child", parent="r"), c.StartMessage(message="c", response="child"))
    decided = talk.do(BOT, c.EndResponse(response="r", outcome="cancelled"))
    assert types(decided) == [
        "message_ended",
        "response_ended",
        "message_ended",
        "tool_ended",
        "response_ended",
    ]
    assert {getattr(event, "outcome", "") for event in decided.events} == {"cancelled"}
    assert talk.refused(BOT, c.EndResponse(response="r")) == "already_ended"


def test_what_cannot_be_done_again_starts_once_in_a_turn_whoever_answers_it() -> None:
    def asks(call: str, key: str, response: str, *, again: bool = False) -> c.RequestTool:
        return c.RequestTool(
            call=call, name="pay", arguments="{}", response=response, key=key, idempotent=again
        )

    talk = Talk().answering()
    talk.do(BOT, asks("one", "k", "r"), c.StartTool(call="one"))
    talk.do(BOT, asks("again", "i", "r", again=True), c.StartTool(call="again"))
    talk.put(crashed(talk.state, "worker:bot"))
    second = Actor("p_bot", "agent", ALL, worker="w2")
    talk.do(
        second, c.AcceptSession(right="worker:bot", worker="w2"), c.StartResponse(response="r2", turn="t")
    )
    talk.do(second, c.StartTool(call="again"))
    talk.do(second, asks("two", "k", "r2"), asks("other", "o", "r2"))
    assert talk.refused(second, c.StartTool(call="two")) == "already_exists"
    talk.do(second, c.StartTool(call="other"))


def test_a_crash_closes_the_attachments_that_the_dead_process_left_and_no_others() -> None:
    talk = Talk().answering()
    opened = [
        e.AttachmentOpened(by="hub", attachment=name, participant=who)
        for name, who in (("old", "p_bot"), ("next", "p_bot"), ("tab", "ada"))
    ]
    talk.put([*opened, *(e.AttachmentAway(by="hub", attachment=name) for name in ("old", "tab"))])
    talk.put(crashed(talk.state, "worker:bot"))
    assert sorted(talk.state.attachments) == ["next", "tab"]


def test_a_crash_interrupts_and_the_turn_waits_for_the_next_worker() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.RequestTool(call="once", name="n", arguments="{}", response="r"))
    talk.do(BOT, c.RequestTool(call="again", name="n", arguments="{}", response="r", idempotent=True))
    talk.do(BOT, c.StartTool(call="again"))
    talk.put(crashed(talk.state, "worker:bot"))
    assert [tool.id for tool in talk.state.open_tools()] == ["again"]
    assert [turn.id for turn in talk.state.waiting_turns()] == ["t"]
    assert talk.state.entries["m"].status == "interrupted"
    assert (talk.state.responder, talk.state.rights["worker:bot"].token) == ("", 2)
    assert crashed(talk.state, "worker:bot") == []
    second = Actor("p_bot", "agent", ALL, worker="w2")
    talk.do(second, c.AcceptSession(right="worker:bot", worker="w2"))
    talk.do(second, c.StartTool(call="again"), c.EndTool(call="again"))


def test_after_an_epoch_the_same_worker_goes_on_and_another_starts_anew() -> None:
    talk = Talk().answering()
    talk.put([e.LogReopened(by="hub", previous_epoch="old", lost_from=1, lost_to=2)])
    assert talk.refused(BOT, c.GrowMessage(message="m", index=0, text="x")) == "stale_token"
    same = talk.ask(BOT, c.AcceptSession(right="worker:bot", worker="w1"))
    assert isinstance(same, Decided)
    assert types(same) == ["right_granted", "right_granted"]
    other = talk.ask(
        Actor("p_bot", "agent", ALL, worker="w2"), c.AcceptSession(right="worker:bot", worker="w2")
    )
    assert isinstance(other, Decided)
    assert types(other) == ["message_ended", "response_ended", "right_granted", "right_granted"]


def test_a_tool_starts_after_the_named_role_approved_it_and_not_before() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.RequestTool(call="k", name="refund", arguments="{}", response="r", approval="operator"))
    assert talk.refused(BOT, c.StartTool(call="k")) == "wrong_order"
    assert talk.refused(BOT, c.EndTool(call="k")) == "wrong_order"
    assert talk.refused(ADA, c.DecideTool(call="k", approved=True)) == "not_allowed"
    talk.do(OPERATOR, c.DecideTool(call="k", approved=True))
    assert talk.refused(OPERATOR, c.DecideTool(call="k", approved=False)) == "already_exists"
    talk.do(BOT, c.StartTool(call="k"), c.ProgressTool(call="k", step=1, steps=2))
    assert talk.refused(BOT, c.StartTool(call="k")) == "already_exists"
    talk.do(BOT, c.EndTool(call="k", result="{}"))
    assert talk.refused(BOT, c.EndTool(call="k")) == "already_ended"


def test_a_denied_tool_has_ended() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.RequestTool(call="k", name="refund", arguments="{}", response="r", approval="operator"))
    assert types(talk.do(OPERATOR, c.DecideTool(call="k", approved=False))) == ["tool_decided", "tool_ended"]
    assert talk.refused(BOT, c.StartTool(call="k")) == "already_ended"


def test_a_right_is_given_back_with_its_own_number() -> None:
    talk = Talk().answering()
    assert talk.refused(BOT, c.ReleaseRight(right="worker:bot", token=2)) == "stale_token"
    assert talk.refused(ADA, c.ReleaseRight(right="worker:bot", token=1)) == "stale_token"
    decided = talk.do(BOT, c.ReleaseRight(right="worker:bot", token=1))
    assert decided.raises == {"worker:bot": 2, "responder": 2}
    assert [turn.id for turn in talk.state.waiting_turns()] == ["t"]


def test_a_batch_is_all_or_nothing_and_sees_itself() -> None:
    talk = Talk()
    before = talk.state.offset
    assert talk.refused(
        ADA, c.PostMessage(message="x", parts=WORDS), c.PostMessage(message="x", parts=WORDS)
    ) == ("already_exists")
    assert talk.state.offset == before
    assert talk.refused(ADA) == "malformed"
    assert talk.refused(ADA, *[c.ChangeActivity(activity="idle")] * 65) == "too_large"


def test_a_right_changes_once_in_a_batch() -> None:
    accept = c.AcceptSession(right="worker:bot", worker="w1")
    assert Talk().refused(BOT, c.ReleaseRight(right="worker:bot", token=1), accept) == "wrong_order"


def test_who_lacks_the_capability_may_not() -> None:
    reader = Actor("ada", "user", frozenset({"read"}))
    assert Talk().refused(reader, c.PostMessage(message="x", parts=WORDS)) == "not_allowed"
    assert (
        Talk().refused(Actor("eve", "user", ALL), c.PostMessage(message="x", parts=WORDS)) == "resume_first"
    )
    gone = Talk()
    gone.do(ADA, c.Leave())
    assert gone.refused(ADA, c.PostMessage(message="x", parts=WORDS)) == "not_allowed"
    assert Talk().refused(OPERATOR, c.AcceptSession(right="worker:x", worker="w")) == "not_allowed"
    assert Talk().refused(BOT, c.AcceptSession(right="responder", worker="w1")) == "not_allowed"


@given(st.sampled_from(["p_bot", "p_aide", "bot", "aide", "worker:aide", "p_worker:aide"]))
def test_a_worker_takes_its_own_agents_right_and_no_other(participant: str) -> None:
    talk = Talk()
    asked = talk.ask(
        Actor(participant, "agent", ALL, worker="w9"), c.AcceptSession(right="worker:aide", worker="w9")
    )
    if participant == "p_aide":
        assert isinstance(asked, Decided)
    else:
        assert isinstance(asked, Refusal)
        assert (asked.reason, asked.field) == ("not_allowed", "right")


def test_nothing_happens_after_the_end_and_the_end_ends_everything() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.EndSession(reason="done"))
    assert (talk.state.open_messages(), talk.state.responses, talk.state.responder) == ([], {}, "")
    assert talk.refused(ADA, c.PostMessage(message="x", parts=WORDS)) == "session_ended"
    assert talk.refused(ADA, c.EndSession()) == "session_ended"
    assert session_ended(talk.state) == []


def test_an_answer_that_ended_can_be_stopped_while_it_is_still_being_spoken() -> None:
    talk, stop = Talk().answering(), c.CancelResponse(response="r")
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="hello there"), c.EndResponse(response="r"))
    assert talk.refused(ADA, stop) == "already_ended"
    talk.put([e.SpeechQueued(by="hub", message="m", track="s", start=0, end=48_000, characters=11)])
    assert talk.refused(ADA, stop) == "already_ended", "nobody listens"
    talk.put([e.AttachmentOpened(by="hub", attachment="tab", participant="ada")])
    talk.put([e.VoiceStarted(by="hub", attachment="tab", call="v", track="t")])
    talk.put([e.HeardSettled(by="hub", message="m", participant="ada", characters=5)])
    assert types(talk.do(ADA, stop)) == ["cancel_requested"]
    assert talk.refused(ADA, c.CancelResponse(response="x")) == "already_ended"
    talk.put([e.HeardSettled(by="hub", message="m", participant="ada", characters=11, final=True)])
    assert talk.refused(ADA, stop) == "already_ended", "all was heard"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (c.PostMessage(message="bad id", parts=WORDS), "malformed"),
        (c.PostMessage(message="", parts=WORDS), "malformed"),
        (c.PostMessage(message="x", parts=[]), "malformed"),
        (c.PostMessage(message="x", parts=[Part("text", "x")] * 65), "too_large"),
        (c.PostMessage(message="x", parts=[Part("text", "é" * 24_577)]), "too_large"),
        (c.PostMessage(message="x", parts=[Part("text", "x" * 40_000)] * 2), "too_large"),
        (c.PostMessage(message="x", parts=[Part("image", sha256="0")]), "malformed"),
        (c.PostMessage(message="x", parts=[Part("text", "x", sha256="0" * 64)]), "malformed"),
        (c.MarkTurn(turn="", mark="heard", at_ms=1), "malformed"),
        (c.MarkTurn(turn="t", mark="heard", at_ms=-1), "malformed"),
        (c.MarkTurn(turn="t", mark="heard", at_ms=2**53), "malformed"),
        (c.LabelSession(labels={"__proto__": "x"}), "malformed"),
        (c.LabelSession(labels={f"l{n}": "x" for n in range(33)}), "too_large"),
        (c.LabelSession(labels={"l": "x" * 257}), "too_large"),
        (c.ChangeActivity(activity="idle", text="x" * 201), "too_large"),
        (c.EndSession(reason="x" * 201), "too_large"),
        (c.CancelResponse(response="r"), "already_ended"),
        (c.SettleHeard(message="none", characters=0), "not_found"),
        (c.ChangeModality(takes=("text",), gives=()), "resume_first"),
    ],
)
def test_what_is_misshapen_or_too_large_is_refused(command: c.Command, reason: str) -> None:
    assert Talk().refused(ADA, command) == reason


def test_a_message_grows_to_its_limit_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGE_TEXT", 5)
    talk = Talk().answering()
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="12345"))
    assert talk.refused(BOT, c.GrowMessage(message="m", index=1, text="6")) == "too_large"
    assert talk.refused(BOT, c.AddPart(message="m", part=Part("text", "6"))) == "too_large"


def test_counts_are_bounded() -> None:
    talk = Talk().answering()
    talk.do(BOT, *(c.StartMessage(message=f"m{n}") for n in range(limits.OPEN_MESSAGES_EACH - 1)))
    assert talk.refused(BOT, c.StartMessage(message="more")) == "too_large"
    talk.do(BOT, *(c.StartResponse(response=f"r{n}") for n in range(limits.OPEN_RESPONSES - 1)))
    assert talk.refused(BOT, c.StartResponse(response="more")) == "too_large"
    big = c.RequestTool(call="k", name="n", arguments="x" * 16_000)
    talk.do(BOT, big)
    assert talk.refused(BOT, c.RequestTool(call="k2", name="n", arguments="x")) == "too_large"
    talk.do(ADA, *(c.PostMessage(message=f"t{n}", parts=WORDS) for n in range(limits.WAITING_TURNS - 1)))
    assert talk.refused(ADA, c.PostMessage(message="more", parts=WORDS)) == "too_fast"


def test_nobody_hears_more_than_was_said() -> None:
    talk = Talk().answering()
    talk.do(BOT, c.GrowMessage(message="m", index=0, text="héllo"))
    talk.do(ADA, c.SettleHeard(message="m", characters=5))
    assert talk.refused(ADA, c.SettleHeard(message="m", characters=6)) == "malformed"


def test_the_hub_ends_what_others_began() -> None:
    talk = Talk().answering()
    assert types(talk.do(SERVICE, c.EndResponse(response="r"))) == ["message_ended", "response_ended"]


def test_foreseeing_changes_nothing() -> None:
    talk = Talk()
    events = decide(talk.state, ADA, c.PostMessage(message="x", parts=WORDS))
    assert not isinstance(events, Refusal)
    assert "x" in foresee(talk.state, events).entries
    assert "x" not in talk.state.entries
