"""After a lost tail: what is still common, and the opening of a new epoch.

A replica that was promoted without the newest entries goes on with the same names. The digests of what
was folded here, compared with the log's, tell the last position that both share; everything after it that
was folded or told here is lost, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.node.recent import Recent
from hub.node.tools import Tools
from hub.store.promise import Append, Draft, Log, SessionKey, StoreUnavailable
from legato.session.event_json import encode
from legato.session.position import CHECK_SIZE, Position
from legato.session.presence_rules import log_reopened
from legato.session.state import Reopening, State


@dataclass(frozen=True, slots=True)
class Found:
    """`common`: the last offset that both have. `lost`: something that was told is not on the log, which was
    found in `epoch`."""

    common: int
    lost: bool
    epoch: str


KEPT_LOST: Final = 128
"""Lost offsets whose checks the new epoch's first event names, two kilobytes."""

UNKNOWN_CHECK: Final = bytes(CHECK_SIZE)
"""The check of an offset of which nothing but its existence is known."""


def epoch_start(state: State) -> int:
    """The offset that this epoch began with (0: the first epoch). What was before it is common to all who
    ever saw anything of this epoch."""
    return state.reopened[-1].at if state.reopened else 0


def first_lost(state: State, epoch: str, after: Position) -> int:
    """The first offset that somebody at `after` may have seen and the log, now in `epoch`, has not."""
    for each in state.reopened:
        if each.previous_epoch == after.epoch:
            if _was_seen(each, after):
                return min(each.lost_from, after.offset)
            began = max((other.at for other in state.reopened if other.at < each.lost_from), default=0)
            return min(began + 1, after.offset)
    if after.epoch != epoch:  # of an epoch that was itself lost, opening and all
        first = min((each.lost_from for each in state.reopened), default=1)
        return min(first, after.offset)
    return min(epoch_start(state) + 1, after.offset)


def lost_checks(recent: Recent, lost_from: int) -> bytes:
    """The checks of the first `KEPT_LOST` offsets that are lost, if they are remembered."""
    offsets = range(lost_from, min(recent.offset + 1, lost_from + KEPT_LOST))
    return b"".join(recent.check_at(at) or b"" for at in offsets) if lost_from >= recent.oldest else b""


def _was_seen(lost: Reopening, after: Position) -> bool:
    """Whether `after` is on the tail that was known when its loss was found (or nothing is known of that). Otherwise
    the log had gone back before, with nobody there to see it, and went on in the same epoch."""
    if not lost.checks:
        return True
    checks, place = bytes.fromhex(lost.checks), (after.offset - lost.lost_from) * CHECK_SIZE
    return place >= 0 and checks[place : place + CHECK_SIZE] == after.check


async def common_offset(
    log: Log, key: SessionKey, recent: Recent, evidence: Iterable[Position]
) -> Found | None:
    """Compare what is remembered with the log, and each `evidence`. None: no such session.

    Digests cover all before them, so what is common is a prefix: a binary search finds its end. If the log
    ends before all that is remembered, it is taken for a prefix of what was. Raises `StoreUnavailable` if the log
    lost its tail meanwhile: what was compared then is of two logs.
    """
    page = await log.read(key, recent.offset, 1)
    if page is None:
        return None
    low, high = recent.oldest, min(recent.offset, page.tail.offset)
    common = page.tail.offset if high < low else await _end_of_common(log, key, recent, low, high)
    lost = common < recent.offset
    for position in evidence:
        lost = lost or not await _holds(log, key, position, page.tail)
    end = await log.position(key, page.tail.offset)
    if end is None or end.check != page.tail.check:
        raise StoreUnavailable("the log went back while it was looked at")
    return Found(max(common, 0), lost, page.tail.epoch)


def remembered_in_common(ours: Recent, theirs: Recent) -> int | None:
    """The last offset, up to the end of the shorter, at which both remember the same check; None if nothing that both
    remember differs there. For when the log itself is trimmed too far to be compared."""
    end = min(ours.offset, theirs.offset)
    mine, other = ours.check_at(end), theirs.check_at(end)
    if mine is None or other is None or mine == other:
        return None
    oldest = max(ours.oldest, theirs.oldest)
    same = (at for at in range(end - 1, oldest - 1, -1) if ours.check_at(at) == theirs.check_at(at))
    return next(same, max(oldest - 1, 0))


async def reopen_log(
    tools: Tools, key: SessionKey, evidence: Position, lost_from: int, found_in: str, checks: bytes = b""
) -> None:
    """Open a new epoch, naming what is lost; if another node did, that is as well.

    The batch's producer is named for the evidence, so that a retry is harmless. If the evidence is of an epoch
    whose opening was itself lost, the epoch that the log was `found_in` ends here too, and is named: the log's
    lineage has no hole. `checks` are those of `lost_checks`, of the epoch of the evidence.
    """
    sealer = await tools.keys.sealer(key.tenant, key.session)
    producer = f"reopen:{evidence.epoch}:{evidence.offset}"
    ended = dict.fromkeys((found_in, evidence.epoch))
    events = [
        event
        for epoch in ended
        for event in log_reopened(
            epoch,
            min(lost_from, evidence.offset),
            evidence.offset,
            checks.hex() if epoch == evidence.epoch else "",
        )
    ]
    drafts = tuple(
        Draft(sealer.seal_event(producer, 1, index, encode(event)), control=True)
        for index, event in enumerate(events)
    )
    digest = tools.digests.of(key.tenant, key.session, producer, evidence.to_text().encode())
    batch = Append(producer, 0, 1, digest, drafts)
    await tools.store.reopen(key, evidence, batch)


async def _end_of_common(log: Log, key: SessionKey, recent: Recent, low: int, high: int) -> int:
    """The greatest offset from `low` to `high` that is the same here and there; `low - 1` if none is."""
    if await _same(log, key, recent, high):
        return high
    common, high = low - 1, high - 1
    while low <= high:
        middle = (low + high) // 2
        if await _same(log, key, recent, middle):
            common, low = middle, middle + 1
        else:
            high = middle - 1
    return common


async def _same(log: Log, key: SessionKey, recent: Recent, offset: int) -> bool:
    known = await log.position(key, offset)
    return known is None or offset == 0 or known.check == recent.check_at(offset)


async def _holds(log: Log, key: SessionKey, position: Position, tail: Position) -> bool:
    if position.offset > tail.offset:
        return False
    if position.check == UNKNOWN_CHECK:
        return position.epoch == tail.epoch
    known = await log.position(key, position.offset)
    return known is None or known.check == position.check
