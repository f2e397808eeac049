"""What every request passes: where it comes from, what it may be answered with, and that nothing escapes.

No handler sees a request of an origin that is not on the list; no answer leaves without the headers that keep a
browser from guessing; no failure leaves as anything but a typed error, and none is logged with what was said.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from hub.keys.errors import KeysError, SessionForgotten
from hub.store.promise import StoreUnavailable
from signaling.http.errors import ErrorDetail, Refused, error_response
from signaling.policy import Policy

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log: Final = logging.getLogger("legato.http")

PEER: Final = web.RequestKey("peer", str)
"""Where a request's own address is kept in it."""

SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CLOSED_CONTENT: Final = "default-src 'none'; frame-ancestors 'none'"
_ALLOWED_HEADERS: Final = "authorization, content-type, last-event-id"
_ALLOWED_METHODS: Final = "GET, POST, PUT, DELETE, OPTIONS"

_STATUS_REASON: Final = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported"}
_UNAVAILABLE: Final = ErrorDetail("unavailable", retry_after_ms=1000)


def guard(policy: Policy) -> Middleware:
    """The middleware."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer, scheme, host = policy.seen(_socket_peer(request), request.scheme, request.host, request.headers)
        request[PEER] = peer
        origin = request.headers.get("Origin")
        if origin is not None and not policy.allows(origin, scheme, host):
            response: web.StreamResponse = error_response(ErrorDetail("origin_refused"))
        elif request.method == "OPTIONS" and origin is not None:
            response = web.Response(status=204, headers=_preflight())
            share(response, origin)
        else:
            response = await _answered(request, handler)
            if origin is not None and not response.prepared:
                share(response, origin)
        if not response.prepared:
            _secure(response)
        return response

    return guarded


def share(response: web.StreamResponse, origin: str) -> None:
    """Let a page of that origin, which is on the list, read the answer."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Vary"] = "Origin"


def stream_headers(request: web.Request) -> dict[str, str]:
    """The headers that a streamed answer sends itself, because it is prepared before the guard sees it."""
    headers = {**SECURITY, "Cache-Control": "no-store", "Content-Security-Policy": CLOSED_CONTENT}
    if (origin := request.headers.get("Origin")) is not None:
        headers |= {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    return headers


def _socket_peer(request: web.Request) -> str:
    name = request.transport.get_extra_info("peername") if request.transport is not None else None
    return str(name[0]) if isinstance(name, tuple) and name else "local"


def _preflight() -> dict[str, str]:
    return {
        "Access-Control-Allow-Methods": _ALLOWED_METHODS,
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Max-Age": "600",
    }


def _secure(response: web.StreamResponse) -> None:
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", CLOSED_CONTENT)
    response.headers.setdefault("Cache-Control", "no-store")


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return error_response(refused.error)
    except web.HTTPException as error:
        reason = _STATUS_REASON.get(error.status, "malformed")
        response = error_response(ErrorDetail(reason), error.status)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except TimeoutError:
        return error_response(ErrorDetail("timed_out", retry_after_ms=1000))
    except SessionForgotten:  # it was erased while this was being answered
        return error_response(ErrorDetail("session_erased"))
    except (StoreUnavailable, KeysError):
        return error_response(_UNAVAILABLE)
    except ConnectionError:
        raise
    except Exception as failure:  # whatever it is: an answer, and no traceback for a stranger
        log.error("a request failed", extra={"kind": type(failure).__name__}, exc_info=failure)
        return error_response(ErrorDetail("failed"))
