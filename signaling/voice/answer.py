"""Writing the hub's answer to an offer: one audio section with Opus, everything else refused.

The hub is ICE-lite: its candidates are the addresses that its operator advertises, all known beforehand, so
the answer is final when it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from signaling.voice.sdp import LEVEL_EXTENSION, MID_EXTENSION, Offer, Setup

_OPUS: Final = "minptime=10;useinbandfec=1;usedtx=0"


class Transport(Enum):
    """What a candidate is reached by."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that the hub may be reached at; `host` is an IP literal."""

    host: str
    port: int
    transport: Transport


@dataclass(frozen=True, slots=True)
class HubSide:
    """What the hub puts into an answer. `session` is any number, new for each."""

    ufrag: str
    password: str
    fingerprint: str
    ssrc: int
    session: int
    candidates: Sequence[Candidate]
    cname: str = "legato"


def hub_is_client(offer: Offer) -> bool:
    """Whether the hub begins the handshake: it does whenever it may, for that saves a round trip."""
    return offer.setup is not Setup.ACTIVE


def write_answer(offer: Offer, hub: HubSide) -> str:
    """The answer, as SDP."""
    lines = ["v=0", f"o=- {hub.session} 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite"]
    audio = offer.sections[offer.audio]
    if offer.bundled:
        lines.append(f"a=group:BUNDLE {audio.mid}")
    lines.append("a=msid-semantic: WMS *")
    for i, section in enumerate(offer.sections):
        if i == offer.audio:
            lines += _accepted(offer, hub)
        else:
            lines += [f"m={section.kind} 0 {section.protocol} {section.first_format}", "c=IN IP4 0.0.0.0"]
            lines += [f"a=mid:{section.mid}"] if section.mid is not None else []
            lines.append("a=inactive")
    return "\r\n".join([*lines, ""])


def _accepted(offer: Offer, hub: HubSide) -> list[str]:
    audio, kind = offer.sections[offer.audio], offer.payload_type
    lines = [
        f"m=audio 9 {audio.protocol} {kind}",
        "c=IN IP4 0.0.0.0",
        *([f"a=mid:{audio.mid}"] if audio.mid is not None else []),
        f"a=ice-ufrag:{hub.ufrag}",
        f"a=ice-pwd:{hub.password}",
        f"a=fingerprint:sha-256 {hub.fingerprint}",
        f"a=setup:{'active' if hub_is_client(offer) else 'passive'}",
        f"a={offer.direction.reverse.value}",
        "a=rtcp-mux",
        f"a=rtpmap:{kind} opus/48000/2",
        f"a=fmtp:{kind} {_OPUS}",
        "a=ptime:20",
    ]
    for number, name in ((offer.mid_extension, MID_EXTENSION), (offer.level_extension, LEVEL_EXTENSION)):
        if number is not None:
            lines.append(f"a=extmap:{number} {name}")
    lines += ["a=msid:legato audio", f"a=ssrc:{hub.ssrc} cname:{hub.cname}"]
    lines += [_candidate(i, c) for i, c in enumerate(hub.candidates)]
    return [*lines, "a=end-of-candidates"]


def _candidate(i: int, candidate: Candidate) -> str:
    """RFC 8839; of a host, UDP before TCP, and otherwise as advertised."""
    udp = candidate.transport is Transport.UDP
    priority = ((126 if udp else 90) << 24) + ((65_535 - i) << 8) + 255
    tail = "" if udp else " tcptype passive"
    name = candidate.transport.value
    return f"a=candidate:{i + 1} 1 {name} {priority} {candidate.host} {candidate.port} typ host{tail}"
