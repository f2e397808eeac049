"""The vectors of the wire. They are written by hand and read by the TypeScript client too.

- `up.json`, `down.json`: an envelope as it may come, and its canonical value (defaults left out, what is unknown
  dropped).
- `invalid.json`: what goes up and is refused, with the problem (`check`'s, or `malformed` with the field).
- `audio.json`: binary envelopes in hex, with what they hold; and some that are none.
- `carried.json`: the same of what is said on the channels of a worker's connection.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

from legato.session.commands import Reason
from legato.wire.audio import Audio, BadAudio, decode_audio, encode_audio
from legato.wire.carried import BadCarried, Piece, carried, decode_carried, encode_piece
from legato.wire.down import KINDS_DOWN, decode_down, encode_down, events_envelope
from legato.wire.stamp import stamped, unstamped
from legato.wire.strict import BadJson, check
from legato.wire.up import KINDS_UP, decode_up, encode_up
from signaling.connection.batches import wrong_field
from signaling.http.errors import STATUS

HERE: Final = Path(__file__).parent.parent / "vectors" / "wire"


def load(name: str) -> Any:
    return json.loads((HERE / name).read_text("utf-8"))


def named(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


@named(load("up.json"))
def test_an_envelope_up_is_read_as_it_is_written(vector: dict[str, Any]) -> None:
    raw = vector["raw"].encode()
    check(raw)
    envelope = decode_up(raw)
    assert json.loads(encode_up(envelope)) == vector["canonical"]
    assert decode_up(encode_up(envelope)) == envelope


@named(load("down.json"))
def test_an_envelope_down_is_read_as_it_is_written(vector: dict[str, Any]) -> None:
    raw = vector["raw"].encode()
    check(raw)
    assert json.loads(encode_down(decode_down(raw))) == vector["canonical"]


def test_every_kind_of_envelope_has_a_vector() -> None:
    for name, kinds in (("up.json", KINDS_UP), ("down.json", KINDS_DOWN)):
        said = {vector["canonical"]["type"] for vector in load(name)}
        assert said == {str(kind.__struct_config__.tag) for kind in kinds}


@named(load("invalid.json"))
def test_what_is_no_envelope_is_refused_by_name(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"]) if "hex" in vector else vector["raw"].encode("utf-8", "surrogatepass")
    try:
        check(raw)
        decode_up(raw)
    except BadJson as bad:
        found = (bad.problem, "")
    except msgspec.DecodeError as error:
        found = ("malformed", wrong_field(error))
    assert found == (vector["problem"], vector["field"])


@named(load("audio.json")["valid"])
def test_a_binary_envelope_is_read_as_it_is_written(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    frames = tuple(bytes.fromhex(frame) for frame in vector["frames"])
    audio = Audio(vector["kind"], vector["stream"], vector["media_time"], frames, vector["resent"])
    assert decode_audio(raw) == audio
    assert encode_audio(audio) == raw


@named(load("audio.json")["invalid"])
def test_what_is_no_binary_envelope_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(BadAudio):
        decode_audio(bytes.fromhex(vector["hex"]))


@named(load("carried.json")["valid"])
def test_what_is_said_on_channels_is_read_as_it_is_written(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    pieces = [Piece(each["channel"], each["what"], bytes.fromhex(each["hex"])) for each in vector["pieces"]]
    assert decode_carried(raw) == pieces
    assert carried([encode_piece(*piece) for piece in pieces]) == raw


@named(load("carried.json")["invalid"])
def test_what_no_channels_say_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(BadCarried):
        decode_carried(bytes.fromhex(vector["hex"]))


def test_events_that_are_json_already_make_an_envelope() -> None:
    raw = events_envelope([b'{"offset":1}', b'{"offset":2}'], "AQ")
    assert json.loads(raw) == {"type": "events", "events": [{"offset": 1}, {"offset": 2}], "position": "AQ"}


def test_every_refusal_says_what_to_do_and_which_status_it_is() -> None:
    """`refusals.json`: whether the same batch may be sent again, and whether it used up its sequence (what may
    be sent again did not)."""
    vectors = {vector["reason"]: vector for vector in json.loads((HERE.parent / "refusals.json").read_text())}
    assert set(vectors) == set(get_args(Reason))
    for reason, vector in vectors.items():
        assert STATUS[reason] == vector["status"]
        assert not (vector["send_again"] and vector["uses_up_its_sequence"])


@named(load("stamp.json")["valid"])
def test_a_frame_carries_its_media_time(vector: dict[str, Any]) -> None:
    packet, raw = bytes.fromhex(vector["packet"]), bytes.fromhex(vector["hex"])
    assert stamped(packet, vector["media_time"]) == raw
    assert unstamped(raw) == (packet, vector["media_time"])


@named(load("stamp.json")["invalid"])
def test_what_carries_no_media_time_is_no_frame(vector: dict[str, Any]) -> None:
    assert unstamped(bytes.fromhex(vector["hex"])) is None
