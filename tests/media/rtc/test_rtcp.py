"""Reports: what two ends learn of each other, and what damage does."""

from hypothesis import given
from hypothesis import strategies as st

from media.rtc.rtcp import MAX_REMEMBERED, Inbound, Reports

HUB, PEER = 11, 22


def exchange(now: int, delay: int, back: int) -> Reports:
    """The hub reports at `now`; the peer has it at once, answers `delay` later; that takes `back`."""
    hub, peer = Reports(HUB, "hub"), Reports(PEER, "peer")
    report, _ = hub.write(now, 0, 5, 100, None)
    peer.read(report, 777)
    about = Inbound(HUB, 10)
    for index in (10, 11, 14, 15):
        about.count(index, index * 960, index * 20)
    reply, _ = peer.write(777 + delay, 0, 3, 3, about)
    hub.read(reply, now + delay + back)
    return hub


def test_the_round_trip_is_what_is_left_without_the_peers_delay() -> None:
    assert exchange(5_000, 400, 80).quality.rtt in (80, 81)
    assert exchange(5_000, 0, 0).quality.rtt == 0


def test_loss_is_told_since_the_last_report_and_in_all() -> None:
    quality = exchange(0, 0, 0).quality
    assert quality.lost == 2
    assert quality.fraction_lost == 85 / 256


def test_fractions_start_anew_with_each_report() -> None:
    inbound = Inbound(HUB, 0)
    for index in (0, 1, 5):
        inbound.count(index, index * 960, index * 20)
    assert inbound.block(0, 0)[4] == 128
    for index in (6, 7):
        inbound.count(index, index * 960, index * 20)
    assert inbound.block(0, 0)[4] == 0
    assert inbound.lost == 3


def test_doubled_packets_make_no_negative_fraction() -> None:
    inbound = Inbound(HUB, 0)
    for _ in range(4):
        inbound.count(0, 0, 0)
    assert inbound.block(0, 0)[4:8] == b"\x00\xff\xff\xfd"


def test_jitter_of_a_steady_stream_is_nothing_even_where_its_clock_wraps() -> None:
    inbound = Inbound(HUB, 0)
    for i in range(200):
        inbound.count(i, (2**32 - 48_000 + i * 960) % 2**32, 1_000 + i * 20)
    assert inbound.jitter == 0
    inbound.count(200, (2**32 - 48_000 + 200 * 960) % 2**32, 1_000 + 200 * 20 + 10)
    assert inbound.jitter == 480


def test_an_echo_names_the_report_that_was_received() -> None:
    hub, peer = Reports(HUB, "hub"), Reports(PEER, "peer")
    plain, mark = hub.write(9_000, 0, 1, 1, None)
    secret, other = hub.write(9_000, 0, 1, 1, None, skew=4321)
    assert (other - mark) % 2**32 == 4321
    for report, expected in ((plain, mark), (secret, other)):
        peer.read(report, 0)
        reply, _ = peer.write(0, 0, 0, 0, Inbound(HUB, 0))
        assert hub.read(reply, 9_000).echoed == expected
        assert hub.sent(expected)


def test_blocks_about_others_are_passed_over() -> None:
    hub, peer = Reports(HUB, "hub"), Reports(PEER, "peer")
    peer.read(hub.write(0, 0, 1, 1, None)[0], 0)
    reply, _ = peer.write(0, 0, 0, 0, Inbound(999, 0))
    assert hub.read(reply, 0).echoed is None


def test_a_compound_is_whole_words_and_starts_with_a_report() -> None:
    for cname in ("", "a", "ab", "abc", "abcd", "x" * 300):
        for packets in (0, 1):
            report, _ = Reports(HUB, cname).write(0, 0, packets, 0, Inbound(1, 0))
            assert len(report) % 4 == 0
            assert report[1] == (200 if packets else 201)


def test_the_memory_of_reports_is_bounded() -> None:
    hub = Reports(HUB, "hub")
    marks = [hub.write(now, 0, 1, 1, None)[1] for now in range(0, 100_000, 1000)]
    assert [hub.sent(mark) for mark in marks].count(True) == MAX_REMEMBERED


def test_a_goodbye_is_seen_among_other_packets() -> None:
    peer = Reports(PEER, "peer")
    report, _ = peer.write(0, 0, 1, 1, None)
    assert Reports(HUB, "hub").read(report + b"\x81\xcb\x00\x01\x00\x00\x00\x16", 0).goodbye


@given(
    st.binary(max_size=120),
    st.integers(0, 31),
    st.sampled_from([200, 201, 202, 203, 205, 206]),
    st.booleans(),
)
def test_no_bytes_raise(noise: bytes, count: int, kind: int, dressed: bool) -> None:
    if dressed:
        noise += bytes(-len(noise) % 4)
        noise = bytes([0x80 | count, kind]) + (len(noise) // 4).to_bytes(2, "big") + noise
    assert Reports(HUB, "hub").read(noise, 0).echoed is None or dressed
