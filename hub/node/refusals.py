"""What was refused of what not everybody may do: who tried what, when, and why it was not done.

It is kept for the audit, sealed and chained (`hub.keys.refused`), beside the session's log and no part of it (decision
0011): a refusal moves no offset, keeps no session from resting or from being forgotten, and nobody is told. What was
asked of a tenant, or of a session that is erased, is kept beside all sessions of the tenant. How much of it is written
is bounded: of one participant in one session `BURST` at once and then one in `EVERY_MS`, and so many a second of a
node. What goes beyond is counted, and the next one that is written says how many there were. So who tries a million
times has a line a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from hub.keys.errors import KeysError, KeyUnknown
from hub.node.refused import TENANTS, RefusedLists
from hub.node.tools import Tools
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.actors import Actor
from legato.session.commands import Command, Reason, Refusal
from legato.session.tickets import ANY_SESSION, NEEDS, Capability

log: Final = logging.getLogger("legato.node")

BURST: Final = 16
EVERY_MS: Final = 60_000
WATCHED: Final = 4_096
"""Participants of sessions of which a node remembers how much they tried; the ones seen longest ago are forgotten."""

NODE_BURST: Final = 256
NODE_EVERY_MS: Final = 50

PRIVILEGED: Final[frozenset[Capability]] = frozenset({"takeover", "monitor", "whisper", "label", "end"})
"""What these allow is told of whatever the reason; of everything else, what was not allowed or out of place."""

AUDITED: Final[frozenset[Reason]] = frozenset(
    {
        *("not_allowed", "not_found", "already_exists", "already_ended"),
        *("wrong_order", "stale_token", "session_ended", "session_erased"),
    }
)
"""Why something is not done that the asker is to blame for, or might be; the rest is the hub's affair."""

OUT_OF_PLACE: Final[frozenset[Reason]] = frozenset(
    {"not_allowed", "wrong_order", "session_ended", "session_erased"}
)
"""What is told of every command, whoever may do it otherwise."""


class Trial(msgspec.Struct, frozen=True, omit_defaults=True):
    """One refusal. `time` is the store's clock (ms); `asked` the command's type, the capability of a request, or
    (`call`, `resume`) that of a ticket of `by` which somebody without its key showed; `unlisted` so many more of the
    same participant before it that were not written; `session`, in a tenant's list, the erased one that was meant;
    `number`, once it is read, its place in the chain (0: from before there was one)."""

    time: int
    by: str
    role: str
    asked: str
    reason: str
    detail: str = ""
    unlisted: int = 0
    session: str = ""
    number: int = 0


@dataclass(slots=True)
class _Bucket:
    left: int
    at: int
    unlisted: int = 0

    def takes(self, now: int, burst: int, every: int) -> bool:
        gained = (now - self.at) // every
        if gained:
            self.left, self.at = min(burst, self.left + gained), self.at + gained * every
        if self.left == 0:
            return False
        self.left -= 1
        return True


class Ledger:
    """How much of it is written. Pure: `now` is ms that never go back."""

    def __init__(self) -> None:
        self._of: dict[tuple[SessionKey, str], _Bucket] = {}
        self._all = _Bucket(NODE_BURST, 0)

    def note(self, key: SessionKey, participant: str, now: int) -> int | None:
        """How many of this participant were not listed before this one; None: nor is this one."""
        bucket = self._of.pop((key, participant), None) or _Bucket(BURST, now)
        self._of[key, participant] = bucket
        while len(self._of) > WATCHED:
            del self._of[next(iter(self._of))]
        if not bucket.takes(now, BURST, EVERY_MS) or not self._all.takes(now, NODE_BURST, NODE_EVERY_MS):
            bucket.unlisted += 1
            return None
        unlisted, bucket.unlisted = bucket.unlisted, 0
        return unlisted


def asked_of(commands: Sequence[Command], refusal: Refusal) -> str:
    """The type of what was asked, if its refusal belongs in the audit; "" if not."""
    if refusal.reason not in AUDITED:
        return ""
    privileged = (each.type for each in commands if NEEDS.get(each.type) in PRIVILEGED)
    usual = commands[0].type if commands and refusal.reason in OUT_OF_PLACE else ""
    return next(privileged, usual)


class Refusals:
    """Writes them down, while nobody waits for it. What cannot be written now is not written."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._ledger = Ledger()
        self._lists = RefusedLists(tools)

    def batch(
        self, key: SessionKey, actor: Actor | None, commands: Sequence[Command], refusal: Refusal
    ) -> None:
        """A batch of this actor's (None: of the hub's own) was refused."""
        self._tools.metrics.refusals.labels(refusal.reason).inc()
        if actor is not None and (asked := asked_of(commands, refusal)):
            self.note(key, actor.participant, actor.role, asked, refusal)

    def note(
        self, key: SessionKey, by: str, role: str, asked: str, refusal: Refusal, *, apart: str = ""
    ) -> bool:
        """Somebody whose ticket is for this session (`ANY_SESSION`: for all of the tenant's) asked for something that
        is not theirs to ask, or not to be had any more. Whether it is written down. `apart` names what is counted by
        itself, beside everything else of the participant."""
        unlisted = self._ledger.note(key, f"{by}/{apart}" if apart else by, self._tools.now())
        if unlisted is None:
            return False
        time = self._tools.session_now()
        trial = Trial(time, by, role, asked, refusal.reason, refusal.detail, unlisted)
        self._tools.spawn(self._keep(key, trial))
        return True

    async def close(self) -> None:
        """The vault gets what it has not yet."""
        await self._lists.close()

    async def _keep(self, key: SessionKey, trial: Trial) -> None:
        beside_all = SessionKey(key.tenant, TENANTS)
        try:
            if key.session == ANY_SESSION:
                await self._lists.keep(beside_all, trial)
            elif not await self._lists.keep(key, trial):
                await self._lists.keep(beside_all, msgspec.structs.replace(trial, session=key.session))
        except KeyUnknown:
            pass  # there never was such a session: whoever guesses names writes nothing
        except (KeysError, StoreUnavailable) as problem:
            log.warning("a refusal is not in the audit", extra={"kind": type(problem).__name__})
