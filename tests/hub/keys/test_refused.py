"""The chain of what was refused: a record that was changed, removed, put in or swapped is named."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.keys import places
from hub.keys.anchors import Anchors
from hub.keys.refused import Chain, Checked, Head, Walk, joined, read_record
from hub.keys.sealing import sealer_of

MOST = 8
CHAIN = Chain("main", "s_1", Anchors(b"a" * 32))
SEALER = sealer_of("main", "s_1", bytes(32))
FRAME = len(CHAIN.after(None, SEALER, b"").packed()) - 29


def listed(count: int, begun: int = 1, onto: Head | None = None) -> tuple[bytes, list[bytes]]:
    """The head and the records of a list to which so many were added."""
    head, records = onto, list[bytes]()
    for _ in range(count):
        number = head.number + 1 if head is not None else 1
        record = CHAIN.after(head, SEALER, b"told %d" % number)
        head = Head(record.number, begun, 1_000 + record.number, record.digest())
        records = [*records, record.packed()][-MOST:]
    return (CHAIN.write(head) if head is not None else b""), records


def checked(head: bytes, records: list[bytes], *, whole: bool = False) -> Checked:
    return Walk(CHAIN, SEALER, MOST, whole=whole).over(head, records)


@given(st.integers(0, 3 * MOST))
def test_a_list_that_nobody_touched_has_no_flaw_and_says_what_was_told(count: int) -> None:
    found = checked(*listed(count), whole=True)
    assert (found.flaws, found.unreadable, found.older) == ({}, 0, [])
    assert found.opened == {n: b"told %d" % n for n in range(max(1, count - MOST + 1), count + 1)}


@given(st.integers(1, 2 * MOST), st.data())
def test_a_changed_byte_is_named_by_the_number_of_what_it_was_in(count: int, data: st.DataObject) -> None:
    head, records = listed(count)
    at = data.draw(st.integers(0, len(records) - 1))
    place = data.draw(st.integers(0, len(records[at]) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(records[at])
    changed[place] ^= flip
    found = checked(head, [*records[:at], bytes(changed), *records[at + 1 :]])
    number = count - len(records) + at + 1
    assert number in found.flaws
    assert found.opened.get(number) in (None, b"told %d" % number)
    if place >= FRAME:
        assert found.flaws == {number: "seal"}, "one fault is one finding"


@given(st.integers(1, 2 * MOST), st.data())
def test_what_was_removed_is_missing_at_the_ends_too(count: int, data: st.DataObject) -> None:
    head, records = listed(count)
    gone = data.draw(st.sets(st.integers(0, len(records) - 1), min_size=1))
    found = checked(head, [each for at, each in enumerate(records) if at not in gone])
    assert found.flaws == {count - len(records) + at + 1: "missing" for at in gone}


@given(st.integers(2, 2 * MOST), st.data())
def test_what_was_swapped_or_put_in_is_named(count: int, data: st.DataObject) -> None:
    head, records = listed(count)
    first = data.draw(st.integers(0, len(records) - 2))
    second = data.draw(st.integers(first + 1, len(records) - 1))
    swapped = list(records)
    swapped[first], swapped[second] = records[second], records[first]
    found = checked(head, swapped)
    oldest = count - len(records) + 1
    assert found.flaws[oldest + first] == "chain"
    assert set(found.flaws) <= set(range(oldest + first, oldest + second + 1))
    twice = checked(head, [*records[: second + 1], records[first], *records[second + 1 :]])
    assert twice.flaws == {oldest + first: "chain"}


def test_a_head_that_is_not_there_or_is_no_hubs_is_named() -> None:
    head, records = listed(3)
    assert checked(b"", records).flaws == {0: "head"}
    assert checked(head[:-1] + bytes((head[-1] ^ 1,)), records).flaws == {0: "anchor"}
    assert checked(head[:-1], records).flaws == {0: "anchor"}
    stranger = Chain("main", "s_2", Anchors(b"a" * 32))
    said = CHAIN.read(head)
    assert said is not None
    assert checked(stranger.write(said), records).flaws == {0: "anchor"}
    assert Chain("main", "s_1", Anchors(b"b" * 32)).read(head) is None


def test_a_tail_that_was_cut_with_another_head_of_the_hub_is_whole_by_itself_and_not_beside_a_copy() -> None:
    _, all_of_them = listed(4)
    few = all_of_them[:2]
    last = read_record(few[-1])
    assert last is not None
    on = Head(2, 1, 1_002, last.digest())
    assert checked(CHAIN.write(on), few).flaws == {}, "a list that was put back whole is one"
    forked_head, forked = listed(2, onto=on)
    both = joined(all_of_them, [*few, *forked], MOST)
    assert set(checked(forked_head, both).flaws) == {3, 4}


def test_a_list_that_goes_on_after_the_store_was_lost_lacks_what_was_before_only_as_a_whole() -> None:
    before, records = listed(3)
    head, later = listed(2, begun=4, onto=CHAIN.read(before))
    assert checked(head, later).flaws == {}
    assert checked(head, later, whole=True).flaws == {1: "missing", 2: "missing", 3: "missing"}
    assert checked(head, joined(records, later, MOST), whole=True).flaws == {}


def test_what_was_kept_before_there_was_a_chain_is_told_and_makes_room() -> None:
    older = [SEALER.seal(places.record("refusal", 1), b"old %d" % n) for n in range(MOST)]
    head, records = listed(3)
    found = checked(head, [*older, *records][-MOST:], whole=True)
    assert (found.flaws, found.unreadable, len(found.opened)) == ({}, 0, 3)
    assert found.older == [b"old %d" % n for n in range(3, MOST)]
    assert checked(b"", older).flaws == {}
    assert checked(b"", [b"\x01" + b"x" * 40]).unreadable == 1


def test_a_record_opens_at_its_own_number_alone() -> None:
    head, records = listed(2)
    first, second = (read_record(each) for each in records)
    assert first is not None
    assert second is not None
    moved = replace(second, sealed=first.sealed).packed()
    assert checked(head, [records[0], moved]).flaws == {2: "seal"}
    assert read_record(records[0][:30]) is None
    assert read_record(b"") is None
