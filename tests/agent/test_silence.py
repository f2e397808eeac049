"""A silence is told once it is complete, once, and never into something that goes on."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from legato.agent.silence import Silence
from legato.session.state import Attachment, Message, Participant, Response, State, Turn

QUIET = State(
    participants={"ada": Participant("ada", "user"), "bot": Participant("bot", "agent")},
    attachments={"tab": Attachment("tab", "ada")},
    responder="bot",
    finished=1,
)
SPOKEN = Message("m", "bot", 1, 1, status="finished", speech_end=9, speech_characters=40)
BUSY = [
    msgspec.structs.replace(QUIET, turns={"t": Turn("t", "ada")}),
    msgspec.structs.replace(QUIET, responses={"r": Response("r", "bot", 1)}),
    msgspec.structs.replace(QUIET, attachments={"tab": Attachment("tab", "ada", away_since=5)}),
    msgspec.structs.replace(QUIET, attachments={"w": Attachment("w", "bot")}),
    msgspec.structs.replace(QUIET, responder="olga"),
    msgspec.structs.replace(
        QUIET, attachments={"tab": Attachment("tab", "ada", call="k")}, entries={"m": SPOKEN}
    ),
]


@given(st.sampled_from(BUSY), st.floats(0, 100))
def test_while_something_goes_on_there_is_no_silence(state: State, now: float) -> None:
    silence = Silence(5.0)
    silence.look(state, "bot", now)
    assert not silence.complete(now + 1_000)


@given(st.lists(st.tuples(st.sampled_from([QUIET, *BUSY]), st.floats(0.1, 4)), max_size=30))
def test_a_silence_is_told_only_after_so_long_without_anything_and_once(
    steps: list[tuple[State, float]],
) -> None:
    silence, now, since, told = Silence(5.0), 0.0, -1.0, False
    for state, passes in steps:
        silence.look(state, "bot", now)
        if state is not QUIET:
            since = -1.0
            told = told and not state.turns and state.attachments.keys() == {"tab"}
            told = told and not state.attachments["tab"].away_since
        elif since < 0:
            since = now
        now += passes
        complete = silence.complete(now)
        assert complete == (since >= 0 and not told and now >= since + 5.0)
        told = told or complete


def test_what_the_agent_says_into_a_silence_begins_no_other_and_what_a_person_says_does() -> None:
    silence = Silence(5.0)
    silence.look(QUIET, "bot", 0.0)
    assert silence.complete(5.0)
    silence.look(msgspec.structs.replace(QUIET, finished=2), "bot", 6.0)
    assert not silence.complete(60.0)
    silence.look(BUSY[0], "bot", 61.0)
    silence.look(msgspec.structs.replace(QUIET, finished=3), "bot", 62.0)
    assert not silence.complete(66.9)
    assert silence.complete(67.0)


def test_a_word_of_the_agent_before_the_silence_is_complete_begins_it_anew() -> None:
    silence = Silence(5.0)
    silence.look(QUIET, "bot", 0.0)
    silence.look(msgspec.structs.replace(QUIET, finished=2), "bot", 4.0)
    assert not silence.complete(8.9)
    assert silence.complete(9.0)
