"""Proof that whoever shows a ticket has the key that it is bound to.

The client's key is ECDSA P-256, non-extractable where WebCrypto made it; it signs with SHA-256, and the
signature is raw r | s, 64 bytes (IEEE P1363), as WebCrypto gives it.
"""

from base64 import urlsafe_b64decode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from legato.session.proof_key import ProofKey, proof_message


def verify_proof(key: ProofKey, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes, raw r | s) over `message` was made by the private half of `key`.

    A point that is not on the curve verifies nothing.
    """
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        point = ec.EllipticCurvePublicNumbers(_number(key.x), _number(key.y), ec.SECP256R1()).public_key()
        point.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def proves(key: ProofKey, proof: object, nonce: str) -> bool:
    """Whether `proof`, base64url text as it comes over the wire, is the signature for `nonce`."""
    if not isinstance(proof, str) or len(proof) != 86:
        return False
    try:
        signature = urlsafe_b64decode(proof + "==")
    except ValueError:
        return False
    return verify_proof(key, signature, proof_message(nonce))


def _number(coordinate: str) -> int:
    return int.from_bytes(urlsafe_b64decode(coordinate + "="), "big")
