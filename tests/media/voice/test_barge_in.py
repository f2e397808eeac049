"""A person who speaks takes the floor from a speaking agent; a cough does not."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from media.timeline import PER_MS
from media.voice.barge_in import CLAIM, CONFIRM, DOUBT, BargeIn, Floor, Move

FRAME = 20 * PER_MS


def test_speech_holds_after_its_confirmation_and_cuts_when_it_is_a_turn() -> None:
    floor = BargeIn()
    floor.speech_started(1_000)
    assert floor.heard(1_000 + CONFIRM - 1, speaking=True) == []
    assert floor.heard(1_000 + CONFIRM, speaking=True) == [Move.HOLD]
    assert floor.heard(1_000 + CLAIM - 1, speaking=True) == []
    assert floor.heard(1_000 + CLAIM, speaking=True) == [Move.CUT]
    assert floor.sound_over() == [Move.RELEASE]


def test_words_cut_at_once_what_is_held() -> None:
    floor = BargeIn()
    floor.speech_started(0)
    assert floor.words() == [], "nothing is held yet"
    floor.heard(CONFIRM, speaking=True)
    assert floor.words() == [Move.CUT]
    assert floor.words() == []


def test_a_cough_is_no_turn_and_the_agent_goes_on() -> None:
    floor = BargeIn()
    floor.speech_started(0)
    floor.heard(CONFIRM, speaking=True)
    floor.speech_ended()
    assert floor.heard(CLAIM * 2, speaking=True) == [], "it had ended: time alone makes no turn of it"
    assert floor.sound_over() == []
    assert floor.turn_over() == [Move.RELEASE]


def test_speech_shorter_than_its_confirmation_changes_nothing() -> None:
    floor = BargeIn()
    floor.speech_started(0)
    floor.speech_ended()
    assert floor.heard(CLAIM, speaking=True) == []
    assert floor.turn_over() == []


def test_who_speaks_to_a_silent_agent_holds_nothing_until_it_speaks() -> None:
    floor = BargeIn()
    floor.speech_started(0)
    assert floor.heard(CLAIM * 3, speaking=False) == []
    assert floor.heard(CLAIM * 3 + FRAME, speaking=True) == [Move.HOLD, Move.CUT]


def test_a_suspicion_holds_at_once_and_becomes_a_turn() -> None:
    floor = BargeIn()
    assert floor.suspected(500, speaking=True) == [Move.HOLD]
    assert floor.suspected(500, speaking=True) == []
    assert floor.words() == [], "no words of a turn were heard"
    floor.speech_started(1_000)
    assert floor.dismissed() == [], "it is known to be speech"
    assert floor.heard(1_000 + CLAIM - 1, speaking=True) == []
    assert floor.heard(1_000 + CLAIM, speaking=True) == [Move.CUT]


def test_a_suspicion_that_was_nothing_lets_the_agent_go_on() -> None:
    floor = BargeIn()
    floor.suspected(0, speaking=True)
    assert floor.dismissed() == [Move.RELEASE]
    assert floor.dismissed() == []
    floor.suspected(FRAME, speaking=True)
    assert floor.heard(FRAME + DOUBT - 1, speaking=True) == []
    assert floor.heard(FRAME + DOUBT, speaking=True) == [Move.RELEASE], "a noise that goes on"
    assert floor.floor is Floor.QUIET


def test_a_page_s_suspicion_counts_from_where_its_sound_has_come_to() -> None:
    floor = BargeIn()
    floor.heard(5 * FRAME, speaking=True)
    assert floor.suspected(None, speaking=True) == [Move.HOLD]
    assert floor.heard(5 * FRAME + DOUBT - 1, speaking=True) == []
    assert floor.heard(5 * FRAME + DOUBT, speaking=True) == [Move.RELEASE]


def test_a_suspicion_confirms_what_begins_to_be_speech() -> None:
    floor = BargeIn()
    floor.speech_started(0)
    assert floor.suspected(None, speaking=False) == []
    assert floor.suspected(None, speaking=True) == [Move.HOLD]
    assert floor.floor is Floor.HELD
    assert floor.heard(CLAIM, speaking=True) == [Move.CUT]


def test_nobody_is_suspected_of_interrupting_a_silent_agent() -> None:
    floor = BargeIn()
    assert floor.suspected(0, speaking=False) == []
    assert floor.floor is Floor.QUIET


def test_the_words_of_an_earlier_turn_end_no_suspicion() -> None:
    floor = BargeIn()
    floor.suspected(0, speaking=True)
    assert floor.turn_over() == []
    assert floor.floor is Floor.WARY


class Floors(RuleBasedStateMachine):
    """Whatever comes: holds and releases alternate, and a cut lies between them."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = BargeIn()
        self.at = 0
        self.told: list[Move] = []

    @rule()
    def speech(self) -> None:
        self.floor.speech_started(self.at)

    @rule()
    def pause(self) -> None:
        self.floor.speech_ended()

    @rule(speaking=st.booleans(), by_page=st.booleans())
    def suspicion(self, speaking: bool, by_page: bool) -> None:
        self.told += self.floor.suspected(None if by_page else self.at, speaking=speaking)

    @rule()
    def dismissal(self) -> None:
        self.told += self.floor.dismissed()

    @rule(frames=st.sampled_from((1, 2, 9, 10, 11, 39, 40, 41)), speaking=st.booleans())
    def sound(self, frames: int, speaking: bool) -> None:
        for _ in range(frames):
            self.at += FRAME
            self.told += self.floor.heard(self.at, speaking=speaking)

    @rule()
    def words(self) -> None:
        self.told += self.floor.words()

    @rule()
    def over(self) -> None:
        self.told += self.floor.sound_over()

    @rule()
    def understood(self) -> None:
        self.told += self.floor.turn_over()

    @precondition(lambda self: self.told)
    @invariant()
    def moves_follow_each_other(self) -> None:
        before: Move | None = None
        for move in self.told:
            assert (before, move) in {
                (None, Move.HOLD),
                (Move.RELEASE, Move.HOLD),
                (Move.HOLD, Move.CUT),
                (Move.HOLD, Move.RELEASE),
                (Move.CUT, Move.RELEASE),
            }
            before = move
        held = before in (Move.HOLD, Move.CUT)
        assert held == (self.floor.floor in (Floor.WARY, Floor.HELD, Floor.TAKEN))


TestFloors = Floors.TestCase
