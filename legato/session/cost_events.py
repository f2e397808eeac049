"""What a session costs. `events` lists these with all others."""

from __future__ import annotations

from legato.session.event import ControlEvent, Event
from legato.session.vocabulary import Budget


class UsageReported(Event, frozen=True, kw_only=True):
    """An agent used this much of its models: tokens read and written, and ms that somebody is paid for. `response` is
    what it was used for ("": nothing in particular)."""

    response: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0


class BudgetNeared(Event, frozen=True, kw_only=True):
    """Four fifths of a budget are spent."""

    what: Budget
    spent: int
    most: int


class BudgetExhausted(ControlEvent, frozen=True, kw_only=True):
    """A budget is spent: what would spend more of it is refused from here on."""

    what: Budget
    spent: int
    most: int
