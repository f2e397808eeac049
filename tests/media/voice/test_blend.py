"""One listener's ears: the agent, one person, several people, and the pauses between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from media.codecs import decode_packet, opus_decoder
from media.frames import Frame
from media.mixer import Samples
from media.opus import FRAME, SILENCE
from media.voice.blend import HOLE, MOST_VOICES, Blend, Stage
from tests.support.sound import opus_of, samples_of, strength, tone

AGENT = opus_of(tone(300, 0.4))
ADA, BOB = opus_of(tone(660, 1.0)), opus_of(tone(1_320, 1.0))


class Line:
    """A call that keeps what it is given, at the media times that its frames have."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.end = 0
        self.blend = Blend(self)

    def send_audio(self, opus: bytes, samples: int, skipped: int = 0) -> int | None:
        assert skipped >= 0, "media time never goes back"
        at = self.end + skipped
        self.sent.append((at, opus))
        self.end = at + samples
        return at

    def close(self) -> None:
        """Nothing to close."""

    def stats(self) -> Any:
        return None

    @property
    def sound(self) -> list[bytes]:
        return [opus for _, opus in self.sent if opus != SILENCE]


class Reader:
    """Decodes one voice, frame after frame."""

    def __init__(self) -> None:
        self._decoder = opus_decoder("mono")

    def __call__(self, opus: bytes) -> Callable[[], Samples]:
        return lambda: np.frombuffer(decode_packet(self._decoder, opus), np.int16)


def never() -> Samples:
    raise AssertionError("decoded, though there is nothing to mix")


def test_a_listener_alone_hears_the_wheel() -> None:
    line = Line()
    blend = line.blend
    for opus in (SILENCE, AGENT[0], AGENT[1], SILENCE):
        assert blend.send_audio(opus, FRAME) is not None
    assert [at for at, _ in line.sent] == [0, FRAME, 2 * FRAME, 3 * FRAME]
    assert line.sound == AGENT[:2]


def test_one_persons_frames_are_passed_on_undecoded_at_once_and_silence_makes_room() -> None:
    line = Line()
    blend = line.blend
    blend.send_audio(SILENCE, FRAME)
    for number, opus in enumerate(ADA[:20]):
        before = len(line.sent)
        blend.hear("ada", Frame(5_000 + number * FRAME, opus), never)
        assert line.sent[before:] == [(FRAME * (number + 1), opus)]
        assert blend.send_audio(SILENCE, FRAME) is None
    assert line.sound == ADA[:20]
    blend.quiet("ada")
    assert blend.stage is Stage.WHEEL


def test_a_person_who_falls_silent_without_a_word_leaves_room_for_the_beat() -> None:
    line = Line()
    blend = line.blend
    blend.hear("ada", Frame(0, ADA[0]), never)
    beats = [blend.send_audio(SILENCE, FRAME) for _ in range(8)]
    assert beats[:1] == [None]
    assert beats[-3:].count(None) == 0
    assert line.end <= 8 * FRAME + HOLE


def test_a_frame_that_comes_after_its_time_is_left_out() -> None:
    line = Line()
    blend = line.blend
    for place in (0, 2, 1, 3):
        blend.hear("ada", Frame(place * FRAME, ADA[place]), never)
    assert line.sound == [ADA[0], ADA[2], ADA[3]]
    assert blend.left_out == 1


def test_two_who_talk_are_mixed_and_each_is_as_loud_as_alone() -> None:
    line = Line()
    blend = line.blend
    ada, bob = Reader(), Reader()
    for number in range(40):
        blend.hear("ada", Frame(number * FRAME, ADA[number]), ada(ADA[number]))
        blend.hear("bob", Frame(number * FRAME, BOB[number]), bob(BOB[number]))
        blend.send_audio(SILENCE, FRAME)
    heard = samples_of(opus for _, opus in line.sent)[10 * FRAME :]
    for hertz in (660, 1_320):
        assert 7_000 < strength(heard, hertz) < 20_000
    blend.quiet("ada")
    blend.quiet("bob")
    assert blend.stage is Stage.WHEEL


def test_the_agent_who_speaks_into_somebodys_words_is_heard_with_them() -> None:
    line = Line()
    blend = line.blend
    ada = Reader()
    for number in range(20):
        blend.hear("ada", Frame(number * FRAME, ADA[number]), ada(ADA[number]))
        stamp = blend.send_audio(AGENT[number] if number >= 5 else SILENCE, FRAME)
        assert (stamp is not None) == (number >= 5)
    heard = samples_of(opus for _, opus in line.sent)[12 * FRAME :]
    assert strength(heard, 300) > 5_000
    assert strength(heard, 660) > 5_000


def test_who_begins_when_many_talk_waits() -> None:
    line = Line()
    blend = line.blend
    for number in range(MOST_VOICES + 1):
        blend.hear(f"p{number}", Frame(0, ADA[0]), Reader()(ADA[0]))
    blend.quiet("p0")
    blend.hear("late", Frame(0, BOB[0]), Reader()(BOB[0]))
    assert blend.stage is Stage.MIXING


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("beat"), st.booleans(), st.integers(0, 3)),
        st.tuples(st.sampled_from(["ada", "bob"]), st.booleans(), st.integers(-2, 12)),
    ),
    max_size=80,
)


@given(STEPS)
def test_media_time_goes_on_whoever_speaks_and_no_word_of_the_agent_is_swallowed(
    steps: list[tuple[str, bool, int]],
) -> None:
    line = Line()
    blend = line.blend
    clock, spoken = 0, 0
    at = {"ada": 0, "bob": 10**9}
    for who, flag, number in steps:
        if who == "beat":
            sent = len(line.sent)
            blend.send_audio(AGENT[0] if flag else SILENCE, FRAME, number * FRAME)
            clock += (number + 1) * FRAME
            if flag:
                spoken += 1
                assert len(line.sent) == sent + 1
        elif flag:
            at[who] += number * FRAME
            blend.hear(who, Frame(max(0, at[who]), ADA[0]), Reader()(ADA[0]))
        else:
            blend.quiet(who)
    assert len(line.sound) >= spoken
    assert line.end >= clock - HOLE - FRAME or not line.sent
