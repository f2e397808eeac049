"""Connectivity checks as a browser makes them, built by an independent STUN implementation."""

from aioice import stun


def check(
    username: str,
    password: str,
    transaction: bytes,
    nominated: bool = False,
    fingerprint: bool = True,
    integrity: bool = True,
) -> bytes:
    """A binding request from a controlling agent; `username` is hub:peer, `transaction` 12 bytes."""
    message = stun.Message(
        message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST, transaction_id=transaction
    )
    message.attributes["USERNAME"] = username
    message.attributes["PRIORITY"] = 1853824767
    message.attributes["ICE-CONTROLLING"] = 0x932FF9B151263B36
    if nominated:
        message.attributes["USE-CANDIDATE"] = None
    if integrity:
        message.add_message_integrity(password.encode())
    message.attributes.pop("FINGERPRINT", None)
    if fingerprint:
        message.add_fingerprint()
    return bytes(message)


def answer(challenge: bytes, password: str, host: str, port: int) -> bytes:
    """The success response of a browser to a check of the hub."""
    asked = stun.parse_message(challenge)
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=asked.transaction_id,
    )
    message.attributes["XOR-MAPPED-ADDRESS"] = (host, port)
    message.add_message_integrity(password.encode())
    return bytes(message)
