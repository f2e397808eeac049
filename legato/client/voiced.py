"""What of a `legato.Client` its microphone and whoever hears need."""

from __future__ import annotations

from typing import Protocol

from legato.client.driver import Ears
from legato.session.state import State
from legato.wire import down as d
from legato.wire import up as u


class Voiced(Protocol):
    """A session with sound."""

    @property
    def on(self) -> Ears: ...

    @property
    def attached(self) -> d.Attached | None: ...

    @property
    def state(self) -> State: ...

    def tell(self, envelope: u.Up) -> None: ...

    def send_audio(self, raw: bytes) -> bool: ...
