"""A plain client for the few questions asked outside the thin connection. Blocking: use it in a thread."""

from __future__ import annotations

from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hub.store.endpoint import Endpoint

PATIENCE_S: Final = 5.0


def client(endpoint: Endpoint) -> Redis:
    """Close it. Commands wait `PATIENCE_S` at most."""
    login: dict[str, Any] = {
        "username": endpoint.username or None,
        "password": endpoint.password or None,
        "db": endpoint.database,
        "socket_timeout": PATIENCE_S,
        "socket_connect_timeout": PATIENCE_S,
        "decode_responses": True,
        "retry": Retry(NoBackoff(), 0),  # its own ten hidden retries would take seconds, and repeat commands
    }
    if endpoint.path:
        return Redis(unix_socket_path=endpoint.path, **login)
    return Redis(host=endpoint.host, port=endpoint.port, ssl=endpoint.tls, **login)
