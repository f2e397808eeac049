"""Who hears whom, whatever the stances: the table of the module, and what holds for every crowd."""

from hypothesis import given
from hypothesis import strategies as st

from legato.session.events import Role, Stance
from legato.session.routing import Reach, apart, at_most, hears, reach, waits
from legato.session.state import Attachment, Participant, State
from legato.session.vocabulary import Reaches

ROLES: dict[str, Role] = {
    "ada": "user",
    "eve": "user",
    "bot": "agent",
    "olga": "operator",
    "ben": "operator",
    "sue": "supervisor",
    "obs": "observer",
}
STANCES: list[Stance] = ["", "monitor", "whisper", "barge"]


@st.composite
def crowds(draw: st.DrawFn) -> State:
    state = State()
    for name, role in ROLES.items():
        stance = draw(st.sampled_from(STANCES)) if role in ("operator", "supervisor") else ""
        state.participants[name] = Participant(name, role, left=draw(st.integers(0, 9)) == 0, stance=stance)
    state.responder = draw(st.sampled_from(["", "bot", "olga", "sue"]))
    state.held = draw(st.sampled_from(["", "olga"]))
    return state


@given(crowds())
def test_nobody_hears_who_monitors_and_only_who_answers_hears_a_whisper(state: State) -> None:
    for speaker in ("olga", "ben", "sue"):
        who = state.participants[speaker]
        listeners = {each for each in ROLES if hears(state, each, speaker)}
        if state.responder == speaker or who.left:
            continue
        if who.stance == "monitor":
            assert listeners == set()
        if who.stance == "whisper":
            assert listeners <= {state.responder}
            assert not listeners & {"ada", "eve", "obs"}


@given(crowds())
def test_nobody_hears_themselves_or_observers_or_who_left(state: State) -> None:
    for speaker in ROLES:
        assert not hears(state, speaker, speaker)
        gone = state.participants[speaker].left
        for listener in ROLES:
            if gone or ROLES[speaker] in ("observer", "agent") or state.participants[listener].left:
                assert not hears(state, listener, speaker)


@given(crowds())
def test_who_is_held_hears_nobody_and_is_heard_by_nobody(state: State) -> None:
    for user in ("ada", "eve"):
        assert waits(state, user) == (state.held != "")
        if state.held:
            assert reach(state, user) is Reach.NOBODY
            assert not any(hears(state, user, other) or hears(state, other, user) for other in ROLES)


@given(crowds())
def test_who_answers_is_heard_by_all_who_are_there_and_not_held(state: State) -> None:
    if state.responder in ("olga", "sue") and not state.participants[state.responder].left:
        for listener, role in ROLES.items():
            there = listener != state.responder and not state.participants[listener].left
            assert hears(state, listener, state.responder) == (there and not (state.held and role == "user"))


def test_who_barges_in_is_heard_three_ways() -> None:
    state = State()
    for name, role in ROLES.items():
        state.participants[name] = Participant(name, role, stance="barge" if name == "ben" else "")
    state.responder = "olga"
    assert hears(state, "ada", "ben")
    assert hears(state, "olga", "ben")
    assert hears(state, "ben", "ada")


FARTHER: list[Reach] = [Reach.NOBODY, Reach.RESPONDER, Reach.ALL]


@given(crowds(), st.sampled_from(["all", "responder", "nobody"]))
def test_no_device_of_who_helps_reaches_further_than_its_ticket_nor_than_its_participants_stance(
    state: State, most: Reaches
) -> None:
    for who, role in ROLES.items():
        far, alone = reach(state, who, most), reach(state, who)
        if role not in ("operator", "supervisor"):
            assert far is alone, "nobody else is bounded by it"
            continue
        assert far is min(alone, Reach(most), key=FARTHER.index)
        assert apart(state, who, most) == (far is not Reach.ALL)
        heard_by = {each for each in ROLES if hears(state, each, who, most)}
        assert heard_by <= {each for each in ROLES if hears(state, each, who)}
        if most == "nobody":
            assert heard_by == set()
        elif most == "responder":
            assert heard_by <= {state.responder}


def test_a_device_goes_as_far_as_it_came_and_one_that_is_not_known_is_not_bounded() -> None:
    state = State(attachments={"phone": Attachment("phone", "olga", reach="responder")})
    assert (at_most(state, "phone"), at_most(state, "other")) == ("responder", "all")
