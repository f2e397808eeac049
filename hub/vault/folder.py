"""The vault as a folder: a folder for each session, with its segments and the manifest that lists them.

    TENANT/SESSION/manifest        one JSON line a segment, each with the hash of the line before it
    TENANT/SESSION/SHA256.seg      a segment, named for its bytes
    TENANT/SESSION/SHA256.rest     the residue of a session that is archived, named for its bytes
    TENANT/SESSION/refusals        what was refused in it, as the store's list had it (`_refusals`: beside all)

A segment is written beside its name, flushed to the disk, and moved there; then its folder is flushed, then the
manifest gets its line and is flushed too. Only then is the segment *kept*, and the store may forget: a crash
before leaves a file that nobody names, and costs nothing but its bytes.

Nodes of one machine share the folder: whoever appends holds the manifest's lock, and looks first whether
another has kept the same meanwhile. A log segment that begins before the last one ended takes its place from
there on: what it replaces was lost from the log after it was kept.

Everything here blocks: shells run it in a thread.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hub.keys.refused import joined
from hub.store.promise import SessionKey, Stored
from hub.vault.segments import (
    SegmentBroken,
    pack_audio,
    pack_log,
    pack_refusals,
    unpack_audio,
    unpack_log,
    unpack_refusals,
)

FIRST_LINK: Final = "legato-manifest-1"


class VaultDamaged(Exception):
    """A segment or the manifest of a session is not what was kept; `what` names it, `offset` (0: not known) the
    first entry that was in it."""

    def __init__(self, key: SessionKey, what: str, offset: int = 0) -> None:
        super().__init__(f"{key.tenant}/{key.session}: {what}")
        self.key = key
        self.what = what
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Row:
    """One segment: of the log (`track` empty) from offset `first` to `last`, whose chain digest is `digest`
    (hex), kept while the log was in `epoch`; or minute `first` of a track. `link` is the hash of the line before and
    of the rest of this one."""

    track: str
    first: int
    last: int
    sha256: str
    digest: str
    link: str
    epoch: str = ""


class Folder:
    """See the module."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def rows(self, key: SessionKey) -> list[Row]:
        """The session's segments, in the order they were kept. Raises `VaultDamaged`."""
        try:
            lines = (self._place(key) / "manifest").read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        rows: list[Row] = []
        link = FIRST_LINK
        for line in lines:
            if not line.endswith(b"\n"):
                break  # the line was being written when the machine stopped: its segment was not kept
            try:
                row = Row(**json.loads(line))
            except (ValueError, TypeError):
                raise VaultDamaged(key, "manifest") from None
            if row.link != _link(link, row):
                raise VaultDamaged(key, "manifest")
            link = row.link
            rows.append(row)
        return rows

    def last_row(self, key: SessionKey) -> Row | None:
        """The newest segment of the log that is kept."""
        return next((row for row in reversed(self.rows(key)) if not row.track), None)

    def last(self, key: SessionKey) -> tuple[int, bytes]:
        """The last offset of the log that is kept, and the chain digest there (0 and nothing: none is)."""
        row = self.last_row(key)
        return (row.last, bytes.fromhex(row.digest)) if row is not None else (0, b"")

    def keep_log(
        self, key: SessionKey, entries: Sequence[Stored], after: int, epoch: str, seen: tuple[int, bytes]
    ) -> bool:
        """Keep entries that follow offset `after` of a log in `epoch`, in place of what is kept from there on. False if
        the last that is kept is another than the writer has `seen`: a slow writer must not put its few in the place of
        another's many."""
        with self._locked(key) as place:
            if entries[0].offset != after + 1 or after > seen[0] or self.last(key) != seen:
                return False
            first, last_one = entries[0], entries[-1]
            row = Row("", first.offset, last_one.offset, "", last_one.digest.hex(), "", epoch)
            self._keep(key, place, row, pack_log(entries))
        return True

    def keep_audio(self, key: SessionKey, track: str, minute: int, batches: Mapping[int, bytes]) -> None:
        """Keep a minute of a track; what was kept of it before is joined with it."""
        with self._locked(key) as place:
            known = self.audio(key, track, minute)
            if known.keys() >= batches.keys():
                return
            raw = pack_audio({**batches, **known})
            self._keep(key, place, Row(track, minute, minute, "", "", ""), raw)

    def keep_residue(self, key: SessionKey, raw: bytes) -> str:
        """Keep what an archived session is restored from; returns its name."""
        with self._locked(key) as place:
            return _written(place, raw, ".rest")

    def residue(self, key: SessionKey, name: str) -> bytes:
        """What `keep_residue` kept under that name. Raises `VaultDamaged`."""
        raw = self._read(key, f"{name}.rest")
        if sha256(raw).hexdigest() != name:
            raise VaultDamaged(key, name)
        return raw

    def residues(self, key: SessionKey) -> frozenset[str]:
        """The names of what `keep_residue` kept of the session."""
        return frozenset(path.stem for path in self._place(key).glob("*.rest"))

    def drop_residues(self, key: SessionKey, names: Collection[str]) -> None:
        """Remove these: no archive goes by them any more."""
        for name in names:
            (self._place(key) / f"{name}.rest").unlink(missing_ok=True)

    def keep_refusals(self, key: SessionKey, head: bytes, records: Sequence[bytes], most: int) -> None:
        """Keep the newest of these, and of those that were kept before."""
        with self._locked(key) as place:
            _, known = self.refusals(key)
            beside = place / ".refusals"
            _write_flushed(beside, pack_refusals(head, joined(known, records, most)))
            beside.replace(place / "refusals")
            _flush_folder(place)

    def drop_refusals(self, key: SessionKey) -> None:
        """They were kept for long enough."""
        (self._place(key) / "refusals").unlink(missing_ok=True)

    def refusals(self, key: SessionKey) -> tuple[bytes, list[bytes]]:
        """The head and the records that were kept last; nothing, if none were, or what is there is no such file: what
        a list lacks its head tells."""
        try:
            return unpack_refusals((self._place(key) / "refusals").read_bytes())
        except (FileNotFoundError, SegmentBroken):
            return b"", []

    def log(self, key: SessionKey, after: int = 0) -> Iterator[Stored]:
        """The kept entries after an offset, in order. Raises `VaultDamaged`."""
        rows = [row for row in self.rows(key) if not row.track]
        for number, row in enumerate(rows):
            end = min((later.first for later in rows[number + 1 :]), default=row.last + 1)
            if row.last > after and row.first < end:
                entries = self._read_log(key, row)
                yield from (each for each in entries if after < each.offset < end)

    def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        """The kept batches of a minute by field. Raises `VaultDamaged`."""
        rows = [row for row in self.rows(key) if row.track == track and row.first == minute]
        if not rows:
            return {}
        try:
            return unpack_audio(self._read(key, f"{rows[-1].sha256}.seg"))
        except SegmentBroken:
            raise VaultDamaged(key, rows[-1].sha256) from None

    def remove(self, key: SessionKey) -> None:
        """Everything of the session goes."""
        shutil.rmtree(self._place(key), ignore_errors=True)

    def _place(self, key: SessionKey) -> Path:
        return self._root / key.tenant / key.session

    @contextmanager
    def _locked(self, key: SessionKey) -> Iterator[Path]:
        place = self._place(key)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (place / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield place

    def _keep(self, key: SessionKey, place: Path, row: Row, raw: bytes) -> None:
        name = _written(place, raw, ".seg")
        rows = self.rows(key)
        row = replace(row, sha256=name)
        line = json.dumps(_said(row, _link(rows[-1].link if rows else FIRST_LINK, row)), sort_keys=True)
        self._add_line(place / "manifest", line.encode() + b"\n")
        _flush_folder(place)

    def _add_line(self, manifest: Path, line: bytes) -> None:
        """Add a whole line, in place of one that was cut short."""
        with manifest.open("ab") as file:
            whole = manifest.read_bytes().rpartition(b"\n")
            os.ftruncate(file.fileno(), len(whole[0]) + len(whole[1]))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _read_log(self, key: SessionKey, row: Row) -> list[Stored]:
        try:
            return unpack_log(self._read(key, f"{row.sha256}.seg"))
        except (SegmentBroken, VaultDamaged):
            raise VaultDamaged(key, row.sha256, row.first) from None

    def _read(self, key: SessionKey, file: str) -> bytes:
        try:
            return (self._place(key) / file).read_bytes()
        except FileNotFoundError:
            raise VaultDamaged(key, file) from None


def _link(before: str, row: Row) -> str:
    return sha256(json.dumps(_said(row, before), sort_keys=True).encode()).hexdigest()


def _said(row: Row, link: str) -> dict[str, Any]:
    """What a line says: lines from before epochs were kept say none."""
    said = {**asdict(row), "link": link}
    if not row.epoch:
        del said["epoch"]
    return said


def _written(place: Path, raw: bytes, kind: str) -> str:
    """Write a file that is named for its bytes; returns the name."""
    name = sha256(raw).hexdigest()
    beside = place / f".{name}"
    _write_flushed(beside, raw)
    beside.replace(place / f"{name}{kind}")
    _flush_folder(place)
    return name


def _write_flushed(path: Path, raw: bytes) -> None:
    try:
        with path.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)  # a full disk gets no fuller by each try
        raise


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
