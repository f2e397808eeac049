"""Call tickets: what was sealed opens, for whoever has the hub's secret, and nothing else does."""

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.keys.call_tickets import MAX_UFRAG, CallTicket, CallTicketInvalid, CallTickets

ICE = b"the ice secret of a hub, 32 byte"
TICKET = CallTicket(
    tenant="main",
    session="s_0123456789abcdefghijkl",
    participant="p_ada",
    attachment="a_0123456789abcdefghijkl",
    origin="j_0123456789abcdefghijkl",
    issued=1_000,
    expires=87_400,
    fingerprint=bytes(range(32)),
    pin=bytes(8),
    ssrc=0xCAFE,
    payload_type=111,
    level_extension=1,
)
UFRAG = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
names = st.text("abcz09_.@:+-", min_size=1, max_size=20)
tickets = st.builds(
    CallTicket,
    tenant=names,
    session=names,
    participant=names,
    attachment=names,
    origin=names,
    issued=st.integers(0, 2**32 - 1),
    expires=st.integers(0, 2**32 - 1),
    fingerprint=st.binary(min_size=32, max_size=32),
    pin=st.binary(min_size=8, max_size=8),
    ssrc=st.integers(0, 2**32 - 1),
    payload_type=st.integers(0, 127),
    level_extension=st.integers(0, 14),
    waits=st.booleans(),
)


def book(secret: bytes = ICE) -> CallTickets:
    return CallTickets(secret, os.urandom)


@given(tickets)
def test_another_node_with_the_secret_opens_what_was_sealed(ticket: CallTicket) -> None:
    ufrag = book().seal(ticket)
    assert len(ufrag) <= MAX_UFRAG
    assert set(ufrag) <= set(UFRAG)
    assert book().open(ufrag) == ticket


def test_the_same_ticket_is_never_sealed_alike() -> None:
    assert book().seal(TICKET) != book().seal(TICKET)


def test_another_hub_opens_nothing() -> None:
    with pytest.raises(CallTicketInvalid):
        book(bytes(32)).open(book().seal(TICKET))


@given(st.integers(0, 200), st.sampled_from(UFRAG))
def test_a_changed_ticket_is_none(at: int, letter: str) -> None:
    ufrag = book().seal(TICKET)
    at %= len(ufrag) - 1
    if ufrag[at] != letter:
        with pytest.raises(CallTicketInvalid):
            book().open(ufrag[:at] + letter + ufrag[at + 1 :])


@given(st.text(max_size=300))
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(CallTicketInvalid):
        book().open(text)


def test_ids_that_make_it_too_long_are_refused() -> None:
    with pytest.raises(CallTicketInvalid):
        book().seal(replace(TICKET, session="s" * 64, attachment="a" * 64, origin="j" * 64))
