"""Web Push's cryptography: the RFC's own example, and a browser that was written from the RFCs alone."""

from __future__ import annotations

import os

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from hub.keys.push import LIFE_S, MOST_PLAIN, PushIdentity, encrypted, is_point, private_key
from tests.support.push_service import CURVE, Browser, raw

EXAMPLE = {
    "plain": "V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24",
    "sender": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "browser": "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "public": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "secret": "BTBZMqHH6r4Tts7J_aSIgg",
    "body": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
    "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}
"""RFC 8291 §5 and appendix A."""


def test_the_rfcs_own_example_comes_out_to_the_byte() -> None:
    said = {name: raw(value) for name, value in EXAMPLE.items()}
    once = ec.derive_private_key(int.from_bytes(said["sender"]), CURVE)
    assert encrypted(said["plain"], said["public"], said["secret"], once, said["salt"]) == said["body"]
    browser = Browser(int.from_bytes(said["browser"]), said["secret"])
    assert browser.key == said["public"]
    assert browser.opens(said["body"]) == b"When I grow up, I want to be a watermelon"


@given(st.binary(max_size=MOST_PLAIN), st.binary(min_size=32, max_size=32))
def test_a_browser_reads_what_was_written_for_it_and_the_body_is_never_too_long(
    plain: bytes, random: bytes
) -> None:
    browser = Browser()
    body = encrypted(plain, browser.key, browser.secret, private_key(random), os.urandom(16))
    assert browser.opens(body) == plain
    assert len(body) <= 4_096


def test_a_push_service_learns_who_sends_for_half_a_day_and_that_it_was_meant() -> None:
    hub = PushIdentity(bytes(range(32)))
    said = hub.authorization("https://push.example:444/a/b?c", "mailto:ops@hub.example", 1_000_000)
    token, key = (each.split("=", 1)[1] for each in said.removeprefix("vapid ").split(", "))
    assert key == hub.public == PushIdentity(bytes(range(32))).public != PushIdentity(bytes(32)).public
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw(key))
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "ES256"}
    assert jwt.decode(
        token, public, algorithms=["ES256"], options={"verify_exp": False, "verify_aud": False}
    ) == {
        "aud": "https://push.example:444",
        "exp": 1_000_000 + LIFE_S,
        "sub": "mailto:ops@hub.example",
    }


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, bytes(31) + b"\x01"])
def test_any_secret_stands_for_a_key(secret: bytes) -> None:
    assert is_point(raw(PushIdentity(secret).public))


def test_what_is_no_point_of_the_curve_is_no_key() -> None:
    good = Browser().key
    off = good[:-1] + bytes([good[-1] ^ 1])
    assert [is_point(each) for each in (good, off, good[:64], b"", bytes(65), b"\x02" + good[1:33])] == [
        True, False, False, False, False, False,
    ]  # fmt: skip
