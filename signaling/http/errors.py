"""Errors as every HTTP door gives them: `{"error": {"reason", "detail", "field", "retry_after_ms"}}`."""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from hub.node.entries import SessionDamaged
from hub.node.promise import Node
from hub.store.promise import SessionKey
from legato.session.commands import Refusal

STATUS: Final = {
    "malformed": 400,
    "unknown_command": 400,
    "wrong_order": 409,
    "already_exists": 409,
    "already_ended": 409,
    "session_ended": 409,
    "stale_token": 409,
    "sequence_gap": 409,
    "sequence_reused": 409,
    "too_old": 409,
    "resume_first": 409,
    "lost_race": 409,
    "ticket_refused": 401,
    "connection_unknown": 401,
    "origin_refused": 403,
    "not_allowed": 403,
    "on_hold": 409,
    "budget_exhausted": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "level_unavailable": 406,
    "timed_out": 408,
    "session_erased": 410,
    "connection_gone": 410,
    "too_large": 413,
    "unsupported": 415,
    "blob_mismatch": 422,
    "too_many": 409,
    "too_fast": 429,
    "failed": 500,
    "overloaded": 503,
    "unavailable": 503,
    "draining": 503,
}


class ErrorDetail(msgspec.Struct, frozen=True):
    """What was wrong, for a program (`reason`, `field`) and for a person (`detail`). `retry_after_ms` > 0: the
    same request may be sent again then."""

    reason: str
    detail: str = ""
    field: str = ""
    retry_after_ms: int = 0


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class Refused(Exception):
    """A request is refused; the guard makes the answer."""

    def __init__(self, reason: str, detail: str = "", field: str = "", retry_after_ms: int = 0) -> None:
        super().__init__(reason)
        self.error = ErrorDetail(reason, detail, field, retry_after_ms)

    @classmethod
    def of(cls, refusal: Refusal) -> Refused:
        """The refusal of a room, as HTTP says it."""
        return cls(refusal.reason, refusal.detail, refusal.field, refusal.retry_after_ms)


async def absent(node: Node, key: SessionKey) -> Refused:
    """What who has a ticket for a session that is not there is told: whether it was erased."""
    return Refused("session_erased" if await node.erased(key) else "not_found")


async def there(node: Node, key: SessionKey) -> None:
    """Refuse, as every door does, where the session is not there: it never was, was erased, or is lost."""
    try:
        room = await node.open(key)
    except SessionDamaged as damage:
        if damage.reason != "lost":
            raise
        raise Refused("session_erased", "lost") from None
    if room is None:
        raise await absent(node, key)
    node.release(room)


def error_response(error: ErrorDetail, status: int | None = None) -> web.Response:
    """The answer that says so."""
    response = web.Response(
        status=status or STATUS.get(error.reason, 400),
        body=msgspec.json.encode(ErrorBody(error)),
        content_type="application/json",
    )
    if error.retry_after_ms > 0:
        response.headers["Retry-After"] = str(-(-error.retry_after_ms // 1000))
    if response.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def json_response(body: object, status: int = 200) -> web.Response:
    """A successful answer."""
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
