"""A made-up run that went well: two people, two workers one after the other, a tool, a lost tail. For the checker's
own tests, which then spoil it.

Every edge sees every event as a real client would write it down; folds are made-up digests, the same on both
sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

import msgspec

from tests.checker.history import Entry, Line, canonical, event_content, store_producer
from tests.checker.verdict import Evidence

Event = dict[str, Any]
AGENT = "p_concierge"


@dataclass
class Edge:
    """A client that records."""

    proc: str
    actor: str
    producer: str
    seq: int = 0
    at: int = 0


@dataclass
class Scene:
    """`lines` and `entries` grow as things happen; `evidence()` is what the checker gets."""

    random: Random
    lines: list[Line] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    epoch: str = "e1"
    now: int = 0
    edges: list[Edge] = field(default_factory=list)
    _lost: dict[tuple[str, int], Entry] = field(default_factory=dict)

    def write(self, edge: Edge, kind: Any, op: str, **fields: Any) -> None:
        """A line, a little later."""
        self.now += self.random.randrange(1, 1000)
        who: dict[str, Any] = {"actor": edge.actor, "producer": edge.producer, "session": "s_1"}
        self.lines.append(Line(self.now, edge.proc, kind, op, **who | {"epoch": self.epoch} | fields))

    def join(self, proc: str, actor: str) -> Edge:
        """Somebody attaches and is given the state as it is."""
        edge = Edge(proc, actor, f"w_{proc}", at=len(self.entries))
        self.edges.append(edge)
        self.hub({"type": "attachment_opened", "by": actor}, quiet=edge)
        edge.at = len(self.entries)
        self.write(edge, "ok", "attached", offset=edge.at, reason="snapshot", check=self._check(edge.at))
        self._state(edge)
        return edge

    def hub(self, *events: Event, quiet: Edge | None = None) -> None:
        """The hub appends."""
        self._store(f"n_1:{len(self.entries)}", 1, events)
        self._show(quiet)

    def do(self, edge: Edge, *events: Event) -> None:
        """Somebody sends a batch, once or twice; it is appended, acknowledged and shown to all."""
        edge.seq += 1
        contents = [event_content(event) for event in events]
        sent = {"pseq": edge.seq, "contents": contents, "sha256": canonical(contents)}
        for _ in range(self.random.choice((1, 1, 2))):
            self.write(edge, "invoke", "append", **sent)
        first = len(self.entries) + 1
        self._store(store_producer(edge.actor, edge.producer), edge.seq, events)
        ack = {"pseq": edge.seq, "offset": first, "count": len(events), "ack_level": "buffered"}
        if self.random.random() < 0.5:
            self.write(edge, "ok", "append", **ack)
            self._show()
        else:
            self._show()
            self.write(edge, "ok", "append", **ack)

    def refused(self, edge: Edge) -> None:
        """A batch is refused for good."""
        edge.seq += 1
        self.write(edge, "invoke", "append", pseq=edge.seq, contents=[""], sha256="x")
        self.write(edge, "fail", "append", pseq=edge.seq, reason="stale_token")

    def away(self, edge: Edge, *events: Event) -> None:
        """Somebody misses what the hub appends, and is brought to the tail by fewer events."""
        self.hub(*events, quiet=edge)
        tail = len(self.entries)
        self.write(edge, "ok", "attached", offset=tail, count=2, check=self._check(tail))
        for offset in sorted({edge.at + 1, tail}):
            self.write(edge, "ok", "apply", offset=offset)
        edge.at = tail
        self._state(edge)

    def lose(self, count: int) -> None:
        """The store goes on without its newest entries, in another epoch, and everybody is told."""
        first = len(self.entries) - count + 1
        old = self.epoch
        self._lost |= {(old, entry.offset): entry for entry in self.entries[first - 1 :]}
        del self.entries[first - 1 :]
        self.epoch = "e2"
        event = {
            "type": "log_reopened", "by": "hub", "previous_epoch": old,
            "lost_from": first, "lost_to": first + count - 1,
        }  # fmt: skip
        self._store("reopen:e1", 1, (event,))
        for edge in self.edges:
            edge.at = first
            place = {"offset": first, "check": self._check(first)}
            self.write(edge, "ok", "discontinuity", lost_from=first, lost_to=first + count - 1, **place)
            self._state(edge)
        self.seqs()

    def seqs(self) -> None:
        """Producers go on after what the log holds of them."""
        for edge in self.edges:
            name = store_producer(edge.actor, edge.producer)
            edge.seq = max([entry.pseq for entry in self.entries if entry.producer == name], default=0)

    def evidence(self) -> Evidence:
        """A copy, to be spoiled."""
        folds = {entry.offset: canonical(["state", entry.epoch, entry.offset]) for entry in self.entries}
        copy = msgspec.json.decode(msgspec.json.encode(self.entries), type=list[Entry])
        lines = msgspec.json.decode(msgspec.json.encode(self.lines), type=list[Line])
        return Evidence(lines, copy, folds, resting=len(copy))

    # --- inside

    def _store(self, producer: str, seq: int, events: tuple[Event, ...]) -> None:
        for index, event in enumerate(events):
            offset = len(self.entries) + 1
            stamped = event | {"offset": offset, "time": self.now}
            check = canonical([self.epoch, offset, producer, seq])[:16]
            self.entries.append(
                Entry(self.epoch, offset, check, producer, seq, index, False, stamped, canonical(stamped))
            )

    def _show(self, quiet: Edge | None = None) -> None:
        for edge in self.edges:
            if edge is quiet:
                continue
            for entry in self.entries[edge.at :]:
                self.write(edge, "ok", "deliver", offset=entry.offset, sha256=entry.sha256)
                self.write(edge, "ok", "apply", offset=entry.offset)
            edge.at = len(self.entries)
            self._state(edge)

    def _state(self, edge: Edge) -> None:
        told = canonical(["state", self.epoch, edge.at])
        self.write(edge, "ok", "state", offset=edge.at, sha256=told, check=self._check(edge.at))

    def _check(self, offset: int) -> str:
        return self.entries[offset - 1].check if offset else ""


def posted(message: str, by: str) -> Event:
    """Typed text, which is a turn."""
    return {
        "type": "message_posted",
        "by": by,
        "message": message,
        "parts": [{"text": message}],
        "ends_turn": True,
    }


def granted(token: int) -> Event:
    """The agent's right is taken."""
    return {
        "type": "right_granted",
        "by": "hub",
        "right": "worker:concierge",
        "holder": AGENT,
        "token": token,
    }


def said(type: str, **fields: Any) -> Event:
    """Something that the agent does."""
    return {"type": type, "by": AGENT, **fields}


def answer(scene: Scene, worker: Edge, turn: str, words: int) -> None:
    """A whole answer, word by word, with a tool call before it."""
    response, message, call = f"r_{turn}", f"m_{turn}_answer", f"c_{turn}"
    scene.do(worker, said("response_started", response=response, turn=turn))
    scene.do(worker, said("tool_requested", call=call, name="order", arguments="{}", response=response))
    scene.do(worker, said("tool_started", call=call))
    scene.do(worker, said("tool_ended", call=call, outcome="finished", result="{}"))
    scene.do(worker, said("message_started", message=message, response=response))
    for index in range(words):
        scene.do(worker, said("message_grown", message=message, index=index, text=f"word{index} "))
    scene.do(
        worker,
        said("message_ended", message=message, outcome="finished"),
        said("response_ended", response=response, outcome="finished"),
    )


@cache
def good(seed: int) -> Scene:
    """The whole run. Made once: spoil only what `evidence` gives."""
    scene = Scene(Random(seed))
    scene.hub({"type": "session_created", "by": "hub"})
    ada, bob = scene.join("ada", "p_ada"), scene.join("bob", "p_bob")
    first = scene.join("agent-1", AGENT)
    scene.do(ada, posted("m_1", "p_ada"))
    scene.do(first, granted(1))
    answer(scene, first, "m_1", 6)
    scene.away(bob, {"type": "participant_joined", "by": "hub"}, {"type": "activity_changed", "by": "hub"})
    scene.do(bob, posted("m_2", "p_bob"))
    scene.do(first, said("response_started", response="r_cut", turn="m_2"))
    scene.do(first, said("message_started", message="m_cut", response="r_cut"))
    scene.do(first, said("message_grown", message="m_cut", index=0, text="half "))
    crashed = {"type": "agent_crashed", "by": "hub", "right": "worker:concierge", "token": 2}
    ends = said("message_ended", message="m_cut", outcome="interrupted")
    cut = said("response_ended", response="r_cut", outcome="interrupted", turn_waits=True)
    scene.hub(crashed, ends, cut)
    scene.refused(first)
    second = scene.join("agent-2", AGENT)
    scene.do(second, granted(3))
    answer(scene, second, "m_2", 4)
    for _ in range(3):
        scene.do(ada, {"type": "activity_changed", "by": "p_ada"})
        scene.do(bob, posted(f"m_lost_{scene.now}", "p_bob"))
    scene.lose(6)
    scene.do(ada, posted("m_3", "p_ada"))
    scene.do(second, granted(1))
    answer(scene, second, "m_3", 3)
    return scene
