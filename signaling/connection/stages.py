"""Where a connection may be, what moves it, and what it may say there: the tables of `signaling.connection.machine`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from legato.wire import up


class Stage(Enum):
    """Where a connection is."""

    OPENING = "opening"
    ADMITTING = "admitting"
    ATTACHED = "attached"
    WORKING = "working"
    DRAINING = "draining"
    """Attached at a node that stops: everything goes on until the client has moved, or the time is over."""
    RETIRING = "retiring"
    """A worker's at such a node."""
    LEAVING = "leaving"
    """Detached: what is in flight is answered, then it closes."""
    CLOSED = "closed"


class Step(Enum):
    """What moves it."""

    FIRST = "first"
    ATTACH = "attach"
    WORK = "work"
    DRAIN = "drain"
    DETACH = "detach"


NEXT: Final[Mapping[tuple[Stage, Step], Stage]] = {
    (Stage.OPENING, Step.FIRST): Stage.ADMITTING,
    (Stage.ADMITTING, Step.ATTACH): Stage.ATTACHED,
    (Stage.ADMITTING, Step.WORK): Stage.WORKING,
    (Stage.ATTACHED, Step.DRAIN): Stage.DRAINING,
    (Stage.WORKING, Step.DRAIN): Stage.RETIRING,
    (Stage.ATTACHED, Step.DETACH): Stage.LEAVING,
    (Stage.DRAINING, Step.DETACH): Stage.LEAVING,
    (Stage.WORKING, Step.DETACH): Stage.LEAVING,
    (Stage.RETIRING, Step.DETACH): Stage.LEAVING,
}

_SOUND: Final = (up.Listen, up.Speak, up.Microphone, up.Lacking, up.Dial)
_SESSION: Final = (up.Do, up.Signal, up.Credit, up.Kept, up.History, *_SOUND, up.Ping, up.Detach)
_WORKER: Final = (up.Decline, up.Capacity, up.Ping, up.Detach)

ALLOWED: Final[Mapping[Stage, tuple[type[up.Up], ...]]] = {
    Stage.OPENING: (up.Attach, up.Resume, up.Work),
    Stage.ADMITTING: (up.Ping,),
    Stage.ATTACHED: _SESSION,
    Stage.DRAINING: _SESSION,
    Stage.WORKING: _WORKER,
    Stage.RETIRING: _WORKER,
    Stage.LEAVING: (up.Ping, up.Detach),
    Stage.CLOSED: (),
}

LIVE: Final = frozenset({Stage.ATTACHED, Stage.DRAINING, Stage.LEAVING})
AT_WORK: Final = frozenset({Stage.WORKING, Stage.RETIRING})
SETTING_UP: Final = frozenset({Stage.OPENING, Stage.ADMITTING})
ENDING: Final = frozenset({Stage.DRAINING, Stage.RETIRING, Stage.LEAVING})
