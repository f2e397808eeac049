"""What users and observers are not shown."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from legato.session import events as e
from legato.session.event_json import decode, encode
from legato.session.fold import fold
from legato.session.parts import Spoken
from legato.session.state import decode_state, encode_state
from signaling.veil import ALL, GUEST, sight_of
from tests.session.happenings import at

SECRET = "offer her ten"
LOG: list[Any] = [
    at(event, offset, 1)
    for offset, event in enumerate(
        [
            e.ParticipantJoined(by="hub", participant="olga", role="operator"),
            e.StanceChanged(by="olga", participant="olga", stance="monitor"),
            e.Whispered(by="olga", to="bot", text=SECRET, spoken=Spoken("t_olga", 0, 960)),
            e.WrappedUp(by="olga", participant="olga", disposition=SECRET, notes=SECRET),
            e.StanceChanged(by="olga", participant="olga", stance="barge"),
            e.StanceChanged(by="olga", participant="olga", stance="monitor"),
            e.ResponderChanged(by="olga", participant="olga", reason="taken_over"),
            e.ReplyDrafted(by="bot", draft="d1", text=SECRET, turn="t"),
            e.ReplyDrafted(by="bot", draft="d2", text=SECRET),
            e.DraftUsed(by="olga", draft="d1", drafter="bot", message="m", edited=True),
            e.DraftDismissed(by="olga", draft="d1"),
        ],
        1,
    )
]


def stored(event: e.Event) -> bytes:
    """As the hub tells it: its place in the log first."""
    known = msgspec.json.decode(encode(event))
    return msgspec.json.encode({"offset": known.pop("offset"), "time": known.pop("time"), **known})


@pytest.mark.parametrize("written", [encode, stored])
def test_guests_see_that_something_happened_and_not_what(written: Callable[[e.Event], bytes]) -> None:
    seen = GUEST.events([written(event) for event in LOG])
    assert [msgspec.json.decode(each)["offset"] for each in seen] == list(range(1, 12))
    assert not any(SECRET.encode() in each for each in seen)
    assert b"monitor" not in seen[1]
    assert not any(b"t_olga" in each for each in seen), "nor where it sounds"
    assert not any(b"bot" in each or b"edited" in each for each in seen), "nor that an agent drafts"
    assert decode(seen[4]) == LOG[4], "who barges in is there for all to hear"
    assert all(decode(each) for each in seen)


def test_a_state_as_guests_see_it_folds_on() -> None:
    state = fold(LOG[:4])
    seen = GUEST.state(encode_state(state))
    drafted = GUEST.state(encode_state(fold(LOG)))
    assert not any(SECRET.encode() in each for each in (seen, drafted))
    assert b"monitor" not in seen
    assert fold(LOG[4:5], decode_state(seen)).participants["olga"].stance == "barge"
    later = fold([decode(each) for each in GUEST.events([encode(event) for event in LOG])])
    assert later.participants["olga"].stance == "", "who barged in and listens on is not shown to"
    assert (len(fold(LOG).drafts), later.drafts) == (1, [])


def test_what_holds_nothing_of_the_kind_passes_as_it_is() -> None:
    plain = [encode(LOG[0])]
    assert GUEST.events(plain) is plain
    state = encode_state(fold(LOG[:1]))
    assert GUEST.state(state) is state
    assert [sight_of(role) is GUEST for role in ("user", "observer", "operator", "supervisor", "agent")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert ALL.events(plain) is plain


def test_guests_are_not_shown_that_a_device_can_only_listen() -> None:
    opened: list[Any] = [
        e.ParticipantJoined(by="hub", participant="olga", role="operator", offset=1, time=1),
        e.AttachmentOpened(by="olga", participant="olga", attachment="a", reach="nobody", offset=2, time=1),
        e.AttachmentOpened(by="olga", participant="olga", attachment="b", offset=3, time=1),
    ]
    seen = GUEST.events([stored(each) for each in opened])
    assert not any(b"reach" in each for each in seen)
    assert [decode(each).by for each in seen] == ["hub", "olga", "olga"]
    folded = GUEST.state(encode_state(fold(opened)))
    assert fold([decode(each) for each in seen]) == decode_state(folded)
