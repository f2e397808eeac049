"""Close codes of a connection, the HTTP status of the same refusal, and whether to come back.

`PROTOCOL.md`, "Close codes and refusals".
"""

from __future__ import annotations

from typing import Final

DONE: Final = 1000
GOING_AWAY: Final = 1001
TOO_LARGE: Final = 1009
MALFORMED: Final = 4000
UNAUTHENTICATED: Final = 4001
NOT_ALLOWED: Final = 4003
NOT_FOUND: Final = 4004
TIMED_OUT: Final = 4008
ERASED: Final = 4010
OVERLOADED: Final = 4013
TOO_FAST: Final = 4029
REPLACED: Final = 4101
LEVEL_UNAVAILABLE: Final = 4406

STATUS: Final = {
    DONE: 200,
    GOING_AWAY: 503,
    TOO_LARGE: 413,
    MALFORMED: 400,
    UNAUTHENTICATED: 401,
    NOT_ALLOWED: 403,
    NOT_FOUND: 404,
    TIMED_OUT: 408,
    ERASED: 410,
    OVERLOADED: 503,
    TOO_FAST: 429,
    REPLACED: 409,
    LEVEL_UNAVAILABLE: 406,
}
