"""Reading a browser's offer of a call (RFC 8866, RFC 8829, RFC 8843): only what a lean call needs.

An offer comes from outside and is judged as such: anything missing, malformed or too much is `BadOffer`
with one reason, and never another exception. Candidates are not even read: a hub sends nothing to an
address because somebody wrote it down.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

MAX_OFFER: Final = 65_536
MAX_SECTIONS: Final = 16
MAX_LINES: Final = 4096

MID_EXTENSION: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL_EXTENSION: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

_LINE: Final = re.compile(r"([a-z])=([^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*)")
_MEDIA: Final = re.compile(
    r"([a-z]{1,16}) (\d{1,5})(?:/\d{1,5})? ([A-Z/]{1,32})((?: [!-~]{1,32}){1,128})", re.ASCII
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}", re.ASCII)
_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)
_PASSWORD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}", re.ASCII)
_FINGERPRINT: Final = re.compile(r"sha-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})", re.ASCII | re.IGNORECASE)
_RTPMAP: Final = re.compile(r"(\d{1,3}) opus/48000/2", re.ASCII | re.IGNORECASE)
_EXTMAP: Final = re.compile(r"(\d{1,3})(?:/[a-z]{1,8})? (\S{1,128})(?: .*)?", re.ASCII)
_PROTOCOLS: Final = frozenset(
    {
        "UDP/TLS/RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "TCP/DTLS/RTP/SAVPF",
        "TCP/DTLS/RTP/SAVP",
        "RTP/SAVPF",
        "RTP/SAVP",
    }
)


class BadOffer(Exception):
    """The offer cannot be taken; `reason` is a short phrase in English, and holds nothing of the offer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Setup(Enum):
    """Who of the two begins the DTLS handshake, as the offer has it (RFC 4145)."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"


class Direction(Enum):
    """Which way sound may go, from the side that says it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def reverse(self) -> "Direction":
        """The same, said by the other side."""
        return _REVERSE.get(self, self)


_REVERSE: Final = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line, as much as an answer must repeat of it. `mid` is None where the offer gives none."""

    kind: str
    protocol: str
    first_format: str
    mid: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can be answered. `sections[audio]` is the one that is taken."""

    sections: tuple[Section, ...]
    audio: int
    bundled: bool
    payload_type: int
    ufrag: str
    password: str
    fingerprints: tuple[str, ...]
    setup: Setup
    direction: Direction
    mid_extension: int | None
    level_extension: int | None


@dataclass(frozen=True, slots=True)
class _Media:
    section: Section
    port: int
    formats: tuple[str, ...]
    attributes: dict[str, list[str]]

    def one(self, name: str) -> str | None:
        values = self.attributes.get(name)
        return values[0] if values else None


def read_offer(text: str) -> Offer:
    """The offer in an SDP text. Raises BadOffer, and nothing else, on any text."""
    session, media = _split(text)
    groups = [value.split(" ")[1:] for value in session.get("group", []) if value.startswith("BUNDLE ")]
    group = groups[0] if groups else []
    mids = [m.section.mid for m in media if m.section.mid is not None]
    if len(set(mids)) != len(mids) or len(set(group)) != len(group) or not set(group) <= set(mids):
        raise BadOffer("the BUNDLE group and the mids disagree")
    audio, payload_type = _choose(media)
    chosen = media[audio]
    bundled = chosen.section.mid in group
    if "rtcp-mux" not in chosen.attributes:
        raise BadOffer("rtcp-mux is required")
    head = next((m for m in media if m.section.mid == group[0]), chosen) if bundled else chosen
    places = [chosen.attributes, session, head.attributes]
    return Offer(
        sections=tuple(m.section for m in media),
        audio=audio,
        bundled=bundled,
        payload_type=payload_type,
        ufrag=_matching(places, "ice-ufrag", _UFRAG),
        password=_matching(places, "ice-pwd", _PASSWORD),
        fingerprints=_fingerprints(places),
        setup=_setup(places),
        direction=_direction(chosen.attributes, session),
        mid_extension=_extension(chosen.attributes, MID_EXTENSION),
        level_extension=_extension(chosen.attributes, LEVEL_EXTENSION),
    )


def _split(text: str) -> tuple[dict[str, list[str]], list[_Media]]:
    if len(text) > MAX_OFFER:
        raise BadOffer("the offer is too long")
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if len(lines) > MAX_LINES:
        raise BadOffer("the offer has too many lines")
    if lines[0] != "v=0":
        raise BadOffer("not a session description")
    session: dict[str, list[str]] = {}
    attributes = session
    media: list[tuple[str, dict[str, list[str]]]] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadOffer("a line is malformed")
        kind, value = match.groups()
        if kind == "m":
            attributes = {}
            media.append((value, attributes))
        elif kind == "a":
            name, _, rest = value.partition(":")
            attributes.setdefault(name, []).append(rest)
    if not 1 <= len(media) <= MAX_SECTIONS:
        raise BadOffer("the offer has no media, or too many")
    return session, [_media(line, found) for line, found in media]


def _media(line: str, attributes: dict[str, list[str]]) -> _Media:
    match = _MEDIA.fullmatch(line)
    if match is None:
        raise BadOffer("a media line is malformed")
    kind, port, protocol, rest = match.groups()
    mid = attributes.get("mid", [None])[0]
    if mid is not None and not _TOKEN.fullmatch(mid):
        raise BadOffer("a mid is malformed")
    formats = tuple(rest.split())
    return _Media(Section(kind, protocol, formats[0], mid), int(port), formats, attributes)


def _choose(media: list[_Media]) -> tuple[int, int]:
    """The first audio that is offered with Opus, and Opus's payload type there."""
    for i, one in enumerate(media):
        wanted = one.port != 0 or "bundle-only" in one.attributes
        if one.section.kind == "audio" and wanted and one.section.protocol in _PROTOCOLS:
            for value in one.attributes.get("rtpmap", []):
                match = _RTPMAP.fullmatch(value)
                # 64 to 95 would be taken for RTCP (RFC 5761 §4).
                if (
                    match
                    and match[1] in one.formats
                    and (35 <= int(match[1]) < 64 or 96 <= int(match[1]) < 128)
                ):
                    return i, int(match[1])
    raise BadOffer("no audio with Opus is offered")


def _matching(places: list[dict[str, list[str]]], name: str, pattern: re.Pattern[str]) -> str:
    for place in places:
        if name in place:
            value = place[name][0]
            if pattern.fullmatch(value):
                return value
            raise BadOffer(f"{name} is malformed")
    raise BadOffer(f"{name} is missing")


def _fingerprints(places: list[dict[str, list[str]]]) -> tuple[str, ...]:
    for place in places:
        if "fingerprint" in place:
            found = [m[1].upper() for m in map(_FINGERPRINT.fullmatch, place["fingerprint"][:8]) if m]
            if found:
                return tuple(found)
            raise BadOffer("no SHA-256 fingerprint")
    raise BadOffer("fingerprint is missing")


def _setup(places: list[dict[str, list[str]]]) -> Setup:
    for place in places:
        if "setup" in place:
            try:
                return Setup(place["setup"][0])
            except ValueError:
                raise BadOffer("setup is malformed") from None
    return Setup.ACTPASS


def _direction(*places: dict[str, list[str]]) -> Direction:
    for place in places:
        for direction in Direction:
            if direction.value in place:
                return direction
    return Direction.SENDRECV


def _extension(attributes: dict[str, list[str]], wanted: str) -> int | None:
    for value in attributes.get("extmap", []):
        match = _EXTMAP.fullmatch(value)
        if match and match[2] == wanted and 1 <= int(match[1]) <= 14:
            return int(match[1])
    return None
