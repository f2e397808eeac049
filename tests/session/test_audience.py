"""Who attends: users who see or speak, people who answer or barge in; not who only listens in, and no agents."""

from __future__ import annotations

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.audience import MOVES, Attendee, attended, audience, somebody_here
from legato.session.fold import fold
from legato.session.state import State
from tests.session.happenings import placed
from tests.session.talk import ALL, BOT, Talk
from tests.vectors.audience_cases import audience as log

TAB = Actor("ada", "user", ALL, attachment="tab")
DESK = Actor("olga", "operator", ALL, attachment="desk")
OPENED = e.AttachmentOpened(by="ada", participant="ada", attachment="tab")


def session(*more: e.Event) -> State:
    """Ada has a tab and a phone, Olga a desk, Otto looks on, and the agent's worker is there."""
    roles: dict[str, e.Role] = {"ada": "user", "olga": "operator", "otto": "observer", "p_bot": "agent"}
    joined = [e.ParticipantJoined(by="hub", participant=who, role=role) for who, role in roles.items()]
    here = [e.AttachmentOpened(by=who, participant=who, attachment=f"a_{who}") for who in roles]
    return fold(placed([*joined, *here, *more]))


def attentive(state: State) -> list[str]:
    return [each.participant for each in audience(state) if each.attentive]


def test_users_who_are_shown_the_session_attend_and_who_looks_on_does_not() -> None:
    assert audience(session()) == (
        Attendee("ada", "user", attentive=True),
        Attendee("olga", "operator"),
        Attendee("otto", "observer"),
    )


def test_a_hidden_page_does_not_attend_unless_it_is_on_a_call() -> None:
    hidden = e.AttentionChanged(by="ada", attachment="a_ada", attentive=False)
    assert attentive(session(hidden)) == []
    call = e.VoiceStarted(by="ada", attachment="a_ada", call="c", track="t")
    assert audience(session(hidden, call))[0] == Attendee("ada", "user", "voice", True)
    phone = e.AttachmentOpened(by="ada", participant="ada", attachment="phone", takes=("audio",))
    assert audience(session(hidden, phone))[0] == Attendee("ada", "user", "voice", True)


def test_an_operator_attends_while_they_answer_or_have_barged_in() -> None:
    stances: dict[e.Stance, bool] = {"": False, "monitor": False, "whisper": False, "barge": True}
    for stance, wanted in stances.items():
        taken = e.StanceChanged(by="olga", participant="olga", stance=stance)
        assert ("olga" in attentive(session(taken))) is wanted
    assert "olga" in attentive(session(e.ResponderChanged(by="olga", participant="olga", reason="taken")))
    assert "otto" not in attentive(session(e.ResponderChanged(by="otto", participant="otto", reason="taken")))


def test_who_lost_the_connection_is_not_here_and_attends_until_it_is_closed() -> None:
    away = e.AttachmentAway(by="hub", attachment="a_ada")
    lost = session(away)
    assert [each.participant for each in audience(lost)] == ["olga", "otto"]
    assert (attended(lost), somebody_here(lost)) == (True, False)
    assert not attended(session(away, e.AttachmentClosed(by="hub", attachment="a_ada")))


def test_each_event_that_changes_who_attends_is_among_those_that_are_looked_at() -> None:
    """As long as nobody adds one that is not, who is told and what waits follows the audience."""
    for kind in {type(event) for event in _moving()}:
        assert kind in MOVES


def test_a_page_says_it_once_and_only_for_itself() -> None:
    talk = Talk().answering()
    talk.put([OPENED, e.AttachmentOpened(by="olga", participant="olga", attachment="desk")])
    (said,) = talk.do(TAB, c.ChangeAttention(attentive=False)).events
    assert said == e.AttentionChanged(by="ada", attachment="tab", attentive=False)
    assert talk.refused(TAB, c.ChangeAttention(attentive=False)) == "already_exists"
    assert talk.refused(DESK, c.ChangeAttention(attentive=False)) == "not_allowed"
    assert (
        talk.refused(Actor("ada", "user", ALL, attachment="desk"), c.ChangeAttention(attentive=True))
        == "resume_first"
    )
    assert talk.refused(BOT, c.ChangeAttention(attentive=False)) == "resume_first"


def test_a_page_that_opens_anew_is_seen_until_it_says_otherwise() -> None:
    hidden = e.AttentionChanged(by="ada", attachment="a_ada", attentive=False)
    anew = e.AttachmentOpened(by="ada", participant="ada", attachment="a_ada")
    assert attentive(session(hidden, anew)) == ["ada"]


def _moving() -> list[e.Event]:
    """What changed who attends in a log that holds every way."""
    state, moving = State(), list[e.Event]()
    for event in placed(log()):
        after = fold([event], state)
        if isinstance(event, e.Event) and (attended(after), somebody_here(after)) != (
            attended(state),
            somebody_here(state),
        ):
            moving.append(event)
        state = after
    assert len(moving) > 8
    return moving
