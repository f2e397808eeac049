"""Words go no further than their speaker was heard when they were said."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from legato.session.routing import Reach
from legato.session.vocabulary import Reaches
from media.voice.confided import AT_MOST, Confided, aside_of, within

ASIDE = st.integers(0, 2)


def test_a_turn_that_is_whispered_stays_whispered_when_its_speaker_barges_in() -> None:
    them = Confided()
    assert not them.heard(1)
    them.begun("u")
    assert them.heard(0)
    assert (them.of("u"), them.parted("u")) == (1, True)
    them.begun("v")
    assert (them.of("v"), them.parted("v")) == (0, False)


def test_a_turn_that_goes_aside_as_it_is_spoken_goes_with_its_strictest_moment() -> None:
    them = Confided()
    them.begun("u")
    assert not them.heard(2)
    assert them.of("u") == 2
    assert not them.parted("u"), "what is said next is for fewer"
    assert them.heard(1)
    assert them.of("u") == 2
    assert them.parted("u")
    assert not them.heard(2)
    assert them.heard(0)
    assert not them.heard(1)
    assert them.of("u") == 2, "it was over when it was parted"


def test_what_is_whispered_after_a_turn_is_not_of_it() -> None:
    them = Confided()
    them.begun("u")
    them.ended("u")
    them.heard(2)
    assert them.of("u") == 0


def test_the_end_of_an_earlier_turn_is_none_of_the_next() -> None:
    them = Confided()
    them.begun("u")
    them.begun("v")
    them.ended("u")
    them.heard(1)
    assert (them.of("u"), them.of("v")) == (0, 1)


def test_a_turn_that_is_understood_is_forgotten() -> None:
    them = Confided()
    them.heard(1)
    them.begun("u")
    them.heard(0)
    them.understood("u")
    assert (them.of("u"), them.parted("u")) == (0, False)


def test_the_stricter_of_two_bounds_counts() -> None:
    assert [aside_of(far) for far in (Reach.ALL, Reach.RESPONDER, Reach.NOBODY)] == [0, 1, 2]
    for far in Reach:
        assert Reach(AT_MOST[aside_of(far)]) is far
    most: Reaches
    for number, most in enumerate(AT_MOST):
        assert [within(most, aside) for aside in range(3)] == [
            AT_MOST[max(number, each)] for each in range(3)
        ]


@dataclass
class Said:
    """A turn as its sound went."""

    sound: list[int]
    spoken: bool = True
    further: bool = False


class Talk(RuleBasedStateMachine):
    """Turns of one microphone, and sound that goes further and less far at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.them = Confided()
        self.last = 0
        self.turns: dict[str, Said] = {}
        self.count = 0

    @rule(aside=ASIDE)
    def sounds(self, aside: int) -> None:
        further = aside < self.last
        assert self.them.heard(aside) is further
        self.last = aside
        for turn in self.turns.values():
            if further:
                turn.spoken, turn.further = False, True
            if turn.spoken:
                turn.sound.append(aside)

    @precondition(lambda self: not any(turn.spoken for turn in self.turns.values()))
    @rule()
    def begins(self) -> None:
        self.count += 1
        self.them.begun(str(self.count))
        self.turns[str(self.count)] = Said([self.last])

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def ends(self, data: st.DataObject) -> None:
        turn = data.draw(st.sampled_from(sorted(self.turns)))
        self.them.ended(turn)
        self.turns[turn].spoken = False

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def is_understood(self, data: st.DataObject) -> None:
        turn = data.draw(st.sampled_from(sorted(self.turns)))
        self.them.understood(turn)
        del self.turns[turn]
        assert (self.them.of(turn), self.them.parted(turn)) == (0, False)

    @invariant()
    def each_goes_with_its_strictest_moment(self) -> None:
        for turn, said in self.turns.items():
            assert self.them.of(turn) == max(said.sound)
            assert self.them.parted(turn) is said.further

    @invariant()
    def it_remembers_what_waits_for_its_words_alone(self) -> None:
        assert set(self.them._turns) == set(self.turns)
        assert set(self.them._turns) >= self.them._parted


TestTalk = Talk.TestCase
