"""The agent of `legato demo`: a process beside the hub's, with a ticket of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signaling.cli.tickets import mint_here
from signaling.supervisor import Command


async def agents_ticket(data: Path) -> str:
    """What it comes in with. Raises `KeysError`."""
    return await mint_here(data, os.environ, agent="concierge")


def agent_command(chosen: Mapping[str, Any], port: int, ticket: str) -> Command:
    """How it is started: to the hub that listens as `chosen` says, at `port`."""
    host = chosen["host"]
    reached = f"[{host}]" if ":" in host else host
    scheme = "wss" if chosen["tls_cert"] else "ws"
    environment = {**os.environ, "LEGATO_TICKET": ticket}
    if chosen["tls_cert"]:
        environment["SSL_CERT_FILE"] = str(chosen["tls_cert"])  # the certificate is our own
    arguments = [sys.executable, "-m", "signaling.demo.agent", f"{scheme}://{reached}:{port}"]
    return Command("agent", arguments, environment)
