"""`demo --lan`: a certificate of our own and an address of this machine, so that a phone in the same network can join.

Browsers give a page its microphone only over TLS. The certificate is self-signed: the phone asks once whether to go on.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.keys.page_certificate import page_certificate


def lan_address() -> str:
    """The address by which this machine reaches its network (nothing is sent). Loopback if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _secret(path: Path) -> str:
    """The demo's own secret for tickets: off loopback there is no development key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(32))
    return path.read_text()


def prepare_lan(chosen: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The options for serving on the network, and the address to share, without its port."""
    address = lan_address()
    os.environ.setdefault("LEGATO_TICKET_SECRET", _secret(Path(chosen["data"]) / "lan" / "ticket-secret"))
    certificate, key = page_certificate(Path(chosen["data"]) / "lan", address)
    return {
        **chosen,
        "host": address,
        "tls_cert": certificate,
        "tls_key": key,
    }, f"https://{address}"
