"""The scripts' chain is the chain of the vectors; every script loads and is known by its digest."""

import json
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from hub.store.scripts import SCRIPTS, part, script
from legato.session import chain
from tests.hub.store.writing import new_key
from tests.support.stores import SERVERS, Server

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "chain.json").read_text())


@pytest.fixture(params=SERVERS)
def client(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Iterator[Redis]:
    client = Redis(unix_socket_path=str(servers[request.param].path))
    yield client
    client.close()


def linked(client: Redis, vector: dict[str, Any]) -> bytes:
    numbers = [vector[name] for name in ("offset", "time_ms", "flags", "sequence", "index")]
    call = "return link(ARGV[1], header_of({}, {}, {}, ARGV[2], {}, {}), ARGV[3])".format(*numbers)
    previous, sealed = bytes.fromhex(vector["previous"]), bytes.fromhex(vector["sealed"])
    digest: bytes = client.eval(
        f"{part('short')}\n{part('chain')}\n{call}", 0, previous, vector["producer"], sealed
    )
    return digest


@pytest.mark.parametrize("vector", VECTORS["links"], ids=lambda vector: str(vector["name"]))
def test_the_script_links_as_the_vectors_say(client: Redis, vector: dict[str, Any]) -> None:
    assert linked(client, vector).hex() == vector["digest"]


def test_the_script_links_the_largest_numbers_as_the_log_does(client: Redis) -> None:
    largest = {
        "offset": chain.MAX_EXACT, "time_ms": chain.MAX_EXACT, "sequence": chain.MAX_EXACT, "flags": 255,
        "index": 255, "producer": "p" * 255, "previous": "ff" * 20, "sealed": "00" * 29,
    }  # fmt: skip
    header = chain.producer_header("p" * 255, chain.MAX_EXACT, 255)
    expected = chain.link(b"\xff" * 20, chain.MAX_EXACT, chain.MAX_EXACT, 255, header, bytes(29))
    assert linked(client, largest) == expected


def test_every_script_loads_under_the_digest_we_know_it_by(client: Redis) -> None:
    for each in SCRIPTS:
        assert client.script_load(each.source) == sha1(each.source.encode()).hexdigest() == each.digest


def test_a_place_that_a_dead_node_took_is_given_back_after_a_minute(client: Redis) -> None:
    prefix = f"legato:1:{{{new_key().tenant}}}:"
    keys = [prefix + what for what in ("rows", "makers", "placed")]

    def take(session: str) -> int:
        words = ("take", session, f"{prefix}lookup:", "p_ada", 1)
        return int(client.eval(script("place").source, len(keys), *keys, *words))

    assert (take("s_1"), take("s_1"), take("s_2")) == (1, 2, 0)
    taken = client.zscore(keys[2], "s_1")
    assert isinstance(taken, float)
    client.zadd(keys[2], {"s_1": taken - 60_001})
    assert (take("s_2"), take("s_1")) == (1, 0)
    assert client.hgetall(keys[1]) == {b"s_2": b"p_ada"}
