"""Two networks between browsers and this machine, each browser in a network namespace of its own: in each, one network
may go, and come back, which the others do not notice.

Linux and its superuser only. The namespace lives as long as the process that holds it, and that dies with the one that
asked; what belongs to it (both ends of both cables) goes with it, however that came. Addresses are of the range for
benchmarks (RFC 2544).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

NETWORKS: Final = (1, 2)
TOOLS: Final = ("ip", "nsenter", "unshare")
_METRIC: Final = 100
_DIE_WITH_PARENT: Final = 1
"""`PR_SET_PDEATHSIG` of Linux."""


class NoNetworks(Exception):
    """They cannot be had here; the text says why."""


def missing() -> str:
    """Why there can be none here; empty: nothing is known that hinders it."""
    if not sys.platform.startswith("linux"):
        return "only Linux has network namespaces"
    if os.geteuid() != 0:
        return "only the superuser makes network namespaces"
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"{lacking[0]} is not installed" if lacking else ""


def gate(network: int) -> str:
    """This machine's address in a network. From inside, either network leads to both."""
    return f"198.18.{network}.1"


def address(network: int, place: int = 0) -> str:
    """The address in a network of the browser at this place."""
    return f"198.18.{network}.{2 + place}"


class TwoNetworks:
    """Both are up; the first is preferred while it is there. `browser` runs Chromium inside, with what it is given."""

    def __init__(self, holder: int, browser: Path, place: int = 0) -> None:
        self.browser = browser
        self.place = place
        self._holder = str(holder)
        self._name = f"lg{holder}"

    async def drop(self, network: int) -> None:
        """The network goes, as one does whose antenna is out of reach: its link is down."""
        await self._inside("link", "set", self._link(network), "down")

    async def restore(self, network: int) -> None:
        """It is back, with its address and its route."""
        link, metric = self._link(network), str(_METRIC * network)
        await self._inside("link", "set", link, "up")
        through = ("default", "via", gate(network), "dev", link)
        await self._inside("route", "replace", *through, "metric", metric)
        # What comes from the one network's address leaves by it, as on a phone, or not at all.
        await self._inside("route", "replace", *through, "table", metric)
        await self._inside("route", "replace", "unreachable", "default", "metric", "9999", "table", metric)

    async def make(self) -> None:
        """Lay the cables."""
        await self._inside("link", "set", "lo", "up")
        for network in NETWORKS:
            link, outer = self._link(network), f"{self._name}h{network}"
            await _run("ip", "link", "add", outer, "type", "veth", "peer", link, "netns", self._holder)
            here = address(network, self.place)
            # The gate is one for all places, and knows by which cable it comes to each.
            await _run("ip", "address", "add", f"{gate(network)}/32", "peer", f"{here}/32", "dev", outer)
            await _run("ip", "link", "set", outer, "up")
            await self._inside("address", "add", f"{here}/24", "dev", link)
            await self.restore(network)
            await self._inside("rule", "add", "from", here, "table", str(_METRIC * network))

    def _link(self, network: int) -> str:
        return f"{self._name}n{network}"

    async def _inside(self, *words: str) -> None:
        await _run("nsenter", f"--net=/proc/{self._holder}/ns/net", "ip", *words)


@asynccontextmanager
async def two_networks(chromium: str, place: int = 0) -> AsyncIterator[TwoNetworks]:
    """Both, and a browser that is only to be reached by them; of each `place` there is one. Raises `NoNetworks`."""
    why = missing()
    if why:
        raise NoNetworks(why)
    async with AsyncExitStack() as stack:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="legato-networks-"))
        stack.push_async_callback(asyncio.to_thread, shutil.rmtree, folder, ignore_errors=True)
        holder = await asyncio.create_subprocess_exec(
            "unshare", "--net", "sh", "-c", "echo made; exec sleep infinity",
            stdout=asyncio.subprocess.PIPE, preexec_fn=_die_with_parent,
        )  # fmt: skip
        stack.push_async_callback(_ended, holder)
        assert holder.stdout is not None
        if not await holder.stdout.readline():
            raise NoNetworks("no network namespace can be made here")
        browser = folder / "chromium"
        browser.write_text(f'#!/bin/sh\nexec nsenter --net=/proc/{holder.pid}/ns/net {chromium} "$@"\n')
        browser.chmod(0o700)
        networks = TwoNetworks(holder.pid, browser, place)
        await networks.make()
        yield networks


async def _ended(holder: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        holder.kill()
    await holder.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


async def _run(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        raise NoNetworks(f"{' '.join(words)}: {said.decode().strip()}")
