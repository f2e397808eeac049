"""The engines themselves, loaded only in their own process, and only the one that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Final, Protocol

from media.engines.wire import Recognise, Recognised, Say, Sound, Weigh, Weighed

TURN_MODEL_VARIABLE: Final = "LEGATO_TURN_MODEL"
"""Tells the process of a judge of endings where its model lies."""


class Unspeakable(Exception):
    """An engine that lives cannot do what it was asked. `reason` is a word: `kind`, `empty`, `rate`, `engine`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Model(Protocol):
    """What an engine does in its process, one request after another."""

    version: str

    def recognise(self, request: Recognise) -> Iterator[Recognised]: ...

    def say(self, request: Say) -> Iterator[Sound]: ...

    def weigh(self, request: Weigh) -> Iterator[Weighed]: ...


MODELS: Final = {
    "moonshine": "media.engines.models.moonshine",
    "piper": "media.engines.models.piper_voice",
    "espeak": "media.engines.models.espeak",
    "smart-turn": "media.engines.models.smart_turn",
}
"""The engines that come with the hub, by the module that loads them."""


def load(name: str) -> Model:
    """Load and warm the engine `name` (of `MODELS`, or `package.module` with a function `load`)."""
    module = import_module(MODELS.get(name, name))
    make: Callable[[], Model] = module.load
    return make()
