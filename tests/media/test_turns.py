"""A turn ends by the track's own silence; the network's gaps are waited for, but not for ever."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from media.activity import PER_MS, SpeechEnded, SpeechStarted
from media.turns import GRACE, HOLD, SILENCE, Stage, TurnEnded, TurnMark, Turns, TurnStarted


def ms(milliseconds: int) -> int:
    return milliseconds * PER_MS


def speaking(turns: Turns, start: int = 0, end: int = 1000) -> None:
    turns.heard(ms(start), start)
    turns.speech(SpeechStarted(ms(start)))
    turns.heard(ms(end), end)
    turns.speech(SpeechEnded(ms(end)))


def test_a_turn_ends_after_the_silence_in_media_time() -> None:
    turns = Turns()
    assert turns.speech(SpeechStarted(ms(100))) == [TurnStarted(1, ms(100))]
    turns.speech(SpeechEnded(ms(1000)))
    assert turns.heard(ms(1000 + SILENCE) - 1, 9_999) == []
    assert turns.heard(ms(1000 + SILENCE), 10_000) == [TurnEnded(1, ms(1600), ms(100), ms(1000))]


def test_a_pause_within_a_turn_does_not_end_it() -> None:
    turns = Turns()
    speaking(turns)
    turns.heard(ms(1500), 1500)
    assert turns.speech(SpeechStarted(ms(1400))) == []
    turns.speech(SpeechEnded(ms(3000)))
    assert turns.heard(ms(3500), 3500) == []
    assert turns.heard(ms(3600), 3600) == [TurnEnded(1, ms(3600), 0, ms(3000))]


def test_turns_are_counted() -> None:
    turns = Turns()
    for number in (1, 2):
        speaking(turns, number * 5000, number * 5000 + 500)
        (ended,) = turns.heard(ms(number * 5000 + 2000), number * 5000 + 2000)
        assert isinstance(ended, TurnEnded)
        assert ended.number == number


def test_a_gap_in_the_network_is_not_a_silence() -> None:
    turns = Turns()
    speaking(turns)
    turns.hold(1000)
    assert turns.heard(ms(9000), 1700) == []
    assert turns.release(1800) == [TurnEnded(1, ms(9000), 0, ms(1000))]


def test_missing_audio_is_waited_for_and_then_the_turn_is_incomplete() -> None:
    turns = Turns()
    speaking(turns)
    turns.hold(1100)
    turns.heard(ms(3000), 1200)
    assert turns.next_deadline() == 1100 + HOLD
    assert turns.expire(1100 + HOLD - 1) == []
    assert turns.expire(1100 + HOLD) == [TurnEnded(1, ms(3000), 0, ms(1000), incomplete=True)]


def test_a_track_that_stops_ends_a_finished_sentence_as_it_stands() -> None:
    turns = Turns()
    speaking(turns)
    assert turns.next_deadline() == 1000 + SILENCE + GRACE
    assert turns.expire(1000 + SILENCE + GRACE) == [TurnEnded(1, ms(1000), 0, ms(1000))]


def test_a_track_that_stops_in_mid_speech_leaves_an_incomplete_turn() -> None:
    turns = Turns()
    turns.speech(SpeechStarted(0))
    turns.heard(ms(700), 700)
    assert turns.expire(700 + SILENCE + GRACE) == [TurnEnded(1, ms(700), 0, ms(700), incomplete=True)]


def test_a_lost_gap_does_not_end_the_turn_of_somebody_who_speaks_on() -> None:
    turns = Turns()
    turns.speech(SpeechStarted(0))
    turns.hold(100)
    turns.heard(ms(1590), 1590)
    assert turns.expire(100 + HOLD) == []
    assert turns.stage is Stage.OPEN


def test_a_better_judge_may_ask_for_more_time_once_a_pause() -> None:
    turns = Turns()
    speaking(turns)
    turns.heard(ms(1200), 1200)
    turns.speak_on(400, ms(1000))
    turns.speak_on(400, ms(1000))
    assert turns.heard(ms(1999), 1999) == []
    assert len(turns.heard(ms(2000), 2000)) == 1


def test_what_was_judged_of_an_earlier_pause_is_too_late_for_the_next() -> None:
    turns = Turns()
    speaking(turns)
    turns.speech(SpeechStarted(ms(1400)))
    turns.speech(SpeechEnded(ms(3000)))
    turns.speak_on(400, ms(1000))
    assert turns.heard(ms(3599), 3599) == []
    assert len(turns.heard(ms(3600), 3600)) == 1
    turns.speak_on(400, ms(3000))
    assert turns.stage is Stage.NONE


def test_who_is_given_more_time_and_stops_coming_is_waited_for_no_longer() -> None:
    turns = Turns()
    speaking(turns)
    turns.speak_on(1400, ms(1000))
    assert turns.next_deadline() == 1000 + SILENCE + GRACE


PAUSES = st.tuples(
    st.sampled_from([200, 580, 600, 620, 980, 1000, 1020, 2000]),
    st.sampled_from([0, 100, 580, 600, 620, 1000]),
    st.booleans(),
)
"""How long a pause is; when within it a judge's answer comes; whether it says “not finished”. All in milliseconds."""


@given(st.lists(PAUSES, min_size=1, max_size=6))
@example([(980, 580, True), (620, 0, False)])
@example([(980, 600, True)])
def test_a_turn_ends_in_the_first_pause_that_is_longer_than_it_may_be(
    pauses: list[tuple[int, int, bool]],
) -> None:
    more, turns, now = 400, Turns(), 0
    for length, answered, unfinished in pauses:
        turns.speech(SpeechStarted(ms(now)))
        now += 500
        turns.heard(ms(now), now)
        turns.speech(SpeechEnded(ms(now)))
        pause, ended = now, list[TurnMark]()
        for elapsed in range(0, length + 20, 20):
            if unfinished and elapsed == answered:
                turns.speak_on(more, ms(pause))
            now = pause + elapsed
            ended += turns.heard(ms(now), now)
        given = more if unfinished and answered <= SILENCE else 0
        assert bool(ended) == (length >= SILENCE + given)
        if ended:
            return


def test_a_turn_that_is_parted_from_what_comes_next_ends_where_it_stands() -> None:
    turns = Turns()
    assert turns.part() == []
    turns.speech(SpeechStarted(0))
    turns.heard(ms(700), 700)
    assert turns.part() == [TurnEnded(1, ms(700), 0, ms(700))]
    assert turns.speech(SpeechStarted(ms(700))) == [TurnStarted(2, ms(700))]
    turns.speech(SpeechEnded(ms(900)))
    turns.heard(ms(1000), 1000)
    assert turns.part() == [TurnEnded(2, ms(1000), ms(700), ms(900))]


def test_without_a_turn_there_is_nothing_to_wait_for() -> None:
    turns = Turns()
    turns.heard(ms(100), 100)
    assert turns.next_deadline() is None
    assert turns.expire(10**9) == []
    turns.hold(0)
    assert turns.expire(HOLD) == []
    assert turns.next_deadline() is None


class Network(RuleBasedStateMachine):
    """Dirty inputs: any order of speech, audio, gaps and time. Turns still alternate and end."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = Turns()
        self.now = self.media = 0
        self.marks: list[TurnMark] = []
        self.speaking = False

    @rule(elapsed=st.sampled_from([0, 1, 20, 599, 600, 601, 1000, 1500]))
    def audio(self, elapsed: int) -> None:
        self.now += elapsed
        self.media += ms(elapsed)
        self.marks += self.turns.heard(self.media, self.now)

    @rule()
    def speech(self) -> None:
        self.speaking = not self.speaking
        mark = SpeechStarted(self.media) if self.speaking else SpeechEnded(self.media)
        self.marks += self.turns.speech(mark)

    @rule()
    def gap(self) -> None:
        self.turns.hold(self.now)

    @rule()
    def filled(self) -> None:
        self.marks += self.turns.release(self.now)

    @rule()
    def parting(self) -> None:
        self.marks += self.turns.part()

    @rule(more=st.sampled_from([1, 400, 1400]), pause=st.sampled_from([0, 600, 1000]))
    def doubt(self, more: int, pause: int) -> None:
        self.turns.speak_on(more, max(0, self.media - ms(pause)))

    @rule(elapsed=st.sampled_from([1, 400, 999, 1000, 1500, 5000]))
    def nothing(self, elapsed: int) -> None:
        self.now += elapsed
        self.marks += self.turns.expire(self.now)

    @invariant()
    def turns_alternate_and_enclose_their_speech(self) -> None:
        kinds = [type(mark) for mark in self.marks]
        assert kinds == [TurnStarted, TurnEnded] * (len(kinds) // 2) + [TurnStarted] * (len(kinds) % 2)
        for mark in self.marks:
            if isinstance(mark, TurnEnded):
                assert mark.start <= mark.speech_end <= mark.at <= self.media
        assert (self.turns.stage is Stage.NONE) == (len(kinds) % 2 == 0)

    def teardown(self) -> None:
        deadline = self.turns.next_deadline()
        if deadline is not None:
            self.turns.expire(max(self.now, deadline))
            later = self.turns.next_deadline()
            if later is not None:
                self.turns.expire(max(self.now, later))
        assert self.turns.stage is Stage.NONE


TestNetwork = Network.TestCase
