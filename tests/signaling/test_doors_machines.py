"""The small machines of the doors: who goes first, whose socket stays, how often, and from where."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.wire.up import Resume
from signaling.admission import Admission, Rank, Verdict
from signaling.connection.allowance import Allowance
from signaling.gate import Gate, GateLimits
from signaling.gate import Verdict as GateVerdict
from signaling.options import Options, OptionsInvalid
from signaling.policy import Policy, networks
from signaling.turnstile import Turnstile, rank_of

# --- admission


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(list(Rank)), st.booleans()), max_size=120))
def test_who_is_let_in_is_bounded_and_nobody_overtakes_a_better_rank(
    steps: list[tuple[int, Rank, bool]],
) -> None:
    admission = Admission(at_once=3, most_waiting=5)
    inside: set[int] = set()
    waiting: list[tuple[Rank, int]] = []
    for who, rank, leaves in steps:
        known = who in inside or any(each == who for _, each in waiting)
        if leaves and known:
            following = admission.leave(who)
            freed = who in inside
            inside.discard(who)
            waiting = [each for each in waiting if each[1] != who]
            expected = min(waiting, key=lambda each: each[0])[1] if freed and waiting else None
            assert following == expected
            if following is not None:
                waiting = [each for each in waiting if each[1] != following]
                inside.add(following)
        elif not leaves and not known:
            verdict, put_off = admission.ask(who, rank)
            if put_off is not None:
                assert verdict is Verdict.WAIT
                assert next(each[0] for each in waiting if each[1] == put_off) > rank
                waiting = [each for each in waiting if each[1] != put_off]
            if verdict is Verdict.IN:
                inside.add(who)
            elif verdict is Verdict.WAIT:
                assert len(inside) == 3
                waiting.append((rank, who))
            else:
                assert len(waiting) == 5
                assert all(each[0] <= rank for each in waiting)
        assert len(inside) <= 3
        assert admission.waiting == len(waiting) <= 5


def test_a_node_is_not_ready_before_it_is_full() -> None:
    admission = Admission(at_once=1, most_waiting=4)
    for who in range(3):
        assert admission.ready
        admission.ask(who, Rank.IDLE)
    assert not admission.ready
    assert admission.ask(9, Rank.LIVE)[0] is Verdict.WAIT


async def test_a_call_that_was_cut_goes_before_an_answer_and_that_before_who_only_looked_on() -> None:
    turnstile, came = Turnstile(Admission(at_once=1, most_waiting=8)), list[str]()

    async def comes(was: Literal["", "voice", "streaming"]) -> None:
        async with turnstile.turn(rank_of(Resume(v=1, ticket="t", producer="w_1", proof="p", was=was))):
            came.append(was)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group, turnstile.turn(Rank.IDLE):
        for was in ("", "streaming", "voice"):
            group.create_task(comes(was))
        await asyncio.sleep(0)
    assert came == ["voice", "streaming", ""]


# --- the gate


@given(st.lists(st.tuples(st.sampled_from(["open", "speak", "close"]), st.integers(0, 12)), max_size=100))
def test_the_gate_keeps_its_bounds_and_closes_the_oldest_of_the_silent(steps: list[tuple[str, int]]) -> None:
    gate: Gate[int] = Gate(GateLimits(most=8, half_open=3, of_one=6))
    half_open: list[int] = []
    all_of_them: dict[int, str] = {}
    for now, (what, number) in enumerate(steps):
        address = f"192.0.2.{number % 2}"
        if what == "open" and number not in all_of_them:
            verdict, oldest = gate.opened(number, address, now)
            of_one = sum(each == address for each in all_of_them.values())
            if verdict is GateVerdict.STAYS:
                assert len(all_of_them) < 8
                assert of_one < 6
                all_of_them[number] = address
                half_open.append(number)
                assert oldest == (half_open.pop(0) if len(half_open) > 3 else None)
            else:
                assert len(all_of_them) == 8 or of_one == 6
        elif what == "speak":
            gate.spoke(number)
            half_open = [each for each in half_open if each != number]
        elif what == "close":
            gate.closed(number)
            all_of_them.pop(number, None)
            half_open = [each for each in half_open if each != number]
        assert len(gate) == len(all_of_them)
    assert gate.expired(10_000) == half_open
    assert gate.expired(20_000) == []


# --- how often


@given(st.integers(1, 50), st.integers(1, 50), st.lists(st.integers(0, 300), max_size=80))
def test_in_no_window_more_is_allowed_than_rate_and_burst(rate: int, burst: int, pauses: list[int]) -> None:
    allowance = Allowance(rate, burst, 0)
    now, taken = 0, []
    for pause in pauses:
        now += pause
        wait = allowance.take(now)
        if wait == 0:
            taken.append(now)
        else:
            later = Allowance(rate, burst, 0)
            for each in taken:
                assert later.take(each) == 0
            assert later.take(now + wait - 1) > 0 or wait == 1
            again = Allowance(rate, burst, 0)
            for each in taken:
                again.take(each)
            assert again.take(now + wait) == 0, "after the wait it is allowed"
    for start in taken:
        inside = [each for each in taken if start <= each]
        for last in inside:
            count = sum(start <= each <= last for each in inside)
            assert count * 1000 <= burst * 1000 + (last - start) * rate


def test_a_clock_that_stands_still_or_goes_back_refills_nothing() -> None:
    allowance = Allowance(1_000, 1, 100)
    assert allowance.take(100) == 0
    assert allowance.take(100) == 1
    assert allowance.take(50) == 1


# --- from where


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example", True),
        ("https://hub.example", True),
        ("http://hub.example", False),
        ("https://shop.example:8443", False),
        ("https://shop.example.evil.example", False),
        ("https://evil.example/https://shop.example", False),
        ("https://SHOP.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_is_on_the_list_exactly_or_not_at_all(origin: str, allowed: bool) -> None:
    policy = Policy(frozenset({"https://shop.example"}))
    assert policy.allows(origin, "https", "hub.example:443") is allowed


def test_what_a_proxy_says_is_believed_of_ours_alone() -> None:
    policy = Policy(proxies=networks(["10.0.0.0/8", "::1"]))
    said = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 10.1.1.1", "X-Forwarded-Proto": "https"}
    assert policy.seen("192.0.2.1", "http", "h", said) == ("192.0.2.1", "http", "h")
    assert policy.seen("10.2.2.2", "http", "h", said) == ("198.51.100.7", "https", "h")
    assert policy.seen("::ffff:10.2.2.2", "http", "h", {}) == ("::ffff:10.2.2.2", "http", "h")
    forged = said | {"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "hub.example"}
    assert policy.seen("10.2.2.2", "http", "h", forged)[1:] == ("http", "hub.example")


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": ("shop.example",)},
        {"origins": ("https://shop.example/",)},
        {"origins": ("*",)},
        {"advertise": ("hub.example",)},
        {"proxies": ("everybody",)},
        {"port": 70_000},
    ],
)
def test_options_that_cannot_be_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionsInvalid) as refused:
        Options(**wrong)  # type: ignore[arg-type]
    assert str(refused.value).startswith("--")


def test_a_hub_behind_a_proxy_or_on_all_addresses_is_not_on_loopback() -> None:
    assert Options().loopback
    assert Options(host="::1").loopback
    assert not Options(host="0.0.0.0").loopback
    assert not Options(proxies=("127.0.0.1",)).loopback
    assert Options(host="::").url(7) == "http://[::1]:7"
