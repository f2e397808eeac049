"""What the ears hear becomes turns that wait for an answer exactly once."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from legato.session import events as e
from legato.session.fold import fold
from legato.session.parts import Spoken
from legato.session.state import State
from legato.speech import Heard, Word
from media.listener import Transcript, TurnHeard
from media.opus import RATE
from media.timeline import PER_MS
from media.turns import TurnEnded, TurnStarted
from media.voice.minutes import POST_AFTER, Minutes, Written

ADA = "p_ada"


def minutes() -> Minutes:
    numbers = count(1)
    return Minutes(ADA, "t_1", lambda media: media // PER_MS, lambda prefix: f"{prefix}_{next(numbers)}")


def heard(text: str, start: int = 0, end: int = RATE, *, final: bool = True) -> Transcript:
    return Transcript(1, Heard(text, final, start, end, (Word(text, start, end),) if text else ()))


def over(*, incomplete: bool = False, speech_end: int = RATE) -> TurnEnded:
    return TurnEnded(1, speech_end + 600 * PER_MS, 0, speech_end, incomplete)


def state_of(events: list[e.Event]) -> State:
    placed = [replace(event, offset=offset, time=1_000) for offset, event in enumerate(events, start=1)]
    return fold(placed)


def said(all_: list[Written]) -> list[e.Event]:
    return [event for written in all_ for event in written.events]


def test_a_spoken_turn_is_one_message_with_its_words_and_media_times() -> None:
    them = minutes()
    ended = over()
    events = said(
        [
            them.hear(TurnStarted(1, 0), 0),
            them.hear(heard("hello", 0, 100), 300),
            them.hear(heard("there", 200, RATE), 900),
            them.hear(ended, 1_600),
            them.hear(TurnHeard(ended, "hello there", ()), 1_700),
        ]
    )
    (posted,) = [event for event in events if isinstance(event, e.MessagePosted)]
    assert posted.by == ADA
    assert posted.parts[0].text == "hello there"
    assert isinstance(posted.spoken, Spoken)
    assert (posted.spoken.track, posted.spoken.start, posted.spoken.end) == ("t_1", 0, RATE)
    assert [word.text for word in posted.spoken.words] == ["hello", "there"]
    marks = {event.mark: event.at_ms for event in events if isinstance(event, e.TurnMarked)}
    assert marks == {"speech_started": -1000, "end_of_speech": 0, "end_of_turn": 600, "transcript_final": 700}
    state = state_of(events)
    assert [turn.id for turn in state.waiting_turns()] == [posted.turn]


def test_a_turn_without_words_asks_for_no_answer() -> None:
    them, ended = minutes(), over()
    events = said(
        [
            them.hear(TurnStarted(1, 0), 0),
            them.hear(heard(""), 300),
            them.hear(ended, 1_600),
            them.hear(TurnHeard(ended, "", ()), 1_700),
        ]
    )
    assert not any(isinstance(event, e.MessagePosted) for event in events)
    assert state_of(events).turns == {}


def test_of_a_long_turn_what_is_understood_is_posted_meanwhile() -> None:
    them = minutes()
    them.hear(TurnStarted(1, 0), 0)
    first = them.hear(heard("a long sentence", 0, POST_AFTER), 6_000).events
    assert [type(event) for event in first] == [e.MessagePosted]
    assert isinstance(first[0], e.MessagePosted)
    assert not first[0].ends_turn


def test_guesses_are_told_with_what_was_understood_before_and_never_logged() -> None:
    them = minutes()
    them.hear(TurnStarted(1, 0), 0)
    them.hear(heard("my order"), 300)
    guess = them.hear(heard("numb", final=False), 500)
    assert (guess.events, guess.interim) == ([], "my order numb")


def test_a_turn_cut_off_ends_incomplete_and_is_answered_as_far_as_it_was_understood() -> None:
    them = minutes()
    events = said([them.hear(TurnStarted(1, 0), 0), them.hear(heard("my order is"), 300)])
    state = state_of([*events, *them.abandon()])
    (turn,) = state.waiting_turns()
    assert turn.incomplete
    assert them.abandon() == []


def test_without_ears_a_turn_ends_with_its_sound() -> None:
    them = minutes()
    events = said(
        [them.hear(TurnStarted(1, 0), 0, understood=False), them.hear(over(), 1_600, understood=False)]
    )
    assert state_of([*events, *them.silent_end(1, asks=False)]).turns == {}


@given(
    st.lists(
        st.tuples(st.sampled_from(("", "one", "two three")), st.integers(1, POST_AFTER * 2)), max_size=8
    ),
    st.booleans(),
    st.booleans(),
)
def test_whatever_is_heard_the_turn_waits_once_if_it_had_words(
    pieces: list[tuple[str, int]], incomplete: bool, failed: bool
) -> None:
    them, at, all_ = minutes(), 0, []
    all_.append(them.hear(TurnStarted(1, 0), 0))
    for text, length in pieces:
        all_.append(them.hear(heard(text, at, at + length), at // PER_MS))
        at += length
    ended = over(incomplete=incomplete, speech_end=max(at, 1))
    all_ += [
        them.hear(ended, at // PER_MS + 600),
        them.hear(TurnHeard(ended, "", (), "crashed" if failed else ""), at // PER_MS + 900),
    ]
    events = said(all_)
    state = state_of(events)
    words = [text for text, _ in pieces if text]
    posted = [event for event in events if isinstance(event, e.MessagePosted)]
    assert " ".join(event.parts[0].text for event in posted) == " ".join(words)
    assert len(state.waiting_turns()) == (1 if words else 0)
    assert sum(isinstance(event, e.TurnEnded) for event in events) == 1
    assert them.hear(heard("late"), 9_000).events == []
