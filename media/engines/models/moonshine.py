"""Moonshine tiny: English, offline, some 30 times faster than real time on a core. No word times."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from moonshine_voice import ModelArch
from moonshine_voice.transcriber import Transcriber
from moonshine_voice.utils import get_model_path

from media.engines.models import Unspeakable
from media.engines.wire import Recognise, Recognised, Say, Sound, Weigh, Weighed

_QUIETEST = 0.005
"""Nothing that never gets louder than this (-46 dB) has words in it."""


class Moonshine:
    """Whole utterances in, text out."""

    def __init__(self) -> None:
        # Its own voice activity cuts again what was cut already, and hears a "You" in the pieces: it is opened
        # wide. In silence it would then hear words, too, so silence is not given to it.
        options = {"vad_threshold": "0.0", "identify_speakers": "false", "return_audio_data": "false"}
        self._transcriber = Transcriber(get_model_path("tiny-en"), ModelArch.TINY, options=options)
        self.version = "moonshine-voice " + version("moonshine-voice")

    def recognise(self, request: Recognise) -> Iterator[Recognised]:
        if len(request.pcm) < 2 or len(request.pcm) % 2:
            raise Unspeakable("empty")
        samples = np.frombuffer(request.pcm, np.int16).astype(np.float32) / 32768.0
        if not samples.size or float(np.abs(samples).max()) < _QUIETEST:
            yield Recognised(request.request, "")
            return
        transcript = self._transcriber.transcribe_without_streaming(samples.tolist(), request.rate)
        text = " ".join(line.text.strip() for line in transcript.lines if line.text.strip())
        yield Recognised(request.request, text)

    def say(self, request: Say) -> Iterator[Sound]:
        raise Unspeakable("kind")

    def weigh(self, request: Weigh) -> Iterator[Weighed]:
        raise Unspeakable("kind")


def load() -> Moonshine:
    model = Moonshine()
    hum = np.sin(np.arange(16_000) / 20) * 3_000
    for _ in model.recognise(Recognise(0, hum.astype(np.int16).tobytes(), 16_000)):
        pass
    return model
