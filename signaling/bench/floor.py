"""The floor: what this machine takes to bring a message from one WebSocket to another through a bare process.

`python -m signaling.bench.floor` serves an echo on a port it prints; what the hub adds is what is above this.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import WSMsgType, web


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False, protocols=("legato.1",))
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


async def main() -> None:
    """Serve until standard input closes."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    app = web.Application()
    app.router.add_get("/v1/connect", _echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"ready {runner.addresses[0][1]}", flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
