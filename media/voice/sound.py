"""What a node's voice is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.node.entries import Keys
from hub.store.promise import Store
from legato.speech import Ears
from media.listener import ListenerOptions
from media.speaker import Speaker
from media.voice.coders import Coders
from media.voice.keeper import Recorder
from media.voice.prompts import Prompts
from media.voice.wheel import Wheel


@dataclass(frozen=True, slots=True)
class Sound:
    """`now` counts monotonic ms. `ears` and `speaker` may be missing: then there is sound without words, and
    words without sound; without a `vault`, sound is kept for as long as a ring is hot."""

    store: Store
    keys: Keys
    wheel: Wheel
    ears: Ears | None
    speaker: Speaker | None
    prompts: Prompts
    now: Callable[[], int]
    new_id: Callable[[str], str]
    listener: ListenerOptions = field(default_factory=ListenerOptions)
    vault: Recorder | None = None
    coders: Coders = field(default_factory=Coders)
