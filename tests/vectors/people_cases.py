"""What the vectors of the fold hold of people who listen in, help and answer."""

from functools import partial

from legato.session import events as e
from legato.session.compaction import AnyEvent


def people() -> list[AnyEvent]:
    """Stances, whispers and hold; the queue, with what is about another request or another person; wrap-ups; drafts."""
    return [*_listened_in(), *_queued(), *_held_and_passed_on(), *_drafted(), *_promised()]


def _listened_in() -> list[AnyEvent]:
    return [
        e.ParticipantJoined(by="hub", participant="bot", role="agent"),
        e.ParticipantJoined(by="hub", participant="olga", role="operator"),
        e.ParticipantJoined(by="hub", participant="sue", role="supervisor"),
        e.AttachmentOpened(by="olga", participant="olga", attachment="desk"),
        e.AttachmentOpened(by="olga", participant="olga", attachment="phone", reach="responder"),
        e.AttachmentOpened(by="sue", participant="sue", attachment="wall", reach="nobody"),
        e.ResponderChanged(by="hub", participant="bot", reason="accepted"),
        e.StanceChanged(by="olga", participant="olga", stance="monitor"),
        e.StanceChanged(by="olga", participant="nobody", stance="barge"),
        e.StanceChanged(by="olga", participant="olga", stance="whisper"),
        e.Whispered(by="olga", to="bot", text="offer her 10 %"),
    ]


def _queued() -> list[AnyEvent]:
    kept = partial(e.SessionReserved, by="olga", participant="olga", window_ms=20_000)
    told = partial(e.HumanRequestTold, by="hub")
    return [
        e.ReservationEnded(by="hub", request="q1", participant="olga", how="expired"),
        e.HumanRequested(by="bot", request="q1", reason="angry", skill="billing", priority=2),
        kept(request="q0"),
        kept(request="q1"),
        e.ReservationEnded(by="hub", request="q1", participant="sue", how="expired"),
        e.ReservationEnded(by="hub", request="q1", participant="olga", how="expired"),
        kept(request="q1"),
        e.ReservationEnded(by="olga", request="q1", participant="olga", how="rejected"),
        told(request="q0", sent=True),
        told(request="q1", reason="status 500", reached=("push_olga",)),
        told(request="q1", reason="status 500", target="ring"),
        told(request="q1", sent=True, reached=("webhook", "push_olga")),
        told(request="q1", final=True, target="ring"),
        *(told(request="q1", target=f"t{number}") for number in range(16)),
        e.HumanRequestWithdrawn(by="bot", request="q0"),
        e.HumanRequestWithdrawn(by="bot", request="q1"),
        told(request="q1", sent=True),
        e.HumanRequested(by="ada", request="q2"),
        kept(request="q2"),
        e.ReservationEnded(by="olga", request="q2", participant="olga", how="accepted"),
        e.HumanRequested(by="bot", request="q3"),
        kept(request="q3", by="bot", participant="zoe"),
        e.ReservationEnded(by="hub", request="q3", participant="zoe", how="expired"),
        kept(request="q3"),
    ]


def _held_and_passed_on() -> list[AnyEvent]:
    return [
        e.ResponderChanged(by="olga", participant="olga", reason="taken_over"),
        e.UsersHeld(by="olga"),
        e.UsersReleased(by="olga"),
        e.UsersHeld(by="olga"),
        e.ResponderChanged(by="olga", participant="sue", reason="transferred", briefing="b"),
        e.WrappedUp(by="olga", participant="olga", disposition="sold", notes="n"),
        e.ResponderChanged(by="sue", participant="bot", reason="handed_back"),
        e.ResponderChanged(by="sue", participant="sue", reason="taken_over"),
        e.WrappedUp(by="sue", participant="nobody"),
    ]


def _drafted() -> list[AnyEvent]:
    draft = partial(e.ReplyDrafted, by="bot", text="say yes")
    return [
        draft(draft="d1"),
        e.ResponderChanged(by="sue", participant="bot", reason="handed_back"),
        draft(draft="d2"),
        e.ResponderChanged(by="olga", participant="olga", reason="taken_over"),
        draft(draft="d3", turn="t1"),
        draft(draft="d4", text=""),
        draft(draft="d5", text="say no"),
        draft(draft="d3", text="say yes, please"),
        draft(draft="d6"),
        e.DraftUsed(by="olga", draft="d5", drafter="bot", message="m1", edited=True),
        e.DraftUsed(by="olga", draft="d0", drafter="bot", message="m2"),
        e.DraftDismissed(by="olga", draft="d6"),
        *(draft(draft=f"e{n}") for n in range(3)),
        e.ResponderChanged(by="olga", participant="sue", reason="transferred"),
        e.ResponderChanged(by="sue", participant="", reason="left"),
    ]


def _promised() -> list[AnyEvent]:
    """Stretches of people: what they promised, which tools ran, and whose marker it is."""
    made = partial(e.PromiseMade, by="olga")
    asked = partial(e.ToolRequested, by="bot", arguments="{}")
    return [
        made(promise="p0", text="nobody answers: it is none"),
        e.ResponderChanged(by="olga", participant="olga", reason="taken_over"),
        made(promise="p1", text="a call at nine"),
        made(promise="p2", text="10 %"),
        e.PromiseMade(by="sue", promise="p3", text="not hers to give"),
        e.PromiseWithdrawn(by="sue", promise="p1"),
        made(promise="p1", text="a call at ten"),
        e.PromiseWithdrawn(by="olga", promise="p2"),
        e.PromiseWithdrawn(by="olga", promise="p9"),
        *(asked(call=f"pt{n}", name=name) for n, name in enumerate(("refund", "refund", "lookup"))),
        *(e.ToolStarted(by="bot", call=f"pt{n}") for n in (0, 1, 2, 9)),
        e.ToolEnded(by="bot", call="pt0", outcome="finished", result="{}"),
        e.ResponderChanged(by="olga", participant="olga", reason="taken_over"),
        e.ResponderChanged(by="olga", participant="sue", reason="transferred", briefing="angry"),
        *(e.PromiseMade(by="sue", promise=f"s{n}", text=str(n)) for n in range(22)),
        e.ResponderChanged(by="sue", participant="bot", reason="handed_back", briefing="calm again"),
        e.PromiseMade(by="sue", promise="late", text="too late"),
        *(e.ToolStarted(by="bot", call="pt1"),),
        e.WrappedUp(by="sue", participant="sue", disposition="", notes=""),
        *(e.WrappedUp(by="olga", participant="olga", notes=f"n{n}") for n in range(9)),
        *(
            e.ResponderChanged(by=who, participant=who, reason="taken_over")
            for who in ("olga", "bot", "olga", "bot", "olga", "bot")
        ),
    ]
