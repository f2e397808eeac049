"""How far into a message each device was sent its speech, where it falls silent: no page has heard more than that.

A page counts by the frame that sounds, and hears a little later than its ear at which frame silence began (`playing`,
`until`); one whose own thread stood meanwhile takes that silence for speech. What it reports then lies beyond what was
ever sent to it, and who went on from there would miss words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from media.opus import FRAME
from media.voice.rest import Report

DEVICES: Final = 256
"""Devices that are remembered, of all nodes; the one that was told of longest ago goes."""

_CIRCLE: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class _Sent:
    message: str
    end: int | None
    """Up to which sample; None: it goes on."""


class Sent:
    """One session's, by the signal `playing` of each of its nodes. A report that counts silence comes after the signal
    that tells of it: both begin with the same frame."""

    def __init__(self) -> None:
        self._of: dict[str, _Sent] = {}

    def told(self, data: Any) -> None:
        """A node says what it plays to its devices; what cannot be read says nothing."""
        for attachment, at in data.items() if isinstance(data, Mapping) else ():
            if (sent := _read(at)) is not None:
                self._of.pop(attachment, None)
                self._of[attachment] = sent
        while len(self._of) > DEVICES:
            del self._of[next(iter(self._of))]

    def bound(self, report: Report, devices: Collection[str]) -> Report:
        """What a page may have heard of it, which is one of these devices of its person. While one of them is sent
        this very message, that is what it says."""
        known = [sent for each in devices if (sent := self._of.get(each)) is not None]
        ends = [sent.end for sent in known if sent.message == report.message]
        bounds = [end for end in ends if end is not None]
        if not bounds or len(bounds) < len(ends):
            return report
        return replace(report, samples=min(report.samples, max(bounds)))


def _read(at: Any) -> _Sent | None:
    if not isinstance(at, Mapping) or not isinstance(at.get("message"), str):
        return None
    numbers = [at.get("samples"), at.get("timestamp"), at.get("step", FRAME), at.get("until", 0)]
    if any(type(number) is not int for number in numbers):
        return None
    samples, timestamp, step, until = numbers
    end = samples + (until - timestamp) % _CIRCLE * step // FRAME if "until" in at else None
    return _Sent(at["message"], end)
