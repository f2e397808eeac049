"""Compacted events fold to the same state, whatever the client has seen and whatever the events say."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from legato.session import events as e
from legato.session.compaction import AnyEvent, compact
from legato.session.event_json import decode
from legato.session.fold import fold
from legato.session.parts import Part
from legato.session.state import State, encode_state
from legato.session.welcome import welcome
from tests.session.happenings import DELTAS, LOGS, OPENING, STREAM, happening, placed


def same_fold_from_every_position(log: list[AnyEvent]) -> None:
    whole = encode_state(fold(log))
    onto = State()
    for seen in range(len(log) + 1):
        compacted = compact(log[seen:])
        assert encode_state(fold(compacted, onto)) == whole
        assert len(compacted) <= len(log) - seen
        onto = fold(log[seen : seen + 1], onto)


def grown(*indexes: int, message: str = "a") -> list[e.MessageGrown]:
    return [e.MessageGrown(by="p", message=message, index=n, text=str(n)) for n in indexes]


started = e.MessageStarted(by="p", message="a")


@settings(max_examples=500, deadline=None)
@given(LOGS)
@example(placed([started, *grown(0, 1, 2, 1, 2, 3)]))
@example(placed([started, *grown(1, 2, 0)]))
@example(
    placed([started, *grown(0), started, *grown(1), e.PartAdded(by="p", message="a", part=Part()), *grown(2)])
)
def test_compaction_keeps_the_fold_from_every_position(log: list[AnyEvent]) -> None:
    same_fold_from_every_position(log)


@settings(max_examples=300, deadline=None)
@given(st.lists(DELTAS | STREAM | OPENING, max_size=12))
def test_compaction_keeps_the_fold_of_streams_that_make_no_sense(pieces: list[list[AnyEvent]]) -> None:
    same_fold_from_every_position(placed([event for piece in pieces for event in piece]))


def told(index: int, **more: Any) -> e.MessageGrown:
    return e.MessageGrown(by="p", message="a", index=index, text=str(index), **more)


@pytest.mark.parametrize(
    "log",
    [
        [started, told(0), told(1, part=1)],
        [started, told(0), told(1, kind="reasoning")],
        [started, told(0), told(1, count=0), told(1)],
        [started, told(0), e.PartAdded(by="p", message="a", part=Part("image")), told(1)],
        [
            e.AttachmentOpened(by="p", participant="p", attachment="a"),
            e.ModalityChanged(by="p", attachment="a", takes=("audio",), gives=()),
            e.AttachmentAway(by="hub", attachment="a"),
        ],
    ],
)
def test_what_only_looks_alike_stays_apart(log: list[AnyEvent]) -> None:
    same_fold_from_every_position(placed(log))


FLEETING: list[type[e.Event]] = [
    e.ActivityChanged,
    e.ParticipantJoined,
    e.ParticipantLeft,
    e.AttachmentOpened,
    e.AttachmentAway,
    e.AttachmentBack,
    e.AttachmentClosed,
    e.ModalityChanged,
    e.HoldChanged,
    e.AgentUnreachable,
    e.AgentReachable,
    e.AgentCrashed,
    e.RightGranted,
    e.ToolRequested,
    e.ToolProgressed,
    e.ToolEnded,
    e.SpeechQueued,
    e.VoiceStarted,
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(*(happening(kind) for kind in FLEETING)), max_size=14))
def test_compaction_keeps_the_fold_of_what_overwrites_each_other(events: list[AnyEvent]) -> None:
    same_fold_from_every_position(placed(events))


def test_ten_thousand_deltas_become_one() -> None:
    log = placed([started, *grown(*range(10_000))])
    (first, delta) = compact(log)
    assert first == log[0]
    assert isinstance(delta, e.MessageGrown)
    assert (delta.index, delta.count, delta.offset, delta.time) == (0, 10_000, 10_001, log[-1].time)
    assert delta.text == "".join(str(n) for n in range(10_000))


def test_deltas_of_two_messages_that_take_turns_become_two() -> None:
    pairs = zip(grown(*range(50)), grown(*range(50), message="b"), strict=True)
    compacted = compact(placed([delta for pair in pairs for delta in pair]))
    assert [(each.offset, getattr(each, "count", 0)) for each in compacted] == [(99, 50), (100, 50)]


def test_deltas_of_two_kinds_stay_apart() -> None:
    words = [
        e.MessageGrown(by="p", message="a", index=0, text="hm", kind="reasoning"),
        e.MessageGrown(by="p", message="a", index=1, text="yes", part=1),
        e.MessageGrown(by="p", message="a", index=2, text="!", part=1),
    ]
    assert [each.offset for each in compact(placed(words))] == [1, 3]


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ([e.ActivityChanged(by="p", participant="p", activity="thinking")] * 3, [3]),
        ([e.AttachmentAway(by="hub", attachment="a"), e.AttachmentBack(by="p", attachment="a")], [1, 2]),
        (
            [
                e.AttachmentOpened(by="p", participant="p", attachment="a"),
                e.AttachmentAway(by="hub", attachment="a"),
                e.AttachmentClosed(by="hub", attachment="a"),
            ],
            [1, 2, 3],
        ),
        ([e.ToolProgressed(by="p", call="c", step=n) for n in range(3)], [3]),
        (
            [
                e.ToolProgressed(by="p", call="c"),
                e.ToolEnded(by="p", call="c", outcome="finished"),
                e.ToolProgressed(by="p", call="c"),
            ],
            [1, 2, 3],
        ),
        (
            [
                e.AgentUnreachable(by="hub", participant="p", right="worker:x"),
                e.AgentReachable(by="hub", participant="p", right="worker:x"),
            ],
            [2],
        ),
        (
            [e.SpeechQueued(by="p", message="a", track="t", start=0, end=n, characters=n) for n in range(3)],
            [1, 2, 3],
        ),
        ([e.TurnMarked(by="p", turn="a", mark="heard", at_ms=1)] * 2, [1, 2]),
        ([e.MessageEnded(by="p", message="a")] * 2, [1, 2]),
        ([e.Unknown("later", "p", 0, 0, {"type": "later"})] * 2, [1, 2]),
    ],
)
def test_what_is_overwritten_goes_and_the_rest_stays(events: list[AnyEvent], kept: list[int]) -> None:
    assert [each.offset for each in compact(placed(events))] == kept


def test_compacting_again_changes_nothing() -> None:
    log = placed([started, *grown(*range(5)), e.MessageEnded(by="p", message="a")])
    assert compact(compact(log)) == compact(log)


# --- welcome


def fold_of(encoded: tuple[bytes, ...], onto: State) -> bytes:
    return encode_state(fold([decode(each) for each in encoded], onto))


@settings(deadline=None)
@given(LOGS, st.data())
def test_a_client_is_brought_to_the_tail_from_wherever_memory_reaches(
    log: list[AnyEvent], data: st.DataObject
) -> None:
    forgotten = data.draw(st.integers(0, len(log)))
    after = data.draw(st.integers(0, len(log)))
    state = fold(log)
    found = welcome(state, log[forgotten:], after, 1 << 20)
    if after < forgotten:
        assert found is None
    else:
        assert found is not None
        assert fold_of(found, fold(log[:after])) == encode_state(state)


def test_the_lesser_of_events_and_snapshot_is_given() -> None:
    log = placed([e.MessageEnded(by="p", message="a")] * 9)
    events = welcome(fold(log), log, 4, 10_000)
    assert events is not None
    weight = sum(len(each) for each in events)
    assert welcome(fold(log), log, 4, weight) == events
    assert welcome(fold(log), log, 4, weight - 1) is None


def test_a_client_at_the_tail_needs_nothing() -> None:
    assert welcome(State(offset=7), [], 7, 0) == ()


def test_a_position_beyond_the_tail_gets_the_snapshot() -> None:
    log = placed([e.MessageEnded(by="p", message="a")] * 3)
    assert welcome(fold(log), log, 4, 1000) is None
