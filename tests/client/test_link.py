"""A link comes back, tells what it missed once, and sends what is not acknowledged again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from legato.client import link as l
from legato.session import events as e
from legato.session.commands import PostMessage
from legato.session.event_json import encode, stamp
from legato.session.parts import Part
from legato.session.state import Attachment, Response, State, encode_state
from legato.wire import down as d
from legato.wire import up as u

OPTIONS = l.LinkOptions("w_1", {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"})
RESUME = d.ResumeTicket("j1", "resume-ticket", "nonce", 99)


def attached(
    *, last: int = 0, position: str = "p0", resume: bool = True, beat_ms: int = 1000, **more: Any
) -> d.Attached:
    given: dict[str, Any] = {"snapshot": msgspec.Raw(encode_state(State()))} if "events" not in more else {}
    return d.Attached(
        v=1,
        session="s_1",
        tenant="main",
        participant="p_1",
        attachment="a_1",
        node="n1",
        connection="c_1",
        position=position,
        level="buffered",
        producer=d.ProducerAt(1, last),
        beat_ms=beat_ms,
        resume=RESUME if resume else None,
        **{**given, **more},
    )


def posted(offset: int) -> msgspec.Raw:
    event = e.MessagePosted(by="p_2", message=f"m_{offset}", parts=[Part(text="hi")])
    return msgspec.Raw(stamp(encode(event), offset, offset))


def say(text: str) -> PostMessage:
    return PostMessage(message=f"m_{text}", parts=[Part(text=text)])


def sent(effects: list[l.Effect]) -> list[u.Up]:
    return [u.decode_up(effect.raw) for effect in effects if isinstance(effect, l.Send)]


def live(now: int = 0, beat_ms: int = 1000) -> l.Link:
    link = l.Link(OPTIONS, lambda: 0.5)
    assert link.start(now) == [l.AskTicket()]
    assert link.ticketed("access", now) == [l.Open()]
    [greeting] = sent(link.opened(now))
    assert isinstance(greeting, u.Attach)
    link.received(attached(beat_ms=beat_ms), now)
    link.signed(RESUME, "proof")
    return link


def test_the_first_way_back_is_tried_at_once_with_the_resume_ticket() -> None:
    link = live()
    assert link.closed(10) == [l.Close(), l.Open()]
    [greeting] = sent(link.opened(11))
    assert greeting == u.Resume(
        v=1,
        ticket="resume-ticket",
        producer="w_1",
        takes=("text",),
        gives=("text",),
        position="p0",
        proof="proof",
    )


def test_a_resume_says_what_the_attachment_took_and_gave_last() -> None:
    link = live()
    opened = e.AttachmentOpened(by="p_1", participant="p_1", attachment="a_1", takes=("audio",), gives=())
    link.received(d.Events(events=[msgspec.Raw(stamp(encode(opened), 1, 1))], position="p1"), 5)
    link.closed(10)
    [greeting] = sent(link.opened(11))
    assert isinstance(greeting, u.Resume)
    assert (greeting.takes, greeting.gives) == (("audio",), ())


@pytest.mark.parametrize(
    ("state", "was"),
    [
        (State(attachments={"a_1": Attachment("a_1", "p_1", takes=("text", "audio"))}), "voice"),
        (State(responses={"r_1": Response("r_1", "p_2", 1)}), "streaming"),
        (State(), ""),
    ],
)
def test_a_lost_connection_says_what_it_was_in_the_midst_of(state: State, was: str) -> None:
    link = live()
    link.closed(1)
    link.opened(2)
    link.received(attached(snapshot=msgspec.Raw(encode_state(state))), 2)
    link.signed(RESUME, "proof")
    link.closed(3)
    [greeting] = sent(link.opened(4))
    assert isinstance(greeting, u.Resume)
    assert greeting.was == was


def test_the_waits_between_tries_double_and_are_bounded() -> None:
    link = live()
    link.closed(0)
    waits = []
    now = 0
    for _ in range(9):
        link.closed(now)
        deadline = link.next_deadline()
        assert deadline is not None
        waits.append(deadline - now)
        now = deadline
        assert link.expire(now) == [l.Open()]
    assert waits == [37, 75, 150, 300, 600, 1200, 1500, 1500, 1500]


def test_batches_without_an_acknowledgement_are_sent_again_in_order_and_the_same() -> None:
    link = live()
    first = sent(link.put([say("a")], 1)[1])
    second = sent(link.put([say("b")], 1)[1])
    link.received(d.Acks(level="buffered", acks=[(1, 1, 1)]), 2)
    link.closed(3)
    link.opened(4)
    again = sent(link.received(attached(last=1, events=[]), 5))
    assert [each for each in again if isinstance(each, u.Do)] == second
    assert first != second


def test_what_the_log_holds_already_is_settled_by_the_resume() -> None:
    link = live()
    link.put([say("a")], 1)
    link.closed(2)
    link.opened(3)
    effects = link.received(attached(last=1, events=[]), 4)
    assert [effect.batch.seq for effect in effects if isinstance(effect, l.Settled)] == [1]


def test_an_event_that_comes_twice_is_delivered_once() -> None:
    link = live()
    [delivered] = link.received(d.Events(events=[posted(1), posted(2)], position="p2"), 1)
    assert isinstance(delivered, l.Delivered)
    assert link.received(d.Events(events=[posted(2)], position="p2"), 2) == []
    assert link.state.offset == 2


def test_a_hole_in_the_offsets_is_never_folded_over() -> None:
    link = live()
    effects = link.received(d.Events(events=[posted(2)], position="p2"), 1)
    assert l.Close() in effects
    assert link.state.offset == 0


def test_silence_for_three_beats_is_a_lost_connection() -> None:
    link = live()
    assert sent(link.expire(1000)) == [u.Ping()]
    link.expire(2000)
    assert link.expire(2999) == []
    assert link.expire(3000)[0] == l.Close()


def stamped(event: e.Event, offset: int) -> msgspec.Raw:
    return msgspec.Raw(stamp(encode(event), offset, offset))


def test_who_turns_to_voice_beats_each_second_until_they_turn_to_text() -> None:
    link = live(beat_ms=3000)
    assert link.expire(2999) == []
    came = stamped(e.AttachmentOpened(by="p_1", participant="p_1", attachment="a_1"), 1)
    talks = stamped(
        e.ModalityChanged(by="p_1", attachment="a_1", takes=("text", "audio"), gives=("text",)), 2
    )
    link.received(d.Events(events=[came, talks], position="p2"), 2999)
    assert sent(link.expire(2999)) == [u.Ping()]
    assert link.next_deadline() == 3999
    assert link.expire(5998)[0] != l.Close()
    reads = stamped(e.ModalityChanged(by="p_1", attachment="a_1", takes=("text",), gives=("text",)), 3)
    link.received(d.Events(events=[reads], position="p3"), 5998)
    assert link.next_deadline() == 8998
    link.received(d.Events(events=[stamped(talks_again(), 4)], position="p4"), 5998)
    assert link.expire(8998)[0] == l.Close()


def test_who_waits_for_the_log_misses_a_dead_connection_within_three_seconds() -> None:
    link = live(beat_ms=3000)
    link.expire(3000)
    link.received(d.Pong(), 3001)
    link.put([say("hi")], 5800)
    assert link.next_deadline() == 5800 + 1000
    assert sent(link.expire(6800)) == [u.Ping()]
    assert l.Close() not in link.expire(8799), "what was silent before it was asked is no silence"
    assert link.expire(8800)[0] == l.Close()


def test_who_has_everything_on_the_log_waits_three_beats_again() -> None:
    link = live(beat_ms=3000)
    link.put([say("hi")], 10)
    link.received(d.Acks(acks=[(1, 1, 1)], level="buffered"), 20)
    assert link.next_deadline() == 3010
    link.expire(3010)
    assert l.Close() not in link.expire(9019)
    assert link.expire(9020)[0] == l.Close()


def test_an_answer_that_comes_is_missed_within_three_seconds() -> None:
    link = live(beat_ms=3000)
    begun = stamped(e.ResponseStarted(by="p_2", response="r_1"), 1)
    link.received(d.Events(events=[begun], position="p1"), 100)
    assert link.expire(3100)[0] == l.Close()


def talks_again() -> e.Event:
    return e.ModalityChanged(by="p_1", attachment="a_1", takes=("text",), gives=("text", "audio"))


def test_a_resume_ticket_that_is_not_valid_any_more_is_replaced_by_a_fresh_attach() -> None:
    link = live()
    link.closed(1)
    link.opened(2)
    effects = link.received(d.Closing(code=4001, reason="unauthenticated", retry_after_ms=0), 3)
    assert l.Close() in effects
    assert link.expire(10_000) == [l.AskTicket()] or l.AskTicket() in effects


@pytest.mark.parametrize("code", [4003, 4004, 4010, 4101])
def test_what_the_hub_ends_for_good_stays_ended(code: int) -> None:
    link = live()
    assert link.received(d.Closing(code=code, reason="no", retry_after_ms=-1), 1) == [
        l.Close(),
        l.Ended(code, "no"),
    ]
    assert link.closed(2) == []
    assert link.next_deadline() is None


def test_an_overloaded_hub_is_left_alone_for_longer_each_time_until_it_was_not_for_a_while() -> None:
    link, now, waits = live(), 10, []
    for pause in (5_000,) * 6 + (65_000, 0):
        link.received(d.Closing(code=4013, reason="unavailable", retry_after_ms=500), now)
        deadline = link.next_deadline()
        assert deadline is not None
        waits.append(deadline - now)
        link.expire(deadline)
        link.opened(deadline)
        link.received(attached(), deadline)
        now = deadline + pause
    assert waits == [500, 1250, 2500, 5000, 10_000, 18_750, 18_750, 500]


def test_a_lasting_refusal_settles_its_batch_and_the_next_ones_go_on() -> None:
    link = live()
    link.put([say("a")], 1)
    link.put([say("b")], 1)
    [settled] = link.received(d.Refused(seq=1, reason="not_allowed"), 2)
    assert isinstance(settled, l.Settled)
    assert settled.refusal is not None
    [done] = link.received(d.Acks(level="buffered", acks=[(2, 1, 1)]), 3)
    assert isinstance(done, l.Settled)
    assert done.refusal is None


def test_after_a_discontinuity_what_was_acknowledged_lately_is_sent_again() -> None:
    link = live()
    _, first = link.put([say("a")], 1)
    link.received(d.Acks(level="buffered", acks=[(1, 1, 1)]), 2)
    lost = d.Discontinuity(
        lost_from=1,
        lost_to=1,
        position="p9",
        snapshot=msgspec.Raw(encode_state(State())),
        producer=d.ProducerAt(2, 0),
    )
    effects = link.received(lost, 3)
    assert l.Lost(1, 1) in effects
    assert [effect for effect in effects if isinstance(effect, l.Send)] == first


def test_a_hole_that_a_lost_tail_left_is_closed_on_a_new_connection() -> None:
    link = live()
    link.put([say("a")], 1)
    link.put([say("b")], 1)
    link.received(d.Refused(seq=1, reason="not_allowed"), 2)
    lost = d.Discontinuity(
        lost_from=1,
        lost_to=1,
        position="p9",
        snapshot=msgspec.Raw(encode_state(State())),
        producer=d.ProducerAt(2, 0),
    )
    effects = link.received(lost, 3)
    assert effects[0] == l.Lost(1, 1)
    assert effects[-2:] == [l.Close(), l.Open()]
    link.opened(4)
    effects = link.received(attached(), 5)
    assert l.Renumbered({2: 1}) in effects
    [again] = sent(effects)
    assert isinstance(again, u.Do)
    assert again.seq == 1


def test_a_gap_that_nobody_here_can_fill_is_answered_by_coming_back_and_what_is_missing_is_told() -> None:
    link = live(beat_ms=60_000)
    for text in ("a", "b", "c"):
        link.put([say(text)], 1)
    link.received(d.Refused(seq=1, reason="too_large"), 2)
    link.received(d.Acks(level="buffered", acks=[(2, 1, 1)]), 3)
    effects = link.received(d.Refused(seq=3, reason="sequence_gap", expected=1), 20_000)
    assert effects == [l.Close()]
    assert link.next_deadline() == 20_050
    assert link.expire(20_050) == [l.Open()]
    link.opened(20_051)
    effects = link.received(attached(), 20_052)
    assert effects.index(l.Missing(1)) < effects.index(l.Renumbered({3: 1}))
    assert [each.seq for each in sent(effects) if isinstance(each, u.Do)] == [1]


def test_a_hub_that_goes_on_telling_of_such_gaps_is_asked_less_and_less_often() -> None:
    link, now, waits = live(beat_ms=60_000), 0, []
    link.put([say("a")], now)
    for _ in range(6):
        assert link.received(d.Refused(seq=1, reason="sequence_gap", expected=9), now) == [l.Close()]
        deadline = link.next_deadline()
        assert deadline is not None
        waits.append(deadline - now)
        now = deadline
        link.expire(now)
        link.opened(now)
        link.received(attached(), now)
    assert waits == [50, 125, 250, 500, 1000, 2000]


def test_a_client_of_a_draining_node_stays_until_its_moment_and_goes() -> None:
    link = live()
    assert link.received(d.Draining(after_ms=120), 10) == [l.Told(d.Draining(after_ms=120))]
    assert link.next_deadline() == 130
    assert link.expire(129) == []
    assert link.expire(130) == [l.Close(), l.Open()]
    [greeting] = sent(link.opened(131))
    assert isinstance(greeting, u.Resume)
