"""What the log says of a session's cost. A part of the fold; the twin of `web/src/client/cost_fold.ts`."""

from __future__ import annotations

from msgspec.structs import replace

from legato.session import events as e
from legato.session.state import State, Usage


def usage_reported(state: State, event: e.UsageReported) -> None:
    before = state.usage or Usage()
    state.usage = replace(
        before,
        tokens_in=before.tokens_in + event.tokens_in,
        tokens_out=before.tokens_out + event.tokens_out,
        ms=before.ms + event.ms,
    )


def tool_counted(state: State) -> None:
    """A tool call was started."""
    before = state.usage or Usage()
    state.usage = replace(before, tool_calls=before.tool_calls + 1)
