"""The commands that watch, keep, check and erase, as somebody types them, at a hub with its embedded store."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from redis.asyncio import Redis

from hub.store import layout
from hub.store.promise import SessionKey
from legato import Client
from signaling.cli.tickets import signer_here
from tests.e2e.minting import created, ticket_for
from tests.support.commands import legato
from tests.support.processes import Tree, folder, running
from tests.support.sound import opus_of, tone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

WORDS: Final = ("where is my parcel", "it was promised for friday", "thank you")
UNKNOWN: Final = "s_00000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody who operates a hub: its address, and the folder that its data is in."""

    hub: Tree
    place: Path

    @property
    def data(self) -> str:
        return str(self.place / "data")

    @property
    def there(self) -> tuple[str, ...]:
        """How a command finds the running hub."""
        return "--hub", self.hub.url, "--data", self.data

    async def talked(self, *, aloud: bool = False) -> str:
        """A session in which somebody said `WORDS`, and `aloud` a second of a tone."""
        signer = await signer_here(Path(self.data), os.environ)
        async with aiohttp.ClientSession() as http:
            session = await created(http, self.hub.url, signer, shop="tulips")
        async with Client(self.hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada:
            for words in WORDS:
                await ada.say(words)
        if aloud:
            async with (
                Client(self.hub.url, ticket=ticket_for(signer, session, "p_bob")) as bob,
                bob.microphone() as microphone,
            ):
                for frame in opus_of(tone(440, 1.0)):
                    microphone.send(frame)
                    await asyncio.sleep(0.02)
                await microphone.settled(30)
        return session

    def admin(self) -> Any:
        """A client of the embedded store, to break things; close it."""
        return Redis(unix_socket_path=f"{self.data}/store/store.sock")


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    async with folder() as place, running("serve", data=place / "data") as hub:
        yield Desk(hub, place)


async def test_what_a_session_holds_is_listed_watched_exported_and_verified() -> None:
    async with desk() as here:
        session = await here.talked(aloud=True)
        listed = await legato("sessions", *here.there, "--label", "shop:tulips", at=here.place)
        assert (listed.code, len(listed.lines)) == (0, 1)
        assert session in listed.out
        assert "shop:tulips" in listed.out
        nobody = await legato("sessions", *here.there, "--label", "shop:roses", at=here.place)
        assert (nobody.code, nobody.out, nobody.err) == (0, "", "no sessions yet\n")

        tail = await legato("tail", session, *here.there, "--from", "0", "--no-follow", at=here.place)
        assert tail.code == 0
        assert [any(words in line for line in tail.lines) for words in WORDS] == [True] * 3
        offsets = [int(line.split()[0]) for line in tail.lines]
        assert offsets == list(range(1, len(offsets) + 1))

        out = await legato("export", session, *here.there, "--to", "taken", at=here.place)
        assert out.code == 0, out.err
        taken = await asyncio.to_thread((here.place / "taken" / "events.jsonl").read_text)
        events = [json.loads(line) for line in taken.splitlines()]
        assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
        assert f"{len(events)} events" in out.out
        assert all(words in taken for words in WORDS)
        sound = await asyncio.to_thread(
            lambda: [p.read_bytes()[:4] for p in (here.place / "taken").glob("*.ogg")]
        )
        assert len(sound) >= 2, "the mix, and the track"
        assert set(sound) == {b"OggS"}

        whole = await legato("verify", session, "--data", here.data, at=here.place)
        assert whole.code == 0, whole.out + whole.err
        assert whole.out.endswith(": 0 faults\n")


async def test_verify_names_what_was_changed_in_the_store_whether_the_hub_runs_or_not() -> None:
    async with desk() as here:
        removed, changed = await here.talked(), await here.talked()
        admin = here.admin()
        logs = [layout.beside(SessionKey("main", session), "log") for session in (removed, changed)]
        (last, _) = (await admin.xrevrange(logs[0], count=1))[0]
        await admin.xdel(logs[0], last)
        rows = await admin.xrange(logs[1])
        await admin.delete(logs[1])
        for id, fields in rows:
            blob = fields[b"e"]
            await admin.xadd(logs[1], {b"e": blob[:-1] + bytes((blob[-1] ^ (id == b"1-0"),))}, id=id)
        await admin.aclose()
        expected = [
            (removed, f"offset {last.decode().partition('-')[0]}: the entry is not there"),
            (changed, "offset 1: "),
        ]

        async def told() -> None:
            for session, line in expected:
                done = await legato("verify", session, "--data", here.data, at=here.place)
                assert done.code == 1, done
                assert done.lines[0].startswith(line), done
                assert not done.out.endswith(": 0 faults\n")

        await told()
        assert here.hub.process is not None
        here.hub.process.send_signal(signal.SIGTERM)
        await here.hub.ended()
        await told()
        assert not here.hub.members(), "a store that was started only to look has ended"


async def test_what_is_erased_is_read_by_nobody_nor_from_a_backup_of_log_and_vault() -> None:
    async with folder() as place:
        data = place / "data"
        async with running("serve", data=data) as hub:
            here = Desk(hub, place)
            session, other = await here.talked(), await here.talked()
            await asyncio.to_thread(_kept, data / "vault" / "main" / session)
            for what in ("store", "vault"):
                await asyncio.to_thread(_copied, data / what, place / "backup" / what)
            asked = await legato("erase", session, *here.there, at=place)
            assert asked.code == 1, "without --yes somebody must say so"
            erased = await legato("erase", session, *here.there, "--yes", at=place)
            assert (erased.code, erased.out) == (0, f"{session} is erased\n")
            gone = await legato("tail", session, *here.there, "--no-follow", at=place)
            assert (gone.code, gone.err[:22]) == (1, "legato: session_erased")
            await _asks_again(here, session)
            assert hub.process is not None
            hub.process.send_signal(signal.SIGTERM)
            await hub.ended()
        for what in ("store", "vault"):
            await asyncio.to_thread(shutil.rmtree, data / what)
            await asyncio.to_thread(_copied, place / "backup" / what, data / what)
        async with running("serve", data=data) as hub:
            here = Desk(hub, place)
            admin = here.admin()
            log = layout.beside(SessionKey("main", session), "log")
            assert await admin.xlen(log) > len(WORDS), "the copy is there"
            assert await asyncio.to_thread(lambda: list((data / "vault" / "main" / session).glob("*.seg")))
            await admin.aclose()
            for verb in (("tail", "--no-follow"), ("export", "--to", "taken")):
                done = await legato(verb[0], session, *here.there, *verb[1:], at=place)
                print(done)
                assert done.code == 1, done
                assert "Traceback" not in done.err
                assert not any(words in done.out + done.err for words in WORDS)
            verified = await legato("verify", session, "--data", here.data, at=place)
            assert verified.code == 2
            assert "cannot be read" in verified.err
            spared = await legato("tail", other, *here.there, "--from", "0", "--no-follow", at=place)
            assert all(words in spared.out for words in WORDS), "the backup is good for the others"


async def _asks_again(here: Desk, erased: str) -> None:
    """What is asked of an erased session stands in the audit, which is asked for without a session or with that one."""
    again = await legato("erase", erased, *here.there, "--yes", at=here.place)
    assert again.code == 1
    for words in ((), (erased,)):
        told = await legato("audit", *words, "--data", here.data, at=here.place)
        assert told.code == 0, told
        assert told.lines[-2:] == ["1 refusals verified: 0 faults", "no log"]
        assert f"asked=erase reason=session_erased session={erased}" in told.lines[0]


def _kept(segments: Path) -> None:
    """Wait until the vault has something of the session's log."""
    until = time.monotonic() + 60
    while not list(segments.glob("*.seg")):
        assert time.monotonic() < until, "it never came to the vault"
        time.sleep(0.05)


def _copied(here: Path, there: Path) -> None:
    """A copy of the files, as a backup takes them; sockets are none."""
    shutil.copytree(here, there, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])


async def test_an_unknown_session_is_refused_by_name_and_changes_nothing() -> None:
    async with desk() as here:
        for words in (
            ("tail", UNKNOWN, "--no-follow"),
            ("export", UNKNOWN, "--to", "taken"),
            ("erase", UNKNOWN, "--yes"),
        ):
            done = await legato(*words, *here.there, at=here.place)
            assert done.code == 1, (words, done)
            assert done.err.startswith("legato: not_found"), (words, done)
        done = await legato("verify", UNKNOWN, "--data", here.data, at=here.place)
        assert done.code == 2
        assert done.err.startswith("legato: no such session in ")


async def test_doctor_says_that_the_store_is_nearly_full() -> None:
    async with desk() as here:
        port = here.hub.url.rpartition(":")[2]
        well = await legato("doctor", "--data", here.data, "--port", port, at=here.place)
        assert well.code == 0, well.out
        assert "embedded Valkey" in well.out
        assert "a hub runs already" in well.out
        assert "full" not in well.out
        admin = here.admin()
        limit = int((await admin.config_get("maxmemory"))["maxmemory"])
        assert limit >= 64 << 20, "the embedded store has one of its own"
        used = int((await admin.info("memory"))["used_memory"])
        await admin.config_set("maxmemory", int(used / 0.86))
        near = await legato("doctor", "--data", here.data, "--port", port, at=here.place)
        await admin.aclose()
        assert near.code == 0
        assert "% full" in near.out


async def test_where_no_hub_runs_each_command_says_so() -> None:
    async with folder() as place:
        for words in (
            ("sessions",),
            ("tail", UNKNOWN),
            ("export", UNKNOWN, "--to", "taken"),
            ("erase", UNKNOWN, "--yes"),
        ):
            done = await legato(*words, "--hub", "http://127.0.0.1:9", "--data", "data", at=place)
            assert done.code == 1, (words, done)
            assert done.err.startswith("legato: no hub answers there"), (words, done)
            assert "Traceback" not in done.err
        done = await legato("verify", UNKNOWN, "--data", "nowhere", at=place)
        assert done.code == 2
        assert done.err.startswith("legato: no such session in nowhere")
        assert not await asyncio.to_thread((place / "nowhere").exists), "looking makes no folder"
        assert (await legato("doctor", "--port", "0", "--data", "nowhere", at=place)).code == 0
