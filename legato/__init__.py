"""Legato: durable sessions between AI agents and people.

import legato

agent = legato.Agent("concierge")

@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    await turn.say(f"You said: {turn.text}")

agent.run("ws://localhost:7070")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from legato.agent import Agent, Asked, Engagement, Said, Turn, call_key, progress
    from legato.agent.offers import Offer
    from legato.agent.tools import Proposed
    from legato.client import Client
    from legato.errors import (
        LegatoError,
        NoTicket,
        Refused,
        RequestFailed,
        SessionClosed,
        Superseded,
        ToolFailed,
    )
    from legato.session.audience import Attendee
    from legato.session.parts import Part

__all__ = [
    "Agent",
    "Asked",
    "Attendee",
    "Client",
    "Engagement",
    "LegatoError",
    "NoTicket",
    "Offer",
    "Part",
    "Proposed",
    "Refused",
    "RequestFailed",
    "Said",
    "SessionClosed",
    "Superseded",
    "ToolFailed",
    "Turn",
    "call_key",
    "progress",
]

_HOMES = {
    "Agent": "legato.agent",
    "Asked": "legato.agent",
    "Engagement": "legato.agent",
    "Offer": "legato.agent.offers",
    "Proposed": "legato.agent.tools",
    "Turn": "legato.agent",
    "Said": "legato.agent",
    "call_key": "legato.agent",
    "progress": "legato.agent",
    "Client": "legato.client",
    "Attendee": "legato.session.audience",
    "Part": "legato.session.parts",
}


def __getattr__(name: str) -> Any:
    """Names are brought when they are used: the pure core imports no network."""
    if name not in __all__:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module(_HOMES.get(name, "legato.errors")), name)
