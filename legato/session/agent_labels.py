"""Which agents a session wants, as its labels say: one that answers, and those that listen beside it; and what the
worker that answers must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from legato.session.ids import well_formed
from legato.session.state import State

AGENT_LABEL: Final = "agent"
"""The label that names the agent which is to answer."""

LISTENERS_LABEL: Final = "listeners"
"""The label that names, with spaces between them, the agents which are to listen."""

NEEDS_LABEL: Final = "needs"
"""The label that says, as `name=value` with spaces between, which labels a worker must have that is to answer."""

UNMET: Final = "!"
"""Stands for needs that no worker meets, for they are ill-shaped."""

MOST_LABELS: Final = 8
"""Labels of a worker, and needs of a session."""


def answering(state: State) -> str:
    """The agent that is to answer, or ""."""
    return state.labels.get(AGENT_LABEL, "")


def listening(state: State) -> tuple[str, ...]:
    """The agents that are to listen, in the order of the label, each once."""
    named = dict.fromkeys(state.labels.get(LISTENERS_LABEL, "").split())
    return tuple(name for name in named if name != answering(state))


def needs(state: State) -> str:
    """What the session needs of the worker that is to answer, sorted, each once ("": nothing)."""
    words = sorted(set(state.labels.get(NEEDS_LABEL, "").split()))
    return " ".join(words) if shaped(dict(word.partition("=")[::2] for word in words)) else UNMET


def worded(labels: Mapping[str, str]) -> str:
    """Labels of a worker, or needs, as the label `needs` holds them."""
    return " ".join(sorted(f"{name}={value}" for name, value in labels.items()))


def shaped(labels: Mapping[str, str]) -> bool:
    """Whether a worker may have such labels, or a session such needs."""
    return len(labels) <= MOST_LABELS and all(well_formed(each) for pair in labels.items() for each in pair)
