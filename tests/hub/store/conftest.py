"""The stores that the suites run over."""

from tests.support.stores import hall, own_server, servers

__all__ = ["hall", "own_server", "servers"]
