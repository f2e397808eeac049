"""The embedded key store as a hub uses it: real files, restarts, a killed process, an erasure."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from hub.keys.embedded import KEY_FILE, embedded_key_store
from hub.keys.errors import KeyFileUnusable, KeyNotOpen, KeyStoreDamaged, SessionForgotten
from hub.keys.hub_secrets import hub_secrets

WRITER = """
import asyncio, sys
from pathlib import Path
from hub.keys.embedded import embedded_key_store

async def main():
    async with embedded_key_store(Path(sys.argv[1]), lambda: 0) as store:
        for at in range(1_000_000):
            key = await store.data_key("main", f"s_{at}", create=True)
            print(f"s_{at} {key.hex()}", flush=True)

asyncio.run(main())
"""


async def test_a_restarted_hub_opens_what_it_sealed(tmp_path: Path) -> None:
    async with embedded_key_store(tmp_path, lambda: 0) as store:
        sealed = (await store.sealer("main", "s_1", create=True)).seal_event("w", 1, 0, b"words")
        secrets = await hub_secrets(store)
    async with embedded_key_store(tmp_path, lambda: 0) as store:
        assert (await store.sealer("main", "s_1")).open_event("w", 1, 0, sealed) == b"words"
        assert await hub_secrets(store) == secrets


async def test_an_erased_session_stays_unreadable_after_a_restart(tmp_path: Path) -> None:
    async with embedded_key_store(tmp_path, lambda: 0) as store:
        sealer = await store.sealer("main", "s_1", create=True)
        sealer.seal_event("w", 1, 0, b"words")
        await store.forget("main", "s_1")
        with pytest.raises(KeyNotOpen):
            sealer.seal_event("w", 1, 0, b"words")
    async with embedded_key_store(tmp_path, lambda: 0) as store:
        with pytest.raises(SessionForgotten):
            await store.sealer("main", "s_1", create=True)


async def test_no_key_lies_open_in_any_file(tmp_path: Path) -> None:
    async with embedded_key_store(tmp_path, lambda: 0) as store:
        keys = [await store.data_key("main", f"s_{at}", create=True) for at in range(20)]
        secrets = await hub_secrets(store)
        found = _files(tmp_path)
    for secret in [*keys, secrets.anchor, secrets.digest, secrets.ice, secrets.position, secrets.development]:
        assert secret not in found
        assert secret.hex().encode() not in found


async def test_a_lost_key_file_is_never_replaced_by_a_new_one(tmp_path: Path) -> None:
    async with embedded_key_store(tmp_path, lambda: 0) as store:
        await store.sealer("main", "s_1", create=True)
    _lose(tmp_path / KEY_FILE)
    for _ in range(2):
        with pytest.raises(KeyFileUnusable) as caught:
            async with embedded_key_store(tmp_path, lambda: 0):
                pass
        assert caught.value.reason == "missing"


async def test_the_key_file_of_another_hub_opens_nothing(tmp_path: Path) -> None:
    for name in "ab":
        async with embedded_key_store(tmp_path / name, lambda: 0) as store:
            await store.sealer("main", "s_1", create=True)
    (tmp_path / "a" / KEY_FILE).rename(tmp_path / "b" / KEY_FILE)
    async with embedded_key_store(tmp_path / "b", lambda: 0) as store:
        with pytest.raises(KeyStoreDamaged):
            await store.sealer("main", "s_1")


async def test_a_hub_does_not_start_on_an_exposed_key_file(tmp_path: Path) -> None:
    async with embedded_key_store(tmp_path, lambda: 0):
        pass
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(KeyFileUnusable):
        async with embedded_key_store(tmp_path, lambda: 0):
            pass


async def test_no_key_that_was_given_out_is_lost_by_a_kill(tmp_path: Path) -> None:
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    given: dict[str, bytes] = {}
    async with asyncio.timeout(45):
        while len(given) < 60:
            session, key = (await writer.stdout.readline()).decode().split()
            given[session] = bytes.fromhex(key)
        writer.send_signal(signal.SIGKILL)
        rest = (await writer.stdout.read()).decode().splitlines(keepends=True)
        await writer.wait()
    given |= {line.split()[0]: bytes.fromhex(line.split()[1]) for line in rest if line.endswith("\n")}
    async with embedded_key_store(tmp_path, lambda: 0) as store:
        for name, known in given.items():
            assert await store.data_key("main", name) == known


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.name != KEY_FILE)


def _lose(path: Path) -> None:
    path.unlink()
