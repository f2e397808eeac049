"""What a follower knows of its log's tail, and how it goes on when the store's is another one.

Apart from the follower because it outlives what is folded: a tail is lost to whoever was told of it, and
besides the folded offsets those are told that got an acknowledgement, and those that bring a position.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from hub.node.archiving import Gone, revive
from hub.node.ears import Ears
from hub.node.opening import Opening, opened_log
from hub.node.recovery import (
    UNKNOWN_CHECK,
    common_offset,
    epoch_start,
    lost_checks,
    remembered_in_common,
    reopen_log,
)
from hub.node.tools import Tools
from hub.node.view import Verdict, View
from hub.store.promise import Page, SessionKey, StoreUnavailable
from legato.session.position import Position

log: Final = logging.getLogger("legato.node")

TRIES: Final = 8
"""How often a session that leaves for the vault again and again is brought back for one opening."""


class Tail:
    """See the module. `view` is what the follower has folded; `rejoin` and `recover` replace it, and tell the
    ears. They raise `SessionDamaged`, `StoreUnavailable`, `KeysError`."""

    def __init__(self, key: SessionKey, tools: Tools, ears: Ears) -> None:
        self._key = key
        self._tools = tools
        self.ears = ears
        self.acked = 0
        """The store said that it has our events up to this offset, whether they were pushed yet or not."""
        self.evidence: Position | None = None
        """The position that was not on the store's log, until that is dealt with."""
        self.gone: Gone = ""
        """Why there is no such session, once that was found out."""

    async def opening(self) -> Opening | None:
        """The log as the store has it, from its newest snapshot on; brought back from the vault if it rests there.
        None: no such session (`gone` says why)."""
        for _ in range(TRIES):
            sealer = await self._tools.keys.sealer(self._key.tenant, self._key.session)
            opening = await opened_log(self._key, self._tools.store, sealer, self._tools.anchors)
            if opening is not None or not await self._revived(None):
                return opening
        raise StoreUnavailable("the session comes and goes")

    def newest(self, view: View) -> Position:
        """The newest position that the store has told us of. Of an offset that was acknowledged and not pushed
        nobody here knows the check: it is zeros."""
        if self.acked <= view.position.offset:
            return view.position
        return Position(view.position.epoch, self.acked, UNKNOWN_CHECK)

    def diverged(self, view: View, page: Page) -> bool:
        """Whether the page is of a log that lacks something folded or acknowledged here."""
        recent = view.recent
        if page.tail.offset < self.acked:
            return True
        if page.tail.epoch != recent.epoch and self.acked > recent.offset:
            return True  # perhaps what was acknowledged and is not folded yet went with the old epoch
        if page.tail.offset == recent.offset:
            return page.tail.check != recent.position.check
        if page.tail.offset < recent.offset:
            return True
        return bool(page.entries) and view.stands(page.entries[0]) is Verdict.DIVERGED

    async def rejoin(self, view: View) -> bool:
        """What follows was trimmed away: go on from the snapshot. The checks that it remembers tell whether what was
        folded here is on the log that it belongs to. False: no such session."""
        opening = await self.opening()
        if opening is None:
            return False
        common, newest = remembered_in_common(view.recent, opening.recent), view.position.offset
        view.replace(opening)
        if common is None:
            self._tools.metrics.moves.labels("trimmed").inc()
            self.ears.moved("behind")
        else:
            self._tools.metrics.discontinuities.inc()
            self.ears.lost(common + 1, newest)
        return True

    async def recover(self, view: View) -> bool:
        """Find what is left of the log, open an epoch unless somebody did, and go on from there. False: no such
        session."""
        newest = self.newest(view)
        evidence = self.evidence or newest
        found = await common_offset(self._tools.store, self._key, view.recent, (evidence, newest))
        if found is None:
            if not await self._revived(newest):
                return False
            raise StoreUnavailable("the session is back: look again")
        if (there := await self.opening()) is not None:
            # What was trimmed away of the log that is there now, its snapshot remembers.
            remembered = remembered_in_common(view.recent, there.recent)
            if remembered is not None:
                found = replace(found, common=min(found.common, remembered), lost=True)
        behind = found.lost and found.common < newest.offset
        if found.lost:
            lost_from = found.common + 1 if behind else epoch_start(view.state) + 1
            seen = newest if behind else evidence
            checks = lost_checks(view.recent, lost_from) if behind else b""
            await reopen_log(self._tools, self._key, seen, lost_from, found.epoch, checks)
        opening = await self.opening()
        if opening is None:
            return False
        view.replace(opening)
        self.evidence, self.acked = None, 0
        if behind:
            log.warning("a tail was lost", extra={"lost_from": found.common + 1, "lost_to": newest.offset})
            self._tools.metrics.discontinuities.inc()
            self.ears.lost(found.common + 1, newest.offset)
        else:
            self.ears.moved("reopened")
        return True

    async def _revived(self, newest: Position | None) -> bool:
        self.gone = await revive(self._tools, self._key, newest)
        return not self.gone
