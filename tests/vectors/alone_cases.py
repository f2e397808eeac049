"""What the vectors of the fold hold of an agent that nobody attends."""

from legato.session import events as e
from legato.session.compaction import AnyEvent

AWAY = e.AttachmentAway(by="hub", attachment="tab")
BACK = e.AttachmentBack(by="ada", attachment="tab")


def _asked(asked: e.Steering, by: str = "hub", response: str = "r") -> AnyEvent:
    return e.SteeringRequested(by=by, response=response, asked=asked)


def alone() -> list[AnyEvent]:
    """Ada goes and comes while she is being answered, twice, and once a worker dies meanwhile."""
    return [
        e.SessionCreated(by="hub", labels={"budget_unattended": "60"}),
        e.ParticipantJoined(by="bot", participant="bot", role="agent"),
        e.AttachmentOpened(by="bot", participant="bot", attachment="k"),
        e.AttachmentClosed(by="hub", attachment="k"),
        e.AttachmentOpened(by="bot", participant="bot", attachment="k"),
        e.ParticipantJoined(by="ada", participant="ada", role="user"),
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
        e.AttachmentOpened(by="ada", participant="ada", attachment="phone"),
        AWAY,
        e.AttachmentClosed(by="hub", attachment="phone"),
        BACK,
        e.MessagePosted(by="ada", message="t", turn="t", parts=[]),
        e.TurnStarted(by="hub", turn="t", participant="ada"),
        e.TurnEnded(by="hub", turn="t"),
        e.ResponseStarted(by="bot", response="r", turn="t"),
        AWAY,
        _asked("pause"),
        e.ResponseEnded(by="hub", response="r", outcome="interrupted", turn_waits=True),
        e.ResponseStarted(by="bot", response="r2", turn="t"),
        e.AttachmentClosed(by="hub", attachment="tab"),
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
        _asked("continue", response="r2"),
        *_paced_by_others(),
    ]


def _paced_by_others() -> list[AnyEvent]:
    return [
        _asked("pause", "ada", "r2"),
        AWAY,
        BACK,
        _asked("continue", "ada", "r2"),
        AWAY,
        _asked("pause", response="r2"),
        _asked("continue", "olga", "r2"),
        _asked("steer", "olga", "r2"),
        _asked("pause", response="r2"),
        e.ResponseEnded(by="bot", response="r2", outcome="finished"),
        BACK,
        e.ParticipantLeft(by="ada", participant="ada"),
        e.SessionLabelled(by="olga", labels={"budget_unattended": ""}),
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
        AWAY,
    ]
