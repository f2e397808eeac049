"""Every forged, twisted or stale ticket is refused, and all refusals look alike.

Mutants that these tests kill: the algorithm is read from the ticket; a header may carry more than three
parameters, or one twice; base64 is read in any spelling; issuer or audience are compared loosely or not at
all; a key signs kinds or tenants that are not its own; a role's ceiling, a claim's type, a time's leeway or
a kind's longest life is not checked; numbers that JSON has not are read; a long ticket is parsed.
"""

import json
import logging
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from hub.keys.compact import MOST_CHARACTERS
from hub.keys.errors import TicketRefused
from hub.keys.signer import TicketSigner
from legato.session.tickets import Ticket
from tests.hub.keys.forging import EC_KEY, ED_KEY, KEYRING, NOW, SECRET, Forge, as_json, b64, forge, pem

SIGNER = TicketSigner(KEYRING)
GOOD = forge()
HUB = {"kid": "hub", "alg": "ES256"}
SHOP = {"kid": "shop", "alg": "EdDSA"}
BOND = {"jkt": "A" * 43}
RESUME = {"typ": "legato-resume+jwt", **HUB}


def parts(text: str) -> list[str]:
    return text.split(".")


def raw_claims(**replaced: str) -> bytes:
    """The good claims as JSON text with members added verbatim."""
    return (json.dumps(GOOD.claims)[:-1] + "".join(f", {text}" for text in replaced.values()) + "}").encode()


def good_with(at: int, part: str) -> str:
    """The good ticket with one of its three parts replaced; the signature stays."""
    found = parts(GOOD.text())
    found[at] = part
    return ".".join(found)


def reparsed(header: bytes) -> str:
    """Any bytes as the header, well signed."""
    return Forge(header, GOOD.claims).text()


def other_spelling(text: str) -> str:
    """The same signature with bits set after its last byte."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


HOSTILE: dict[str, tuple[str, Any]] = {
    # --- algorithms and keys
    "alg none without a signature": ("not_compact", ".".join(parts(forge({"alg": "none"}).text())[:2]) + "."),
    "alg none with a signature": ("algorithm_not_of_key", forge({"alg": "none"}).text()),
    "alg None": ("algorithm_not_of_key", forge({"alg": "None"}).text()),
    "alg nOnE of a public key": ("algorithm_not_of_key", forge({"kid": "hub", "alg": "nOnE"}).text()),
    "alg empty": ("algorithm_not_of_key", forge({"alg": ""}).text()),
    "alg in lower case": ("algorithm_not_of_key", forge({"alg": "hs256"}).text()),
    "alg HS512 of an HS256 key": ("algorithm_not_of_key", forge({"alg": "HS512"}).text()),
    "HS256 signed with the public ECDSA key": (
        "algorithm_not_of_key",
        forge({"kid": "hub"}, iss="https://hub.example").text(pem(EC_KEY)),
    ),
    "HS256 signed with the public Ed25519 key": (
        "algorithm_not_of_key",
        forge({"kid": "shop"}, ten="shop").text(pem(ED_KEY)),
    ),
    "ES256 header, HMAC with the public key": (
        "signature",
        forge(HUB, iss="https://hub.example").text(pem(EC_KEY)),
    ),
    "ES256 of another key": (
        "signature",
        forge(HUB, iss="https://hub.example").text_ec(ec.derive_private_key(7, ec.SECP256R1())),
    ),
    "ES256 on another curve": (
        "signature",
        forge(HUB, iss="https://hub.example").text_ec(ec.derive_private_key(7, ec.SECP384R1())),
    ),
    "ES256 with r and s zero": (
        "signature",
        ".".join([*parts(forge(HUB, iss="https://hub.example").text_ec())[:2], b64(bytes(64))]),
    ),
    "EdDSA of another key": (
        "signature",
        forge(SHOP, ten="shop").text_ed(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))),
    ),
    "HS256 of another secret": ("signature", GOOD.text(SECRET[::-1])),
    "HS256 of an empty secret": ("signature", GOOD.text(b"")),
    "a signature cut short": ("signature", good_with(2, parts(GOOD.text())[2][:40])),
    "another ticket's signature": ("signature", good_with(2, parts(forge(sub="p_bob").text())[2])),
    "another ticket's claims": ("signature", good_with(1, parts(forge(sub="p_bob").text())[1])),
    # --- key ids
    "kid unknown": ("key_unknown", forge({"kid": "nobody"}).text()),
    "kid a path": ("key_unknown", forge({"kid": "../../x"}).text()),
    "kid /dev/null with an empty secret": ("key_unknown", forge({"kid": "/dev/null"}).text(b"")),
    "kid a URL": ("key_unknown", forge({"kid": "https://evil.example/keys.json"}).text()),
    "kid SQL": ("key_unknown", forge({"kid": "x' UNION SELECT 'k"}).text(b"k")),
    "kid with a NUL": ("key_unknown", forge({"kid": "backend\0"}).text()),
    "kid with a Cyrillic letter": ("key_unknown", forge({"kid": "bаckend"}).text()),
    "kid in upper case": ("key_unknown", forge({"kid": "BACKEND"}).text()),
    "kid a number": ("header_values", forge({"kid": 1}).text()),
    "kid a list": ("header_values", forge({"kid": ["backend"]}).text()),
    "kid null": ("header_values", forge({"kid": None}).text()),
    "kid missing": ("header_parameters", reparsed(b'{"alg":"HS256","typ":"legato-access+jwt"}')),
    # --- headers
    "two alg": (
        "repeated_name",
        reparsed(b'{"alg":"none","kid":"backend","typ":"legato-access+jwt","alg":"HS256"}'),
    ),
    "two alg, one escaped": (
        "repeated_name",
        reparsed(b'{"alg":"HS256","kid":"backend","typ":"legato-access+jwt","\\u0061lg":"none"}'),
    ),
    "two kid": (
        "repeated_name",
        reparsed(b'{"alg":"HS256","kid":"hub","kid":"backend","typ":"legato-access+jwt"}'),
    ),
    "jwk in the header": ("header_parameters", forge({"jwk": {"kty": "oct", "k": b64(SECRET)}}).text()),
    "jku in the header": ("header_parameters", forge({"jku": "https://evil.example/jwks"}).text()),
    "x5u in the header": ("header_parameters", forge({"x5u": "http://169.254.169.254/"}).text()),
    "x5c in the header": ("header_parameters", forge({"x5c": ["MII"]}).text()),
    "crit in the header": ("header_parameters", forge({"crit": ["exp"]}).text()),
    "b64 false": ("header_parameters", forge({"b64": False, "crit": ["b64"]}).text()),
    "zip in the header": ("header_parameters", forge({"zip": "DEF"}).text()),
    "cty JWT, a nested token": ("header_parameters", forge({"cty": "JWT"}).text()),
    "header a list": ("not_an_object", reparsed(b'["HS256"]')),
    "header not JSON": ("not_json", reparsed(b"HS256")),
    "header in UTF-16": ("not_json", reparsed(json.dumps(GOOD.header).encode("utf-16"))),
    "header with a byte order mark": ("not_json", reparsed(b"\xef\xbb\xbf" + as_json(GOOD.header))),
    # --- kinds of ticket
    "typ JWT": ("type", forge({"typ": "JWT"}).text()),
    "typ at+jwt": ("type", forge({"typ": "at+jwt"}).text()),
    "typ in upper case": ("type", forge({"typ": "LEGATO-ACCESS+JWT"}).text()),
    "typ missing": ("header_parameters", reparsed(b'{"alg":"HS256","kid":"backend"}')),
    "a resume ticket from a backend": (
        "kind_not_of_key",
        forge({"typ": "legato-resume+jwt"}, att="a_1", cnf=BOND).text(),
    ),
    "an access ticket as a resume ticket": (
        "att",
        forge(RESUME, iss="https://hub.example", cnf=BOND).text_ec(),
    ),
    "a resume ticket without a key": (
        "cnf",
        forge(RESUME, iss="https://hub.example", att="a_1").text_ec(),
    ),
    # --- claims that are missing
    **{
        f"without {claim}": (claim, forge(without=claim).text())
        for claim in ("iss", "aud", "iat", "nbf", "exp", "jti", "ten", "ses", "sub", "rol", "cap")
    },
    "without any claim": ("iss", Forge(GOOD.header, {}).text()),
    # --- who made it, and for whom
    "iss of nobody": ("iss", forge(iss="https://evil.example").text()),
    "iss of another key": ("iss", forge(iss="https://hub.example").text()),
    "iss a list": ("iss", forge(iss=["https://shop.example"]).text()),
    "iss with a slash more": ("iss", forge(iss="https://shop.example/").text()),
    "aud of another service": ("aud", forge(aud="billing").text()),
    "aud a list that has ours": ("aud", forge(aud=["billing", "legato"]).text()),
    "aud a longer name": ("aud", forge(aud="legato.evil.example").text()),
    "aud empty": ("aud", forge(aud="").text()),
    "aud a pattern": ("aud", forge(aud="*").text()),
    "a tenant that the key is not for": ("tenant_not_of_key", forge(SHOP, ten="main").text_ed()),
    # --- times
    "expired 31 s ago": ("expired", forge(iat=NOW - 631, nbf=NOW - 631, exp=NOW - 31).text()),
    "not good for another 31 s": ("nbf_in_future", forge(nbf=NOW + 31).text()),
    "issued in 31 s": ("iat_in_future", forge(iat=NOW + 31, nbf=NOW).text()),
    "good for 601 s": ("exp_too_late", forge(exp=NOW + 601).text()),
    "good for ever": ("exp_too_late", forge(exp=2**53 - 1).text()),
    "exp beyond 2^53": ("exp", forge(exp=2**53).text()),
    "exp of three thousand digits": ("exp", Forge(GOOD.header, forge(exp=int("9" * 2_500)).claims).text()),
    "exp before iat": ("exp", forge(exp=NOW - 1).text()),
    "exp as text": ("exp", forge(exp=str(NOW + 600)).text()),
    "exp true": ("exp", forge(exp=True).text()),
    "exp null": ("exp", forge(exp=None).text()),
    "times negative": ("iat", forge(iat=-900, nbf=-900, exp=-300).text()),
    "exp a fraction": ("number", Forge(GOOD.header, raw_claims(x='"y": 1.5')).text()),
    "a number past every bound": ("number", Forge(GOOD.header, raw_claims(x='"y": 1e999')).text()),
    "NaN": ("number", Forge(GOOD.header, raw_claims(x='"y": NaN')).text()),
    "Infinity": ("number", Forge(GOOD.header, raw_claims(x='"y": -Infinity')).text()),
    # --- claims twisted
    "two rol": ("repeated_name", Forge(GOOD.header, raw_claims(x='"rol": "supervisor"')).text()),
    "two names deep inside": ("repeated_name", Forge(GOOD.header, raw_claims(x='"y": {"a":1,"a":2}')).text()),
    "rol unknown": ("rol", forge(rol="admin").text()),
    "rol with a Cyrillic letter": ("rol", forge(rol="usеr").text()),
    "rol a list": ("rol", forge(rol=["user", "supervisor"]).text()),
    "a user who may take over": ("cap_above_role", forge(cap=["read", "takeover"]).text()),
    "an observer who may publish": ("cap_above_role", forge(rol="observer", cap=["publish"]).text()),
    "an agent who may erase": ("cap_above_role", forge(rol="agent", cap=["erase"]).text()),
    "a supervisor who works": ("cap_above_role", forge(rol="supervisor", cap=["work"]).text()),
    "a capability that is not": ("cap_above_role", forge(cap=["read", "*"]).text()),
    "cap a text": ("cap", forge(cap="read publish").text()),
    "cap a list in a list": ("cap", forge(cap=[["read"]]).text()),
    "cap twice the same": ("cap", forge(cap=["read", "read"]).text()),
    "a user of every session": ("ses", forge(ses="*").text()),
    "ses a path": ("ses", forge(ses="s_1/../s_2").text()),
    "ses with a line feed": ("ses", forge(ses="s_1\n").text()),
    "ses a pattern": ("ses", forge(ses="s_*").text()),
    "ten in upper case": ("ten", forge(ten="MAIN").text()),
    "ten with a key's braces": ("ten", forge(ten="main}{shop").text()),
    "sub a lone surrogate": (
        "sub",
        Forge(GOOD.header, raw_claims().replace(b'"p_ada"', b'"\\ud800"')).text(),
    ),
    "sub of full-width letters": ("sub", forge(sub="ｐ_ada").text()),
    "sub a number": ("sub", forge(sub=7).text()),
    "nam that turns the text": ("nam", forge(nam="Ada\u202e").text()),
    "nam of a novel": ("nam", forge(nam="x" * 65).text()),
    "nam an object": ("nam", forge(nam={"first": "Ada"}).text()),
    "cnf a text": ("cnf", forge(cnf="key").text()),
    "cnf without a thumbprint": ("cnf", forge(cnf={"x5t": "A" * 43}).text()),
    "cnf with a key of another thumbprint": (
        "cnf",
        forge(
            cnf={"jkt": "A" * 43, "jwk": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}}
        ).text(),
    ),
    "claims not an object": ("not_an_object", Forge(GOOD.header, b"[1]").text()),
    "claims not JSON": ("not_json", Forge(GOOD.header, b"iss=legato").text()),
    "claims not UTF-8": ("not_json", Forge(GOOD.header, b'{"iss":"\xff"}').text()),
    "claims 1000 deep": ("not_json", Forge(GOOD.header, b'{"a":' + b"[" * 2_000).text()),
    # --- shapes
    "not text": ("not_text", None),
    "bytes": ("not_text", GOOD.text().encode("ascii")),
    "empty": ("not_compact", ""),
    "dots": ("not_compact", ".."),
    "a JWE of five parts": ("not_compact", ".".join([*parts(GOOD.text()), "AAAA", "AAAA"])),
    "a nested ticket": ("not_json", Forge(GOOD.header, GOOD.text().encode("ascii")).text()),
    "JSON serialisation": ("not_compact", json.dumps({"payload": "e30", "signatures": []})),
    "a space before": ("not_compact", " " + GOOD.text()),
    "a line feed after": ("not_compact", GOOD.text() + "\n"),
    "with its scheme": ("not_compact", "Bearer " + GOOD.text()),
    "padded": ("not_compact", GOOD.text() + "="),
    "in the standard alphabet": ("not_compact", good_with(2, "+/" + "A" * 41)),
    "another spelling of the signature": ("not_canonical", other_spelling(GOOD.text())),
    "one character too many": ("not_base64url", good_with(2, "AAAAA")),
    "huge": ("too_long", good_with(1, "A" * MOST_CHARACTERS)),
    "enormous": ("too_long", "A" * 1_000_000),
}


@pytest.mark.parametrize(("detail", "text"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_ticket_is_refused_like_any_other(
    detail: str, text: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(TicketRefused) as caught:
        SIGNER.verify(text, NOW)
    assert str(caught.value) == "ticket_refused"
    assert repr(caught.value) == "TicketRefused()"
    assert caught.value.detail == detail
    assert [record.getMessage() for record in caplog.records] == ["ticket refused"]
    assert caplog.records[0].__dict__["detail"] == detail


def test_the_tickets_that_were_twisted_are_good_as_they_stand() -> None:
    assert isinstance(SIGNER.verify(GOOD.text(), NOW), Ticket)
    assert isinstance(SIGNER.verify(forge(HUB, iss="https://hub.example").text_ec(), NOW), Ticket)
    assert isinstance(SIGNER.verify(forge(SHOP, ten="shop").text_ed(), NOW), Ticket)
    bound = forge(RESUME, iss="https://hub.example", att="a_1", cnf=BOND)
    assert isinstance(SIGNER.verify(bound.text_ec(), NOW), Ticket)


def test_there_are_more_than_forty_of_them() -> None:
    texts = [text for _, text in HOSTILE.values()]
    assert len(texts) > 100
    assert len({repr(text) for text in texts}) == len(texts)


@given(at=st.integers(0, len(GOOD.text()) - 1), put=st.sampled_from("AQgw019-_.=\n "))
def test_no_character_of_a_ticket_can_be_changed(at: int, put: str) -> None:
    text = GOOD.text()
    changed = text[:at] + put + text[at + 1 :]
    if changed == text:
        assert SIGNER.verify(changed, NOW).participant == "p_ada"
        return
    with pytest.raises(TicketRefused):
        SIGNER.verify(changed, NOW)


@given(st.one_of(st.text(max_size=200), st.binary(max_size=60).map(b64), st.none(), st.integers()))
def test_garbage_is_refused_and_nothing_else(garbage: object) -> None:
    with pytest.raises(TicketRefused):
        SIGNER.verify(garbage, NOW)
