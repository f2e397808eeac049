"""The opening handshake of a WebSocket (RFC 6455, 4.2)."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from signaling.connection.handshake import NoHandshake, switching

GOOD = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_the_example_of_the_rfc_is_answered_as_it_says() -> None:
    answer = switching(CIMultiDict(GOOD)).decode()
    assert answer.startswith("HTTP/1.1 101 ")
    assert "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert answer.endswith("\r\n\r\n")
    assert "Sec-WebSocket-Protocol" not in answer


@pytest.mark.parametrize(("offered", "chosen"), [
    ("legato.1", True), ("chat, legato.1", True), ("chat", False), ("LEGATO.1", False), ("legato.12", False),
])  # fmt: skip
def test_our_subprotocol_is_chosen_where_it_is_offered(offered: str, chosen: bool) -> None:
    answer = switching(CIMultiDict(GOOD | {"Sec-WebSocket-Protocol": offered}))
    assert (b"\r\nSec-WebSocket-Protocol: legato.1\r\n" in answer) is chosen


def test_no_extension_is_agreed_on() -> None:
    answer = switching(CIMultiDict(GOOD | {"Sec-WebSocket-Extensions": "permessage-deflate"}))
    assert b"extensions" not in answer.lower()


def test_lists_and_case_are_read_as_http_has_them() -> None:
    headers = CIMultiDict(GOOD | {"Connection": "keep-alive ,\tUpGrade", "Upgrade": "WebSocket"})
    assert switching(headers)
    several = CIMultiDict(GOOD)
    several.add("Connection", "keep-alive")
    several.add("Sec-WebSocket-Protocol", "chat")
    several.add("Sec-WebSocket-Protocol", "legato.1")
    assert b"legato.1" in switching(several)


@pytest.mark.parametrize(("header", "value"), [
    ("Upgrade", "h2c"), ("Upgrade", "websockets"), ("Connection", "keep-alive"), ("Connection", "upgraded"),
    ("Sec-WebSocket-Version", "8"), ("Sec-WebSocket-Version", "13, 8"), ("Sec-WebSocket-Key", ""),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZQ=="), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j!Q=="), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==\xe9"),
])  # fmt: skip
def test_what_is_no_handshake_is_refused_with_the_header_that_is_wrong(header: str, value: str) -> None:
    with pytest.raises(NoHandshake) as wrong:
        switching(CIMultiDict(GOOD | {header: value}))
    assert wrong.value.header == header


@pytest.mark.parametrize("header", GOOD)
def test_a_header_that_is_missing_or_there_twice_is_refused(header: str) -> None:
    with pytest.raises(NoHandshake):
        switching(CIMultiDict({name: value for name, value in GOOD.items() if name != header}))
    if header.startswith("Sec-"):
        twice = CIMultiDict(GOOD)
        twice.add(header, GOOD[header])
        with pytest.raises(NoHandshake):
            switching(twice)
