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


def away_of_several() -> list[AnyEvent]:
    """One of two goes, or loses her connection, while the other asks; they are told for whom it is, one after the
    other."""
    tried = partial(e.NotificationAttempted, by="hub")
    return [
        e.SessionCreated(by="hub", labels={"notify": "webhook"}),
        e.ParticipantJoined(by="hub", participant="bot", role="agent"),
        *[
            event
            for who in ("ada", "bob")
            for event in (
                e.ParticipantJoined(by="hub", participant=who, role="user"),
                e.AttachmentOpened(by=who, participant=who, attachment=f"a_{who}"),
                e.PushSubscribed(by=who, participant=who, subscription=f"push_{who}", sealed="c2VhbGVk"),
            )
        ],
        e.AttachmentAway(by="hub", attachment="a_ada"),
        *_asked("ada", 1),
        _answered("m_1", "r_1"),
        e.AttachmentBack(by="ada", attachment="a_ada"),
        e.AttachmentAway(by="hub", attachment="a_ada"),
        _answered("m_2", "r_1"),
        e.AttachmentClosed(by="hub", attachment="a_ada"),
        tried(about="m_2", notice="answer", sent=True, reached=("webhook", "push_ada"), people=("ada",)),
        e.ResponseStarted(by="bot", response="r_2", parent="r_1", title="flights"),
        e.ToolRequested(by="bot", call="c_1", name="refund", arguments="{}", approval="user", response="r_2"),
        e.MessageStarted(by="bot", message="m_3", response="r_2"),
        tried(about="c_1", notice="approval", reached=("webhook", "push_ada"), people=("ada",)),
        tried(about="c_1", notice="approval", reason="status 500", people=("ada",), id="ntf_1"),
        e.AttachmentClosed(by="hub", attachment="a_bob"),
        tried(about="c_1", notice="approval", reached=("push_bob",), people=("ada", "bob")),
        tried(about="c_1", notice="approval", sent=True, reached=("webhook",), people=("ada", "bob")),
        e.AttachmentOpened(by="ada", participant="ada", attachment="a_again"),
        e.ParticipantLeft(by="ada", participant="ada"),
        _answered("m_4"),
        e.AttachmentOpened(by="bob", participant="bob", attachment="a_bob"),
    ]


def many_notified() -> list[AnyEvent]:
    """More tries than are kept."""
    return [
        e.NotificationAttempted(
            by="hub", about=f"c_{number}", notice="approval", target="crm" if number % 2 else ""
        )
        for number in range(66)
    ]


def _asked(who: str, number: int) -> list[AnyEvent]:
    words = [Part("text", "and?")]
    return [
        e.MessagePosted(by=who, message=f"q_{number}", parts=words, turn=f"t_{number}", ends_turn=True),
        e.ResponseStarted(by="bot", response=f"r_{number}", turn=f"t_{number}"),
    ]


def _answered(message: str, response: str = "") -> AnyEvent:
    return e.MessagePosted(by="bot", message=message, parts=[Part("text", "done")], response=response)
