"""Who is there, as derived from the state."""

from legato.session import events as e
from legato.session.fold import fold
from legato.session.presence import returning, roster
from legato.session.state import State
from tests.session.happenings import placed


def session(*more: e.Event) -> State:
    return fold(
        placed(
            [
                e.ParticipantJoined(by="ada", participant="ada", role="user", name="Ada"),
                e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
                e.AttachmentOpened(
                    by="ada", participant="ada", attachment="phone", takes=("audio",), gives=("audio",)
                ),
                e.ParticipantJoined(by="bot", participant="bot", role="agent", name="Concierge"),
                e.AttachmentOpened(by="bot", participant="bot", attachment="w"),
                *more,
            ]
        )
    )


AWAY = [e.AttachmentAway(by="hub", attachment=id) for id in ("tab", "phone")]


def test_one_device_that_is_here_beats_one_that_is_away() -> None:
    ada = roster(session(AWAY[1]))[0]
    assert (ada.liveness, ada.attachments, ada.takes, ada.gives) == ("online", 1, ("text",), ("text",))
    assert roster(session())[0].takes == ("text", "audio")
    assert roster(session(*AWAY))[0].liveness == "away"


def test_what_is_taken_and_what_is_given_are_told_apart() -> None:
    listening = e.ModalityChanged(by="ada", attachment="phone", takes=("audio",), gives=())
    ada = roster(session(listening))[0]
    assert (ada.takes, ada.gives) == (("text", "audio"), ("text",))


def test_without_an_attachment_a_participant_is_offline() -> None:
    closed = [e.AttachmentClosed(by="hub", attachment=id) for id in ("tab", "phone")]
    assert roster(session(*closed))[0].liveness == "offline"


def test_the_fault_of_a_worker_beats_its_attachments() -> None:
    unreachable = e.AgentUnreachable(by="hub", participant="bot", right="worker:x", window_ms=250)
    assert roster(session(unreachable))[1].liveness == "unreachable"
    crashed = e.AgentCrashed(by="hub", participant="bot", right="worker:x", token=2)
    assert roster(session(unreachable, crashed))[1].liveness == "crashed"
    granted = e.RightGranted(by="hub", right="worker:x", holder="bot", token=3)
    assert roster(session(unreachable, crashed, granted))[1].liveness == "online"


def test_a_worker_that_crashed_does_nothing_any_more() -> None:
    thinking = e.ActivityChanged(by="bot", participant="bot", activity="thinking")
    crashed = e.AgentCrashed(by="hub", participant="bot", right="worker:x", token=2)
    assert session(thinking).participants["bot"].activity == "thinking"
    assert session(thinking, crashed).participants["bot"].activity == "idle"


def test_who_left_is_not_in_the_roster_but_returns() -> None:
    left = session(e.ParticipantLeft(by="ada", participant="ada"))
    assert [each.participant for each in roster(left)] == ["bot"]
    assert left.liveness("ada") == "offline"
    assert returning(left, "ada")
    assert not returning(left, "eve")


def test_the_roster_says_who_answers() -> None:
    answering = roster(session(e.ResponderChanged(by="hub", participant="bot")))
    assert [each.responder for each in answering] == [False, True]
