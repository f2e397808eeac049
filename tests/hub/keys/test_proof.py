"""Proofs of possession."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.keys.proof import proves, verify_proof
from legato.session.proof_key import ProofKey, ProofKeyInvalid, proof_message

VECTORS = Path(__file__).parents[2] / "vectors"
PROOF = json.loads((VECTORS / "proof.json").read_text())
KEY = ProofKey.from_jwk(PROOF["known"]["jwk"])


@pytest.mark.parametrize("vector", PROOF["keys"])
def test_a_key_has_the_thumbprint_of_the_vectors(vector: dict[str, Any]) -> None:
    assert ProofKey.from_jwk(vector["jwk"]).thumbprint == vector["thumbprint"]


@pytest.mark.parametrize("vector", PROOF["proofs"])
def test_a_proof_of_the_vectors_proves_its_key_and_nonce(vector: dict[str, Any]) -> None:
    key = ProofKey.from_jwk(PROOF["keys"][vector["key"]]["jwk"])
    other = ProofKey.from_jwk(PROOF["keys"][1 - vector["key"]]["jwk"])
    assert proof_message(vector["nonce"]).hex() == vector["message"]
    assert proves(key, vector["proof"], vector["nonce"])
    assert not proves(other, vector["proof"], vector["nonce"])
    assert not proves(key, vector["proof"], vector["nonce"] + "A")


def test_the_example_of_rfc_7515_verifies() -> None:
    known = PROOF["known"]
    signature = base64.urlsafe_b64decode(known["signature"] + "==")
    assert verify_proof(KEY, signature, bytes.fromhex(known["message"]))


@given(at=st.integers(0, 63), bit=st.integers(0, 7))
def test_a_changed_bit_proves_nothing(at: int, bit: int) -> None:
    known = PROOF["known"]
    signature = bytearray(base64.urlsafe_b64decode(known["signature"] + "=="))
    signature[at] ^= 1 << bit
    assert not verify_proof(KEY, bytes(signature), bytes.fromhex(known["message"]))


@pytest.mark.parametrize(
    "signature", [b"", bytes(64), b"\xff" * 64, bytes(63), bytes(65)], ids=["none", "0", "max", "63", "65"]
)
def test_a_signature_that_is_none_proves_nothing(signature: bytes) -> None:
    assert not verify_proof(KEY, signature, b"message")


def test_a_signature_has_one_spelling() -> None:
    known = PROOF["known"]
    message, signature = bytes.fromhex(known["message"]), base64.urlsafe_b64decode(known["signature"] + "==")
    assert verify_proof(KEY, signature, message)
    assert not verify_proof(KEY, signature[:32] + b"\0" + signature[32:], message)
    vector = PROOF["proofs"][0]
    key, proof = ProofKey.from_jwk(PROOF["keys"][vector["key"]]["jwk"]), vector["proof"]
    assert proves(key, proof, vector["nonce"])
    assert not proves(key, proof[:10] + "." + proof[10:], vector["nonce"])
    assert not proves(key, proof + "==", vector["nonce"])


def test_a_point_off_the_curve_proves_nothing() -> None:
    assert not verify_proof(ProofKey("A" * 43, "A" * 43), b"\1" * 64, b"message")
    assert not verify_proof(ProofKey(KEY.x, KEY.x), b"\1" * 64, b"message")


@pytest.mark.parametrize("proof", [None, 7, "", "A" * 85, "A" * 87, "é" * 86, "=" * 86, "." * 86, b"A" * 86])
def test_what_is_no_proof_proves_nothing(proof: object) -> None:
    assert not proves(KEY, proof, "nonce")


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        "EC",
        {},
        {"kty": "EC", "crv": "P-256", "x": KEY.x},
        {"kty": "EC", "crv": "P-384", "x": KEY.x, "y": KEY.y},
        {"kty": "RSA", "crv": "P-256", "x": KEY.x, "y": KEY.y},
        {"kty": "EC", "crv": "P-256", "x": KEY.x, "y": KEY.y, "d": KEY.x},
        {"kty": "EC", "crv": "P-256", "x": KEY.x, "y": KEY.y, "kid": "../x"},
        {"kty": "EC", "crv": "P-256", "x": KEY.x + "=", "y": KEY.y},
        {"kty": "EC", "crv": "P-256", "x": KEY.x[:-1] + "V", "y": KEY.y},
        {"kty": "EC", "crv": "P-256", "x": KEY.x + "\n", "y": KEY.y},
        {"kty": "EC", "crv": "P-256", "x": 7, "y": KEY.y},
    ],
)
def test_what_is_no_public_p256_key_is_refused(jwk: object) -> None:
    with pytest.raises(ProofKeyInvalid):
        ProofKey.from_jwk(jwk)


def test_a_key_is_read_as_webcrypto_exports_it() -> None:
    exported = {"key_ops": ["verify"], "ext": True, "kty": "EC", "x": KEY.x, "y": KEY.y, "crv": "P-256"}
    assert ProofKey.from_jwk(exported) == KEY
