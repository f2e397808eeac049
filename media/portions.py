"""A voice's sound in portions that end where words end, and which characters of the message each of them says.

A voice may bring a sentence at a time. To code it takes a hundredth of it, and meanwhile its first word would wait,
and everybody else's frames. So a sentence goes on its way in portions; and since what is played is written down
first, words and all, whoever goes on after a crash says what is left of it, and no word twice. Or a voice brings a
stream of sound, whose words it knows when it is over, or never: until then they are estimated by the time that
its words took before.

Pure: what the voice was given and what it brought go in, portions come out. Times are samples at 48 kHz from the
beginning of the recital's sound, characters those of the text that is recited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from legato.speech import Spoken, Word
from media.engines.words import share, weight
from media.opus import RATE
from media.spoken import Piece

AT_ONCE: Final = RATE * 120 // 1000
"""Samples of a portion at least, but for the last of a piece of sound."""

PACE: Final = RATE * 70 // 1000
"""Samples for each unit of a word's weight, of a voice of which nothing is known: rather too slow, since words that
are said again are better than words that are not said."""

TELLING: Final = 12
"""Weight of the words by which a voice's pace can be told."""

FAR: Final = 64
"""Characters after which a word that is looked for in the text is taken to be spelled otherwise there."""

Point = tuple[int, int]
"""Characters of a message that are spoken by so many samples of its speech."""

_MARKS: Final = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class Portion:
    """Sound, and what is spoken by its end that was not before."""

    pcm: bytes
    rate: int
    points: tuple[Point, ...] = ()


@dataclass(slots=True)
class Pace:
    """How long a voice takes for its words: samples for each unit of weight."""

    samples: int = PACE

    def learn(self, words: str, samples: int) -> None:
        """It said these words in so much time."""
        weights = sum(weight(word) for word in words.split())
        if weights >= TELLING:
            self.samples = samples // weights


class Portions:
    """The sound of one message. `pace` is the voice's, and learns."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._given: list[tuple[int, Piece]] = []  # with the characters given to the voice until its end
        self._characters = 0  # that were given
        self._text = ""
        self._made = 0
        self._since = 0  # sample with which the words began that the voice is at
        self._worded = False  # whether it told of any of those
        self._named = 0  # character up to which the voice named words
        self._told = 0  # and up to which points were given out
        self._ahead: list[Point] = []  # of sound that is not there yet

    def read(self, delta: str) -> None:
        """The text that is recited goes on."""
        self._text += delta

    def give(self, piece: Piece) -> None:
        """The voice is given this piece of the text."""
        self._characters += len(piece.text)
        self._given.append((self._characters, piece))

    def add(self, spoken: Spoken) -> list[Portion]:
        """What the voice brought, in portions."""
        start, self._made = self._made, self._made + len(spoken.pcm) // 2 * RATE // spoken.rate
        self._worded = self._worded or bool(spoken.words)
        self._ahead += self._named_by(spoken.words)
        if spoken.characters:
            self._complete(spoken.characters)
        elif not self._worded:
            self._ahead += self._estimated()
        return self._cut(spoken, start)

    def close(self) -> list[Point]:
        """Everything is said."""
        self._ahead = [(len(self._text), self._made)]
        return self._due(self._made)

    # --- inside

    def _complete(self, characters: int) -> None:
        """The voice has said so many of the characters that it was given."""
        done = [piece for until, piece in self._given if until <= characters]
        del self._given[: len(done)]
        if not done:
            return
        words = " ".join(piece.text for piece in done)
        if not self._worded:
            self._ahead += self._named_by(share(words, self._since, self._made))
        self._pace.learn(words, self._made - self._since)
        self._ahead.append((done[-1].end, self._made))
        self._named, self._since, self._worded = done[-1].end, self._made, False

    def _estimated(self) -> list[Point]:
        """Words of those given that are said by now, most likely. Never the last one: it may be a long one."""
        words = " ".join(piece.text for _, piece in self._given)
        length = sum(weight(word) for word in words.split()) * self._pace.samples
        named = self._named
        points = self._named_by(share(words, self._since, self._since + length)[:-1])
        self._named = named
        return [point for point in points if point[1] <= self._made]

    def _named_by(self, words: Sequence[Word]) -> list[Point]:
        """Where in the text these words end. One that is spelled otherwise there (Markdown, numbers) is passed over
        with the next."""
        points: list[Point] = []
        for word in words:
            for text in (word.text, _MARKS.sub("", word.text)):
                found = self._text.find(text, self._named) if text else -1
                if 0 <= found - self._named <= FAR:
                    self._named = found + len(text)
                    points.append((self._named, word.end))
                    break
        return points

    def _cut(self, spoken: Spoken, start: int) -> list[Portion]:
        portions: list[Portion] = []
        at = start
        for _, end in sorted(self._ahead, key=lambda point: point[1]):
            if end - at >= AT_ONCE and self._made - end >= AT_ONCE:
                pcm = spoken.pcm[_bytes(at - start, spoken.rate) : _bytes(end - start, spoken.rate)]
                portions.append(Portion(pcm, spoken.rate, tuple(self._due(end))))
                at = end
        rest = spoken.pcm[_bytes(at - start, spoken.rate) :]
        points = tuple(self._due(self._made))
        if rest or points:
            portions.append(Portion(rest, spoken.rate, points))
        return portions

    def _due(self, until: int) -> list[Point]:
        """The points up to a sample, each once; what lies behind one that was given out is dropped."""
        due: list[Point] = []
        for characters, samples in sorted(self._ahead):
            if characters > self._told and samples <= until:
                self._told = characters
                due.append((characters, samples))
        self._ahead = [point for point in self._ahead if point[0] > self._told]
        return due


def _bytes(samples: int, rate: int) -> int:
    return 2 * (samples * rate // RATE)
