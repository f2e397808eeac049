"""The fold: the same state however it is reached, small whatever the log says."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given, settings

from legato.session import bounds
from legato.session import events as e
from legato.session.compaction import AnyEvent, compact
from legato.session.event_json import decode
from legato.session.fold import evolve, fold
from legato.session.parts import Part, Spoken, Word
from legato.session.state import BROKEN, Message, State, ToolCall, decode_state, encode_state
from tests.session.happenings import LOGS, placed


@contextmanager
def narrow() -> Iterator[None]:
    """Bounds so small that short logs reach them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "KEPT": 2,
            "KEPT_WEIGHT": 3,
            "KEPT_LEFT": 1,
            "KEPT_TURNS": 1,
            "KEPT_GAPS": 2,
            "KEPT_UNKNOWN": 2,
            "UNKNOWN_WEIGHT": 80,
        }.items():
            patch.setattr(bounds, name, value)
        yield


def posted(id: str, *texts: str, by: str = "p") -> e.MessagePosted:
    return e.MessagePosted(by=by, message=id, parts=[Part("text", text) for text in texts])


def message(state: State, id: str) -> Message:
    found = state.entries[id]
    assert isinstance(found, Message)
    return found


@settings(max_examples=200, deadline=None)
@given(LOGS)
def test_a_snapshot_anywhere_changes_nothing(log: list[AnyEvent]) -> None:
    with narrow():
        whole = fold(log)
        for at in range(len(log)):
            before = decode_state(encode_state(fold(log[:at])))
            assert encode_state(fold(log[at:], before)) == encode_state(whole)


@settings(max_examples=200, deadline=None)
@given(LOGS)
def test_compaction_keeps_the_fold_where_bounds_are_reached(log: list[AnyEvent]) -> None:
    with narrow():
        for seen in range(len(log) + 1):
            folded = fold(compact(log[seen:]), fold(log[:seen]))
            assert encode_state(folded) == encode_state(fold(log))


@settings(max_examples=200, deadline=None)
@given(LOGS)
def test_a_state_is_read_back_as_it_was_written(log: list[AnyEvent]) -> None:
    state = fold(log)
    assert decode_state(encode_state(state)) == state


@settings(max_examples=200, deadline=None)
@given(LOGS)
def test_every_ended_entry_is_kept_or_given_to_the_history_once(log: list[AnyEvent]) -> None:
    with narrow():
        state, history = State(), list[int]()
        for event in log:
            history += [entry.ordinal for entry in evolve(state, event)]
        kept = [entry.ordinal for entry in state.ended_entries()]
        assert history + kept == list(range(1, state.finished + 1))


@settings(max_examples=100, deadline=None)
@given(LOGS)
def test_folding_changes_no_copy(log: list[AnyEvent]) -> None:
    for at in range(len(log)):
        before = fold(log[:at])
        raw, twin = encode_state(before), before.copy()
        evolve(twin, log[at])
        assert encode_state(before) == raw


def test_the_newest_twenty_ended_entries_are_kept() -> None:
    state = fold(placed([posted(f"m{n}", "x") for n in range(50)]))
    assert [entry.id for entry in state.ended_entries()] == [f"m{n}" for n in range(30, 50)]
    assert state.finished == 50


def test_long_entries_leave_room_for_fewer() -> None:
    state = fold(placed([posted(f"m{n}", "👋" * 8_000) for n in range(5)]))
    assert [entry.id for entry in state.ended_entries()] == ["m2", "m3", "m4"]
    state = fold(placed([posted(f"m{n}", "x" * 8_001) for n in range(5)]))
    assert [entry.id for entry in state.ended_entries()] == ["m3", "m4"]


def test_the_newest_ended_entry_is_kept_however_long() -> None:
    state = fold(placed([posted("short", "x"), posted("long", "x" * 30_000)]))
    assert [entry.id for entry in state.ended_entries()] == ["long"]


def test_words_and_arguments_weigh_too() -> None:
    spoken = Spoken("mic", 0, 9, [Word("one", 0, 4), Word("two", 5, 9)])
    heard = Message("m", "p", 1, 1, parts=(Part("data", "{}", "cart"),), reason="why", spoken=spoken)
    assert bounds.weight(heard) == len("{}" + "cart" + "why" + "one" + "two") + 2 * 24
    call = ToolCall("t", "p", 1, 1, name="look", arguments="{}", text="at it", result="[1]", reason="r")
    assert bounds.weight(call) == len("look" + "{}" + "at it" + "[1]" + "r")


def test_open_messages_are_never_forgotten() -> None:
    started = [e.MessageStarted(by="p", message="open")]
    state = fold(placed([*started, *(posted(f"m{n}", "x" * 9_000) for n in range(40))]))
    assert [entry.id for entry in state.open_messages()] == ["open"]


def test_the_last_thirty_two_who_left_are_remembered() -> None:
    log: list[e.Event] = []
    for n in range(40):
        log.append(e.ParticipantJoined(by="p", participant=f"p{n}", role="user"))
        log.append(e.ParticipantLeft(by="p", participant=f"p{n}"))
    log.append(e.ParticipantJoined(by="p", participant="here", role="user"))
    state = fold(placed(log))
    assert set(state.participants) == {f"p{n}" for n in range(8, 40)} | {"here"}


def test_who_left_does_nothing_any_more() -> None:
    log = [
        e.ParticipantJoined(by="p", participant="p", role="user"),
        e.ActivityChanged(by="p", participant="p", activity="thinking", text="hm", step=1, steps=2, eta_ms=3),
        e.ParticipantLeft(by="p", participant="p"),
        e.ActivityChanged(by="p", participant="p", activity="speaking"),
    ]
    who = fold(placed(log)).participants["p"]
    assert (who.activity, who.text, who.step, who.steps, who.eta_ms) == ("idle", "", 0, 0, 0)


def test_events_of_later_versions_are_kept_word_for_word() -> None:
    raw = b'{"type":"later","by":"p","offset":1,"time":2,"deep":{"x":[1,null,"y"]}}'
    state = fold([decode(raw)])
    assert msgspec.json.encode(state.unknown[0]) == raw
    assert (state.offset, state.time, state.control) == (1, 2, 0)


def test_events_of_later_versions_are_kept_within_bounds() -> None:
    small: list[AnyEvent] = [e.Unknown("later", "p", n, n, {"n": n}) for n in range(1, 101)]
    assert [raw["n"] for raw in fold(small).unknown] == list(range(37, 101))
    large: list[AnyEvent] = [e.Unknown("later", "p", n, n, {"n": n, "t": "x" * 2_000}) for n in range(1, 9)]
    assert [raw["n"] for raw in fold(large).unknown] == [6, 7, 8]
    assert fold([*small, e.Unknown("later", "p", 101, 101, {"t": "x" * 8_001})]).unknown == []


def test_what_json_weighs_is_counted_in_code_points() -> None:
    assert bounds.json_weight({"é👋": ["ab", 1, True, None]}) == 2 + 2 + 8 + 8 + 8


def test_a_delta_out_of_order_breaks_its_message() -> None:
    log: list[e.Event] = [e.MessageStarted(by="p", message="a")]
    log += [e.MessageGrown(by="p", message="a", index=n, text=str(n)) for n in (0, 2, 1)]
    grown = message(fold(placed(log)), "a")
    assert (grown.parts, grown.deltas) == ((Part("text", "0"),), BROKEN)


def test_control_events_say_so() -> None:
    log = placed(
        [e.MessageStarted(by="p", message="a"), e.MessageEnded(by="p", message="a"), posted("b", "x")]
    )
    state = fold(log)
    assert (state.control, state.offset) == (2, 3)


def test_a_reopened_log_voids_every_right_and_keeps_its_number() -> None:
    log = placed(
        [
            e.RightGranted(by="hub", right="worker:x", holder="p", token=4, worker="w"),
            e.LogReopened(by="hub", previous_epoch="old", lost_from=7, lost_to=9),
        ]
    )
    right = fold(log).rights["worker:x"]
    assert (right.token, right.holder, right.worker) == (4, "", "w")


def test_a_turn_that_was_not_answered_waits_again() -> None:
    log: list[e.Event] = [
        e.MessagePosted(by="p", message="t", parts=[Part("text", "?")], turn="t", ends_turn=True),
        e.ResponseStarted(by="a", response="r", turn="t"),
    ]
    assert fold(placed(log)).waiting_turns() == []
    log.append(e.ResponseEnded(by="hub", response="r", outcome="interrupted", turn_waits=True))
    assert [turn.id for turn in fold(placed(log)).waiting_turns()] == ["t"]


def test_a_full_session_encodes_to_less_than_ninety_kilobytes() -> None:
    log: list[e.Event] = [e.SessionCreated(by="hub", labels={f"label{n}": "v" * 40 for n in range(8)})]
    for n in range(40):
        log.append(e.ParticipantJoined(by="p", participant=f"p_{n:022}", role="user", name="Ada Lovelace"))
        log.append(
            e.AttachmentOpened(by="p", participant=f"p_{n:022}", attachment=f"a_{n:022}", device="phone")
        )
        if n < 30:
            log.append(e.ParticipantLeft(by="p", participant=f"p_{n:022}"))
    for n in range(300):
        log.append(posted(f"m_{n:022}", 'He said "No."\n' * 90, by="p_1"))
        log.append(e.ToolRequested(by="p", call=f"t_{n:022}", name="look", arguments='{"number":"4711"}'))
        log.append(e.ToolEnded(by="p", call=f"t_{n:022}", outcome="finished", result='{"state":"sent"}'))
    log.append(e.MessageStarted(by="p", message="open"))
    log += [e.MessageGrown(by="p", message="open", index=n, text="ten words ") for n in range(2_000)]
    state = fold(placed(log))
    assert len(encode_state(state)) < 90_000
