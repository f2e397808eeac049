"""Three people and who hears whom: never themselves, never twice, and each as loud as they speak."""

from __future__ import annotations

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from media.frames import Frame
from media.opus import FRAME, SILENCE
from media.voice.gathering import Gathering
from tests.media.voice.test_blend import Line
from tests.support.sound import opus_of, samples_of, strength, tone

PEOPLE: Final = {"ada": 500.0, "bob": 800.0, "cleo": 1_300.0}
SAID: Final = {name: opus_of(tone(hertz, 1.0)) for name, hertz in PEOPLE.items()}


def gathered() -> tuple[Gathering, dict[str, Line]]:
    gathering = Gathering(lambda listener, speaker, by: True, lambda listener: False)
    lines = {name: Line() for name in PEOPLE}
    for name, line in lines.items():
        line.blend = gathering.join(f"a_{name}", name, line)
    return gathering, lines


def beat(lines: dict[str, Line]) -> None:
    for line in lines.values():
        line.blend.send_audio(SILENCE, FRAME)


def heard(line: Line) -> dict[str, float]:
    samples = samples_of(opus for _, opus in line.sent)[12 * FRAME :]
    return {name: strength(samples, hertz) for name, hertz in PEOPLE.items()}


def test_three_who_talk_at_once_hear_the_two_others_and_not_themselves() -> None:
    gathering, lines = gathered()
    for number in range(48):
        for name in PEOPLE:
            gathering.frame(f"a_{name}", name, Frame(number * FRAME, SAID[name][number]), 20)
        beat(lines)
    for listener, line in lines.items():
        for speaker, level in heard(line).items():
            assert level < 200 if speaker == listener else level > 7_000, (listener, speaker)


def test_while_one_talks_and_two_are_quiet_the_one_is_passed_on_byte_for_byte() -> None:
    gathering, lines = gathered()
    for number in range(40):
        for name in PEOPLE:
            level = 20 if name == "bob" else 110
            gathering.frame(f"a_{name}", name, Frame(number * FRAME, SAID[name][number]), level)
        beat(lines)
    assert lines["ada"].sound == lines["cleo"].sound == SAID["bob"][:40]
    assert lines["bob"].sound == []


def test_somebodys_second_device_does_not_hear_them_either() -> None:
    gathering, lines = gathered()
    tablet = Line()
    gathering.join("a_tablet", "ada", tablet)
    gathering.frame("a_ada", "ada", Frame(0, SAID["ada"][0]), 20)
    assert tablet.sound == []
    assert lines["bob"].sound == [SAID["ada"][0]]


def test_who_may_not_hear_does_not() -> None:
    gathering = Gathering(lambda listener, speaker, by: speaker != "bob", lambda listener: False)
    line = Line()
    gathering.join("a_ada", "ada", line)
    gathering.frame("a_bob", "bob", Frame(0, SAID["bob"][0]), 20)
    gathering.frame("a_cleo", "cleo", Frame(0, SAID["cleo"][0]), 20)
    assert line.sound == [SAID["cleo"][0]]


ACTS = st.lists(
    st.tuples(st.sampled_from(["talk", "pause", "leave", "join", "gone"]), st.sampled_from(sorted(PEOPLE))),
    max_size=60,
)


@given(ACTS)
def test_whoever_comes_and_goes_nobody_hears_themselves_and_time_goes_on(acts: list[tuple[str, str]]) -> None:
    gathering, lines = gathered()
    clock = dict.fromkeys(PEOPLE, 0)
    here = set(PEOPLE)
    for act, name in acts:
        if act == "join":
            lines[name] = Line()
            lines[name].blend = gathering.join(f"a_{name}", name, lines[name])
            here.add(name)
        elif act == "leave":
            gathering.leave(f"a_{name}")
            here.discard(name)
        elif act == "gone":
            gathering.silence(f"a_{name}")
        else:
            before = len(lines[name].sent)
            level = 20 if act == "talk" else 127
            gathering.frame(f"a_{name}", name, Frame(clock[name], SAID[name][0]), level)
            clock[name] += FRAME
            assert len(lines[name].sent) == before, "no echo of oneself"
        for each in here:
            lines[each].blend.send_audio(SILENCE, FRAME)
