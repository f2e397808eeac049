"""Webhooks: signed as the standard says, and never sent where they must not go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from hub.node.notifying import Notification
from signaling.options import Options, OptionsInvalid
from signaling.outside import AddressInvalid, is_public
from signaling.webhooks import Webhooks, signature
from tests.support.receiver import nobody, receiving

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOLD = Notification("ntf_1", "main", "s_1", "", "approval", "c_1", "refund", ("p_ada",), 1_700_000_000_000)
NOWHERE = [
    *(
        "http://hooks.example/x",
        "ftp://hooks.example",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "//x/y",
        "",
    ),
    *("https://127.0.0.1/", "https://127.1/", "https://0.0.0.0/", "https://0/", "https://2130706433/"),
    *("https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://017700000001/"),
    *("https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/"),
    *("https://169.254.169.254/latest/meta-data", "https://100.64.0.1/", "https://192.0.0.1/"),
    *("https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://240.0.0.1/"),
    *(
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fc00::1]/",
    ),
    *(
        "https://[fd00:ec2::254]/",
        "https://[ff02::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
    ),
    *("https://[::ffff:169.254.169.254]/", "https://[::ffff:8.8.8.8]/", "https://[64:ff9b::7f00:1]/"),
    *("https://[64:ff9b::a9fe:a9fe]/", "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/"),
    *("https://[2001:0:7f00:1::1]/", "https://[2001:db8::1]/", "https://[::127.0.0.1]/"),
    *("https://localhost/", "https://LOCALHOST/", "https://a.localhost/", "https://printer.local/"),
    *("https://metadata.google.internal/", "https://localhost./", "https://me@hooks.example/"),
    *("https://me:word@127.0.0.1/", "https://hooks.example@127.0.0.1/", "https://hooks.example/#x"),
    *(
        "https://hooks.example\t/",
        "https://hooks.example\n/",
        "https://ho oks.example/",
        " https://hooks.example/",
    ),
    *(
        "https://hooks.example:99999/",
        "https://hooks.example:x/",
        "https://[::1/",
        "gopher://127.0.0.1:6379/_x",
    ),
    *("HTTP://127.0.0.1/", "javascript:alert(1)", "https://127.0.0.1.:443/", "https://①②⑦.⓪.⓪.①/"),
]


class Names(AbstractResolver):
    """Says that every name is one machine's."""

    def __init__(self, *addresses: str) -> None:
        self.asked: list[str] = []
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self._addresses
        ]

    async def close(self) -> None:
        """It holds nothing."""


async def told(url: str, *, private: bool = False, names: Names | None = None, within_s: float = 50.0) -> str:
    """What becomes of one notification. `within_s`: a busy machine may stand still for as long as a hub waits."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("signaling.outside.SECONDS", within_s)
        hooks = Webhooks(url, SECRET, lambda: 1_700_000_000.7, private=private, resolver=names)
        try:
            return await hooks.tell(TOLD)
        finally:
            await hooks.close()


async def test_a_receiver_can_check_who_sent_it_and_when() -> None:
    async with receiving() as canary:
        assert await told(f"http://127.0.0.1:{canary.port}/hook", private=True) == ""
    ((headers, body),) = canary.got
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("ntf_1", "1700000000")
    signed = b"ntf_1.1700000000." + body
    expected = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    said = json.loads(body)
    assert said["type"] == "legato.somebody_is_wanted"
    assert said["data"] == {
        "id": "ntf_1",
        "tenant": "main",
        "session": "s_1",
        "title": "",
        "notice": "approval",
        "about": "c_1",
        "tool": "refund",
        "people": ["p_ada"],
        "time": 1_700_000_000_000,
        "skill": "",
        "priority": 0,
    }


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == expected


@pytest.mark.parametrize(
    ("status", "says"), [(200, ""), (302, "status 302"), (404, "status 404"), (500, "status 500")]
)
async def test_only_a_yes_counts_and_no_redirect_is_followed(status: int, says: str) -> None:
    async with receiving() as elsewhere:
        there = f"http://127.0.0.1:{elsewhere.port}/"
        async with receiving(status, there) as canary:
            assert await told(f"http://127.0.0.1:{canary.port}/", private=True) == says
            assert len(canary.got) == 1
        assert elsewhere.got == []


async def test_a_receiver_that_is_not_there_is_said_to_be_so() -> None:
    with nobody() as (_, port):
        assert await told(f"http://127.0.0.1:{port}/", private=True) == "unreachable"


@pytest.mark.parametrize("url", NOWHERE)
async def test_nothing_is_ever_sent_there(url: str) -> None:
    """Either the address is refused at once, or what its name leads to is."""
    names = Names("127.0.0.1")
    try:
        says = await told(url, names=names)
    except AddressInvalid:
        return
    assert says == "its address is not a public one"
    assert names.asked


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"]
)
async def test_a_good_name_that_leads_inside_gets_nothing_even_beside_a_good_address(address: str) -> None:
    async with receiving() as canary:
        url = f"https://hooks.example:{canary.port}/"
        for names in (Names(address), Names("93.184.216.34", address)):
            assert await told(url, names=names) == "its address is not a public one"
        assert canary.got == []


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_as_when_it_is_written_in_ipv6_by_no_way(
    address: ipaddress.IPv4Address,
) -> None:
    assert not is_public(ipaddress.IPv6Address(f"::ffff:{address}"))
    assert not is_public(ipaddress.IPv6Address(0x64FF9B << 96 | int(address)))
    if address.is_private or address.is_multicast or address.is_link_local or address.is_reserved:
        assert not is_public(address)


async def test_a_receiver_that_takes_for_ever_is_left_after_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as tarpit:
        url = f"http://127.0.0.1:{tarpit.getsockname()[1]}/"
        says = await told(url, private=True, within_s=0.2)
    assert says == "no answer within 0.2 s"


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_short", "whsec_***", base64.b64encode(bytes(32)).decode()]
)
def test_a_hub_with_a_webhook_and_no_good_secret_does_not_start(secret: str) -> None:
    with pytest.raises(OptionsInvalid, match="LEGATO_WEBHOOK_SECRET"):
        Options(webhook="https://hooks.example/x", webhook_secret=secret)
    assert SECRET not in repr(Options(webhook="https://hooks.example/x", webhook_secret=SECRET))


def test_a_hub_with_a_webhook_that_goes_inside_does_not_start_unless_that_is_wanted() -> None:
    with pytest.raises(OptionsInvalid, match="--webhook"):
        Options(webhook="http://127.0.0.1:9/x", webhook_secret=SECRET)
    Options(webhook="http://127.0.0.1:9/x", webhook_secret=SECRET, webhook_private=True)
