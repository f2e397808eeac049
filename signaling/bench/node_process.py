"""One node of the hub that is measured, as a process of its own.

`python -m signaling.bench.node_process --data FOLDER --redis URL` prints `ready URL` and serves until its standard
input closes. Several of them share one store and one folder of keys, as the nodes of a real hub do.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hub.settings import Settings
from signaling.collecting import collect_seldom
from signaling.options import Options
from signaling.serve import serving


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="node_process")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--accept-store", default="")
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--idle-close", type=int, default=Settings().idle_close)
    parser.add_argument("--engines", default="none")
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--profile", type=Path)
    return parser.parse_args()


async def _serve(options: Options, over: Callable[[], None]) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    async with serving(options) as here:
        collect_seldom()
        print(f"ready {here.url}", flush=True)
        await ended.wait()
        over()


def main() -> None:
    """Serve until standard input closes; then write the profile, if one was asked for."""
    chosen = _arguments()
    logging.basicConfig(level=logging.ERROR)
    options = Options(
        port=chosen.port,
        data=chosen.data,
        redis=chosen.redis,
        accept_store=chosen.accept_store,
        name=chosen.name,
        ears=chosen.engines,
        voice=chosen.engines,
        tools=chosen.tools,
        each_connections=0,  # few names stand for very many people here
        each_verbs=0,
        each_sessions=0,
        each_open=0,
        settings=Settings(idle_close=chosen.idle_close),
    )
    profile = cProfile.Profile(time.thread_time) if chosen.profile is not None else None

    def over() -> None:
        if profile is not None:
            profile.disable()
            profile.dump_stats(chosen.profile)

    if profile is not None:
        profile.enable()
    asyncio.run(_serve(options, over))


if __name__ == "__main__":
    main()
