"""Logs in which people steer: for the vectors of the fold."""

from collections.abc import Sequence
from functools import partial

from legato.session import events as e
from legato.session.compaction import AnyEvent
from legato.session.parts import Part

Log = Sequence[AnyEvent]


def steering() -> Log:
    """Directions, pauses and other answers; some about what is not there."""
    return [*_steered(), *_answered_anew(), *_paused_while_heard()]


def _steered() -> Log:
    return [
        e.MessagePosted(by="ada", message="t9", parts=[Part("text", "?")], turn="t9", ends_turn=True),
        e.ResponseStarted(by="bot", response="r1", turn="t9"),
        e.SteeringRequested(by="ada", response="r1", asked="steer", text="shorter"),
        e.SteeringRequested(by="ada", response="r1", asked="pause"),
        e.SteeringAnswered(by="bot", response="r1", asked="continue", done=False),
        e.SteeringAnswered(by="bot", response="r1", asked="steer", done=True, detail="shorter now"),
        e.SteeringAnswered(by="bot", response="r1", asked="pause", done=True),
        e.SteeringRequested(by="ada", response="r1", asked="continue"),
        e.SteeringAnswered(by="bot", response="r1", asked="continue", done=True),
        e.SteeringRequested(by="ada", response="r1", asked="pause"),
        e.SteeringAnswered(by="bot", response="r1", asked="pause", done=True, at=1),
        e.CancelRequested(by="ada", response="other"),
        e.CancelRequested(by="ada", response="r1"),
        e.SteeringRequested(by="ada", response="r1", asked="pause"),
        e.ResponseEnded(by="bot", response="r1", outcome="finished"),
    ]


def _answered_anew() -> Log:
    asked = [
        e.MessagePosted(by="ada", message=f"t{n}", parts=[Part("text", "?")], turn=f"t{n}", ends_turn=True)
        for n in range(6)
    ]
    answers: list[AnyEvent] = []
    for n in range(6):
        answers += [
            e.ResponseStarted(by="bot", response=f"a{n}", turn=f"t{n}"),
            e.MessagePosted(by="bot", message=f"m{n}", parts=[Part("text", "!")], response=f"a{n}"),
            e.ResponseEnded(by="bot", response=f"a{n}", outcome="finished"),
        ]
    return [
        *asked,
        *answers,
        e.ResponseSuperseded(by="ada", response="a0", turn="t0"),
        e.ResponseSuperseded(by="ada", response="a5", turn="t5"),
        e.ResponseSuperseded(by="ada", response="a5", turn="t5"),
        e.ResponseStarted(by="bot", response="b5", turn="t5"),
        e.ToolRequested(by="bot", call="c1", name="pay", arguments="{}", response="b5", key="k"),
        e.ToolStarted(by="bot", call="c1"),
        e.ResponseEnded(by="bot", response="b5", outcome="finished"),
        e.ResponseSuperseded(by="ada", response="b5", turn="t5"),
    ]


def _paused_while_heard() -> Log:
    return [
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
        e.VoiceStarted(by="ada", attachment="tab", call="k1", track="mic"),
        e.ResponseStarted(by="bot", response="b6", turn="t5"),
        e.SteeringRequested(by="ada", response="b6", asked="pause"),
        e.ResponseEnded(by="bot", response="b6", outcome="finished"),
        e.SteeringRequested(by="ada", response="b6", asked="continue"),
        e.SteeringAnswered(by="hub", response="b6", asked="continue", done=True),
        e.SteeringRequested(by="ada", response="b6", asked="pause"),
        e.ResponseStarted(by="bot", response="b7"),
        e.SteeringRequested(by="ada", response="b7", asked="pause"),
        e.ResponseEnded(by="bot", response="b7", outcome="interrupted"),
    ]


def parts_of_answers() -> Log:
    """Parts at once and in parts, with progress, calls and words of their own; some of nothing, some in a ring."""
    begun = partial(e.ResponseStarted, by="bot")
    return [
        e.MessagePosted(by="ada", message="t1", parts=[Part("text", "?")], turn="t1", ends_turn=True),
        begun(response="r", turn="t1"),
        e.SteeringRequested(by="ada", response="r", asked="pause"),
        begun(response="a", parent="r", title="flights"),
        begun(response="b", parent="r"),
        begun(response="c", parent="a", title="seats"),
        e.ResponseProgressed(by="bot", response="a", text="asking", step=1, steps=3, eta_ms=4_000),
        e.ResponseProgressed(by="bot", response="a", text="comparing", step=2, steps=3),
        e.ResponseProgressed(by="bot", response="none", text="x"),
        e.MessageStarted(by="bot", message="ma", response="a"),
        e.MessagePosted(by="bot", message="mb", parts=[Part("text", "!")], response="b"),
        e.MessageStarted(by="bot", message="mr", response="r"),
        e.ToolRequested(by="bot", call="x", name="book", arguments="{}", response="c", key="k"),
        e.ToolStarted(by="bot", call="x"),
        e.CancelRequested(by="ada", response="a"),
        e.ResponseEnded(by="bot", response="c", outcome="cancelled"),
        e.ResponseEnded(by="bot", response="a", outcome="cancelled"),
        begun(response="y", parent="z"),
        begun(response="z", parent="y"),
        e.ToolRequested(by="bot", call="w", name="book", arguments="{}", response="z", key="k2"),
        e.ToolStarted(by="bot", call="w"),
    ]


def pauses_and_crashes() -> Log:
    """A pause outlives the worker, unless somebody continues meanwhile, asks something else or takes over."""
    lost = partial(e.ResponseEnded, by="hub", outcome="interrupted", turn_waits=True)
    pause = partial(e.SteeringRequested, by="ada", asked="pause")
    go_on = partial(e.SteeringRequested, by="ada", asked="continue")
    return [
        e.ParticipantJoined(by="hub", participant="bot", role="agent"),
        e.ParticipantJoined(by="ben", participant="ben", role="operator"),
        e.MessagePosted(by="ada", message="t1", parts=[Part("text", "?")], turn="t1", ends_turn=True),
        e.ResponseStarted(by="bot", response="r1", turn="t1"),
        pause(response="r1"),
        lost(response="r1"),
        e.ResponderChanged(by="hub", participant="", reason="crashed"),
        e.ResponderChanged(by="hub", participant="bot", reason="accepted"),
        e.ResponseStarted(by="bot", response="r2", turn="t1"),
        lost(response="r2"),
        go_on(response="r2"),
        e.ResponseStarted(by="bot", response="r3", turn="t1"),
        lost(response="r3"),
        e.ResponseStarted(by="bot", response="r4", turn="t1"),
        pause(response="r4"),
        lost(response="r4"),
        e.ResponseStarted(by="bot", response="unasked"),
        e.ResponseStarted(by="bot", response="r5", turn="t1"),
        pause(response="r5"),
        lost(response="r5"),
        e.ResponderChanged(by="ben", participant="ben", reason="taken_over"),
        e.ResponseStarted(by="ben", response="r6", turn="t1"),
        pause(response="gone"),
        lost(response="gone"),
        lost(response="r6"),
    ]
