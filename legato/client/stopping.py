"""What there is to stop. The twin of `stoppable` in `web/src/client/state.ts`."""

from __future__ import annotations

from legato.session.state import Message, State


def stoppable(state: State) -> list[str]:
    """The answers in progress (their parts go with them), and the one that ended and is still being spoken."""
    whole = [each for each in state.responses.values() if each.parent not in state.responses]
    found = [each.id for each in whole if not each.cancel_requested]
    spoken = [each for each in state.transcript() if isinstance(each, Message) and each.response]
    if not spoken or spoken[-1].speech_end < 0 or spoken[-1].response in state.responses:
        return found
    newest = spoken[-1]
    listens = any(each.call for each in state.attachments.values())
    unheard = not newest.heard or min(newest.heard.values()) < newest.speech_characters
    return [*found, newest.response] if listens and unheard else found
