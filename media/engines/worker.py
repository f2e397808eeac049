"""The child's side: `python -m media.engines.worker NAME`.

Ends when its stdin does, so no engine outlives its node. Whatever the libraries print goes to stderr.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from media.engines.models import Model, Unspeakable, load
from media.engines.wire import Failed, Product, Ready, Recognise, Request, Say, encode, read_request

NICE = 5
"""The hub's own loop goes first when there are not enough cores."""

MISSING = 3
"""Exit status: a library or a model of the engine is not installed."""


def serve(model: Model, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are none."""
    while (request := read_request(requests)) is not None:
        _answer(model, request, answers)


def _answer(model: Model, request: Request, answers: BinaryIO) -> None:
    try:
        for each in _produced(model, request):
            answers.write(encode(each))
            answers.flush()
    except Unspeakable as refusal:
        answers.write(encode(Failed(request.request, refusal.reason)))
        answers.flush()


def _produced(model: Model, request: Request) -> Iterator[Product]:
    if isinstance(request, Recognise):
        return model.recognise(request)
    return model.say(request) if isinstance(request, Say) else model.weigh(request)


def main(name: str) -> None:
    """Load the engine, say so, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the node, which then closes our stdin
    os.nice(NICE)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    started = time.monotonic()
    try:
        model = load(name)
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(MISSING)
    ready = Ready(name, model.version, int((time.monotonic() - started) * 1000))
    answers.write(encode(ready))
    answers.flush()
    serve(model, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main(sys.argv[1])
