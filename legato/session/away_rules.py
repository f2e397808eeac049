"""Telling those who are away: what there is to tell, and when it is tried (again).

A session that is labelled `notify` has its people told, once nobody but agents is attached, that a tool call waits for
a person's word, or that an answer has come since they went (once an absence). Everything follows from the state, so a
hub that dies loses none of it: the next one tries again, under the same name, by which the receiver knows a repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from legato.session import events as e
from legato.session.away_fold import attended
from legato.session.ids import HUB
from legato.session.state import Message, State
from legato.session.vocabulary import Notice

NOTIFY: Final = "notify"
"""The label; any value but "" and `none` asks for it."""

PAUSES_MS: Final = (5_000, 30_000, 120_000, 600_000, 3_600_000)
"""Between tries; after one more than there are pauses, it is given up."""


@dataclass(frozen=True, slots=True)
class Need:
    """At session time `at` it is to be told (again) that `about`, an entry that began at `offset`, waits."""

    about: str
    notice: Notice
    at: int
    offset: int


def needs(state: State) -> list[Need]:
    """All that is to be told, the earliest first."""
    if state.ended or state.labels.get(NOTIFY, "none") in ("", "none") or attended(state):
        return []
    return sorted(_needs(state), key=lambda need: (need.at, need.offset, need.about))


def attempted(state: State, about: str, sent: bool, reason: str) -> list[e.Event]:
    """What is written down after a try; nothing if it is not to be told any more."""
    need = next((each for each in needs(state) if each.about == about), None)
    if need is None:
        return []
    before = state.notified.get(about)
    final = not sent and before is not None and before.tries >= len(PAUSES_MS)
    return [
        e.NotificationAttempted(
            by=HUB, about=about, notice=need.notice, sent=sent, final=final, reason=reason
        )
    ]


def _needs(state: State) -> Iterator[Need]:
    for call in state.open_tools():
        if call.approval and not call.decided_by:
            yield from _told(state, call.id, "approval", call.time, call.at)
    told = any(each.notice == "answer" and each.over for each in state.notified.values())
    if (answer := _unseen_answer(state)) is not None and not told:
        yield from _told(state, answer.id, "answer", answer.time, answer.at)


def _told(state: State, about: str, notice: Notice, since: int, offset: int) -> Iterator[Need]:
    before = state.notified.get(about)
    if before is None:
        yield Need(about, notice, since, offset)
    elif not before.over:
        yield Need(about, notice, before.time + PAUSES_MS[min(before.tries, len(PAUSES_MS)) - 1], offset)


def _unseen_answer(state: State) -> Message | None:
    """The first answer of an agent that ended with nobody there."""
    if not state.unseen:
        return None
    agents = {id for id, who in state.participants.items() if who.role == "agent"}
    unseen = (each for each in state.ended_entries() if each.ordinal >= state.unseen and each.by in agents)
    return next(
        (
            each
            for each in unseen
            if isinstance(each, Message) and each.status == "finished" and each.parts and not each.aside
        ),
        None,
    )
