"""Where a store is: `redis://[user:password@]host[:port][/db]`, `rediss://…` (TLS), `unix:///path[?db=n]`."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

PORT: Final = 6379


class EndpointInvalid(ValueError):
    """The URL names no store; the text says what is wrong with it and never quotes it (it may hold a password)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server. `path` is a unix socket; without it `host` and `port` count."""

    host: str = "127.0.0.1"
    port: int = PORT
    path: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    database: int = 0
    tls: bool = False

    @classmethod
    def from_url(cls, url: str) -> Endpoint:
        """Read a URL."""
        parts = urlsplit(url)
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        if parts.scheme == "unix":
            if not parts.path:
                raise EndpointInvalid("a unix URL needs the socket's path, as in unix:///run/store.sock")
            number = parse_qs(parts.query).get("db", ["0"])[0]
            return cls(
                path=unquote(parts.path), username=username, password=password, database=_number(number)
            )
        if parts.scheme not in ("redis", "rediss"):
            raise EndpointInvalid("a store's URL starts with redis://, rediss:// or unix://")
        try:
            port = parts.port or PORT
        except ValueError:
            raise EndpointInvalid("the port is not a number from 1 to 65535") from None
        host = parts.hostname or "127.0.0.1"
        number = parts.path.strip("/") or "0"
        return cls(host, port, "", username, password, _number(number), parts.scheme == "rediss")

    def ssl_context(self) -> ssl.SSLContext | None:
        """How to verify the server, if it speaks TLS."""
        return ssl.create_default_context() if self.tls else None

    def greeting(self) -> list[tuple[str, ...]]:
        """The commands that begin a connection."""
        hello: tuple[str, ...] = ("HELLO", "3")
        if self.password:
            hello += ("AUTH", self.username or "default", self.password)
        return [hello, ("SELECT", str(self.database))] if self.database else [hello]


def _number(text: str) -> int:
    if not text.isdecimal():
        raise EndpointInvalid("the database is not a number")
    return int(text)
