"""One tree of errors for those who use the Python API. Each carries facts; blame is in the type."""

from __future__ import annotations

from legato.session.commands import Refusal


class LegatoError(Exception):
    """Anything this package raises on purpose."""


class Refused(LegatoError):
    """The hub did not do a batch, for the reason in `refusal`; nothing of it was appended."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.reason}: {refusal.detail}" if refusal.detail else refusal.reason)
        self.refusal = refusal


class Superseded(Refused):
    """Somebody else has the right by now that this was said under (`stale_token`): another worker the session, another
    device the voice. Whoever gets it stops: the other one goes on."""


def refused(refusal: Refusal) -> Refused:
    """The error that says it."""
    return Superseded(refusal) if refusal.reason == "stale_token" else Refused(refusal)


class SessionClosed(LegatoError):
    """The link to the session ended for good; `code` and `reason` are the hub's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the session is closed to us: {reason} ({code})")
        self.code, self.reason = code, reason


class NoTicket(LegatoError):
    """No credential was given."""

    def __init__(self) -> None:
        super().__init__("no ticket: pass ticket=… or set LEGATO_TICKET (`legato ticket` makes one)")


class RequestFailed(LegatoError):
    """The hub did not do a request, for the `reason`, or was not reached (`status` 0)."""

    def __init__(self, status: int, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.status, self.reason, self.detail = status, reason, detail


class ToolFailed(LegatoError):
    """A tool call ended otherwise than finished; `outcome` says how, the message why."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(f"{outcome}: {reason}" if reason else outcome)
        self.outcome, self.reason = outcome, reason
