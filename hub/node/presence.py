"""Who is connected to this node, and what the log is told of it.

Attachments beat in their node's memory. In the store there is one note for each, `attachment:ID` held by
the node, so that the node's death finds them. A client that moved to another node is heard of by a signal
between nodes; should that be lost, the worst is a short `away`, which the node that has the attachment
answers with `back` at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import structs

from hub.node.follower import Stage
from hub.node.insisting import insist
from hub.node.promise import Done, Moved, Presence
from hub.node.recent import Told
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import StoreUnavailable
from legato.session.commands import Refusal
from legato.session.decisions import Decided, conducted, decide, foresee, raised
from legato.session.events import AttachmentAway, Event
from legato.session.ids import HUB
from legato.session.presence_rules import attached, closed, connection_lost, joined, resumed
from legato.session.stance_rules import placed, reach_of
from legato.session.state import State

PRODUCER: Final = "presence"
HERE: Final = "_here"
CARRIED: Final = "_carried/"
NOTE: Final = "attachment:"


def holder_of(node: str) -> str:
    """What a node is called among those that beat."""
    return f"n:{node}"


def surely(answer: Done | Refusal) -> None:
    """Raise `StoreUnavailable` for an answer that says to try again."""
    if isinstance(answer, Refusal) and answer.retry_after_ms:
        raise StoreUnavailable(answer.reason)


class Attendance:
    """Arrivals and departures at one node."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._holder = holder_of(tools.node)
        self.moved: Moved | None = None
        """Told when a connection to another node carries an attachment."""

    def carried(self, room: Room, attachment: str, producer: str, epoch: int) -> None:
        """Tell the other nodes that a connection here carries the attachment."""
        data = {"node": self._tools.node, "producer": producer, "epoch": epoch}
        room.signal(HUB, CARRIED + attachment, data)

    async def arrive(self, room: Room, presence: Presence) -> Done | Refusal:
        """Append what an arrival means, and note that the attachment is here. If it fails, nobody is here for it; what
        is in the log of it all the same is taken back in the background."""
        attachment = presence.actor.attachment
        before = room.present.get(attachment)
        room.present[attachment] = presence
        if not presence.fresh:
            room.signal(HUB, HERE, {"attachment": attachment, "node": self._tools.node})
        decided: list[Decided | Refusal] = []

        def arrival(state: State) -> Decided | Refusal:
            decided.append(self._arrival(state, presence))
            return decided[-1]

        settling = asyncio.ensure_future(room.settle(PRODUCER, arrival))
        arrived = False
        try:
            done, _ = await asyncio.gather(settling, self._hold(room, attachment))
            arrived = isinstance(done, Done)
            return _with_right(done, decided[-1], presence) if isinstance(done, Done) else done
        finally:
            if not arrived:
                if room.present.get(attachment) is presence:
                    room.present.pop(attachment)
                    if before is not None:  # an older connection, which is still here
                        room.present[attachment] = before
                self._tools.spawn(self._take_back(room, presence, settling))

    async def _take_back(
        self, room: Room, presence: Presence, settling: asyncio.Future[Done | Refusal]
    ) -> None:
        """An arrival failed. Of an attachment that was named just now nobody knows: it is closed."""
        attachment = presence.actor.attachment

        async def leave() -> None:
            await room.follower.caught_up()  # perhaps nobody was told that it is in the log
            if presence.fresh:
                await self._close(room, attachment)
            else:
                await self.died(room, attachment, "did not arrive")

        room.leaving += 1
        try:
            if _refused_for_good(settling):
                await insist(lambda: self._forget(room, attachment))
            else:
                await insist(lambda: self._hold(room, attachment))  # this node may die before it is known
                await asyncio.wait([settling])
                await self._see_off(room, attachment, leave)
        finally:
            room.leaving -= 1

    async def _hold(self, room: Room, attachment: str) -> None:
        await self._tools.store.hold(self._holder, room.key, NOTE + attachment)

    def rewound(self, room: Room) -> None:
        """A tail was lost, and with it perhaps arrivals and notes: say again who is here."""
        for attachment, presence in tuple(room.present.items()):
            self._tools.spawn(self._again(room, attachment, presence))

    async def _again(self, room: Room, attachment: str, presence: Presence) -> None:
        await insist(lambda: self._hold(room, attachment))
        if attachment in room.present and attachment not in room.state.attachments:
            await insist(lambda: self._arrive_again(room, presence))
        elif attachment in room.present:
            await self._still_here(room, attachment)

    async def _arrive_again(self, room: Room, presence: Presence) -> None:
        surely(await room.settle(PRODUCER, lambda state: self._arrival(state, presence)))

    async def lost(self, room: Room, attachment: str, reason: str) -> None:
        """Its last connection here ended or fell silent."""
        if attachment in room.present:
            room.present.pop(attachment, None)
            await self._see_off(room, attachment, lambda: self.died(room, attachment, reason))

    async def departed(self, room: Room, attachment: str) -> None:
        """It detached on purpose."""
        room.present.pop(attachment, None)
        await self._see_off(room, attachment, lambda: self._close(room, attachment))

    async def _see_off(self, room: Room, attachment: str, say: Callable[[], Awaitable[None]]) -> None:
        """Insist on saying it, then let the note go. In a room that is closed nothing can be said: while there is such
        a session, the note stays for whoever sees to what this node leaves."""

        async def said() -> None:
            if room.follower.stage is not Stage.CLOSED:
                await say()
            elif await self._tools.store.exists(room.key) == "yes":
                return
            await self._forget(room, attachment)

        await insist(said)

    async def _close(self, room: Room, attachment: str) -> None:
        surely(await room.settle(PRODUCER, lambda state: _told(closed(state, attachment))))

    async def died(self, room: Room, attachment: str, reason: str) -> None:
        """It, or its node, is gone: it has its grace to appear again. Raises `StoreUnavailable`."""
        if attachment not in room.present:
            surely(await room.settle(PRODUCER, lambda state: self._away(room, state, attachment, reason)))

    def _away(self, room: Room, state: State, attachment: str, reason: str) -> Decided:
        here = attachment in room.present
        return _told([] if here else connection_lost(state, attachment, reason))

    def watch(self, room: Room, events: list[Told]) -> None:
        """Contradict an `away` of an attachment that is here."""
        for told in events:
            event = told.event
            if isinstance(event, AttachmentAway) and event.attachment in room.present:
                self._tools.spawn(self._still_here(room, event.attachment))

    def overheard(self, room: Room, signal: Mapping[str, Any]) -> None:
        """Another node has the attachment now."""
        where = signal.get("data")
        if str(signal["name"]).startswith(CARRIED):
            self._tell_moved(room, str(signal["name"]).removeprefix(CARRIED), where)
        if signal["name"] == HERE and isinstance(where, dict) and where.get("node") != self._tools.node:
            attachment = str(where.get("attachment"))
            if attachment in room.present:
                room.present.pop(attachment, None)
                self._tools.spawn(insist(lambda: self._forget(room, attachment)))

    def _tell_moved(self, room: Room, attachment: str, where: Any) -> None:
        if self.moved is None or not isinstance(where, dict) or where.get("node") == self._tools.node:
            return
        if isinstance(epoch := where.get("epoch"), int):
            self.moved(room.key, attachment, str(where.get("producer")), epoch)

    async def _still_here(self, room: Room, attachment: str) -> None:
        """Nobody else says so: an attachment that is here would stay `away`."""
        await insist(lambda: self._say_still_here(room, attachment))

    async def _say_still_here(self, room: Room, attachment: str) -> None:
        await self._hold(room, attachment)
        now = self._tools.session_now()
        await room.settle(
            PRODUCER,
            lambda state: _told(resumed(state, attachment, now) if attachment in room.present else []),
        )

    async def _forget(self, room: Room, attachment: str) -> None:
        if attachment not in room.present:
            await self._tools.store.let_go(self._holder, room.key, NOTE + attachment)

    def _arrival(self, state: State, presence: Presence) -> Decided | Refusal:
        actor = presence.actor
        if state.ended:
            return Refusal("session_ended", state.ended_reason)
        assert actor.role != "service"
        first = joined(state, actor.participant, actor.role, presence.name)
        if isinstance(first, Refusal):
            return first
        then = attached(
            foresee(state, first) if first else state,
            actor.participant,
            actor.attachment,
            self._tools.session_now(),
            presence.device,
            presence.takes,
            presence.gives,
            reach_of(actor),
        )
        if isinstance(then, Refusal):
            return then
        events = [*first, *then]
        events += placed(foresee(state, events), actor)
        if presence.accept is None:
            return _told(events)
        taken = decide(foresee(state, events), actor, presence.accept)
        return _told(events) if isinstance(taken, Refusal) else conducted([*events, *taken])


def _refused_for_good(settling: asyncio.Future[Done | Refusal]) -> bool:
    """Whether it is known that nothing of it will ever be in the log."""
    if not settling.done() or settling.cancelled() or settling.exception() is not None:
        return False
    answer = settling.result()
    return isinstance(answer, Refusal) and not answer.retry_after_ms


def _with_right(done: Done, decided: Decided | Refusal, presence: Presence) -> Done:
    if presence.accept is None or isinstance(decided, Refusal):
        return done
    return structs.replace(done, accepted=decided.raises.get(presence.accept.right, 0))


def _told(events: list[Event]) -> Decided:
    return Decided(tuple(events), False, {}, raised(events))
