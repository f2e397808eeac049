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
            since, told = -1.0, False
        elif since < 0:
            since = now
        now += passes
        complete = silence.complete(now)
        assert complete == (since >= 0 and not told and now >= since + 5.0)
        told = told or complete


def test_something_said_begins_another_silence() -> None:
    silence = Silence(5.0)
    silence.look(QUIET, "bot", 0.0)
    assert silence.complete(5.0)
    assert not silence.complete(50.0)
    silence.look(msgspec.structs.replace(QUIET, finished=2), "bot", 50.0)
    assert not silence.complete(54.9)
    assert silence.complete(55.0)
