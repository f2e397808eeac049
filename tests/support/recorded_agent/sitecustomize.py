"""Put on `PYTHONPATH`, this records what crosses the sockets of an agent's process; the agent itself is unchanged.

Python imports a module of this name at its start. Only where `LEGATO_RECORD` names a folder, and only in an agent's
process, does it do anything: each connection of `aiohttp` is then given a tap.
"""

import os
import sys
from typing import Any

FOLDER = os.environ.get("LEGATO_RECORD", "")
AGENT = any("agent" in word for word in sys.orig_argv[1:])


def _record(folder: str) -> None:
    from pathlib import Path

    import aiohttp

    from tests.checker.edge import RecordedSocket
    from tests.checker.history import Recorder

    name = f"agent-{os.getpid()}"
    recorder = Recorder(Path(folder) / f"{name}.jsonl", name)
    connect = aiohttp.ClientSession.ws_connect

    async def recorded(self: Any, *args: Any, **options: Any) -> Any:
        return RecordedSocket(await connect(self, *args, **options), recorder)

    aiohttp.ClientSession.ws_connect = recorded  # type: ignore[assignment,method-assign]


if FOLDER and AGENT:
    _record(FOLDER)
