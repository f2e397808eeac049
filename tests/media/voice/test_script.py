"""What is recited, from where, on a node that knows nothing but the state."""

from __future__ import annotations

import asyncio
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from legato.session import events as e
from legato.session.fold import evolve
from legato.session.parts import Part
from legato.session.state import Message, State
from media.frames import Frame
from media.opus import FRAME
from media.voice.rest import Report, Returning, returning
from media.voice.script import Begin, Close, More, Script, Step, Stop, Whole
from tests.media.builders import packet

ADA, BOT = "p_ada", "p_bot"


class Log:
    """A session with a person and an agent, written event by event."""

    def __init__(self) -> None:
        self.state = State()
        self.events: list[e.Event] = []
        self.write(e.SessionCreated(by="hub"))
        self.write(e.ParticipantJoined(by=ADA, participant=ADA, role="user"))
        self.write(e.ParticipantJoined(by=BOT, participant=BOT, role="agent"))

    def write(self, event: e.Event, time: int = 1_000) -> None:
        placed = replace(event, offset=self.state.offset + 1, time=time)
        evolve(self.state, placed)
        self.events.append(placed)

    def begin(self, message: str = "m_1") -> None:
        self.write(e.MessageStarted(by=BOT, message=message))

    def grow(self, text: str, index: int, message: str = "m_1", *, reasoning: bool = False) -> None:
        kind: Literal["reasoning", "text"] = "reasoning" if reasoning else "text"
        known = self.state.entries[message]
        assert isinstance(known, Message)
        part = len(known.parts) if reasoning else max(0, len(known.parts) - 1)
        self.write(e.MessageGrown(by=BOT, message=message, index=index, text=text, kind=kind, part=part))

    def end(self, message: str = "m_1", outcome: e.Outcome = "finished") -> None:
        self.write(e.MessageEnded(by=BOT, message=message, outcome=outcome))

    def post(self, text: str, by: str = BOT, message: str = "m_1") -> None:
        self.write(e.MessagePosted(by=by, message=message, parts=[Part("text", text)]))

    def speech(self, characters: int, message: str = "m_1", frames: int = 0, samples: int = 0) -> None:
        """So many characters are said by so many frames (one each, if nothing else is said), after `samples`."""
        said = frames or characters
        words = [(at, samples + at * said * FRAME // characters) for at in range(1, characters + 1)]
        self.write(
            e.SpeechQueued(
                by="hub", message=message, track="t", start=samples, end=samples + said * FRAME,
                characters=characters, samples=samples, words=words,
            )
        )  # fmt: skip

    def heard(self, characters: int, message: str = "m_1") -> None:
        """Heard at one frame a character."""
        self.write(
            e.HeardSettled(
                by="hub", message=message, participant=ADA, characters=characters, samples=characters * FRAME
            )
        )


class Shelf:
    """Rings that hold so many frames of track `t`, each saying its number."""

    def __init__(self, frames: int = 10_000) -> None:
        self.count = frames

    async def frames(self, track: str, start: int, end: int) -> list[Frame]:
        last = min(self.count, -(-end // FRAME))
        return [Frame(at * FRAME, packet(at)) for at in range(start // FRAME, last)]


def rests(
    log: Log, shelf: Shelf | None = None, report: Report | None = None, *, known: bool = False
) -> Returning:
    return asyncio.run(returning(shelf or Shelf(), log.state, ADA, report, known=known))


def begun(script: Script, log: Log) -> list[Step]:
    """Ada is the first to listen."""
    found = rests(log)
    return script.begin(log.state, found.rests, found.seen)


def recited(steps: list[Step]) -> dict[str, str]:
    """What of each message was given out to be said."""
    words: dict[str, str] = {}
    for step in steps:
        if isinstance(step, Begin):
            assert step.message not in words, "begun once"
            words[step.message] = step.words
        elif isinstance(step, More):
            words[step.message] += step.words
    return words


def test_what_the_agent_writes_is_recited_as_it_grows() -> None:
    log, script = Log(), Script()
    steps = begun(script, log)
    log.begin()
    steps += script.look(log.state)
    for index, word in enumerate(("Hello ", "there", ".")):
        log.grow(word, index)
        steps += script.look(log.state)
    log.end()
    steps += script.look(log.state)
    assert recited(steps) == {"m_1": "Hello there."}
    assert steps[-1] == Close("m_1")
    assert script.look(log.state) == []


def test_reasoning_is_never_recited() -> None:
    log, script = Log(), Script()
    steps = begun(script, log)
    log.begin()
    log.grow("I wonder. ", 0, reasoning=True)
    steps += script.look(log.state)
    assert recited(steps) == {"m_1": ""}


def test_what_people_write_and_what_was_finished_before_is_not_recited() -> None:
    log, script = Log(), Script()
    log.post("An old answer.")
    assert begun(script, log) == []
    log.post("a question", ADA, "m_2")
    assert script.look(log.state) == []


def test_a_message_in_mid_growth_begins_with_its_next_word() -> None:
    log, script = Log(), Script()
    log.begin()
    log.grow("One is over. Two has beg", 0)
    assert begun(script, log) == []
    log.grow("un", 1)
    assert script.look(log.state) == []
    log.grow(". Three", 2)
    steps = script.look(log.state)
    log.grow(" is said.", 3)
    steps += script.look(log.state)
    assert recited(steps) == {"m_1": "Three is said."}
    assert isinstance(steps[0], Begin)
    assert steps[0].start == len("One is over. Two has begun. ")


def test_words_without_spaces_between_them_are_words_too() -> None:
    log, script = Log(), Script()
    log.begin()
    log.grow("你好", 0)
    assert begun(script, log) == []
    log.grow("，世界。", 1)
    assert recited(script.look(log.state)) == {"m_1": "世界。"}


@given(
    st.lists(st.text(alphabet="ab. ,", min_size=1, max_size=6), min_size=1, max_size=12), st.integers(0, 11)
)
def test_what_is_shown_and_then_spoken_is_the_message_with_no_word_twice(
    pieces: list[str], join: int
) -> None:
    log, script = Log(), Script()
    log.begin()
    steps: list[Step] = []
    shown = ""
    for index, piece in enumerate(pieces):
        if index == join:
            steps += begun(script, log)
            shown = "".join(pieces[:index])
        log.grow(piece, index)
        steps += script.look(log.state)
    log.end()
    steps += script.look(log.state)
    spoken = recited(steps).get("m_1", "")
    whole = "".join(pieces)
    if join < len(pieces):
        skipped = whole[len(shown) : len(whole) - len(spoken)]
        assert whole.endswith(spoken)
        assert not skipped.strip(" .,") or (shown[-1:].isalnum() and " " not in skipped.strip(" .,"))


def test_what_was_read_after_a_turn_to_text_is_not_spoken_again() -> None:
    log = Log()
    log.begin()
    log.grow("One two three ", 0)
    log.speech(14)
    log.heard(7)
    log.write(e.SpeechShown(by="hub", message="m_1", participant=ADA))
    script = Script()
    assert begun(script, log) == []
    log.grow("four five", 1)
    assert recited(script.look(log.state)) == {"m_1": "four five"}


def test_the_next_node_plays_on_from_the_last_heard_frame() -> None:
    log = Log()
    log.post("One two three four.")
    log.speech(19)
    log.heard(7)
    found = rests(log)
    (rest,) = found.rests
    assert (rest.message, rest.start, rest.end) == ("m_1", 7 * FRAME, 19 * FRAME)
    assert list(rest.frames) == [packet(at) for at in range(7, 19)]
    assert Script().begin(log.state, found.rests, found.seen) == [Whole("m_1")], "nothing is said anew"


def test_a_listener_knows_best_what_it_heard() -> None:
    log = Log()
    log.post("One two three four.")
    log.speech(19)
    log.heard(7)
    log.post("Five.", message="m_2")
    log.speech(5, "m_2")
    (rest, following) = rests(log, report=Report("m_1", 9 * FRAME + 5)).rests
    assert (rest.start, following.start) == (9 * FRAME, 0)
    (rest,) = rests(log, report=Report("m_2", 2 * FRAME)).rests
    assert (rest.message, rest.start, len(rest.frames)) == ("m_2", 2 * FRAME, 3), "what came before was heard"
    (rest,) = rests(log, report=Report("m_2", 2**50)).rests
    assert (rest.start, rest.end, rest.frames) == (5 * FRAME, 5 * FRAME, ())


def test_what_was_not_said_yet_is_recited_after_what_is_stored() -> None:
    log = Log()
    log.post("One two three four.")
    log.speech(8)
    log.heard(3)
    found = rests(log)
    (begin, close) = Script().begin(log.state, found.rests, found.seen)
    assert isinstance(begin, Begin)
    assert (begin.start, begin.words, begin.samples) == (8, "three four.", 8 * FRAME)
    assert close == Close("m_1")
    assert found.rests[0].end == 8 * FRAME


@given(st.integers(0, 12), st.integers(0, 14))
def test_what_the_rings_have_lost_is_said_anew_from_a_word(heard: int, kept: int) -> None:
    log = Log()
    log.post("abcdefghijkl")
    log.speech(12)
    log.heard(heard)
    if heard == 12:
        return
    (rest,) = rests(log, Shelf(kept)).rests
    reached = min(12, max(heard, kept))
    assert (rest.end, rest.characters) == (reached * FRAME, reached)
    assert list(rest.frames) == [packet(at) for at in range(heard, reached)]


def test_speech_that_was_said_anew_takes_the_place_of_what_was_lost() -> None:
    log = Log()
    log.post("abcdefghijkl")
    log.speech(12)
    log.write(
        e.SpeechQueued(
            by="hub",
            message="m_1",
            track="t",
            start=50 * FRAME,
            end=58 * FRAME,
            characters=12,
            samples=4 * FRAME,
        )
    )
    log.heard(2)
    (rest,) = rests(log).rests
    assert list(rest.frames) == [packet(at) for at in (2, 3, *range(50, 58))]
    assert rest.end == 12 * FRAME


def test_who_comes_while_others_listen_hears_on_only_what_they_had_begun_to_hear() -> None:
    log = Log()
    log.post("One two three four.")
    log.speech(19)
    assert rests(log, known=True).rests == ()
    log.heard(7)
    assert len(rests(log, known=True).rests) == 1


def test_what_was_said_since_is_recited_too() -> None:
    log, script = Log(), Script()
    log.post("An old answer.")
    found = rests(log)
    log.post("A new one.", message="m_2")
    assert recited(script.begin(log.state, found.rests, found.seen)) == {"m_2": "A new one."}


def test_what_followed_in_the_same_answer_is_recited_whole() -> None:
    log = Log()
    log.post("First message.")
    log.speech(5)
    log.heard(5)
    log.post("Second message.", message="m_2")
    assert recited(begun(Script(), log)) == {"m_1": "message.", "m_2": "Second message."}


def test_an_interruption_is_not_undone_by_the_next_node() -> None:
    log = Log()
    log.post("One two three.")
    log.speech(14)
    log.heard(3)
    log.post("stop", ADA, "m_2")
    assert begun(Script(), log) == []


def test_what_is_old_is_not_spoken_any_more() -> None:
    log = Log()
    log.post("One two three.")
    log.speech(14)
    log.heard(3)
    log.write(e.AttachmentAway(by="hub", attachment="a"), 1_000 + 120_001)
    assert begun(Script(), log) == []


def test_a_cancelled_message_stops_and_stays_silent() -> None:
    log, script = Log(), Script()
    begun(script, log)
    log.begin()
    log.grow("One ", 0)
    script.look(log.state)
    log.end(outcome="cancelled")
    assert script.look(log.state) == [Stop("m_1")]
    assert script.look(log.state) == []


def test_what_was_cut_is_not_taken_up_by_further_words() -> None:
    log, script = Log(), Script()
    begun(script, log)
    log.begin()
    log.grow("One ", 0)
    script.look(log.state)
    script.cut(["m_1"])
    log.grow("two", 1)
    assert script.look(log.state) == []


@given(st.lists(st.text("ab .\n", min_size=1, max_size=6), max_size=12), st.lists(st.booleans(), max_size=12))
def test_every_character_is_given_out_once_however_often_one_looks(
    deltas: list[str], looks: list[bool]
) -> None:
    log, script = Log(), Script()
    steps = begun(script, log)
    log.begin()
    for index, delta in enumerate(deltas):
        log.grow(delta, index)
        if index < len(looks) and looks[index]:
            steps += script.look(log.state)
            steps += script.look(log.state)
    log.end()
    steps += script.look(log.state)
    assert recited(steps) == {"m_1": "".join(deltas)}
    assert steps[-1] == Close("m_1")


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12)), max_size=8))
def test_a_chain_of_kills_never_loses_a_word_nor_says_one_twice(lives: list[tuple[int, int]]) -> None:
    """Each node plays what rests, says some more, and dies when somebody has heard some of both."""
    text = "one two three four five six seven eight."
    log, played, heard = Log(), list[int](), 0
    log.post(text)
    log.speech(1)
    for says, hears in lives:
        found = rests(log)
        if not found.rests:
            break
        (rest,) = found.rests
        steps = Script().begin(log.state, found.rests, found.seen)
        begin = steps[0]
        if isinstance(begin, Begin):
            more = min(says, len(begin.words))
            log.speech(begin.start + more, frames=begin.start + more - rest.end // FRAME, samples=rest.end)
        made = log.state.entries["m_1"]
        assert isinstance(made, Message)
        until = min(heard + hears, made.speech_end // FRAME)
        played += range(rest.start // FRAME, until)
        heard = until
        log.write(
            e.HeardSettled(by="hub", message="m_1", participant=ADA, characters=heard, samples=heard * FRAME)
        )
    assert played == list(range(heard))
