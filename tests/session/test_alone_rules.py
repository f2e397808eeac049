"""An agent that nobody attends waits after a while, and goes on when somebody is back."""

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.deadlines import earliest, fired
from legato.session.ids import HUB
from legato.session.right_rules import crashed
from tests.session.talk import ADA, ALL, BOT, OPERATOR, Talk, types

AFTER = 60_000
NEXT = Actor("p_bot", "agent", ALL, worker="w2")
OPENED = e.AttachmentOpened(by="ada", participant="ada", attachment="tab")
AWAY = e.AttachmentAway(by=HUB, attachment="tab")
BACK = e.AttachmentBack(by="ada", attachment="tab")
DESK = e.AttachmentOpened(by="olga", participant="olga", attachment="desk")
GONE = e.AttachmentClosed(by=HUB, attachment="tab")


def attended(seconds: str = "60") -> Talk:
    """Ada is being answered by the agent, in a session that does not go on for ever without her."""
    talk = Talk().answering()
    talk.put([e.SessionLabelled(by=HUB, labels={"budget_unattended": seconds}), OPENED])
    return talk


def due(talk: Talk, after: int = AFTER) -> list[e.Event]:
    """What the hub appends once nobody has been there for so long (grace and the like left aside)."""
    alone = talk.state.alone
    now = talk.state.time if alone is None else (alone.since or alone.back) + after
    found = [each for each in fired(talk.state, now) if each.producer.split(":")[1] in ("alone", "back")]
    return [event for each in found for event in each.events]


def waiting() -> Talk:
    talk = attended()
    talk.put([AWAY])
    talk.put(due(talk))
    assert talk.state.paused == "r"
    return talk


def test_an_answer_that_nobody_attends_waits_after_so_many_seconds_and_no_sooner() -> None:
    talk = attended()
    talk.put([AWAY])
    assert due(talk, AFTER - 1) == []
    (pause,) = due(talk)
    assert pause == e.SteeringRequested(by=HUB, response="r", asked="pause")
    talk.put([pause])
    assert due(talk) == [], "once"


def test_without_a_label_or_with_one_that_is_no_number_it_goes_on_for_ever() -> None:
    for seconds in ("", "0", "soon", "-1", "1.5"):
        talk = attended(seconds)
        talk.put([AWAY])
        assert due(talk, 10**12) == []


def test_it_goes_on_by_itself_when_somebody_is_back_by_whichever_way() -> None:
    barged = e.StanceChanged(by="olga", participant="olga", stance="barge")
    ways: list[list[e.Event]] = [[BACK], [GONE, OPENED], [DESK, barged]]
    for way in ways:
        talk = waiting()
        talk.put(way)
        (go_on,) = due(talk, 0)
        assert go_on == e.SteeringRequested(by=HUB, response="r", asked="continue")
        talk.put([go_on])
        assert (talk.state.paused, talk.state.alone, due(talk)) == ("", None, [])


def test_an_agent_that_comes_is_nobody() -> None:
    talk = waiting()
    talk.put([e.AttachmentOpened(by="p_bot", participant="p_bot", attachment="k2")])
    assert due(talk, 0) == []


def test_who_only_listens_in_is_nobody_either() -> None:
    talk = waiting()
    talk.put([DESK, e.StanceChanged(by="olga", participant="olga", stance="monitor")])
    assert due(talk, 0) == []


def test_a_page_that_nobody_sees_is_nobody_until_it_is_seen_or_speaks() -> None:
    ways: list[e.Event] = [
        e.AttentionChanged(by="ada", attachment="tab", attentive=True),
        e.VoiceStarted(by="ada", attachment="tab", call="c", track="t"),
    ]
    for seen in ways:
        talk = attended()
        talk.put([e.AttentionChanged(by="ada", attachment="tab", attentive=False)])
        talk.put(due(talk))
        assert talk.state.paused == "r"
        talk.put([seen])
        assert types_of(due(talk, 0)) == ["steering_requested"]


def test_who_is_back_in_time_is_not_missed() -> None:
    talk = attended()
    talk.put([AWAY, BACK])
    assert (talk.state.alone, due(talk, 10**9)) == (None, [])


def test_while_another_device_or_person_is_here_nobody_is_missed() -> None:
    talk = attended()
    talk.put([e.AttachmentOpened(by="ada", participant="ada", attachment="phone"), AWAY])
    assert due(talk, 10**9) == []
    talk.put([e.AttachmentClosed(by=HUB, attachment="phone")])
    assert types_of(due(talk)) == ["steering_requested"]


def test_an_answer_that_begins_when_nobody_has_been_there_for_long_waits_at_once() -> None:
    talk = attended()
    talk.do(BOT, c.EndResponse(response="r"))
    talk.put([AWAY])
    assert due(talk, 10**6) == []
    talk.do(BOT, c.StartResponse(response="r2"))
    assert types_of(due(talk)) == ["steering_requested"]


def test_each_wait_has_a_producer_of_its_own_however_often_the_same_answer_waits() -> None:
    talk, producers = attended(), []
    for _ in range(2):
        for moved, after in ((AWAY, AFTER), (BACK, 0)):
            talk.put([moved])
            assert talk.state.alone is not None
            now = (talk.state.alone.since or talk.state.alone.back) + after
            (found,) = (each for each in fired(talk.state, now) if "grace" not in each.producer)
            producers.append(found.producer)
            talk.put(list(found.events))
            if talk.state.responses["r"].pausing == "pause":
                talk.do(BOT, c.AnswerSteering(response="r", asked="pause", done=True))
    assert len(set(producers)) == 4


def test_what_a_person_paused_no_return_continues() -> None:
    talk = attended()
    talk.do(ADA, c.PauseResponse(response="r"))
    talk.put([AWAY])
    assert due(talk, 10**9) == []
    talk.put([BACK])
    assert (talk.state.paused, due(talk)) == ("r", [])


def test_who_continues_it_meanwhile_decides_and_it_waits_again_only_by_a_new_pause() -> None:
    talk = waiting()
    talk.do(OPERATOR, c.ContinueResponse(response="r"))
    talk.do(OPERATOR, c.PauseResponse(response="r"))
    talk.put([BACK])
    assert (talk.state.paused, due(talk)) == ("r", [])


def test_an_answer_that_is_being_stopped_and_parts_of_answers_are_left_alone() -> None:
    talk = attended()
    talk.do(BOT, c.StartResponse(response="part", parent="r"))
    talk.do(ADA, c.CancelResponse(response="r"))
    talk.put([AWAY])
    assert due(talk) == []


def test_of_an_answer_that_ended_just_as_somebody_came_back_nothing_goes_on() -> None:
    talk = waiting()
    talk.put([BACK])
    talk.do(BOT, c.EndResponse(response="r"))
    assert due(talk, 0) == []


def test_a_part_that_begins_in_an_answer_that_is_being_stopped_is_no_answer() -> None:
    talk = attended()
    talk.do(ADA, c.CancelResponse(response="r"))
    talk.put([e.ResponseStarted(by="p_bot", response="part", parent="r"), AWAY])
    assert due(talk) == []


def test_an_answer_whose_worker_crashes_while_it_waits_goes_on_with_the_next() -> None:
    talk = waiting()
    talk.put(crashed(talk.state, "worker:bot"))
    assert talk.state.paused == "r"
    talk.do(NEXT, c.AcceptSession(right="worker:bot", worker="w2"))
    (turn,) = talk.state.waiting_turns()
    talk.do(NEXT, c.StartResponse(response="r2", turn=turn.id))
    assert talk.state.paused == "r2"
    talk.put([BACK])
    (go_on,) = due(talk, 0)
    assert go_on == e.SteeringRequested(by=HUB, response="r2", asked="continue")


def test_while_nobody_writes_it_the_hub_itself_says_that_it_goes_on() -> None:
    talk = waiting()
    talk.put(crashed(talk.state, "worker:bot"))
    talk.put([BACK])
    assert types_of(due(talk, 0)) == ["steering_requested", "steering_answered"]


def test_the_deadline_is_known_from_the_moment_nobody_is_there() -> None:
    talk = attended()
    talk.put([AWAY, GONE])
    assert talk.state.alone is not None
    assert earliest(talk.state) == talk.state.alone.since + AFTER


def test_only_an_operator_changes_for_how_long() -> None:
    talk = attended()
    longer = c.LabelSession(labels={"budget_unattended": "600"})
    assert talk.refused(BOT, longer) == "not_allowed"
    assert types(talk.do(OPERATOR, longer)) == ["session_labelled"]


def types_of(events: list[e.Event]) -> list[str]:
    return [str(event.type) for event in events]
