"""What the vectors of the fold hold of who attends."""

from collections.abc import Iterator
from typing import Any

import msgspec

from legato.session import audience as attending
from legato.session import events as e
from legato.session.compaction import AnyEvent
from legato.session.event_json import encode
from legato.session.fold import evolve
from legato.session.parts import Part
from legato.session.state import State
from tests.session.happenings import placed


def audience_vectors() -> Iterator[dict[str, Any]]:
    """`{name, events, audiences}`."""
    state, audiences = State(), dict[str, Any]()
    events = placed(audience())
    for event in events:
        evolve(state, event)
        audiences[str(event.offset)] = [
            {
                "participant": who.participant,
                "role": who.role,
                "modality": who.modality,
                "attentive": who.attentive,
            }
            for who in attending.audience(state)
        ]
    raw = [msgspec.json.decode(encode(event)) for event in events]
    yield {"name": "all", "events": raw, "audiences": audiences}


def audience() -> list[AnyEvent]:
    """Ada turns from her page, to it, and to the phone; Olga listens in, barges in and answers; Otto looks on."""
    return [
        e.SessionCreated(by="hub", labels={"budget_unattended": "60"}),
        e.ParticipantJoined(by="bot", participant="bot", role="agent"),
        e.AttachmentOpened(by="bot", participant="bot", attachment="k"),
        e.ParticipantJoined(by="otto", participant="otto", role="observer"),
        e.AttachmentOpened(by="otto", participant="otto", attachment="a_otto"),
        e.ParticipantJoined(by="olga", participant="olga", role="operator"),
        e.AttachmentOpened(by="olga", participant="olga", attachment="a_olga"),
        e.ParticipantJoined(by="ada", participant="ada", role="user"),
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
        *_turned(False),
        _said("m_1"),
        *_turned(True),
        *_turned(False),
        _said("m_2"),
        *_turned(False),
        e.AttentionChanged(by="ada", attachment="nothing", attentive=True),
        e.VoiceStarted(by="ada", attachment="tab", call="c_1", track="t_1"),
        e.VoiceEnded(by="hub", attachment="tab", call="c_1"),
        _stance("monitor"),
        _stance("whisper"),
        _stance("barge"),
        e.AttachmentAway(by="hub", attachment="a_olga"),
        e.AttachmentBack(by="olga", attachment="a_olga"),
        _stance(""),
        e.ResponderChanged(by="olga", participant="olga", reason="taken_over"),
        *_turned(True),
        e.ResponderChanged(by="olga", participant="bot", reason="handed_back"),
        *_turned(False),
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
        *_turned(False),
        e.ParticipantLeft(by="ada", participant="ada"),
        e.ParticipantJoined(by="otto", participant="otto", role="user"),
    ]


def _turned(attentive: bool) -> list[AnyEvent]:
    return [e.AttentionChanged(by="ada", attachment="tab", attentive=attentive)]


def _stance(stance: e.Stance) -> AnyEvent:
    return e.StanceChanged(by="olga", participant="olga", stance=stance)


def _said(message: str) -> AnyEvent:
    return e.MessagePosted(by="bot", message=message, parts=[Part("text", "done")])
