"""Positions as they go over the wire: authenticated, so that nobody can name a place that no hub ever gave.

A position that the log does not hold is proof that the store lost a tail: the hub opens a new epoch and every token of
the old one is void. So what a client brings must be what a hub of this key once wrote for this very session;
otherwise one forged position would take the rights of everybody in it. On the wire a position is 45 characters:

    the position's text: 34 characters (`legato.session.position`) | the code: 8 bytes, 11 characters of base64url

    code = the first 8 bytes of HMAC-SHA-256(key, "legato-position-1" | text(tenant) | text(session) | position's text)

where text(x) is one byte of length and x in ASCII. 64 bits are enough: whoever guesses must ask the hub each time, and
each wrong guess costs a connection.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives import hashes, hmac

from hub.keys.places import KEPT_NAMES, text
from legato.session.position import TEXT_LENGTH, Position, PositionInvalid, unpadded

CODE_SIZE: Final = 8
SIGNED_LENGTH: Final = TEXT_LENGTH + 11
LABEL: Final = b"legato-position-1"


class Positions:
    """Writes and reads positions under the hub's position key (32 bytes).

    The newest one written is kept at hand: all who listen to a session are told the same position in one pass.
    """

    __slots__ = ("_mac", "_newest", "_scope", "_written")

    def __init__(self, key: bytes) -> None:
        self._mac = hmac.HMAC(key, hashes.SHA256())
        """Copied for each code: to begin anew with the key costs more than the code."""
        self._scope = b""
        self._newest: Position | None = None
        self._written = ""

    def written(self, tenant: str, session: str, position: Position) -> str:
        """The one spelling of this position of that session: 45 characters of base64url."""
        return self._write(_scope(tenant, session), position)

    def writer(self, tenant: str, session: str) -> Callable[[Position], str]:
        """`written` for one session."""
        return partial(self._write, _scope(tenant, session))

    def _write(self, scope: bytes, position: Position) -> str:
        if position is not self._newest or scope != self._scope:
            body = position.to_text()
            self._written = body + self._code(scope, body)
            self._scope, self._newest = scope, position
        return self._written

    def read(self, tenant: str, session: str, text: str) -> Position:
        """The position that `written` wrote for that session; anything else is `PositionInvalid`."""
        position = unverified(text)
        code = self._code(_scope(tenant, session), text[:TEXT_LENGTH])
        if not compare_digest(code.encode(), text[TEXT_LENGTH:].encode("utf-8", "replace")):
            raise PositionInvalid("code")
        return position

    def _code(self, scope: bytes, body: str) -> str:
        mac = self._mac.copy()
        mac.update(scope + body.encode("ascii"))
        return unpadded(mac.finalize()[:CODE_SIZE])


@lru_cache(maxsize=KEPT_NAMES)
def _scope(tenant: str, session: str) -> bytes:
    """What stands before a position's text when its code is made."""
    return LABEL + text("tenant", tenant) + text("session", session)


def unverified(text: str) -> Position:
    """What a position on the wire says, whoever wrote it: for those who measure and test, not for a door."""
    return Position.from_text(text[:TEXT_LENGTH])
