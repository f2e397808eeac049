"""One delta, read at a glance, is what a full reading makes of it; what is written otherwise is read in full."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from legato.session.commands import GrowMessage, Refusal
from legato.wire.strict import MAX_BYTES, BadJson, check
from legato.wire.up import Do, decode_up
from signaling.connection.batches import raw_batch, read_batch
from signaling.connection.words import read_words

ALL = st.characters(codec="utf-8")
NAMES = st.text("abcXYZ019_.@:+-", min_size=1, max_size=64)
NUMBERS = st.integers(0, 10**15 - 1)
PLAIN = '{"type":"do","seq":%s,"commands":[{"type":"grow_message","message":"%s","index":%s,"text":"%s"}]}'


def in_full(raw: bytes) -> tuple[int, bytes, tuple[object, ...] | Refusal]:
    """What the strict way makes of it."""
    check(raw)
    envelope = decode_up(raw)
    assert isinstance(envelope, Do)
    return envelope.seq, raw_batch(envelope.commands), read_batch(envelope.commands)


@given(NUMBERS, NAMES, NUMBERS, st.text(ALL, max_size=80))
def test_words_as_clients_write_them_are_read_at_a_glance(
    seq: int, message: str, index: int, text: str
) -> None:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    raw = (PLAIN % (seq, message, index, escaped)).encode()
    read = read_words(raw)
    assert (read is None) == ("\\" in escaped), "an escape is read in full"
    if read is not None:
        sequence, batch, command = read
        assert (sequence, batch, (command,)) == in_full(raw)
        assert command == GrowMessage(message=message, index=index, text=text)


@given(st.data())
@example(None)
def test_what_is_read_at_a_glance_would_have_passed_the_strict_way(data: st.DataObject | None) -> None:
    raw = bytearray((PLAIN % (7, "m_1", 3, "a few words")).encode())
    if data is not None:
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(raw) - 1))
            raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    read = read_words(bytes(raw))
    try:
        full = in_full(bytes(raw))
    except (BadJson, AssertionError, ValueError):
        assert read is None, bytes(raw)
        return
    if read is not None:
        assert (read[0], read[1], (read[2],)) == full


def test_what_a_trap_may_hide_in_is_read_in_full() -> None:
    whole = PLAIN % (1, "m", 0, "x")
    for raw in (
        whole.replace('"text"', '"index":1,"text"'),
        whole.replace('"x"', '"\\ud800"'),
        whole.replace('"seq":1', '"seq":01'),
        whole.replace('"seq":1', '"seq":1e3'),
        whole.replace('"index":0', '"index":-1'),
        whole.replace('"index":0', '"index":9007199254740993'),
        whole.replace('"x"', '"x","part":0'),
        whole.replace('"m"', '""'),
        whole.replace('"x"', '"' + "x" * MAX_BYTES + '"'),
        whole.replace('"x"', '"a\nb"'),
        whole + " ",
    ):
        assert read_words(raw.encode()) is None, raw
    assert read_words(whole.encode().replace(b'"x"', b'"\xed\xa0\x80"')) is None, "no UTF-8"
