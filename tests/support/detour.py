"""A page's calls by a detour: what its peer connections send over UDP goes through a proxy that a test can darken."""

from __future__ import annotations

import socket
from typing import Final

_SCRIPT: Final = """(() => {
  const detoured = (line) => line.replace(/^((?:a=)?candidate:.* udp \\d+ \\S+) HUB /i, "$1 PROXY ");
  const direct = (line) => /^(?:a=)?candidate:.* tcp /i.test(line);
  const { setRemoteDescription: describe, addIceCandidate: add } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (told) {
    const lines = told.sdp.split("\\r\\n").filter((line) => !direct(line)).map(detoured);
    return describe.call(this, { type: told.type, sdp: lines.join("\\r\\n") });
  };
  RTCPeerConnection.prototype.addIceCandidate = function (told) {
    const line = told?.candidate ?? "";
    return direct(line) ? Promise.resolve() : add.call(this, { ...told, candidate: detoured(line) });
  };
})()"""


def detour(hub: int, proxy: int) -> str:
    """The script that brings a page's calls to UDP port `proxy` instead of `hub`, and to no TCP port."""
    return _SCRIPT.replace("HUB", str(hub)).replace("PROXY", str(proxy))


def free_port() -> int:
    """A UDP port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
