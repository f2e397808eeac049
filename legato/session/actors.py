"""Who asks, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from legato.session import events as e
from legato.session.ids import HUB
from legato.session.skills import Skills
from legato.session.state import State

WORKER: Final = "worker:"
RESPONDER: Final = "responder"


def agents_participant(agent: str) -> str:
    """The participant that the agent of this name takes part as, and nobody else does its work."""
    return f"p_{agent}"


def may_hold(participant: str, right: str) -> bool:
    """Whether `right` is `worker:NAME` of the agent that takes part as `participant`."""
    return right.startswith(WORKER) and participant == agents_participant(right.removeprefix(WORKER))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sends a command, as the hub knows it from the ticket (never from the command).

    `worker` names an agent's process, as in the `accept_session` that it sent: a participant's second
    worker must not speak under the first one's right. `skills`: what a person can help with (None: everything).
    """

    participant: str
    role: e.Role | Literal["service"]
    capabilities: frozenset[str] = frozenset()
    attachment: str = ""
    worker: str = ""
    skills: Skills = None

    @property
    def service(self) -> bool:
        """Whether it is the hub itself, which is author of nothing and may end everything."""
        return self.role == "service"


SERVICE: Final = Actor(HUB, "service")


class Decided(msgspec.Struct, frozen=True, gc=False):
    """What a batch becomes.

    `conditional`: append it on condition that no control event came after the `state.control` it was
    decided on. `rights`: the numbers that these rights' tokens must have. `raises`: the numbers that these
    rights get.
    """

    events: tuple[e.Event, ...]
    conditional: bool = False
    rights: dict[str, int] = {}
    raises: dict[str, int] = {}


def raised(events: Iterable[e.Event]) -> dict[str, int]:
    """The numbers that rights get by these events."""
    return {event.right: event.token for event in events if isinstance(event, _RAISING)}


_RAISING: Final = (e.RightGranted, e.RightReleased, e.AgentCrashed)


def conducted(events: list[e.Event]) -> Decided:
    """What the hub's own duties append: always on condition, since what they rest on may have changed."""
    return Decided(tuple(events), conditional=True, raises=raised(events))


def worker_right(state: State, participant: str) -> str:
    """The name of the `worker:NAME` that the participant holds, or ""."""
    held = (name for name, right in state.rights.items() if right.holder == participant)
    return min((name for name in held if name.startswith(WORKER)), default="")


def listens(state: State, participant: str) -> bool:
    """Whether the participant is an agent that reads along and never answers."""
    right = state.rights.get(worker_right(state, participant))
    return right is not None and right.listens


def responds(state: State, participant: str) -> bool:
    """Whether the participant holds the right to answer."""
    right = state.rights.get(RESPONDER)
    return right is not None and right.holder == participant


def out_of_reach(state: State, participant: str) -> bool:
    """Whether the participant is an agent whose worker is unreachable: another one may have to take its place."""
    who = state.participants.get(participant)
    return who is not None and who.fault == "unreachable"
