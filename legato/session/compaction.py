"""Compaction: fewer events, the same fold.

`fold(compact(xs), onto=s) == fold(xs, onto=s)` for every state `s` and any events whatever: nothing is
assumed of them, so a client may stand anywhere in the log. Four arguments carry the proof.

1. *Deltas merge.* Two deltas of one message, part and kind whose indexes follow each other do the same as one
   that is accumulated, if nothing between them is about that message. If the first is out of order it breaks
   the message, which takes no more; so it does accumulated.
2. *The later overwrites.* An event that only sets fields which a later one sets too, wherever the first had an
   effect, goes (`_OVERWRITES`, `_COVERS`). An event between them that would keep the earlier one's effect
   for ever, as the end of a tool call does, `_UNCOVERS`.
3. *The last event stays*, being overwritten by nothing: it says offset and time.
4. *Control events stay*, so the last of them says `control`.

That somebody came, went, looked away or back stays, though they did it again: who is away begins anew to be told of
what waits, and since when nobody is there counts.

An event of an unknown type may mean anything to a later version: it stays. So do marks of turns, which the
state does not hold but a screen shows, and `speech_queued`: each brings words that no other one has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from legato.session import events as e

AnyEvent = e.Event | e.Unknown
Key = tuple[str, str]
Of = Callable[[Any], str]


def compact(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """Events with the same fold onto any state, in the order of their offsets; each is one of `events`, or
    a delta that stands for several of them at the place of the last."""
    return _merged(_latest(list(events)))


def _latest(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """Those that no later one overwrites."""
    kept: list[AnyEvent] = []
    covered: set[Key] = set()
    for event in reversed(events):
        kind = type(event)
        if kind is not e.MessageGrown:
            if (key := _key(_OVERWRITES, kind, event)) is not None:
                if key in covered:
                    continue
                covered.add(key)
            for name, of in _COVERS.get(kind, ()):
                covered.add((name, of(event)))
            if (key := _key(_UNCOVERS, kind, event)) is not None:
                covered.discard(key)
        kept.append(event)
    kept.reverse()
    return kept


def _merged(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """With runs of deltas accumulated, each at the place of its last."""
    ends: dict[int, list[e.MessageGrown]] = {}
    lasts: dict[str, int] = {}
    for place, event in enumerate(events):
        if type(event) is e.MessageGrown:
            last = lasts.get(event.message)
            if last is not None and _follows(ends[last][-1], event):
                run = ends.pop(last)
                run.append(event)
            else:
                run = [event]
            ends[place], lasts[event.message] = run, place
        elif lasts and (of := _ABOUT.get(type(event))) is not None:
            lasts.pop(of(event), None)
    return [
        _accumulated(ends[place]) if place in ends else event
        for place, event in enumerate(events)
        if place in ends or type(event) is not e.MessageGrown
    ]


def _follows(before: e.MessageGrown, after: e.MessageGrown) -> bool:
    return (
        after.index == before.index + before.count
        and after.part == before.part
        and after.kind == before.kind
        and after.by == before.by
        and before.count > 0
        and after.count > 0
    )


def _accumulated(run: list[e.MessageGrown]) -> e.MessageGrown:
    if len(run) == 1:
        return run[0]
    text = "".join([delta.text for delta in run])
    first, last = run[0], run[-1]
    return replace(last, index=first.index, text=text, count=last.index + last.count - first.index)


def _key(table: dict[type[Any], tuple[str, Of]], kind: type[Any], event: AnyEvent) -> Key | None:
    found = table.get(kind)
    return (found[0], found[1](event)) if found is not None else None


def _participant(event: Any) -> str:
    return str(event.participant)


def _attachment(event: Any) -> str:
    return str(event.attachment)


def _message(event: Any) -> str:
    return str(event.message)


def _call(event: Any) -> str:
    return str(event.call)


def _response(event: Any) -> str:
    return str(event.response)


def _holder(event: Any) -> str:
    return str(event.holder)


_OVERWRITES: Final[dict[type[Any], tuple[str, Of]]] = {
    e.ActivityChanged: ("activity", _participant),
    e.ModalityChanged: ("modality", _attachment),
    e.HoldChanged: ("hold", _attachment),
    e.AgentUnreachable: ("fault", _participant),
    e.AgentReachable: ("fault", _participant),
    e.ToolProgressed: ("progress", _call),
    e.ResponseProgressed: ("response", _response),
}
"""Events that only set what a later one of the same key sets again."""

_COVERS: Final[dict[type[Any], tuple[tuple[str, Of], ...]]] = {
    e.ParticipantJoined: (("activity", _participant), ("fault", _participant)),
    e.ParticipantLeft: (("activity", _participant),),
    e.AttachmentOpened: (("modality", _attachment),),
    e.AttachmentClosed: (("modality", _attachment),),
    e.RightGranted: (("fault", _holder),),
    e.AgentCrashed: (("fault", _participant),),
}
"""Events that stay, and set all that an earlier one of these keys set."""

_UNCOVERS: Final[dict[type[Any], tuple[str, Of]]] = {e.ToolEnded: ("progress", _call)}
"""Events after which the later one may find nothing to set, while what the earlier one set remains."""

_ABOUT: Final[dict[type[Any], Of]] = {
    e.MessagePosted: _message,
    e.MessageStarted: _message,
    e.MessageEnded: _message,
    e.PartAdded: _message,
    e.ToolRequested: _call,
}
"""Events that a message's deltas may not be moved across."""
