"""Smart Turn v3 (github.com/pipecat-ai/smart-turn, BSD-2): hears by the tune of the voice whether somebody has finished
speaking, in 23 languages. A Whisper encoder with one output; its file does not come with Legato."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as native

from media.engines.models import TURN_MODEL_VARIABLE, Unspeakable
from media.engines.wire import Recognise, Recognised, Say, Sound, Weigh, Weighed
from media.log_mel import BANDS, FRAMES, LOG_MEL_RATE, log_mel

_INPUT = "input_features"
_BROKEN = (
    *(native.Fail, native.InvalidArgument, native.InvalidGraph, native.InvalidProtobuf, native.NoModel),
    *(native.NotImplemented, native.RuntimeException),
)


class SmartTurn:
    """The end of a turn in, how likely it is one out."""

    def __init__(self, path: Path) -> None:
        """Raises ImportError: that is no file with such a model."""
        self._session = _session(path)
        wanted = [(each.name, each.shape[1:]) for each in self._session.get_inputs()]
        if wanted != [(_INPUT, [BANDS, FRAMES])]:
            raise ImportError(f"{path} is a model, but none of Smart Turn v3")
        self.version = path.stem

    def recognise(self, request: Recognise) -> Iterator[Recognised]:
        raise Unspeakable("kind")

    def say(self, request: Say) -> Iterator[Sound]:
        raise Unspeakable("kind")

    def weigh(self, request: Weigh) -> Iterator[Weighed]:
        if request.rate != LOG_MEL_RATE:
            raise Unspeakable("rate")
        if len(request.pcm) < 2 or len(request.pcm) % 2:
            raise Unspeakable("empty")
        (answers,) = self._session.run(None, {_INPUT: log_mel(request.pcm)[None]})
        yield Weighed(request.request, float(answers.reshape(-1)[0]))


def _session(path: Path) -> onnxruntime.InferenceSession:
    """On one thread: an answer has 400 ms, and the cores are the hub's."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        model = path.read_bytes()
        return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])
    except (OSError, *_BROKEN) as broken:
        raise ImportError(f"{path} cannot be read as a model: {type(broken).__name__}") from None


def load() -> SmartTurn:
    model = SmartTurn(Path(os.environ.get(TURN_MODEL_VARIABLE, "")))
    for _ in model.weigh(Weigh(0, bytes(2 * LOG_MEL_RATE), LOG_MEL_RATE)):
        pass
    return model
