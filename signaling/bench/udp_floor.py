"""The floor of a frame's way: a bare process that sends every datagram back, with the loop and the sockets of a hub.

`python -m signaling.bench.udp_floor` prints `ready PORT` and serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import sys

from signaling.ice.udp_port import UdpPort


async def main() -> None:
    """Serve until standard input closes."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    port = UdpPort("127.0.0.1", 0)
    port.start(port.send)
    print(f"ready {port.port}", flush=True)
    await ended.wait()
    port.close()


if __name__ == "__main__":
    asyncio.run(main())
