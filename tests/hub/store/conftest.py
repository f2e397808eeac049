"""The stores that the suites run over."""

from collections.abc import AsyncIterator, Iterator
from random import Random
from time import time_ns

import pytest

from hub.store.model import ModelServer
from tests.support.stores import SERVERS, Hall, Server, running


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Server]]:
    """One server of each kind for all tests that harm nobody: each test takes sessions of its own."""
    started: dict[str, Server] = {}
    contexts = [running(kind) for kind in SERVERS]
    for kind, context in zip(SERVERS, contexts, strict=True):
        started[kind] = context.__enter__()
    yield started
    for context in contexts:
        context.__exit__(None, None, None)


def model_server() -> ModelServer:
    return ModelServer(lambda: time_ns() // 1_000_000, Random(time_ns()).randbytes)


@pytest.fixture(params=["model", *SERVERS])
async def hall(request: pytest.FixtureRequest, servers: dict[str, Server]) -> AsyncIterator[Hall]:
    hall = Hall(servers.get(request.param), model_server())
    yield hall
    await hall.close()


@pytest.fixture(params=SERVERS)
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server to break."""
    with running(request.param) as server:
        yield server
