"""Wrong tickets of more than forty kinds at both doors: all are refused, all alike, and none reaches a log."""

from __future__ import annotations

import base64
import json
import logging
import time
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.signaling.doors import Doors, Page, doors

SECRET = b"s" * 32


def good(here: Doors) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(here.ticket(), options={"verify_signature": False})
    return claims


def signed(claims: dict[str, Any], *, key: Any = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    headers = {"kid": "development", "typ": "legato-access+jwt"} | header
    headers = {name: value for name, value in headers.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


def text(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# long: one table, one row a kind of wrong ticket
def wrong_tickets(here: Doors) -> dict[str, str]:
    claims, now = good(here), int(time.time())
    right = signed(claims)
    head, body, signature = right.split(".")
    rsa_key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    public = rsa_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    wrong = {
        "empty": "",
        "words": "let me in",
        "dots": "..",
        "four parts": right + ".x",
        "two parts": f"{head}.{body}",
        "no signature": f"{head}.{body}.",
        "another signature": f"{head}.{body}.{text(b'x' * 32)}",
        "signature cut": right[:-4],
        "body changed": f"{head}.{text(claims | {'rol': 'supervisor'})}.{signature}",
        "alg none": f"{text({'alg': 'none', 'typ': 'legato-access+jwt', 'kid': 'development'})}.{body}.",
        "alg None": f"{text({'alg': 'None', 'typ': 'legato-access+jwt', 'kid': 'development'})}.{body}.",
        "HS384": signed(claims, algorithm="HS384", key=SECRET * 2),
        "RS256": signed(claims, algorithm="RS256", key=rsa_key),
        "HS256 with a public key": f"{text({'alg': 'HS256', 'kid': 'development'})}.{body}.{text(public[:32])}",
        "another secret": signed(claims, key=b"t" * 32),
        "no key id": signed(claims, kid=None),
        "key id a path": signed(claims, kid="../../etc/passwd"),
        "key id a URL": signed(claims, kid="https://evil.example/k"),
        "key id of nobody": signed(claims, kid="other"),
        "no type": signed(claims, typ=None),
        "type JWT": signed(claims, typ="JWT"),
        "type resume": signed(claims, typ="legato-resume+jwt"),
        "alg twice": _twice(body),
        "crit": signed(claims, crit=["x"]),
        "jku": signed(claims, jku="https://evil.example"),
        "nested": signed({"jwt": right}),
        "base64 with padding": f"{head}==.{body}.{signature}",
        "a list": f"{head}.{text([])}.{signature}",
        "no JSON": f"{head}.{text(b'{')}.{signature}",
        "long": "x" * 9_000,
        "another letters' case": right.swapcase(),
        "a space before": " ." + right,
        "bytes": "\u00e9" * 30,
    }
    for claim in ("iss", "aud", "exp", "nbf", "iat", "jti", "ten", "ses", "sub", "rol", "cap"):
        wrong[f"without {claim}"] = signed({name: value for name, value in claims.items() if name != claim})
    changed: dict[str, dict[str, Any]] = {
        "of another hub": {"iss": "other"},
        "for another audience": {"aud": "other"},
        "for two audiences": {"aud": ["legato", "other"]},
        "expired": {"exp": now - 31, "iat": now - 600, "nbf": now - 600},
        "not yet good": {"nbf": now + 300, "iat": now + 300, "exp": now + 800},
        "from the future": {"iat": now + 600, "exp": now + 700},
        "too long a life": {"exp": now + 86_400},
        "expiry a text": {"exp": str(now + 60)},
        "expiry a fraction": {"exp": now + 60.5},
        "expiry huge": {"exp": 1 << 60},
        "no such role": {"rol": "root"},
        "a capability above its role": {"cap": ["mint"]},
        "no such capability": {"cap": ["fly"]},
        "capabilities a text": {"cap": "read"},
        "capabilities twice": {"cap": ["read", "read"]},
        "a tenant that is none": {"ten": "../x"},
        "a session that is none": {"ses": "a b"},
        "a user of every session": {"ses": "*"},
        "nobody": {"sub": ""},
        "a name that turns the text": {"nam": "\u202eadA"},
    }
    return wrong | {name: signed(claims | change) for name, change in changed.items()}


def _twice(body: str) -> str:
    header = text(b'{"alg":"none","alg":"HS256","kid":"development","typ":"legato-access+jwt"}')
    return f"{header}.{body}.{text(b'x')}"


@pytest.mark.timeout(120)
async def test_they_are_all_refused_and_all_alike(caplog: pytest.LogCaptureFixture) -> None:
    async with doors() as here, ClientSession() as client:
        tickets = wrong_tickets(here)
        assert len(tickets) >= 60
        answers = set()
        with caplog.at_level(logging.DEBUG, "legato"), caplog.at_level(logging.DEBUG, "hub"):
            for name, ticket in tickets.items():
                async with Page.at(here) as page:
                    await page.send({"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1"})
                    code = await page.closed()
                    assert code == 4001, name
                    answers.add(json.dumps(page.got[-1]))
                if ticket.isascii() and len(ticket) < 8_000:
                    headers = {"Authorization": f"Bearer {ticket}"}
                    async with client.get(f"{here.url}/v1/sessions/s_1", headers=headers) as answer:
                        assert answer.status == 401, name
                        answers.add(await answer.text())
        assert len(answers) == 2, "one answer at each door"
        said = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
        assert not any(
            part in said for part in (good(here)["sub"], good(here)["jti"], signed(good(here))[60:120])
        )


async def test_the_right_one_is_not_among_them() -> None:
    async with doors() as here, Page.at(here) as page:
        assert (await page.attach(signed(good(here))))["participant"] == "p_ada"


async def test_a_tickets_session_cannot_be_swapped_for_another() -> None:
    async with doors() as here, Page.at(here) as page:
        await page.send(
            {"type": "attach", "v": 1, "ticket": here.ticket(), "producer": "w_1", "session": "s_other"}
        )
        assert await page.closed() == 4004


async def test_a_ticket_for_a_session_that_is_not_there_says_the_same() -> None:
    async with doors() as here:
        said = []
        for session in ("s_nowhere", "s_other"):
            async with Page.at(here) as page:
                await page.send(
                    {"type": "attach", "v": 1, "ticket": here.ticket(session=session), "producer": "w_1"}
                )
                assert await page.closed() == 4004
                said.append(page.got)
        assert said[0] == said[1]


async def test_only_an_agents_ticket_for_every_session_registers_a_worker() -> None:
    async with doors() as here:
        for ticket, code in (
            (here.ticket(), 4003),
            (here.ticket("p_concierge", "agent"), 4003),
            ("no", 4001),
            (here.ticket("p_b", "supervisor", "*"), 4003),
        ):
            async with Page.at(here) as page:
                await page.send(
                    {"type": "work", "v": 1, "ticket": ticket, "name": "concierge", "worker": "k_1"}
                )
                assert await page.closed() == code
        async with Page.at(here) as page:
            ticket = here.ticket("p_concierge", "agent", "*")
            await page.send({"type": "work", "v": 1, "ticket": ticket, "name": "concierge", "worker": "k_1"})
            assert (await page.until("working"))["node"] == "n1"
