"""What the vectors of the fold hold of what a session costs."""

from legato.session import events as e
from legato.session.compaction import AnyEvent


def cost() -> list[AnyEvent]:
    """Reports add up, calls are counted when they start, and what is said of a budget changes nothing."""
    return [
        e.SessionCreated(by="hub", labels={"budget_tokens": "100", "budget_tool_calls": "x"}),
        e.UsageReported(by="bot", tokens_in=70, tokens_out=11),
        e.BudgetNeared(by="hub", what="tokens", spent=81, most=100),
        e.ToolRequested(by="bot", call="x", name="n", arguments="{}"),
        e.ToolStarted(by="bot", call="x"),
        e.UsageReported(by="bot", response="r", tokens_out=19, ms=2_500),
        e.BudgetExhausted(by="hub", what="tokens", spent=100, most=100),
        e.ToolStarted(by="bot", call="nobody"),
    ]
