"""What a client that runs tools has to do, by the state. The twin of `web/src/client/errands.ts`.

A client says which tools it can run, claims the calls of them that wait for one, and lets go of those that are
no longer its own. Of a call that it claimed and knows nothing of any more (its page was loaded anew) it begins again
what is idempotent; of the rest it says that nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from legato.session.running_rules import claimable, waits
from legato.session.state import State


@dataclass(frozen=True, slots=True)
class Errands:
    """`announce`: these tools (None: that has been said). `claim`: start and do these calls; `abandon`: end these as
    `interrupted`; `over`: stop doing these."""

    announce: tuple[str, ...] | None = None
    claim: tuple[str, ...] = ()
    abandon: tuple[str, ...] = ()
    over: tuple[str, ...] = ()


def errands(state: State, attachment: str, tools: Collection[str], running: Collection[str]) -> Errands:
    """What is to be done by the client of that attachment, which can run `tools` and is `running` these calls."""
    here = state.attachments.get(attachment)
    if here is None:
        return Errands(over=tuple(running))
    names = tuple(sorted(tools))
    asked = [each for each in state.open_tools() if each.runs == "client"]
    mine = [each for each in asked if each.status == "started" and each.runner == attachment]
    waiting = [each for each in asked if waits(each) and claimable(state, each, attachment)]
    lost = [each for each in mine if each.id not in running]
    again = [each for each in lost if each.idempotent and each.name in names]
    kept = {each.id for each in (*mine, *waiting)}
    return Errands(
        announce=names if names != here.tools else None,
        claim=tuple(each.id for each in (*again, *waiting) if each.id not in running and each.name in names),
        abandon=tuple(each.id for each in lost if each not in again),
        over=tuple(each for each in running if each not in kept),
    )
