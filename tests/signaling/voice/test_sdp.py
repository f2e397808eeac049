"""Offers of browsers, and everything that is almost one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.voice.answer import Candidate, HubSide, Transport, hub_is_client, write_answer
from signaling.voice.sdp import MAX_OFFER, BadOffer, Direction, Offer, Setup, read_offer

VECTORS = Path(__file__).parents[2] / "vectors" / "offers"
OFFERS = {path.stem: path.read_bytes().decode() for path in sorted(VECTORS.glob("*.sdp"))}
ANSWERS: list[dict[str, Any]] = json.loads((VECTORS.parent / "calls" / "answers.json").read_text("utf-8"))
CHROMIUM, FIREFOX = OFFERS["chromium_audio"], OFFERS["firefox_audio"]
MANY = OFFERS["chromium_video_audio_data"]
HUB = HubSide(
    ufrag="hubfragment",
    password="p" * 32,
    fingerprint=":".join(["AB"] * 32),
    ssrc=7,
    session=5,
    candidates=[Candidate("192.0.2.1", 4000, Transport.UDP), Candidate("2001:db8::1", 4000, Transport.TCP)],
)


def changed(old: str, new: str, offer: str = CHROMIUM) -> str:
    assert old in offer
    return offer.replace(old, new)


def refused(text: str) -> str:
    with pytest.raises(BadOffer) as caught:
        read_offer(text)
    return caught.value.reason


@pytest.mark.parametrize("vector", ANSWERS, ids=lambda vector: str(vector["name"]))
def test_a_ticket_says_all_that_an_answer_does(vector: dict[str, Any]) -> None:
    """`web/src/voice/answer.ts` writes the same from the ticket alone."""
    offer, ticket = read_offer((VECTORS / vector["offer"]).read_bytes().decode()), vector["ticket"]
    side = HubSide(
        ufrag=ticket["ufrag"],
        password=ticket["password"],
        fingerprint=ticket["fingerprint"],
        ssrc=ticket["ssrc"],
        session=0,
        candidates=[Candidate(c["host"], c["port"], Transport(c["transport"])) for c in ticket["candidates"]],
    )
    candidates = [f"a={candidate}" for candidate in vector["candidates"]]
    written = [*vector["answer"], *candidates, "a=end-of-candidates", ""]
    assert write_answer(offer, side).split("\r\n") == written
    assert vector["ask"] == {
        "payload_type": offer.payload_type,
        "level_extension": offer.level_extension or 0,
    }


def test_an_offer_of_chromium_is_read() -> None:
    offer = read_offer(CHROMIUM)
    assert (offer.payload_type, offer.setup, offer.direction) == (111, Setup.ACTPASS, Direction.SENDRECV)
    assert (offer.mid_extension, offer.level_extension) == (4, 1)
    assert offer.bundled
    assert f"a=ice-ufrag:{offer.ufrag}\r\n" in CHROMIUM
    assert f"a=ice-pwd:{offer.password}\r\n" in CHROMIUM
    assert f"a=fingerprint:sha-256 {offer.fingerprints[0]}\r\n" in CHROMIUM


def test_an_offer_of_firefox_is_read() -> None:
    offer = read_offer(FIREFOX)
    assert (offer.payload_type, offer.ufrag) == (109, "8a3c1f0e")
    assert offer.fingerprints[0].startswith("51:47:91")


def test_the_audio_is_found_among_other_sections() -> None:
    offer = read_offer(MANY)
    assert [s.kind for s in offer.sections] == ["video", "audio", "application"]
    assert (offer.audio, offer.direction) == (1, Direction.RECVONLY)


def test_an_answer_refuses_what_is_not_audio_and_bundles_what_is() -> None:
    answer = write_answer(read_offer(MANY), HUB)
    lines = answer.split("\r\n")
    assert [line.split()[:2] for line in lines if line.startswith("m=")] == [
        ["m=video", "0"],
        ["m=audio", "9"],
        ["m=application", "0"],
    ]
    assert "a=group:BUNDLE 1" in lines
    assert "a=sendonly" in lines
    assert answer.endswith("\r\n")


def test_an_answer_says_lite_active_and_opus_without_pauses() -> None:
    lines = write_answer(read_offer(CHROMIUM), HUB).split("\r\n")
    assert {"a=ice-lite", "a=setup:active", "a=rtcp-mux", "a=end-of-candidates"} <= set(lines)
    assert "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=0" in lines
    assert [line for line in lines if line.startswith("a=candidate")] == [
        "a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host",
        "a=candidate:2 1 tcp 1526726399 2001:db8::1 4000 typ host tcptype passive",
    ]


def test_candidates_of_an_offer_are_not_even_read() -> None:
    wild = changed("a=rtcp-mux\r\n", "a=rtcp-mux\r\n" + "a=candidate:nonsense 169.254.169.254 80\r\n" * 300)
    assert read_offer(wild) == read_offer(CHROMIUM)
    assert "169.254" not in write_answer(read_offer(wild), HUB)


@pytest.mark.parametrize(
    ("setup", "client", "answer"),
    [("actpass", True, "active"), ("passive", True, "active"), ("active", False, "passive")],
)
def test_the_hub_begins_the_handshake_whenever_it_may(setup: str, client: bool, answer: str) -> None:
    offer = read_offer(changed("setup:actpass", f"setup:{setup}"))
    assert hub_is_client(offer) is client
    assert f"a=setup:{answer}\r\n" in write_answer(offer, HUB)


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        ("sendrecv", "sendrecv"),
        ("sendonly", "recvonly"),
        ("recvonly", "sendonly"),
        ("inactive", "inactive"),
    ],
)
def test_the_direction_is_answered_from_the_other_side(offered: str, answered: str) -> None:
    offer = read_offer(changed("a=sendrecv\r\n", f"a={offered}\r\n"))
    assert f"\r\na={answered}\r\n" in write_answer(offer, HUB)


def test_transport_lines_may_stand_at_the_session_or_at_the_head_of_the_bundle() -> None:
    pattern = ("a=ice-ufrag:W4X7\r\n", "a=ice-pwd:wJ7j20bFzS8LY7xh58CSeClH\r\n")
    session = CHROMIUM
    for line in pattern:
        session = session.replace(line, "")
    session = session.replace("t=0 0\r\n", "t=0 0\r\n" + "".join(pattern))
    assert read_offer(session).ufrag == "W4X7"
    head, tail = MANY.split("m=audio", 1)
    audio, rest = tail.split("m=application", 1)
    bare = "\r\n".join(li for li in audio.split("\r\n") if "ice-ufrag" not in li and "ice-pwd" not in li)
    bundled = read_offer(f"{head}m=audio{bare}m=application{rest}")
    assert f"a=ice-ufrag:{bundled.ufrag}\r\n" in head


def test_a_bundle_only_section_is_taken_though_its_port_is_zero() -> None:
    bundled = changed("m=audio 42316", "m=audio 0").replace(
        "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=bundle-only\r\n"
    )
    assert read_offer(bundled).payload_type == 111


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a session description"),
        ("v=1\r\n", "not a session description"),
        ("v=0\r\n", "the offer has no media, or too many"),
        ("v=0\r\nnonsense\r\n", "a line is malformed"),
        ("v=0\r\n" + "a=x\r\n" * 20_000, "the offer is too long"),
        ("v=0\r\n" + "a=x\r\n" * 5_000, "the offer has too many lines"),
        (CHROMIUM + "m=video 9 RTP/AVP 96\r\n" * 16, "the offer has no media, or too many"),
        (changed("UDP/TLS/RTP/SAVPF 111", "RTP/AVP 111"), "no audio with Opus is offered"),
        (changed("m=audio 42316", "m=audio 0"), "no audio with Opus is offered"),
        (changed("m=audio 42316", "m=audio"), "a media line is malformed"),
        (changed("opus/48000/2", "opus/48000"), "no audio with Opus is offered"),
        (changed("a=rtpmap:111", "a=rtpmap:97"), "no audio with Opus is offered"),
        (CHROMIUM.replace("111", "72"), "no audio with Opus is offered"),
        (changed("a=rtcp-mux\r\n", ""), "rtcp-mux is required"),
        (changed("a=ice-ufrag:W4X7\r\n", ""), "ice-ufrag is missing"),
        (changed("a=ice-ufrag:W4X7", "a=ice-ufrag:W4:7"), "ice-ufrag is malformed"),
        (changed("a=ice-ufrag:W4X7", "a=ice-ufrag:W4\u0663X7"), "ice-ufrag is malformed"),
        (changed("a=ice-pwd:", "a=ice-pwd:%"), "ice-pwd is malformed"),
        (changed("sha-256 BE", "sha-256 BX"), "no SHA-256 fingerprint"),
        (changed("sha-256", "sha-1"), "no SHA-256 fingerprint"),
        (changed("a=fingerprint", "a=thumbprint"), "fingerprint is missing"),
        (changed("setup:actpass", "setup:holdconn"), "setup is malformed"),
        (changed("a=mid:0", "a=mid:0\x01"), "a line is malformed"),
        (changed("a=mid:0", "a=mid:a b"), "a mid is malformed"),
        (changed("a=mid:0", "a=mid:1"), "the BUNDLE group and the mids disagree"),
        (changed("a=group:BUNDLE 0", "a=group:BUNDLE 0 0"), "the BUNDLE group and the mids disagree"),
    ],
)
def test_each_fault_of_an_offer_has_its_reason(text: str, reason: str) -> None:
    assert refused(text) == reason


def test_a_reason_holds_nothing_of_the_offer() -> None:
    assert "secret" not in refused(changed("a=ice-pwd:", "a=ice-pwd:secret%"))


def sound(text: str) -> None:
    """Either a clear refusal, or an offer whose answer cannot be bent by it."""
    try:
        offer = read_offer(text)
    except BadOffer:
        return
    answer = write_answer(offer, HUB)
    lines = answer.split("\r\n")
    assert sum(line.startswith("m=") for line in lines) == len(offer.sections)
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert sum(line.startswith("a=candidate") for line in lines) == 2
    answer.encode()


@given(st.text(max_size=400) | st.text(alphabet="vm=a0 :\r\nc/UDPsetup", max_size=400))
def test_no_text_raises_anything_else(text: str) -> None:
    sound(text)
    sound("v=0\r\n" + text)


@given(st.sampled_from(sorted(OFFERS)), st.data())
def test_no_damage_to_a_real_offer_raises_anything_else(name: str, data: st.DataObject) -> None:
    lines = OFFERS[name].split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap", "cut", "insert", "replace"])):
            case "drop":
                lines.pop(at)
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                other = data.draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "cut":
                lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
            case "insert":
                where = data.draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:where] + data.draw(st.text(max_size=6)) + lines[at][where:]
            case _:
                lines[at] = data.draw(st.text(max_size=40))
        if not lines:
            break
    sound("\r\n".join(lines))


def test_an_offer_as_long_as_allowed_is_read_quickly_enough_to_be_refused() -> None:
    assert refused("v=0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF " + "1 " * ((MAX_OFFER - 60) // 2)) in {
        "a media line is malformed",
        "the offer is too long",
    }


def test_an_answer_is_the_same_for_the_same_offer() -> None:
    offers: list[Offer] = [read_offer(CHROMIUM) for _ in range(2)]
    assert write_answer(offers[0], HUB) == write_answer(offers[1], HUB)
