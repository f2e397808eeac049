"""What is recited, from where, on a node that knows nothing but the state."""

from __future__ import annotations

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from legato.session import events as e
from legato.session.fold import evolve
from legato.session.parts import Part
from legato.session.state import Message, State
from media.voice.script import Begin, Close, More, Script, Step, Stop

ADA, BOT = "p_ada", "p_bot"


class Log:
    """A session with a person and an agent, written event by event."""

    def __init__(self) -> None:
        self.state = State()
        self.write(e.SessionCreated(by="hub"))
        self.write(e.ParticipantJoined(by=ADA, participant=ADA, role="user"))
        self.write(e.ParticipantJoined(by=BOT, participant=BOT, role="agent"))

    def write(self, event: e.Event, time: int = 1_000) -> None:
        placed = replace(event, offset=self.state.offset + 1, time=time)
        evolve(self.state, placed)

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

    def speech(self, characters: int, message: str = "m_1") -> None:
        self.write(
            e.SpeechQueued(by="hub", message=message, track="t", start=0, end=960, characters=characters)
        )

    def heard(self, characters: int, message: str = "m_1") -> None:
        self.write(e.HeardSettled(by="hub", message=message, participant=ADA, characters=characters))


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
    steps = script.begin(log.state, ADA)
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
    steps = script.begin(log.state, ADA)
    log.begin()
    log.grow("I wonder. ", 0, reasoning=True)
    steps += script.look(log.state)
    assert recited(steps) == {"m_1": ""}


def test_what_people_write_and_what_was_finished_before_is_not_recited() -> None:
    log, script = Log(), Script()
    log.post("An old answer.")
    assert script.begin(log.state, ADA) == []
    log.post("a question", ADA, "m_2")
    assert script.look(log.state) == []


def test_a_message_in_mid_growth_begins_with_its_next_word() -> None:
    log, script = Log(), Script()
    log.begin()
    log.grow("One is over. Two has beg", 0)
    assert script.begin(log.state, ADA) == []
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
    assert script.begin(log.state, ADA) == []
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
            steps += script.begin(log.state, ADA)
            shown = "".join(pieces[:index])
        log.grow(piece, index)
        steps += script.look(log.state)
    log.end()
    steps += script.look(log.state)
    spoken = recited(steps).get("m_1", "")
    whole = "".join(pieces)
    if join < len(pieces):
        begun = whole[len(shown) : len(whole) - len(spoken)]
        assert whole.endswith(spoken)
        assert not begun.strip(" .,") or (shown[-1:].isalnum() and " " not in begun.strip(" .,"))


def test_what_was_read_after_a_turn_to_text_is_not_spoken_again() -> None:
    log = Log()
    log.begin()
    log.grow("One two three ", 0)
    log.speech(14)
    log.heard(7)
    log.write(e.SpeechShown(by="hub", message="m_1", participant=ADA))
    script = Script()
    assert script.begin(log.state, ADA) == []
    log.grow("four five", 1)
    assert recited(script.look(log.state)) == {"m_1": "four five"}


def test_the_next_node_goes_on_from_the_last_heard_word() -> None:
    log = Log()
    log.post("One two three four.")
    log.speech(19)
    log.heard(7)
    script = Script()
    (begin, close) = script.begin(log.state, ADA)
    assert isinstance(begin, Begin)
    assert (begin.start, begin.words) == (8, "three four.")
    assert close == Close("m_1")


def test_what_followed_in_the_same_answer_is_recited_whole() -> None:
    log = Log()
    log.post("First message.")
    log.speech(14)
    log.heard(5)
    log.post("Second message.", message="m_2")
    assert recited(Script().begin(log.state, ADA)) == {"m_1": "message.", "m_2": "Second message."}


def test_an_interruption_is_not_undone_by_the_next_node() -> None:
    log = Log()
    log.post("One two three.")
    log.speech(14)
    log.heard(3)
    log.post("stop", ADA, "m_2")
    assert Script().begin(log.state, ADA) == []


def test_what_is_old_is_not_spoken_any_more() -> None:
    log = Log()
    log.post("One two three.")
    log.speech(14)
    log.heard(3)
    log.write(e.AttachmentAway(by="hub", attachment="a"), 1_000 + 120_001)
    assert Script().begin(log.state, ADA) == []


def test_a_cancelled_message_stops_and_stays_silent() -> None:
    log, script = Log(), Script()
    script.begin(log.state, ADA)
    log.begin()
    log.grow("One ", 0)
    script.look(log.state)
    log.end(outcome="cancelled")
    assert script.look(log.state) == [Stop("m_1")]
    assert script.look(log.state) == []


def test_what_was_cut_is_not_taken_up_by_further_words() -> None:
    log, script = Log(), Script()
    script.begin(log.state, ADA)
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
    steps = script.begin(log.state, ADA)
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


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_chain_of_kills_never_loses_a_word(first: int, second: int) -> None:
    text = "one two three four five six seven eight."
    log = Log()
    log.post(text)
    for heard in sorted((min(first, len(text)), min(second, len(text)))):
        log.speech(len(text))
        log.heard(heard)
        rest = recited(Script().begin(log.state, ADA)).get("m_1", "")
        assert text[heard:].strip() == rest.strip()
