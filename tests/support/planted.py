"""Bugs to plant in the real node and its doors, so that the simulated world can show that it finds them.

Each is a function that patches one place and is what somebody might really write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import pytest
from msgspec.structs import replace as changed

from hub.node import conductor, duties, entries, lane, recovery, tail, view
from hub.node.conductor import Conductor
from hub.node.executor import Executor
from hub.node.follower import Follower
from hub.node.listeners import Listeners
from hub.node.presence import Attendance
from hub.node.promise import Done
from hub.node.tail import Tail
from hub.node.tools import Tools
from hub.store.model.log import LogModel
from hub.store.promise import LostTail, SessionKey, Stored
from hub.vault import Folder, Vault, sealed_residue
from legato.session import fold
from legato.session.commands import Refusal
from legato.session.events import MessageGrown
from legato.session.holder import Denial, Denied, Granted, Holder, present
from legato.session.outbox import Outbox, Saved
from signaling import doorkeeper
from signaling.connection import close_codes
from signaling.connection.downlink import Downlink
from signaling.connection.effects import NEVER
from signaling.connection.machine import Connection
from signaling.revoking import Revoking
from tests.support.simstore import SimStore

Plant = Callable[[pytest.MonkeyPatch], None]


def acknowledge_before_the_append(patch: pytest.MonkeyPatch) -> None:
    send = Executor._send

    def hasty(self: Executor, lane_: lane.Lane, work: lane.Work) -> None:
        if not work.own and not work.answer.done() and work.refused is None:
            work.answer.set_result(Done(work.sequence, 1, 1, "buffered"))
        if work.own or asyncio.get_running_loop().time() % 1 > 0.1:
            send(self, lane_, work)
        else:
            lane_.landed(work, 0)

    patch.setattr(Executor, "_send", hasty)


def skip_the_repeat_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LogModel, "_repeat", lambda self, batch: None)
    patch.setattr(LogModel, "_gap", lambda self, batch: None)


def ignore_the_witness(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LogModel, "_witness", lambda self, batch: None)
    patch.setattr(Follower, "tail_lost", lambda self, evidence: None)


def drop_what_comes_after_a_hole(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Follower, "_fill", lambda self, entries, verdict: None)
    patch.setattr(Follower, "resynced", lambda self, tail: None)


def fold_twice(patch: pytest.MonkeyPatch) -> None:
    evolve = fold.evolve

    def double(state: Any, event: Any) -> Any:
        left = evolve(state, event)
        if isinstance(event, MessageGrown) and event.index == 0:
            evolve(state, replace_index(event))
        return left

    def replace_index(event: MessageGrown) -> MessageGrown:
        return changed(event, index=1)

    patch.setattr(view, "evolve", double)


def trim_before_the_snapshot(patch: pytest.MonkeyPatch) -> None:
    async def early(self: Conductor) -> None:
        model = self._tools.store._model.server.session(self.room.key)  # type: ignore[attr-defined]
        if model is not None:
            model.log.trim(self.room.position.offset)
        self._snapshots = [self._snapshots[-1], self.room.position.offset]

    patch.setattr(Conductor, "_snapshot", early)


def snapshot_a_state_that_is_older_than_its_position(patch: pytest.MonkeyPatch) -> None:
    seal = entries.sealed_snapshot
    kept: dict[str, Any] = {}

    def stale(key: Any, sealer: Any, anchors: Any, state: Any, recent: Any) -> Any:
        before = kept.get("state", state)
        kept["state"] = state.copy()
        return seal(key, sealer, anchors, before, recent)

    patch.setattr(conductor, "sealed_snapshot", stale)


def answer_a_lost_tail_as_a_refusal(patch: pytest.MonkeyPatch) -> None:
    known = Executor._known

    def lasting(self: Executor, lane_: lane.Lane, work: lane.Work, outcome: Any) -> None:
        if isinstance(outcome, LostTail):
            self._settle(lane_, work, Refusal("stale_token"))
        else:
            known(self, lane_, work, outcome)

    patch.setattr(Executor, "_known", lasting)
    patch.setattr(Tail, "diverged", lambda self, view, page: False)


def name_the_loss_one_too_short(patch: pytest.MonkeyPatch) -> None:
    find = recovery.common_offset

    async def generous(*args: Any) -> Any:
        found = await find(*args)
        return found and replace(found, common=found.common + 3)

    patch.setattr(tail, "common_offset", generous)


def never_say_that_a_worker_crashed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(duties, "unreachable", lambda state, right, window: [])


def forget_who_is_away(patch: pytest.MonkeyPatch) -> None:
    async def silent(self: Attendance, *_: Any) -> None: ...

    async def quiet(self: Conductor) -> None: ...

    patch.setattr(Attendance, "died", silent)
    patch.setattr(Attendance, "lost", silent)
    patch.setattr(Conductor, "fire", quiet)


def tell_newcomers_what_they_have_seen(patch: pytest.MonkeyPatch) -> None:
    since = Listeners._since

    def seam(self: Listeners, after: Any) -> Any:
        welcome = since(self, after)
        return replace(welcome, events=welcome.events[1:])

    patch.setattr(Listeners, "_since", seam)


def deliver_from_the_reply(patch: pytest.MonkeyPatch) -> None:
    """The reply's entries are handed on as if they had been pushed, past what others wrote before."""
    serve = SimStore._answer

    def echo(self: SimStore, request: Any, result: Any) -> None:
        serve(self, request, result)
        first = getattr(result, "first", 0)
        if request.name == "append" and first:
            session = self._host.server.session(_key(self))
            if session is not None:
                held: Sequence[Stored] = session.log.page(first - 1, 1).entries
                for sink in self._model._sinks.get(_key(self), ()):
                    if isinstance(sink, Follower) and held:
                        sink.view.recent.offset = max(sink.view.recent.offset, first - 1)
                        sink.entries(held)

    patch.setattr(SimStore, "_answer", echo)
    patch.setattr(view, "link_of", lambda before, entry: entry.digest)


def let_in_without_a_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doorkeeper, "proves", lambda key, proof, nonce: True)


def let_in_by_a_spent_ticket(patch: pytest.MonkeyPatch) -> None:
    def lenient(holder_: Holder, ticket: str, key: str, fresh: str) -> Any:
        presented = present(holder_, ticket, key, fresh)
        if isinstance(presented, Denied) and presented.why is Denial.SPENT:
            return Granted(Holder(key, held=ticket, next=fresh), fresh)
        return presented

    patch.setattr(doorkeeper, "present", lenient)


def forget_who_reads_slowly(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Downlink, "behind", property(lambda self: False))


def take_the_last_credit_for_all_there_is(patch: pytest.MonkeyPatch) -> None:
    def grant(self: Downlink, events: int) -> None:
        self._credit = self._credit or events

    patch.setattr(Downlink, "grant", grant)


def send_nobody_elsewhere_but_home(patch: pytest.MonkeyPatch) -> None:
    def drain(self: Connection, after_ms: int, nodes: list[str], now: int) -> Any:
        return self.close(close_codes.GOING_AWAY, "draining", retry_after_ms=NEVER)

    patch.setattr(Connection, "drain", drain)


def send_again_what_nobody_can_take(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "_fills", lambda self, first, before: True)


def forget_what_waits_over_a_reload(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "saved", lambda self: Saved(self.next))


def never_ask_what_others_called_back(patch: pytest.MonkeyPatch) -> None:
    async def deaf(self: Revoking) -> None: ...

    patch.setattr(Revoking, "learn", deaf)


def say_that_the_vault_has_it(patch: pytest.MonkeyPatch) -> None:
    keep = Folder.keep_log

    def forgetful(self: Folder, key: Any, entries: Any, after: int, *rest: Any) -> bool:
        return keep(self, key, entries[: len(entries) // 2 + 1], after, *rest)

    patch.setattr(Folder, "keep_log", forgetful)


def archive_before_the_vault_has_what_it_is_restored_from(patch: pytest.MonkeyPatch) -> None:
    async def hasty(tools: Tools, key: SessionKey) -> bool:
        assert tools.vault is not None
        await tools.vault.record(tools.store, key)
        residue = await tools.store.residue(key)
        if residue is None:
            return False
        sealed = sealed_residue(await tools.keys.sealer(key.tenant, key.session), residue)
        gone = await tools.store.archive(key, residue.tail, sha256(sealed).hexdigest().encode())
        return bool(gone and await tools.vault.keep_residue(key, sealed))

    patch.setattr(duties, "archive", hasty)


def drop_what_it_is_restored_from_before_it_is(patch: pytest.MonkeyPatch) -> None:
    read = Vault.residue

    async def once(self: Vault, key: SessionKey, name: str) -> bytes:
        residue = await read(self, key, name)
        await self.drop_residues(key, [name])
        return residue

    patch.setattr(Vault, "residue", once)


def _key(store: SimStore) -> Any:
    return next(iter(key for key in store._model._sinks if not key.session.startswith("agent:")), None)


PLANTS: Final[tuple[Plant, ...]] = (
    acknowledge_before_the_append,
    skip_the_repeat_check,
    ignore_the_witness,
    drop_what_comes_after_a_hole,
    fold_twice,
    trim_before_the_snapshot,
    snapshot_a_state_that_is_older_than_its_position,
    answer_a_lost_tail_as_a_refusal,
    name_the_loss_one_too_short,
    never_say_that_a_worker_crashed,
    forget_who_is_away,
    tell_newcomers_what_they_have_seen,
    deliver_from_the_reply,
    let_in_without_a_proof,
    let_in_by_a_spent_ticket,
    forget_who_reads_slowly,
    take_the_last_credit_for_all_there_is,
    send_nobody_elsewhere_but_home,
    send_again_what_nobody_can_take,
    forget_what_waits_over_a_reload,
    never_ask_what_others_called_back,
    say_that_the_vault_has_it,
    archive_before_the_vault_has_what_it_is_restored_from,
    drop_what_it_is_restored_from_before_it_is,
)
