"""Sound that a ring wrote rests in the vault, and is read from both as one."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest

from hub.keys.keystore import KeyStore
from hub.keys.wrapped import MemoryKeys
from hub.keys.wrapping import KeyWrap
from hub.store.model import ModelServer, ModelStore
from hub.store.promise import Append, Draft, SessionKey
from hub.vault import Vault
from hub.vault.folder import Folder
from legato.session import events as e
from legato.session.event_json import encode
from media.codecs import Encoder
from media.frames import Frame, Mark
from media.opus import FRAME, RATE, SILENCE
from media.ring import MINUTE, Batcher
from media.voice.keeper import Keeper
from media.voice.recordings import Kept, NoSound, Recordings
from tests.media.builders import frames, tone

KEY = SessionKey("main", "s_1")


async def test_a_track_is_whole_when_a_part_of_it_left_the_store(tmp_path: Path) -> None:
    random = Random(1)
    server = ModelServer(lambda: 1_700_000_000_000, random.randbytes)
    store = ModelStore(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    keys = KeyStore(MemoryKeys(), KeyWrap([bytes(32)]), lambda: 0)
    await keys.sealer(KEY.tenant, KEY.session, create=True)
    await store.create(KEY, Append("genesis", 0, 1, bytes(16), (Draft(bytes(64)),)), {})
    vault, keeper = Vault(Folder(tmp_path)), Keeper(store, keys, KEY)
    said = frames(MINUTE - 10 * FRAME, 23)
    batcher = Batcher()
    for frame in said:
        for write in batcher.add(frame, 0):
            await keeper.unlock()
            await keeper.ring.write("t_1", [write])
    await keeper.ring.write("t_1", batcher.flush())
    await keeper.archive(store, vault, whole=False)
    assert await store.tracks(KEY) == {"t_1": [1]}, "the newest minute may still grow"
    assert await keeper.tail("t_1") == said[-1].end
    kept = Kept(store, vault)
    assert await kept.tracks(KEY) == {"t_1": [0, 1]}
    assert await Keeper(kept, keys, KEY).read("t_1", [0, 1]) == said
    await keeper.archive(store, vault, whole=True)
    assert await store.tracks(KEY) == {}
    assert await Keeper(kept, keys, KEY).read("t_1", [0, 1]) == said
    recordings = Recordings(store, vault, keys)
    assert packets(await recordings.track(KEY, "t_1")) == [frame.payload for frame in said]
    clip = await recordings.track(KEY, "t_1", said[8].media_time, said[12].media_time)
    assert packets(clip) == [frame.payload for frame in said[8:12]], "over the edge of a minute"
    with pytest.raises(NoSound):
        await recordings.track(KEY, "t_1", said[-1].end, said[-1].end + FRAME)


async def test_what_was_said_aside_is_silence_in_a_recording_unless_it_is_asked_for(tmp_path: Path) -> None:
    server = ModelServer(lambda: 1_700_000_000_000, Random(1).randbytes)
    store = ModelStore(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    keys = KeyStore(MemoryKeys(), KeyWrap([bytes(32)]), lambda: 0)
    sealer = await keys.sealer(KEY.tenant, KEY.session, create=True)
    started = encode(e.VoiceStarted(by="hub", attachment="a_olga", call="c", track="t_olga"))
    begun = Draft(sealer.seal_event("genesis", 1, 0, started))
    await store.create(KEY, Append("genesis", 0, 1, bytes(16), (begun,)), {})
    keeper, batcher = Keeper(store, keys, KEY), Batcher()
    coded = Encoder(RATE).push(tone(440, 15 * FRAME))
    marks = [int(Mark.ASIDE) if 5 <= number < 10 else 0 for number in range(15)]
    said = [Frame(number * FRAME, coded[number], FRAME, mark) for number, mark in enumerate(marks)]
    await keeper.unlock()
    for frame in said:
        await keeper.ring.write("t_olga", batcher.add(frame, 0))
    recordings = Recordings(store, Vault(Folder(tmp_path)), keys)
    for_all = packets(await recordings.track(KEY, "t_olga"))
    assert len(for_all) == 15, "what follows stands where it did"
    assert for_all == [SILENCE if frame.aside else frame.payload for frame in said]
    assert packets(await recordings.track(KEY, "t_olga", asides=True)) == coded[:15]
    assert quiet(await recordings.mix(KEY), 5 * FRAME, 10 * FRAME)
    assert not quiet(await recordings.mix(KEY, asides=True), 5 * FRAME, 10 * FRAME)


def quiet(ogg: bytes, start: int, end: int) -> bool:
    """Whether nothing sounds in the middle of that stretch of a stereo file."""
    with av.open(io.BytesIO(ogg), mode="r") as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    middle = sound[..., start + FRAME : end - FRAME]
    return float(np.abs(middle).max()) < 0.01


def packets(ogg: bytes) -> list[bytes]:
    """The packets of an Ogg/Opus file."""
    with av.open(io.BytesIO(ogg), mode="r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
