"""What a server must be, to be trusted with sessions; asked of real ones."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.endpoint import Endpoint, EndpointInvalid
from hub.store.fitness import Facts, StoreUnfit, examine, judge
from hub.store.pressure import Pressure, pressure
from hub.store.promise import Level, Refused, StoreUnavailable
from tests.hub.store.writing import Writer, created, new_key
from tests.support.stores import IMPATIENT, Server, connected, running

GOOD = Facts("7.2.4", "master", False, True, "noeviction", 1 << 30, "everysec")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"policy": "allkeys-lru"}, "noeviction"),
        ({"policy": ""}, "unknown"),
        ({"aof": False}, "appendonly yes"),
        ({"fsync": None}, "CONFIG"),
    ],
)
def test_a_store_that_could_lose_data_silently_is_refused_unless_somebody_says_why(
    changes: dict[str, object], word: str
) -> None:
    unfit = replace(GOOD, **changes)  # type: ignore[arg-type]
    with pytest.raises(StoreUnfit, match=word) as refusal:
        judge(unfit, accepted="  ")
    assert refusal.value.acceptable
    fitness = judge(unfit, accepted="a trial")
    assert any("a trial" in warning and word in warning for warning in fitness.warnings)


@pytest.mark.parametrize(
    "changes", [{"version": "6.2.14"}, {"version": "?"}, {"role": "slave"}, {"cluster": True}]
)
def test_what_cannot_work_is_never_accepted(changes: dict[str, object]) -> None:
    with pytest.raises(StoreUnfit) as refusal:
        judge(replace(GOOD, **changes), accepted="please")  # type: ignore[arg-type]
    assert not refusal.value.acceptable


@pytest.mark.parametrize(
    ("changes", "level", "warnings"),
    [
        ({}, "memory", 1),
        ({"fsync": "always"}, "synced", 0),
        ({"fsync": "no"}, "buffered", 1),
        ({"maxmemory": 0}, "memory", 2),
        ({"fsync": "no", "aof_failing": True}, "buffered", 2),
        ({"fsync": "always", "maxmemory": 0}, "synced", 1),
        ({"version": "10.0", "fsync": "always"}, "synced", 0),
        ({"fsync": "always", "maxmemory": 100, "used": 79}, "synced", 0),
        ({"fsync": "always", "maxmemory": 100, "used": 80}, "synced", 1),
    ],
)
def test_the_level_is_what_the_server_gives(changes: dict[str, object], level: Level, warnings: int) -> None:
    fitness = judge(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert (fitness.level, len(fitness.warnings)) == (level, warnings)


async def test_a_real_server_is_examined_as_it_runs(own_server: Server) -> None:
    client = own_server.admin()
    await client.config_set("maxmemory", 100 << 20)
    await client.config_set("appendfsync", "everysec")
    assert (await examine(own_server.endpoint)).level == "memory"
    await client.config_set("appendfsync", "no")
    assert (await examine(own_server.endpoint)).level == "buffered"
    await client.config_set("appendfsync", "always")
    assert (await examine(own_server.endpoint)).level == "synced"
    await client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(StoreUnfit, match="allkeys-lru"):
        await examine(own_server.endpoint)
    await client.config_set("appendonly", "no")
    assert (await examine(own_server.endpoint, "a trial")).level == "memory"
    await client.acl_setuser(
        "seen", enabled=True, passwords=["+s"], keys=["*"], commands=["+@all", "-config"]
    )
    hidden = replace(own_server.endpoint, username="seen", password="s")
    with pytest.raises(StoreUnfit, match="CONFIG"):
        await examine(hidden)
    await client.aclose()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        await examine(Endpoint(port=1))


async def test_a_replica_is_refused() -> None:
    with (
        running("valkey") as primary,
        running("valkey", "--replicaof", f"127.0.0.1 {primary.port}") as replica,
    ):
        with pytest.raises(StoreUnfit, match="primary"):
            await examine(replica.endpoint)
        for patience_ms in (500, 3_000, 30_000):  # who has not even connected in time cannot say why
            with pytest.raises(StoreUnavailable) as refused:
                await connected(replica, replace(IMPATIENT, patience_ms=patience_ms))
            if "not the primary" in str(refused.value):
                break
        assert "not the primary" in str(refused.value)


@given(used=st.integers(0, 200), limit=st.integers(-1, 100))
def test_pressure_rises_at_80_and_90_percent(used: int, limit: int) -> None:
    percent = used / limit if limit > 0 else 0.0
    expected = (
        Pressure.NO_AUDIO if percent >= 0.9 else Pressure.NO_NEW_SESSIONS if percent >= 0.8 else Pressure.CALM
    )
    assert pressure(used, limit) is expected


async def test_a_store_that_fills_up_refuses_sessions_then_audio_and_still_takes_text(
    own_server: Server,
) -> None:
    client = own_server.admin()
    store, key, writer = await connected(own_server), new_key(), Writer()
    genesis = await created(store, key)
    for minute in (1, 2, 3):
        await store.put_audio(key, "mic", {(minute, 1): b"x" * 100})
    used, _ = await store.memory()
    await client.config_set("maxmemory", int(used / 0.85))
    await store.memory()
    refused = await store.create(new_key(), Writer().batch(), {})
    assert isinstance(refused, Refused)
    assert refused.reason == "overloaded"
    assert not isinstance(await store.create(key, genesis, {}), Refused), (
        "a retry of one that was made is answered"
    )
    await store.put_audio(key, "mic", {(3, 2): b"x"})
    used, _ = await store.memory()
    await client.config_set("maxmemory", int(used / 0.95))
    await store.memory()
    with pytest.raises(StoreUnavailable, match="audio"):
        await store.put_audio(key, "mic", {(3, 3): b"x"})
    assert await store.tracks(key) == {"mic": [1, 2, 3]}, "what was taken leaves only for the vault"
    assert not isinstance(await store.append(key, writer.batch()), Refused)
    await client.config_set("maxmemory", 1 << 20)
    full = await store.append(key, writer.batch())
    assert isinstance(full, Refused)
    assert full.reason == "overloaded"
    await client.config_set("maxmemory", 0)
    again = await store.append(key, Writer(sequence=1).batch())
    assert not isinstance(again, Refused), "the refusal used up nothing"
    await store.close()
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("redis://example:7000/2", Endpoint("example", 7000, database=2)),
        ("rediss://u:p%40@[::1]", Endpoint("::1", 6379, username="u", password="p@", tls=True)),
        ("unix:///run/a.sock?db=1", Endpoint(path="/run/a.sock", database=1)),
    ],
)
def test_a_url_names_an_endpoint(url: str, endpoint: Endpoint) -> None:
    assert Endpoint.from_url(url) == endpoint
    assert "p@" not in repr(endpoint)


@pytest.mark.parametrize("url", ["http://x", "redis://x:99999", "redis://x/db", "unix://", ""])
def test_a_url_that_names_none_is_refused(url: str) -> None:
    with pytest.raises(EndpointInvalid):
        Endpoint.from_url(url)
