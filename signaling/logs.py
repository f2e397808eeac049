"""Logs: one JSON object a line, with a static message and fields from a list.

Whatever is not on the list is not written. So no ticket, no name, no word that anybody said and no SDP can reach a
log by way of a field that somebody added in a hurry; a traceback is written without its values, which quote
input.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import IO, Any, Final

FIELDS: Final = frozenset(
    {
        "attempt", "call", "calls", "capacity", "code", "connections", "count", "detail", "duty", "failure",
        "generation", "host", "kind", "level", "lost", "lost_from", "lost_to", "ms", "node", "number", "offset",
        "outcome", "pid", "port", "reason", "restarts", "role", "session", "shown", "stage", "status", "store",
        "tenant", "url", "version", "what", "why", "worker",
    }
)  # fmt: skip
"""What may be written beside the message. Sessions and workers are ids; `detail` and `why` are constants."""

LONGEST: Final = 200
_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
        }
        for field in FIELDS:
            if (value := record.__dict__.get(field)) is not None and field not in line:
                line[field] = value if isinstance(value, int | float | bool) else str(value)[:LONGEST]
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = [
                f"{frame.filename.rpartition('/')[2]}:{frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-8:]
            ]
        return json.dumps(line, ensure_ascii=True)


class Readable(logging.Formatter):
    """The same for somebody at a terminal: time, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = json.loads(_LINES.format(record))
        skipped = ("at", "level", "from", "message", "pid", "where")
        fields = "".join(f"  {name}={value}" for name, value in line.items() if name not in skipped)
        loud = f"{line['level']}: " if record.levelno >= logging.WARNING else ""
        return f"{line['at'][11:19]}  {loud}{line['message']}{fields}"


_LINES: Final = Lines()


def set_up_logs(level: str = "info", stream: IO[str] | None = None) -> None:
    """Write everything of this process so, from `level` on; to a terminal as people read. The access log of
    aiohttp stays silent: it writes whole URLs and whatever a client calls itself."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Readable() if handler.stream.isatty() else _LINES)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    logging.getLogger("aiohttp.access").disabled = True
    logging.getLogger("asyncio").setLevel(logging.WARNING)
