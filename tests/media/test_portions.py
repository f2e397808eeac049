"""A voice's sound is cut where its words end, and each portion says its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from legato.speech import Spoken, Word
from media.opus import RATE
from media.portions import AT_ONCE, Pace, Point, Portion, Portions
from media.spoken import Piece, Reciter

VOICE: Final = 16_000
TIMES: Final = RATE // VOICE

words = st.text("abcé9", min_size=1, max_size=7)
sentences = st.lists(st.lists(words, min_size=1, max_size=9), min_size=1, max_size=4)


def pcm(samples: int, value: int = 1) -> bytes:
    return value.to_bytes(2, "little") * samples


def pieces_of(text: str) -> list[Piece]:
    reciter = Reciter()
    return [*reciter.push(text), *reciter.flush()]


@dataclass
class Recited:
    """One message through `Portions`; `samples(word)` is how long the voice takes for it, at its own rate."""

    text: str
    pace: Pace = field(default_factory=Pace)
    portions: list[Portion] = field(default_factory=list)
    ends: list[Point] = field(default_factory=list)
    """Where each word really ends: characters and samples at 48 kHz."""
    sound: bytes = b""

    def __post_init__(self) -> None:
        self.machine = Portions(self.pace)
        self.machine.read(self.text)

    def take(self, spoken: Spoken) -> None:
        self.sound += spoken.pcm
        self.portions += self.machine.add(spoken)

    @property
    def made(self) -> int:
        return len(self.sound) // 2 * TIMES

    def piece(self, piece: Piece, lengths: list[int]) -> tuple[bytes, tuple[Word, ...]]:
        """What the voice makes of a piece whose words take so long; keeps where they end."""
        self.machine.give(piece)
        spoken, at = list[Word](), self.made
        cursor = piece.start
        for word, end in zip(piece.text.split(), accumulate(lengths), strict=False):
            cursor = self.text.index(word, cursor) + len(word)
            self.ends.append((cursor, at + end * TIMES))
            spoken.append(Word(word, at, at + end * TIMES))
        return b"".join(pcm(length, number + 1) for number, length in enumerate(lengths)), tuple(spoken)

    def close(self) -> list[Point]:
        """All points of the message."""
        return [*(point for portion in self.portions for point in portion.points), *self.machine.close()]

    def deaths(self) -> list[tuple[int, int]]:
        """After each portion: how far the sound goes, and which character the next one begins with."""
        made = told = 0
        found: list[tuple[int, int]] = []
        for portion in self.portions:
            made += len(portion.pcm) // 2 * TIMES
            told = portion.points[-1][0] if portion.points else told
            found.append((made, told))
        return found


def spelled(sentence: list[list[str]]) -> str:
    return " ".join(" ".join(each) + "." for each in sentence)


@given(sentences, st.data())
def test_whoever_goes_on_after_any_portion_says_the_words_that_were_not_said_and_no_other(
    said: list[list[str]], data: st.DataObject
) -> None:
    """A voice that knows the times of its words, and brings a sentence at a time."""
    recited, characters = Recited(spelled(said)), 0
    for piece in pieces_of(recited.text):
        count = len(piece.text.split())
        lengths = data.draw(st.lists(st.integers(1, 9_000), min_size=count, max_size=count))
        sound, times = recited.piece(piece, lengths)
        characters += len(piece.text)
        recited.take(Spoken(sound, VOICE, times, characters))
    for made, told in recited.deaths():
        ended = [at for at, samples in recited.ends if samples <= made]
        assert told >= max(ended, default=0), "no word is said twice"
        left = [at for at, samples in recited.ends if samples > made]
        assert told < min(left, default=len(recited.text) + 1), "none is missing"
    assert b"".join(portion.pcm for portion in recited.portions) == recited.sound
    assert recited.close()[-1][0] == len(recited.text)


@given(sentences, st.data())
def test_portions_are_all_of_the_sound_and_points_all_of_the_text_however_the_voice_brings_them(
    said: list[list[str]], data: st.DataObject
) -> None:
    """In chunks, with words that are told with them, late, or never; with the characters at a piece's end, or not."""
    recited, characters = Recited(spelled(said), Pace(data.draw(st.integers(1, 20_000)))), 0
    for piece in pieces_of(recited.text):
        lengths = data.draw(st.lists(st.integers(0, 9_000), max_size=9))
        sound, times = recited.piece(piece, lengths)
        characters += len(piece.text)
        while sound:
            size = 2 * data.draw(st.integers(1, 12_000))
            chunk, sound = sound[:size], sound[size:]
            known = data.draw(st.integers(0, len(times)))
            recited.take(Spoken(chunk, VOICE, times[:known], 0))
            times = times[known:]
        told = data.draw(st.sampled_from((characters, 0)))
        recited.take(Spoken(b"", VOICE, times if data.draw(st.booleans()) else (), told))
    points = recited.close()
    assert b"".join(portion.pcm for portion in recited.portions) == recited.sound
    assert [at for at, _ in points] == sorted({at for at, _ in points}), "no character is told twice"
    assert points[-1][0] == len(recited.text)
    at = 0
    for portion in recited.portions:
        at += len(portion.pcm) // 2 * TIMES
        assert all(samples <= at + TIMES for _, samples in portion.points), "of sound that is there"


def test_a_sentence_is_cut_at_the_first_word_that_ends_late_enough() -> None:
    recited = Recited("I am at home now.")
    (piece,) = pieces_of(recited.text)
    sound, times = recited.piece(piece, [800, 1_000, 700, 3_000, 4_000])
    recited.take(Spoken(sound, VOICE, times, len(piece.text)))
    assert [len(portion.pcm) // 2 for portion in recited.portions] == [2_500, 3_000, 4_000]
    assert [recited.text[: portion.points[-1][0]] for portion in recited.portions] == [
        "I am at",
        "I am at home",
        "I am at home now.",
    ]
    assert recited.portions[0].points == ((1, 2_400), (4, 5_400), (7, 7_500))


def test_a_last_word_too_short_for_itself_stays_with_the_one_before() -> None:
    recited = Recited("Come here now.")
    (piece,) = pieces_of(recited.text)
    sound, times = recited.piece(piece, [3_000, 3_000, AT_ONCE // TIMES - 1])
    recited.take(Spoken(sound, VOICE, times, len(piece.text)))
    assert [len(portion.pcm) // 2 for portion in recited.portions] == [3_000, 3_000 + AT_ONCE // TIMES - 1]


def test_the_words_of_a_stream_are_estimated_until_they_are_known_but_for_the_last() -> None:
    recited = Recited("One two three four.", Pace(4_800))
    (piece,) = pieces_of(recited.text)
    sound, times = recited.piece(piece, [10_000] * 4)
    recited.take(Spoken(sound[:20_000], VOICE))
    early = [point for portion in recited.portions for point in portion.points]
    assert early == [(3, 19_200)], "four units of weight, at a tenth of a second each"
    recited.take(Spoken(sound[20_000:], VOICE))
    told = [point for portion in recited.portions for point in portion.points]
    assert [at for at, _ in told] == [3, 7, 13], "never the last one before it is over"
    recited.take(Spoken(b"", VOICE, times, len(piece.text)))
    assert recited.close()[-1] == (19, 120_000)


def test_words_that_become_known_in_time_are_told_as_they_are_known() -> None:
    recited = Recited("One two three four.", Pace(4_800))
    (piece,) = pieces_of(recited.text)
    sound, times = recited.piece(piece, [10_000] * 4)
    recited.take(Spoken(sound[:20_000], VOICE))
    recited.take(Spoken(sound[20_000:], VOICE, times, len(piece.text)))
    points = [point for portion in recited.portions for point in portion.points]
    assert points == [(3, 19_200), (7, 60_000), (13, 90_000), (19, 120_000)]


def test_nothing_is_estimated_of_a_voice_that_tells_of_its_words() -> None:
    recited = Recited("One two three four.", Pace(1))
    (piece,) = pieces_of(recited.text)
    sound, times = recited.piece(piece, [10_000] * 4)
    recited.take(Spoken(sound[:20_000], VOICE, times[:1]))
    recited.take(Spoken(sound[20_000:60_000], VOICE))
    recited.take(Spoken(sound[60_000:], VOICE, (), len(piece.text)))
    points = [point for portion in recited.portions for point in portion.points]
    assert points == [(3, 30_000), (19, 120_000)]


def test_a_piece_is_told_with_its_sound_though_its_last_word_is_spelled_otherwise() -> None:
    recited = Recited("It costs 12.")
    (piece,) = pieces_of(recited.text)
    sound, _ = recited.piece(piece, [4_000] * 3)
    recited.take(
        Spoken(sound, VOICE, (Word("It", 0, 12_000), Word("twelve", 24_000, 36_000)), len(piece.text))
    )
    assert recited.portions[-1].points == ((12, 36_000),)


def test_words_that_come_late_are_told_once_though_they_recur() -> None:
    recited = Recited("the end of the day of the dog.", Pace(2_400))
    (piece,) = pieces_of(recited.text)
    sound, times = recited.piece(piece, [4_000] * 8)
    recited.take(Spoken(sound, VOICE))
    recited.take(Spoken(b"", VOICE, times, len(piece.text)))
    points = recited.close()
    assert [recited.text[:at].split()[-1] for at, _ in points] == recited.text.split()


def test_a_voice_is_known_by_what_it_took_for_the_words_before() -> None:
    pace = Pace()
    recited = Recited("Words of a slow voice here. And some more of it then.", pace)
    first, second = pieces_of(recited.text)
    sound, _ = recited.piece(first, [8_000] * 6)
    recited.take(Spoken(sound, VOICE, (), len(first.text)))
    assert pace.samples == 6 * 8_000 * TIMES // (6 + len("Wordsofaslowvoicehere") + 3)
    told = recited.portions[-1].points[-1][0]
    sound, _ = recited.piece(second, [8_000] * 6)
    recited.take(Spoken(sound[:32_000], VOICE))
    later = recited.portions[-1].points
    assert told < later[-1][0] <= recited.text.index("more") + 4


def test_too_few_words_tell_no_pace() -> None:
    pace = Pace(77)
    pace.learn("Yes.", 100_000)
    assert pace.samples == 77
    pace.learn("Yes, of course", 34_000)
    assert pace.samples == 2_000


def test_a_word_that_is_spelled_otherwise_is_told_with_the_next() -> None:
    recited = Recited("It costs **12** pounds.")
    (piece,) = pieces_of(recited.text)
    sound, _ = recited.piece(piece, [4_000] * 4)
    times = [
        Word(word, 0, (number + 1) * 12_000)
        for number, word in enumerate(["It", "costs", "twelve", "pounds."])
    ]
    recited.take(Spoken(sound, VOICE, tuple(times), len(piece.text)))
    said = [recited.text[: portion.points[-1][0]] for portion in recited.portions]
    assert said == ["It", "It costs", recited.text], "and no portion ends between"
    assert all(one.pcm for one, _ in pairwise(recited.portions))


def test_marks_around_a_word_do_not_hide_it() -> None:
    recited = Recited("Say **please**, then go.")
    (piece,) = pieces_of(recited.text)
    recited.piece(piece, [])
    times = (Word("Say", 0, 9_000), Word("please,", 9_000, 20_000), Word("then", 20_000, 30_000))
    recited.take(Spoken(pcm(12_000), VOICE, times, len(piece.text)))
    points = [point for portion in recited.portions for point in portion.points]
    assert points[1] == (recited.text.index("please") + 6, 20_000)
