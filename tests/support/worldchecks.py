"""What must hold when the simulated world has come to rest.

The recorder sits at the store and writes down every entry that was ever published, and what a promoted
replica took away; it is the ground truth. Everything that clients were told is compared with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from hub.keys.positions import unverified
from hub.keys.sealing import SessionSealer
from hub.node.entries import link_of, opened_entry, opened_snapshot
from hub.store.model import ModelServer
from hub.store.promise import SessionKey, Snapshot, Stored
from legato.session import events as e
from legato.session.fold import evolve
from legato.session.state import State, encode_state

if TYPE_CHECKING:
    from tests.support.simpeople import Client
    from tests.support.world import World


PAGE: Final = 20


class Failure(AssertionError):
    """A promise was broken."""


class Recorder:
    """A subscriber at the store itself."""

    def __init__(self, key: SessionKey) -> None:
        self.key = key
        self.entries: list[Stored] = []
        self.lost: list[Stored] = []
        self.snapshots: list[Snapshot] = []

    def published(self, key: SessionKey, entries: Sequence[Stored]) -> None:
        if key == self.key:
            for entry in entries:
                if entry.offset != len(self.entries) + 1:
                    raise Failure(f"the store published {entry.offset} after {len(self.entries)}")
                self.entries.append(entry)

    def signalled(self, key: SessionKey, payload: bytes) -> None: ...

    def erased(self, key: SessionKey) -> None: ...

    def listens(self, key: SessionKey) -> bool:
        return False

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def restored(self, server: ModelServer) -> None:
        """The store went on from a stale copy."""
        session = server.session(self.key)
        tail = session.log.tail.offset if session is not None else 0
        self.lost += self.entries[tail:]
        del self.entries[tail:]


def check(world: World) -> None:
    """Raise `Failure` for the first promise that was not kept."""
    log = world.recorder
    _no_task_failed(world)
    _once_and_in_order(log.entries)
    sealer = _sealer(world)
    events = [opened_entry(log.key, sealer, entry).event for entry in log.entries]
    states = _folded(events)
    _snapshots_are_folds(world, sealer, states)
    lost = {entry.digest[:8] for entry in log.lost}
    for client in (*world.people, *world.agents):
        _not_sent_away(client)
        _told_what_became_of_it(client)
        _reports_are_folds(client, log.entries, states, lost)
        _nothing_lost(client, events, states[-1])
    for thief in world.thieves:
        if thief.came_in:
            raise Failure(f"somebody came in by a ticket of {thief.of} that was not good")
    _answered_once(events)
    _rooms_agree(world, states[-1])


async def check_archives(world: World) -> None:
    """Whoever reads the log from its beginning gets all of it, from every node, whatever the store has trimmed."""
    log = world.recorder
    sealer = _sealer(world)
    written = [opened_entry(log.key, sealer, entry).encoded for entry in log.entries]
    for host in world.hosts:
        read: list[bytes] = []
        while page := await host.archive.events(log.key, len(read), PAGE):
            if not page.events:
                break
            read += page.events
        if read != written:
            raise Failure(f"{host.process} reads {len(read)} events of {len(written)}, or others")


def _no_task_failed(world: World) -> None:
    (failures,) = world.metrics.failures.collect()
    if failures.samples[0].value:
        raise Failure(f"{failures.samples[0].value:.0f} tasks of nodes failed")


def _once_and_in_order(entries: list[Stored]) -> None:
    written = Counter((entry.producer, entry.sequence, entry.index) for entry in entries)
    doubled = [place for place, count in written.items() if count > 1]
    if doubled:
        raise Failure(f"doubled: {doubled[:3]}")
    last: dict[str, int] = {}
    for entry in entries:
        if entry.sequence < last.get(entry.producer, 0):
            raise Failure(f"{entry.producer} wrote {entry.sequence} after {last[entry.producer]}")
        last[entry.producer] = entry.sequence
    for before, after in pairwise(entries):
        if link_of(before.digest, after) != after.digest:
            raise Failure(f"the chain breaks at {after.offset}")


def _sealer(world: World) -> Any:
    wrapped = world.rest._keys[world.recorder.key.tenant, world.recorder.key.session]
    assert wrapped is not None
    key = world.wrap.unwrap(wrapped, "session", world.recorder.key.tenant, world.recorder.key.session)
    from hub.keys.sealing import sealer_of

    sealer: SessionSealer = sealer_of(world.recorder.key.tenant, world.recorder.key.session, key)
    return sealer


def _folded(events: list[Any]) -> list[bytes]:
    """The encoded state after each prefix."""
    state = State()
    states = [encode_state(state)]
    for event in events:
        evolve(state, event)
        states.append(encode_state(state))
    return states


def _snapshots_are_folds(world: World, sealer: Any, states: list[bytes]) -> None:
    entries = world.recorder.entries
    for snapshot in world.recorder.snapshots:
        at = snapshot.position
        if at.offset > len(entries) or entries[at.offset - 1].digest[:8] != at.check:
            continue  # of a tail that was lost
        state, _ = opened_snapshot(world.recorder.key, sealer, world.anchors, snapshot)
        if encode_state(state) != states[at.offset]:
            raise Failure(f"the snapshot at {at.offset} is not the fold of its prefix")


def _reports_are_folds(client: Client, entries: list[Stored], states: list[bytes], lost: set[bytes]) -> None:
    for report in client.reports:
        at = unverified(report.position)
        if at.offset <= len(entries) and (at.offset == 0 or entries[at.offset - 1].digest[:8] == at.check):
            if report.state != states[at.offset]:
                raise Failure(f"{client.name} at {at.offset} held another state than the log's fold")
        elif at.check not in lost:
            raise Failure(f"{client.name} was at {at.offset}, which no log ever was")
        elif not any(first <= at.offset <= last for first, last in client.lost) and not client.dead:
            raise Failure(f"{client.name} saw {at.offset}, which was lost, and was not told")
    if not client.dead and encode_state(client.link.state) != states[-1]:
        raise Failure(f"{client.name} ended with another state than the log's fold")


def _not_sent_away(client: Client) -> None:
    if client.sent_away:
        raise Failure(f"{client.name} was sent away: {client.sent_away}")


def _nothing_lost(client: Client, events: list[Any], final: bytes) -> None:
    posted = Counter(event.message for event in events if isinstance(event, e.MessagePosted))
    for message, count in posted.items():
        if count > 1:
            raise Failure(f"{message} was posted {count} times")
    for acked in client.acked:
        for message in acked.messages:
            if message not in posted and not client.lost and not client.missing:
                raise Failure(f"{message} was acknowledged and is not in the log")


def _told_what_became_of_it(client: Client) -> None:
    if not client.dead and client.unanswered:
        raise Failure(f"{client.name} was never told what became of {client.unanswered[0]}")


def _answered_once(events: list[Any]) -> None:
    ends = Counter(event.response for event in events if isinstance(event, e.ResponseEnded))
    begun = [event.response for event in events if isinstance(event, e.ResponseStarted)]
    for response in begun:
        if ends[response] != 1:
            raise Failure(f"{response} ended {ends[response]} times")
    turn_of = {event.response: event.turn for event in events if isinstance(event, e.ResponseStarted)}
    answered = Counter(
        turn_of.get(event.response, "")
        for event in events
        if isinstance(event, e.ResponseEnded) and not event.turn_waits
    )
    asked = {event.turn for event in events if isinstance(event, e.MessagePosted) and event.ends_turn}
    for turn in asked:
        if answered[turn] != 1:
            raise Failure(f"{turn} was answered {answered[turn]} times")
    tools = Counter(event.call for event in events if isinstance(event, e.ToolEnded))
    for call in (event.call for event in events if isinstance(event, e.ToolRequested)):
        if tools[call] != 1:
            raise Failure(f"{call} ended {tools[call]} times")


def _rooms_agree(world: World, final: bytes) -> None:
    for host in world.hosts:
        room = host.node._rooms.here(world.recorder.key)
        if room is not None and encode_state(room.state) != final:
            raise Failure(f"{host.process} holds another state than the log's fold")


def tally(world: World) -> Counter[str]:
    """What the world saw of the things that it is there for."""
    people = (*world.people, *world.agents)
    session = world.server.session(world.recorder.key)
    return Counter(
        resumed=sum(each.resumed for each in people),
        restarted=sum(each.restarts for each in people),
        renumbered=sum(each.renumbered for each in people),
        caught_up=sum(wire.was_behind for wire in world.wires),
        drained=world.faults.drained,
        called_back=len(world.called_back),
        refused_thieves=sum(thief.refused for thief in world.thieves),
        tails_lost=bool(world.recorder.lost),
        trimmed=session is not None and session.log.page(0, 1).first > 1,
        archived=world.rest_between.archived,
        broken_at_rest=world.rest_between.archived and world.rest_between.broken,
    )
