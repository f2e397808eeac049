"""Who comes, falls silent and goes, and what that leaves behind."""

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.commands import Refusal
from legato.session.decisions import Decided, decide_batch
from legato.session.presence_rules import (
    attached,
    connection_lost,
    grace_over,
    joined,
    left,
    resumed,
    session_ended,
)
from tests.session.talk import OPERATOR, Talk, types


def test_an_attachment_goes_and_comes_back() -> None:
    talk = Talk()
    talk.put(attached(talk.state, "ada", "tab", now=7))
    assert attached(talk.state, "ada", "tab", now=8) == []
    talk.put(connection_lost(talk.state, "tab"))
    assert connection_lost(talk.state, "tab") == []
    assert talk.state.liveness("ada") == "away"
    assert resumed(talk.state, "tab", now=9) == [e.AttachmentBack(by="ada", attachment="tab", gap_ms=2)]
    assert types(grace_over(talk.state, "tab")) == ["attachment_closed"]
    talk.put(resumed(talk.state, "tab", now=9))
    assert grace_over(talk.state, "tab") == []
    again = attached(talk.state, "ada", "tab", now=9, takes=("text", "audio"))
    assert not isinstance(again, Refusal)
    assert types(again) == ["right_granted", "modality_changed"]


def test_labels_that_another_node_decided_on_do_not_follow_the_sessions_end() -> None:
    talk = Talk()
    decided = decide_batch(talk.state, OPERATOR, [c.LabelSession(labels={"a": "b"})])
    assert isinstance(decided, Decided)
    assert decided.conditional
    seen = talk.state.control
    talk.put(session_ended(talk.state))
    assert talk.state.control > seen


def test_an_attachment_belongs_to_one_participant() -> None:
    talk = Talk()
    talk.put(attached(talk.state, "ada", "tab", now=7))
    refusal = attached(talk.state, "olga", "tab", now=7)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "not_allowed"


def test_devices_and_participants_are_bounded() -> None:
    talk = Talk()
    for n in range(limits.ATTACHMENTS_EACH):
        talk.put(attached(talk.state, "ada", f"a{n}", now=7))
    assert isinstance(attached(talk.state, "ada", "more", now=7), Refusal)
    for n in range(limits.PARTICIPANTS - 3):
        talk.put(joined(talk.state, f"p{n}", "observer"))
    assert isinstance(joined(talk.state, "more", "observer"), Refusal)
    assert joined(talk.state, "ada", "user") == []


def test_who_leaves_leaves_nothing_open() -> None:
    talk = Talk().answering()
    talk.put(attached(talk.state, "p_bot", "w", now=7))
    assert types(talk.put(left(talk.state, "p_bot", "p_bot"))) == [
        "attachment_closed",
        "message_ended",
        "response_ended",
        "right_released",
        "responder_changed",
        "right_released",
        "participant_left",
    ]
    assert [turn.id for turn in talk.state.waiting_turns()] == ["t"]
