"""What an agent writes becomes frames that say which characters they speak."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from legato.speech import Spoken, Word
from media.codecs import Decoder
from media.opus import FRAME, RATE
from media.portions import AT_ONCE
from media.speaker import Speaker, Speech
from tests.media.builders import tone

RATE_OF_VOICE = 16_000
PER_LETTER = RATE_OF_VOICE // 20


class ToneVoice:
    """A twentieth of a second of tone for each letter; knows its words' times, or not."""

    def __init__(self, *, words: bool) -> None:
        self._words = words
        self.closed = False
        self.texts: list[str] = []

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Spoken, None]:
        at = characters = 0
        try:
            async for piece in text:
                self.texts.append(piece)
                characters += len(piece)
                end = at + len(piece) * PER_LETTER * 3
                words = (Word(piece, at, end),) if self._words else ()
                yield Spoken(
                    tone(300, len(piece) * PER_LETTER, RATE_OF_VOICE), RATE_OF_VOICE, words, characters
                )
                at = end
        finally:
            self.closed = True


async def letters(text: str) -> AsyncIterator[str]:
    for letter in text:
        yield letter


async def speak(text: str, *, words: bool = True) -> tuple[list[Speech], ToneVoice]:
    voice = ToneVoice(words=words)
    return [batch async for batch in Speaker(voice).speak(letters(text))], voice


async def test_frames_follow_without_a_gap_and_last_as_long_as_the_speech() -> None:
    batches, _ = await speak("One here. And **two** there. And so on.")
    assert [batch.start for batch in batches] == [0, *(batch.end for batch in batches[:-1])]
    assert all(batch.end - batch.start == len(batch.frames) * FRAME for batch in batches)
    said = len("One here.And two there.And so on.") * RATE // 20
    assert said <= batches[-1].end <= said + 2 * FRAME
    assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]
    decoder = Decoder()
    pcm = b"".join(decoder.push(frame) for batch in batches for frame in batch.frames)
    assert len(pcm) == 2 * batches[-1].end


async def test_each_batch_says_which_characters_are_spoken_by_its_end() -> None:
    text = "One here. And **two** there. 🎉"
    batches, voice = await speak(text)
    assert voice.texts == ["One here.", "And two there."]
    assert [[text[: point[0]] for point in batch.points] for batch in batches] == [
        ["One here."],
        ["One here. And **two** there."],
        [text],
    ]


async def test_a_sentence_is_coded_in_portions_that_end_with_a_word() -> None:
    text = "Where are all the two of them?"
    batches, _ = await speak(text, words=False)
    said = [text[: batch.points[-1][0]].split()[-1] for batch in batches if batch.points]
    assert said == text.split()
    assert not batches[-1].points
    for batch in batches[:-1]:
        assert len(batch.frames) >= (AT_ONCE - FRAME) // FRAME
        assert abs(batch.end - batch.points[-1][1]) <= 2 * FRAME, "nobody hears what would be said again"


async def test_a_message_without_words_is_one_empty_last_batch() -> None:
    batches, voice = await speak("🎉\n```\ncode\n```")
    assert [(batch.frames, batch.last, batch.points) for batch in batches] == [((), True, ((14, 0),))]
    assert voice.closed


async def test_the_first_speech_comes_before_the_text_ends() -> None:
    released = False

    async def deltas() -> AsyncIterator[str]:
        nonlocal released
        yield "This is the first sentence. "
        released = True
        yield "This is the second."

    speech = Speaker(ToneVoice(words=True)).speak(deltas())
    first = await anext(speech)
    assert first.frames
    assert not released
    await speech.aclose()


async def test_closing_stops_voice_and_text() -> None:
    voice = ToneVoice(words=True)
    closed: list[str] = []

    async def deltas() -> AsyncIterator[str]:
        try:
            while True:
                yield "Again and again. "
        finally:
            closed.append("text")

    text = deltas()
    speech = Speaker(voice).speak(text)
    await anext(speech)
    await speech.aclose()
    assert voice.closed
    await text.aclose()  # type: ignore[attr-defined]
    assert closed == ["text"]
