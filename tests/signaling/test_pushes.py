"""Web Push: what a push service gets over TLS, what its browser reads, and what is never sent."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver

from hub.keys.push import PushIdentity
from hub.node.notifying import GONE, Notification
from hub.node.subscription import Subscription, name_of
from signaling.options import Options, OptionsInvalid
from signaling.outside import Outside
from signaling.pushes import Pushes, SubscriptionInvalid
from tests.signaling.test_webhooks import NOWHERE, Names
from tests.support.push_service import Browser, PushService, certified, push_service

HUB = PushIdentity(bytes(range(32)))
NOW = 4_000_000_000
TOLD = Notification(
    id=f"ntf_{bytes(range(16)).hex()}",
    tenant="main",
    session="s_1",
    title="My order",
    notice="approval",
    about="c_1",
    tool="refund",
    people=("p_ada",),
    time=7,
)


def pushes(outside: Outside, *, private: bool = False) -> Pushes:
    return Pushes(HUB, "mailto:ops@hub.example", outside, lambda: NOW, os.urandom, private=private)


async def told(
    to: Subscription, *, private: bool = True, ca: Path | None = None, names: AbstractResolver | None = None
) -> str:
    """What becomes of one notification. (A busy machine may stand still for as long as a hub waits.)"""
    tls = ssl.create_default_context(cafile=str(ca)) if ca else None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("signaling.outside.SECONDS", 50.0)
        outside = Outside(private=private, names=names, tls=tls)
        try:
            return await pushes(outside).push(TOLD, to)
        finally:
            await outside.close()


def of(service: PushService, endpoint: str = "") -> Subscription:
    service.hub_key = HUB.public
    return Subscription(endpoint or service.endpoint, service.browser.key, service.browser.secret)


async def test_the_browser_reads_what_waits_and_its_push_service_who_says_so_and_for_how_long(
    tmp_path: Path,
) -> None:
    tls, ca = certified(tmp_path)
    async with push_service(tls) as service:
        assert await told(of(service), ca=ca) == ""
        pushed = service.pushed(0)
    assert pushed.data == {
        "id": TOLD.id, "session": "s_1", "title": "My order", "notice": "approval", "about": "c_1", "tool": "refund",
        "time": 7,
    }  # fmt: skip
    shown = {name: pushed.headers[name] for name in ("ttl", "urgency", "topic", "content-encoding")}
    assert shown == {
        "ttl": "600", "urgency": "high", "topic": bytes(range(16)).hex(), "content-encoding": "aes128gcm"
    }  # fmt: skip
    assert (pushed.claims["sub"], pushed.claims["exp"]) == ("mailto:ops@hub.example", NOW + 12 * 3_600)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (201, ""),
        (200, ""),
        (404, GONE),
        (410, GONE),
        (302, "status 302"),
        (429, "status 429"),
        (500, "status 500"),
    ],
)
async def test_only_a_yes_counts_no_redirect_is_followed_and_what_is_gone_is_known(
    status: int, says: str, tmp_path: Path
) -> None:
    tls, ca = certified(tmp_path)
    async with push_service(tls) as elsewhere:
        async with push_service(tls, status, elsewhere.endpoint) as service:
            assert await told(of(service), ca=ca) == says
            assert len(service.receiver.got) == 1
        assert elsewhere.receiver.got == []


async def test_a_push_service_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    tls, _ = certified(tmp_path)
    async with push_service(tls) as service:
        assert await told(of(service)) == "unreachable"
        assert service.receiver.got == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_a_name_that_leads_inside_gets_nothing(address: str, tmp_path: Path) -> None:
    tls, ca = certified(tmp_path)
    async with push_service(tls) as service:
        to = of(service, f"https://push.example:{service.receiver.port}/b1")
        for names in (Names(address), Names("93.184.216.34", address)):
            assert await told(to, private=False, ca=ca, names=names) == "its address is not a public one"
        assert service.receiver.got == []


@pytest.mark.parametrize("url", NOWHERE)
async def test_nothing_is_ever_pushed_there(url: str) -> None:
    """Either nobody can subscribe with the address, or what its name leads to is refused."""
    browser, outside = Browser(), Outside()
    try:
        to = pushes(outside).subscription(*browser.says(url).values())
    except SubscriptionInvalid:
        return
    finally:
        await outside.close()
    assert await told(to, private=False, names=Names("127.0.0.1")) == "its address is not a public one"


async def test_nobody_subscribes_with_what_is_no_key_or_too_long() -> None:
    outside = Outside()
    try:
        here, browser = pushes(outside), Browser()
        good = browser.says("https://push.example/b1")
        assert here.subscription(*good.values()) == Subscription(
            "https://push.example/b1", browser.key, browser.secret
        )
        for field, value in (("endpoint", "https://push.example/" + "x" * 1_024), ("p256dh", ""), ("p256dh", "A" * 87),
                             ("p256dh", "é"), ("auth", "AAAA"), ("auth", "")):  # fmt: skip
            with pytest.raises(SubscriptionInvalid) as caught:
                here.subscription(*(good | {field: value}).values())
            assert caught.value.field == field
    finally:
        await outside.close()


def test_the_same_browser_has_one_name_for_a_participant_and_another_for_the_next() -> None:
    one, moved = (
        Subscription("https://push.example/b1", b"k", b"s"),
        Subscription("https://push.example/b1", b"l", b"t"),
    )
    assert name_of("p_ada", one) == name_of("p_ada", moved) != name_of("p_ben", one)


def test_a_hub_whose_operator_cannot_be_reached_does_not_push() -> None:
    with pytest.raises(OptionsInvalid, match="--push-contact"):
        Options(push_contact="ops@hub.example")
    Options(push_contact="mailto:ops@hub.example")
