"""The real stores that verification runs over."""

from tests.support.stores import own_server, servers

__all__ = ["own_server", "servers"]
