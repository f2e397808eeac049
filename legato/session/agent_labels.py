"""Which agents a session wants, as its labels say: one that answers, and those that listen beside it."""

from __future__ import annotations

from typing import Final

from legato.session.state import State

AGENT_LABEL: Final = "agent"
"""The label that names the agent which is to answer."""

LISTENERS_LABEL: Final = "listeners"
"""The label that names, with spaces between them, the agents which are to listen."""


def answering(state: State) -> str:
    """The agent that is to answer, or ""."""
    return state.labels.get(AGENT_LABEL, "")


def listening(state: State) -> tuple[str, ...]:
    """The agents that are to listen, in the order of the label, each once."""
    named = dict.fromkeys(state.labels.get(LISTENERS_LABEL, "").split())
    return tuple(name for name in named if name != answering(state))
