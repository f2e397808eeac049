"""A judge of endings on an engine's process, for all tracks of a node."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from legato.speech import SpeechFailed
from media.detectors import JUDGE_RATE
from media.engines.child import Engine, EngineOptions
from media.engines.models import TURN_MODEL_VARIABLE
from media.engines.wire import Weigh, Weighed

log: Final = logging.getLogger("legato.voice")

_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""numpy's own threads would take the cores from the hub."""


def smart_turn(model: Path) -> Engine:
    """The engine that hears with the model in this file. An answer that takes seconds is of no use to anybody, nor is
    one for which eight others are waited for; after it died again and again it is left alone for a minute."""
    environment = {**_ONE_THREAD, TURN_MODEL_VARIABLE: str(model)}
    options = EngineOptions(request_timeout=5.0, rest=60.0, max_waiting=8, environment=environment)
    return Engine("smart-turn", options)


class ChildEndings:
    """Tracks that share one engine wait for each other. That it fails is logged once, until it answers again; where its
    file or its library is missing it is not asked again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._trouble = ""
        self.judged = 0
        """Pauses that it has judged."""

    async def finished(self, said: bytes) -> float:
        """See `media.endings.Endings`."""
        if self._trouble == "missing":
            raise SpeechFailed(self._engine.name, self._trouble)
        try:
            (answer,) = await self._engine.ask(lambda number: Weigh(number, said, JUDGE_RATE))
        except SpeechFailed as failure:
            if not self._trouble:
                why = {"what": failure.engine, "why": failure.reason}
                log.warning("nobody judges whether turns sound finished", extra=why)
            self._trouble = failure.reason
            raise
        if not isinstance(answer, Weighed):
            raise TypeError(f"{self._engine.name} is no judge of endings")
        self._trouble = ""
        self.judged += 1
        return answer.finished
