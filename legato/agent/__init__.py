"""Agents: `Agent` is what one writes, the rest is what makes it durable.

`worker` keeps a place at the hub and is offered sessions, `engagement` is one session's work, `turn` is
what a handler answers with, `duties` decides (pure) what the folded state asks of the agent.
"""

from legato.agent.agent import Agent
from legato.agent.drafting import Asked
from legato.agent.engagement import Engagement
from legato.agent.turn import Said, Turn
from legato.client.running import call_key, progress

__all__ = ["Agent", "Asked", "Engagement", "Said", "Turn", "call_key", "progress"]
