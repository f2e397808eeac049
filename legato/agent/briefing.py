"""What an agent is told that answers again after a person did. Pure."""

from __future__ import annotations

from legato.session.state import State


def briefing_of(state: State) -> str:
    """The briefing, and under it what the person promised who answered last, for as long as no other one answers."""
    promised = state.helped[-1].promises if state.helped and state.help is None else ()
    lines = [state.briefing] if state.briefing else []
    if promised:
        lines += ["Promised:", *(f"- {each.text}" for each in promised)]
    return "\n".join(lines)
