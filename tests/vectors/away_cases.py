"""What the vectors of the fold hold of telling those who are away."""

from functools import partial

from legato.session import events as e
from legato.session.compaction import AnyEvent
from legato.session.parts import Part


def away() -> list[AnyEvent]:
    """People go, by every way, while the agent stays; something ends; they are told, in vain and at last."""
    tried = partial(e.NotificationAttempted, by="hub")
    return [
        e.SessionCreated(by="hub", labels={"notify": "webhook"}),
        e.ParticipantJoined(by="hub", participant="bot", role="agent"),
        e.ParticipantJoined(by="hub", participant="ada", role="user"),
        e.ParticipantJoined(by="hub", participant="olga", role="operator"),
        e.AttachmentOpened(by="bot", participant="bot", attachment="a_bot"),
        e.AttachmentClosed(by="hub", attachment="a_nobody"),
        e.AttachmentOpened(by="ada", participant="ada", attachment="a_1"),
        e.AttachmentOpened(by="olga", participant="olga", attachment="a_2"),
        *[
            e.PushSubscribed(by=who, participant=who, subscription=f"push_{who}", sealed="c2VhbGVk")
            for who in ("ada", "olga")
        ],
        e.PushSubscribed(by="ada", participant="ada", subscription="push_old", sealed="b2xk"),
        e.PushUnsubscribed(by="hub", subscription="push_old", reason="gone"),
        e.PushUnsubscribed(by="ada", subscription="push_nobody"),
        e.AttachmentClosed(by="hub", attachment="a_1"),
        _answered("m_1"),
        e.ParticipantLeft(by="olga", participant="olga"),
        _answered("m_2"),
        e.AttachmentClosed(by="hub", attachment="a_bot"),
        tried(about="m_2", notice="answer", reason="unreachable", reached=("push_ada",)),
        tried(about="m_2", notice="answer", reason="status 500", final=True, reached=("push_ada", "webhook")),
        e.ToolRequested(by="bot", call="c_1", name="refund", arguments="{}", approval="user"),
        tried(about="c_1", notice="approval", sent=True),
        e.AttachmentOpened(by="bot", participant="bot", attachment="a_bot"),
        e.AttachmentOpened(by="hub", participant="stranger", attachment="a_3"),
        tried(about="c_1", notice="approval", reason="status 500", target="crm"),
        tried(about="c_1", notice="approval", sent=True, reached=("crm",), target="crm"),
        tried(about="c_1", notice="approval", final=True, reason="status 500", target="sms"),
        *[tried(about=f"c_{number}", notice="approval") for number in range(3)],
    ]


def many_notified() -> list[AnyEvent]:
    """More tries than are kept."""
    return [
        e.NotificationAttempted(
            by="hub", about=f"c_{number}", notice="approval", target="crm" if number % 2 else ""
        )
        for number in range(66)
    ]


def _answered(message: str) -> AnyEvent:
    return e.MessagePosted(by="bot", message=message, parts=[Part("text", "done")])
