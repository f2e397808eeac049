"""What reads bytes that others chose: each with the only exceptions that it may raise, and good input to start from."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import msgspec

from hub.keys import places
from hub.keys.errors import SealBroken, TicketRefused
from hub.keys.positions import Positions
from hub.keys.sealing import sealer_of
from hub.keys.signer import TicketSigner
from hub.store.layout import FormatUnknown, read_entry, read_published, read_snapshot
from hub.vault.segments import SegmentBroken, pack_audio, unpack_audio, unpack_log
from legato.session.position import Position, PositionInvalid
from legato.session.tickets import new_ticket
from legato.wire.audio import OPUS, PCM, Audio, BadAudio, decode_audio, encode_audio
from legato.wire.carried import BadCarried, carried, decode_carried, encode_piece
from legato.wire.stamp import stamped, unstamped
from legato.wire.strict import BadJson, check
from legato.wire.up import decode_command, decode_up
from media.frames import BadBatch, Frame, pack, unpack
from media.opus import SILENCE, BadOpus, duration
from media.rtc.certificate import DtlsCertificate
from media.rtc.dtls import Dtls, Role
from media.rtc.rtcp import Inbound, Reports
from media.rtc.rtp import read_header, write_packet
from signaling.ice import stun
from signaling.ice.mux import Mux
from signaling.voice.sdp import BadOffer, read_offer
from tests.hub.keys.forging import KEYRING, NOW, SECRET, Forge
from tests.support.call_peer import CallPeer
from tests.support.certificates import minted
from tests.support.checks import check as checked

HOME: Final = ("192.0.2.1", 5000)
EPOCH: Final = "AAAAAAAAAAE"
SSRC: Final = 7


@dataclass(frozen=True, slots=True)
class Target:
    """`read` may raise one of `refuses`, and nothing else. `seeds` are good."""

    read: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]
    seeds: Callable[[], Sequence[bytes]]


# --- what comes by UDP


@cache
def _mux() -> Mux:
    mux = Mux(SECRET, lambda size: bytes(size))
    mux.open("hub", "peer", "the password of the peer")
    for effect in mux.receive(_check(), HOME, 0):
        assert effect
    mux.claim("hub", SSRC)
    return mux


def _check() -> bytes:
    return checked("hub:peer", stun.derive_password(SECRET, "hub"), bytes(12), nominated=True)


def _stun(raw: bytes) -> None:
    for read in (stun.read_check, stun.read_reply):
        message = read(raw)
        if message is not None:
            stun.authentic(raw, message, "a password")
    for address in (HOME, ("2001:db8::1", 1, 0, 0), ("192.0.2.1", 5000, "tcp")):
        _mux().receive(raw, address, 1)


def _stun_seeds() -> list[bytes]:
    answer = stun.write_success(bytes(12), "192.0.2.1", 1, "password")
    return [_check(), answer, stun.write_check(bytes(12), "hub:peer", "password")]


def _rtp(raw: bytes) -> None:
    header = read_header(raw, 1)
    if header is not None:
        assert 12 <= header.start < header.end <= len(raw)
        assert header.audio_level is None or 0 <= header.audio_level < 128


def _rtp_seeds() -> list[bytes]:
    plain = write_packet(111, True, 1, 960, SSRC, b"opus")
    level = b"\x90" + plain[1:12] + b"\xbe\xde\x00\x02\x10\xbc\x22\x01\x02\x03\x00\x00opus"
    return [plain, level, b"\xb2" + plain[1:12] + bytes(8) + b"opus" + bytes(3) + b"\x04"]


def _rtcp(raw: bytes) -> None:
    reports = Reports(SSRC, "hub")
    reports.read(raw, 5)
    reports.write(10, 0, 1, 1, Inbound(1, 1))


def _rtcp_seeds() -> list[bytes]:
    peer = Reports(9, "peer")
    heard = Inbound(SSRC, 5)
    return [peer.write(1, 0, 1, 1, heard)[0], peer.write(2, 0, 0, 0, None)[0], b"\x81\xcb\x00\x01" + bytes(4)]


@cache
def _pair() -> tuple[DtlsCertificate, DtlsCertificate]:
    return minted(), minted()


def _dtls(raw: bytes) -> None:
    hub, peer = _pair()
    for role in Role:
        machine = Dtls(hub, role, [peer.fingerprint])
        machine.start(0)
        machine.receive(raw, 1)
        machine.receive(raw, 2)
        machine.expire(100)
    _standing().receive(raw, 3)


@cache
def _standing() -> Dtls:
    """An association whose handshake is over."""
    hub, peer = _pair()
    ours, theirs = Dtls(hub, Role.CLIENT, [peer.fingerprint]), Dtls(peer, Role.SERVER, [hub.fingerprint])
    going, theirs_first = ours.start(0), theirs.start(0)
    assert not theirs_first
    while going:
        back = [reply for datagram in going for reply in theirs.receive(datagram, 0)]
        going = [reply for datagram in back for reply in ours.receive(datagram, 0)]
    assert ours.keys is not None
    return ours


def _dtls_seeds() -> list[bytes]:
    hub, peer = _pair()
    hello = Dtls(hub, Role.CLIENT, []).start(0)
    theirs = Dtls(peer, Role.SERVER, [])
    theirs.start(0)
    flight = [reply for datagram in hello for reply in theirs.receive(datagram, 0)]
    alert = bytes([21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40])
    data = bytes([23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 9, 0, 24]) + bytes(24)
    return [*hello, *flight, alert, data]


def _sdp(raw: bytes) -> None:
    read_offer(raw.decode("utf-8", "surrogatepass" if b"\xed" in raw else "replace"))


def _sdp_text(raw: bytes) -> None:
    try:
        _sdp(raw)
    except UnicodeDecodeError:
        read_offer(raw.decode("latin-1"))


# --- what comes by the doors


def _wire(raw: bytes) -> None:
    check(raw)
    decode_up(raw)


def _wire_seeds() -> list[bytes]:
    return [
        b'{"type":"attach","v":1,"ticket":"eyJ","producer":"w_5","takes":["text"],"gives":["audio"],"device":"phone"}',
        b'{"type":"do","seq":18,"commands":[{"type":"post_message","message":"m_9","parts":[{"text":"my number"}]}]}',
        b'{"type":"resume","v":1,"ticket":"e","producer":"w","position":"AQ","proof":"x"}',
        b'{"type":"signal","name":"typing","data":[1,-2.5e3,null,{"a":"\\u00e9"}]}',
        b'{"type":"listen","format":"pcm","rate":16000}',
    ]


def _command(raw: bytes) -> None:
    check(raw)
    decode_command(raw)


def _command_seeds() -> list[bytes]:
    return [
        b'{"type":"post_message","message":"m_9","parts":[{"kind":"image","blob":"00","media_type":"image/png"}]}',
        b'{"type":"grow_message","message":"m","index":3,"text":"words","tokens":{"responder":"AQ"}}',
        b'{"type":"request_tool","call":"c_1","name":"order","arguments":"{}"}',
        b'{"type":"settle_heard","message":"m","samples":48000,"characters":7}',
    ]


def _ticket(raw: bytes) -> None:
    TicketSigner(KEYRING).verify(raw.decode("utf-8", "replace"), NOW)


def _good() -> Forge:
    ticket = new_ticket(
        "access", id="j_1", now=NOW, tenant="main", session="s_1", participant="p_1", role="user", name="Ada"
    )
    signer = TicketSigner(KEYRING)
    return Forge(b'{"alg":"HS256","kid":"backend","typ":"legato-access+jwt"}', _payload(signer.mint(ticket)))


def _payload(text: str) -> bytes:
    import base64

    body = text.split(".")[1]
    claims = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    return claims.replace(b"https://hub.example", b"https://shop.example")


def _claims(raw: bytes) -> None:
    """Signed by somebody who may sign, whatever it says."""
    header = b'{"alg":"HS256","kid":"backend","typ":"legato-access+jwt"}'
    TicketSigner(KEYRING).verify(Forge(header, raw).text(), NOW)


def _position(raw: bytes) -> None:
    Positions(SECRET).read("main", "s_1", raw.decode("utf-8", "replace"))


def _audio(raw: bytes) -> None:
    assert encode_audio(decode_audio(raw)) == raw


def _carried(raw: bytes) -> None:
    assert carried([encode_piece(*piece) for piece in decode_carried(raw)]) == raw


def _carried_seeds() -> list[bytes]:
    return [carried([encode_piece(1, 0, b"{}"), encode_piece(2, 2, bytes(16)), encode_piece(1, 3)])]


def _audio_seeds() -> list[bytes]:
    return [
        encode_audio(Audio(OPUS, 1, 960, (SILENCE, b"\x78opus"))),
        encode_audio(Audio(PCM, 2, 0, (bytes(40),), resent=True)),
    ]


# --- what rests in the store, and what is in a packet


def _frames(raw: bytes) -> None:
    assert pack(unpack(raw)) == raw


def _frames_seeds() -> list[bytes]:
    five = [Frame(at * 960, SILENCE) for at in range(5)]
    return [pack(five), pack([Frame(0, SILENCE, 960, 1), Frame(9600, b"\x08x", 480)])]


def _opus(raw: bytes) -> None:
    duration(raw)
    found = unstamped(raw)
    if found is not None:
        assert stamped(found[0], found[1]) == raw


def _sealed(raw: bytes) -> None:
    sealer_of("main", "s_1", SECRET).open(places.audio("t_1", 0), raw)


def _sealed_seeds() -> list[bytes]:
    return [sealer_of("main", "s_1", SECRET).seal(places.audio("t_1", 0), b"words")]


def _entry() -> bytes:
    head = struct.pack(">BQQBB3sQB20s", 1, 5, 1000, 1, 3, b"w_1", 7, 0, bytes(20))
    return head + b"sealed"


def _stored(raw: bytes) -> None:
    failures = 0
    for read in (read_entry, read_published, read_snapshot):
        try:
            read(raw)
        except FormatUnknown:
            failures += 1
    if failures:
        raise FormatUnknown("all")


def _stored_seeds() -> list[bytes]:
    piece = struct.pack(">I", len(_entry())) + _entry()
    place = Position.at(EPOCH, 5, bytes(20)).to_text().encode()
    snapshot = struct.pack(">BIQ34sB", 1, 1, 5, place, 4) + b"anch" + b"sealed"
    return [_entry(), b"E" + piece + piece, snapshot]


def _segment(raw: bytes) -> None:
    for unpacked in (unpack_log, unpack_audio):
        unpacked(raw)


TARGETS: Final = {
    "stun": Target(_stun, (), _stun_seeds),
    "rtp": Target(_rtp, (), _rtp_seeds),
    "rtcp": Target(_rtcp, (), _rtcp_seeds),
    "dtls": Target(_dtls, (), _dtls_seeds),
    "sdp": Target(_sdp_text, (BadOffer,), lambda: [CallPeer().offer().encode()]),
    "wire": Target(_wire, (BadJson, msgspec.DecodeError), _wire_seeds),
    "command": Target(_command, (BadJson, msgspec.DecodeError), _command_seeds),
    "ticket": Target(_ticket, (TicketRefused,), lambda: [_good().text().encode()]),
    "claims": Target(_claims, (TicketRefused,), lambda: [bytes(_good().claims)]),
    "position": Target(
        _position,
        (PositionInvalid,),
        lambda: [Positions(SECRET).written("main", "s_1", Position.start(EPOCH)).encode()],
    ),
    "audio": Target(_audio, (BadAudio,), _audio_seeds),
    "carried": Target(_carried, (BadCarried,), _carried_seeds),
    "frames": Target(_frames, (BadBatch,), _frames_seeds),
    "opus": Target(
        _opus, (BadOpus,), lambda: [SILENCE, b"\x78" + bytes(40), stamped(SILENCE, 960), b"\x0b\x05ab"]
    ),
    "sealed": Target(_sealed, (SealBroken,), _sealed_seeds),
    "stored": Target(_stored, (FormatUnknown,), _stored_seeds),
    "segment": Target(_segment, (SegmentBroken,), lambda: [pack_audio({0: b"sealed", 9: b"more"})]),
}
"""By name."""
