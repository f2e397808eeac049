"""One contract for every place where wrapped keys rest, and what the embedded one adds."""

import asyncio
import os
import random
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hub.keys.database import EmbeddedKeys
from hub.keys.errors import KeyStoreUnavailable, SessionForgotten
from hub.keys.wrapped import MemoryKeys, Versioned, WrappedKeys


@pytest.fixture(params=["memory", "embedded"])
async def rest(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WrappedKeys]:
    if request.param == "memory":
        yield MemoryKeys()
        return
    async with EmbeddedKeys(tmp_path / "keys.db") as keys:
        yield keys


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedKeys]:
    async with EmbeddedKeys(tmp_path / "keys.db") as keys:
        yield keys


async def test_a_session_without_a_key_has_none(rest: WrappedKeys) -> None:
    assert await rest.read("main", "s_1") is None


async def test_a_key_is_read_as_it_was_created(rest: WrappedKeys) -> None:
    assert await rest.create("main", "s_1", b"one") == b"one"
    assert await rest.read("main", "s_1") == b"one"


async def test_the_first_writer_of_a_key_wins(rest: WrappedKeys) -> None:
    stood = await asyncio.gather(*(rest.create("main", "s_1", bytes([at])) for at in range(20)))
    assert len(set(stood)) == 1
    assert await rest.read("main", "s_1") == stood[0]


async def test_keys_of_two_tenants_are_apart(rest: WrappedKeys) -> None:
    await rest.create("main", "s_1", b"one")
    await rest.create("other", "s_1", b"two")
    assert await rest.forget("main", "s_1")
    assert await rest.read("other", "s_1") == b"two"


async def test_a_forgotten_key_never_comes_back(rest: WrappedKeys) -> None:
    await rest.create("main", "s_1", b"one")
    assert await rest.forget("main", "s_1")
    with pytest.raises(SessionForgotten):
        await rest.read("main", "s_1")
    with pytest.raises(SessionForgotten):
        await rest.create("main", "s_1", b"two")


async def test_forgetting_twice_is_harmless(rest: WrappedKeys) -> None:
    await rest.create("main", "s_1", b"one")
    assert [await rest.forget("main", "s_1") for _ in range(3)] == [True, False, False]


async def test_a_session_can_be_forgotten_before_it_has_a_key(rest: WrappedKeys) -> None:
    assert not await rest.forget("main", "s_1")
    with pytest.raises(SessionForgotten):
        await rest.create("main", "s_1", b"late")


async def test_a_secret_is_replaced_only_from_the_version_that_was_read(rest: WrappedKeys) -> None:
    assert await rest.read_secret("dtls") is None
    assert not await rest.write_secret("dtls", b"early", 1)
    assert await rest.write_secret("dtls", b"one", 0)
    assert not await rest.write_secret("dtls", b"other", 0)
    assert await rest.write_secret("dtls", b"two", 1)
    assert not await rest.write_secret("dtls", b"late", 1)
    assert await rest.read_secret("dtls") == Versioned(2, b"two")
    assert await rest.read_secret("ice") is None


async def test_of_two_writers_of_a_secret_one_wins(rest: WrappedKeys) -> None:
    won = await asyncio.gather(*(rest.write_secret("ice", bytes([at]), 0) for at in range(20)))
    assert won.count(True) == 1
    assert await rest.read_secret("ice") == Versioned(1, bytes([won.index(True)]))


async def test_any_history_reads_like_the_model(embedded: EmbeddedKeys) -> None:
    model, dice = MemoryKeys(), random.Random(3)

    async def outcome(rest: WrappedKeys, verb: str, session: str, wrapped: bytes) -> object:
        try:
            if verb == "create":
                return await rest.create("main", session, wrapped)
            return await (rest.read if verb == "read" else rest.forget)("main", session)
        except SessionForgotten:
            return "forgotten"

    for _ in range(400):
        verb = dice.choice(["create", "create", "read", "read", "forget"])
        step = (verb, f"s_{dice.randrange(30)}", dice.randbytes(8))
        assert await outcome(embedded, *step) == await outcome(model, *step)


async def test_keys_outlive_the_process_that_made_them(tmp_path: Path) -> None:
    async with EmbeddedKeys(tmp_path / "keys.db") as keys:
        await keys.create("main", "s_1", b"one")
        await keys.create("main", "s_2", b"two")
        await keys.forget("main", "s_2")
    async with EmbeddedKeys(tmp_path / "keys.db") as keys:
        assert await keys.read("main", "s_1") == b"one"
        with pytest.raises(SessionForgotten):
            await keys.read("main", "s_2")


async def test_two_nodes_share_one_file(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(EmbeddedKeys(tmp_path / "keys.db")) for _ in range(3)]
        names = [f"s_{at % 10}" for at in range(120)]
        stood = await asyncio.gather(
            *(nodes[at % 3].create("main", name, os.urandom(8)) for at, name in enumerate(names))
        )
        assert len(set(zip(names, stood, strict=True))) == 10
        await nodes[0].forget("main", "s_4")
        with pytest.raises(SessionForgotten):
            await nodes[2].read("main", "s_4")


async def test_no_byte_of_a_forgotten_key_is_left_in_any_file(embedded: EmbeddedKeys, tmp_path: Path) -> None:
    dice = random.Random(5)
    wrapped: dict[str, bytes] = {}
    forgotten: set[str] = set()
    for _ in range(5):
        new = {f"s_{dice.randbytes(12).hex()}": dice.randbytes(69) for _ in range(300)}
        await asyncio.gather(*(embedded.create("main", name, key) for name, key in new.items()))
        files = _files(tmp_path)
        assert all(key in files for key in new.values()), "the search must be able to find one"
        wrapped |= new
        chosen = dice.sample(sorted(set(wrapped) - forgotten), 120)
        await asyncio.gather(*(embedded.forget("main", name) for name in chosen))
        forgotten |= set(chosen)
    files = _files(tmp_path)
    assert [name for name in forgotten if wrapped[name][:24] in files or wrapped[name][-24:] in files] == []
    for name in set(wrapped) - forgotten:
        assert await embedded.read("main", name) == wrapped[name]


async def test_no_byte_of_a_replaced_secret_is_left(embedded: EmbeddedKeys, tmp_path: Path) -> None:
    old, new = os.urandom(900), os.urandom(900)
    await embedded.write_secret("dtls", old, 0)
    assert old in _files(tmp_path)
    await embedded.write_secret("dtls", new, 1)
    assert old not in _files(tmp_path)
    assert new in _files(tmp_path)


async def test_an_erasure_that_cannot_scrub_is_not_confirmed(tmp_path: Path) -> None:
    async with EmbeddedKeys(tmp_path / "keys.db", busy_s=0.05) as keys:
        await keys.create("main", "s_1", b"the wrapped key")
        reader = sqlite3.connect(tmp_path / "keys.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM keys").fetchall()
        outcomes = await asyncio.gather(
            keys.forget("main", "s_1"), keys.create("main", "s_2", b"two"), return_exceptions=True
        )
        reader.close()
        assert isinstance(outcomes[0], KeyStoreUnavailable)
        assert outcomes[1] == b"two"
        assert b"the wrapped key" in _files(tmp_path)
        assert not await keys.forget("main", "s_1")
        assert b"the wrapped key" not in _files(tmp_path)


async def test_only_the_owner_may_read_the_file(embedded: EmbeddedKeys, tmp_path: Path) -> None:
    await embedded.create("main", "s_1", b"one")
    modes = _modes(tmp_path)
    assert "keys.db" in modes
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


async def test_what_is_no_database_is_unavailable_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(KeyStoreUnavailable):
        async with EmbeddedKeys(path):
            pass
    assert path.read_bytes() == b"not a database" * 100


async def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "keys.db")
    base.execute("PRAGMA user_version = 2")
    base.close()
    with pytest.raises(KeyStoreUnavailable):
        async with EmbeddedKeys(tmp_path / "keys.db"):
            pass


async def test_a_closed_place_answers_unavailable(tmp_path: Path) -> None:
    keys = EmbeddedKeys(tmp_path / "keys.db")
    with pytest.raises(KeyStoreUnavailable):
        await keys.read("main", "s_1")
    async with keys:
        waiting = [asyncio.ensure_future(keys.create("main", f"s_{at}", b"k")) for at in range(50)]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(outcome == b"k" or isinstance(outcome, KeyStoreUnavailable) for outcome in outcomes)
    with pytest.raises(KeyStoreUnavailable):
        await keys.read("main", "s_1")


async def test_a_caller_that_gives_up_disturbs_nobody(embedded: EmbeddedKeys) -> None:
    gone = asyncio.ensure_future(embedded.create("main", "s_1", b"one"))
    kept = asyncio.ensure_future(embedded.create("main", "s_2", b"two"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await kept == b"two"
    assert await embedded.create("main", "s_3", b"three") == b"three"


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
