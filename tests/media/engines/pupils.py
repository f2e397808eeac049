"""Engines for tests of the engine room: they live in the real worker, and misbehave on request."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from media.engines.models import Unspeakable
from media.engines.wire import Recognise, Recognised, Say, Sound, Weigh, Weighed


class Pupil:
    """Says what it is told in zeros; a word of command makes it fail."""

    version = "pupil 1"

    def recognise(self, request: Recognise) -> Iterator[Recognised]:
        yield Recognised(request.request, f"{len(request.pcm)} bytes")

    def say(self, request: Say) -> Iterator[Sound]:
        word, _, rest = request.text.partition(" ")
        if word == "die":
            os._exit(9)
        if word == "once" and not Path(rest).exists():
            Path(rest).touch()
            os._exit(9)
        if word == "hang":
            time.sleep(600)
        if word == "until":
            Path(rest).with_suffix(".begun").touch()
            while not Path(rest).exists():
                time.sleep(0.005)
        if word == "refuse":
            raise Unspeakable("empty")
        if word == "babble":
            sys.__stdout__.write("this is not the protocol")  # type: ignore[union-attr]
            os.write(1, b"nor is this")
        yield Sound(request.request, bytes(2 * len(request.text)), 8_000)
        yield Sound(request.request, b"\1\1", 8_000, last=True)

    def weigh(self, request: Weigh) -> Iterator[Weighed]:
        """As likely as its environment says; a word instead of a number makes it fail."""
        finished = os.environ.get("PUPIL_FINISHED", "1")
        if finished == "die":
            os._exit(9)
        if finished == "hang":
            time.sleep(600)
        if finished == "refuse":
            raise Unspeakable("empty")
        yield Weighed(request.request, float(finished))


def load() -> Pupil:
    return Pupil()
