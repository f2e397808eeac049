"""A person's voice moves to another of their devices in mid sentence.

The one that has it is asked to fall silent at once and to say what it played last (`playout`, `last`): the other goes
on from that very frame. Its answer is waited for for a moment only: a device that is gone gives none, and what was said
before counts, as after any gap. One that spoke just before is there, though its page may have something else to do: it
is waited for a little longer, for it plays on all that it was sent. No page has heard more than it was sent, whatever
it says (`media.voice.sent`). All of it goes by signals, so the two devices may be on two nodes.
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
from media.voice.sent import Sent

NAME: Final = "moving"
WAITS_S: Final = 0.15
"""As long as the way to a page and back, and what a page that plays has else to do."""

JUST_MS: Final = 1_000
STANDS_S: Final = 0.5
"""A page that said so recently how far it is, is there; for so long its own thread may stand, on a machine that opens
the other device's sound meanwhile. By then what is to come still does so before the one that gives way goes on."""


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
        self._sent = Sent()
        self._awaited: dict[str, asyncio.Future[Report]] = {}
        self._coming: dict[str, tuple[str, bool | None]] = {}
        """Attachments whose call is about to begin: their participant, what they have said meanwhile of their sound."""

    async def heard(
        self, participant: str, report: Report | None, claim: Claim | None, *, ahead: bool = False
    ) -> Report | None:
        """How far the participant is by its own devices' word, `report` being what it says as it comes; None: they say
        nothing. `claim`: of the call that begins. `ahead`: it does not begin yet."""
        state = self._room.state
        if claim is not None:
            there = {each: said for each, said in self._coming.items() if each in state.attachments}
            self._coming = there | {claim.attachment: (participant, None)}
        report = None if report is None else self.bound(participant, report)
        moves = claim is not None and plays(state, claim) and not owned(state, claim.attachment)
        if claim is not None and moves and unheard(state, participant):
            left = await self._last(participant, claim.attachment)
            if left is not None:
                self._reports.said(participant, left, self._now())
                report = None if report is None else replace(left, then=report.then)
        return self._reports.now(participant, report, self._now(), moves=moves, ahead=ahead)

    def said(self, participant: str, attachment: str, report: Report, *, last: bool) -> Report:
        """This device of the participant (empty: any) has played so much; `last`: it gives the voice up. Returns what
        is true of it. Who has not the voice any more, and says so late, says nothing of the participant."""
        report = self.bound(participant, report)
        if not last:
            if not self._late(participant, attachment):
                self._reports.said(participant, report, self._now())
        elif (awaited := self._awaited.pop(participant, None)) is not None:
            awaited.set_result(report)
        return report

    def ready(self, participant: str, attachment: str, *, warm: bool) -> None:
        """This page of the participant (empty: any) can sound, or cannot. One that comes may say so before it is
        there."""
        for coming, (whose, _) in self._coming.items():
            if whose == participant and attachment in ("", coming):
                self._coming[coming] = whose, warm

    def came(self, attachment: str) -> bool | None:
        """A call of the attachment begins. Whether its page can sound, if it said so since `heard` was asked."""
        return self._coming.pop(attachment, ("", None))[1]

    def playing(self, data: Any) -> None:
        """A node tells what it plays to whom (the signal `playing`)."""
        self._sent.told(data)

    def bound(self, participant: str, report: Report) -> Report:
        """The report, but for what was never sent to a device of the participant."""
        devices = [
            each.id for each in self._room.state.attachments.values() if each.participant == participant
        ]
        return self._sent.bound(report, devices)

    def _late(self, participant: str, attachment: str) -> bool:
        known = self._room.state.attachments.get(attachment)
        silent = known is not None and "audio" not in known.takes
        return silent and sounds_elsewhere(self._room.state, participant, attachment)

    async def _last(self, participant: str, attachment: str) -> Report | None:
        """What another device of the participant played last, once it has fallen silent, for the voice moves to this
        attachment. None: there is none, or it does not say."""
        if not sounds_elsewhere(self._room.state, participant, attachment):
            return None
        awaited = self._awaited.setdefault(participant, asyncio.get_running_loop().create_future())
        self._room.signal(HUB, NAME, {"participant": participant, "attachment": attachment})
        since = self._reports.since(participant, self._now())
        there = since is not None and since <= JUST_MS
        await asyncio.wait([awaited], timeout=STANDS_S if there else WAITS_S)
        if self._awaited.get(participant) is awaited:
            del self._awaited[participant]
        return awaited.result() if awaited.done() else None
