"""A person's voice moves to another of their devices in mid sentence.

The one that has it is asked to fall silent at once and to say what it played last (`playout`, `last`): the other goes
on from that very frame. Its answer is waited for for a moment only: a device that is gone gives none, and what was said
before counts, as after any gap. All of it goes by signals, so the two devices may be on two nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.node.promise import Room
from legato.session.ids import HUB
from legato.session.state import State
from media.voice.owning import Claim, owned, plays
from media.voice.reports import Reports
from media.voice.rest import Report, unheard

NAME: Final = "moving"
WAITS_S: Final = 0.15
"""As long as the way to a page and back, and what a page that plays has else to do."""


def sounds_elsewhere(state: State, participant: str, attachment: str) -> bool:
    """Whether another device of the participant plays what it hears, as far as the log knows."""
    return any(
        "audio" in each.takes and each.call != "" and each.away_since == 0
        for each in state.attachments.values()
        if each.participant == participant and each.id != attachment
    )


def read_moving(data: Any) -> tuple[str, str]:
    """Whose voice moves, and to which attachment; nobody's if the signal says nothing that can be read."""
    data = data if isinstance(data, Mapping) else {}
    return str(data.get("participant", "")), str(data.get("attachment", ""))


class Moving:
    """One session's, on the node to which voices move: how far people are as their calls begin. `now`: monotonic
    ms."""

    def __init__(self, room: Room, now: Callable[[], int]) -> None:
        self._room = room
        self._now = now
        self._reports = Reports()
        self._awaited: dict[str, asyncio.Future[Report]] = {}

    async def heard(
        self, participant: str, report: Report | None, claim: Claim | None, *, ahead: bool = False
    ) -> Report | None:
        """How far the participant is by its own devices' word, `report` being what it says as it comes; None: they say
        nothing. `claim`: of the call that begins. `ahead`: it does not begin yet."""
        state = self._room.state
        moves = claim is not None and plays(state, claim) and not owned(state, claim.attachment)
        if claim is not None and moves and unheard(state, participant):
            left = await self._last(participant, claim.attachment)
            if left is not None:
                self._reports.said(participant, left, self._now())
                report = None if report is None else replace(left, then=report.then)
        return self._reports.now(participant, report, self._now(), moves=moves, ahead=ahead)

    def said(self, participant: str, report: Report, *, last: bool) -> None:
        """A device of the participant has played so much; `last`: it gives the voice up."""
        if not last:
            self._reports.said(participant, report, self._now())
        elif (awaited := self._awaited.pop(participant, None)) is not None:
            awaited.set_result(report)

    async def _last(self, participant: str, attachment: str) -> Report | None:
        """What another device of the participant played last, once it has fallen silent, for the voice moves to this
        attachment. None: there is none, or it does not say."""
        if not sounds_elsewhere(self._room.state, participant, attachment):
            return None
        awaited = self._awaited.setdefault(participant, asyncio.get_running_loop().create_future())
        self._room.signal(HUB, NAME, {"participant": participant, "attachment": attachment})
        await asyncio.wait([awaited], timeout=WAITS_S)
        if self._awaited.get(participant) is awaited:
            del self._awaited[participant]
        return awaited.result() if awaited.done() else None
