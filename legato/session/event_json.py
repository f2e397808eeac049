"""Events as JSON: how they are sealed, stamped with their place, and read back."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from legato.session.events import BY_TYPE, KINDS, Event, Unknown

_encoder: Final = msgspec.json.Encoder()
_decoders: Final = {name: msgspec.json.Decoder(kind) for name, kind in BY_TYPE.items()}


class _Header(msgspec.Struct):
    type: str
    by: str = ""
    offset: int = 0
    time: int = 0


def _any() -> Any:
    union: Any = KINDS[0]
    for kind in KINDS[1:]:
        union |= kind
    return union


_known: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(_any())
_header: Final = msgspec.json.Decoder(_Header)
_raw: Final = msgspec.json.Decoder(dict[str, Any])


def encode(event: Event | Unknown) -> bytes:
    """The event as one flat JSON object; fields at their default are left out."""
    return _encoder.encode(event.raw if isinstance(event, Unknown) else event)


def stamp(encoded: bytes, offset: int, time: int) -> bytes:
    """The JSON of a stored event: `encoded` (sealed without a place) with the place it was given."""
    return b'{"offset":%d,"time":%d,%b' % (offset, time, encoded[1:])


def decode(raw: bytes) -> Event | Unknown:
    """The event that `raw` says. Of a type this version does not know: `Unknown`, verbatim.

    Raises `msgspec.DecodeError` if it is not an event at all.
    """
    try:
        return _known.decode(raw)
    except msgspec.ValidationError:
        return _of_a_later_version(raw)


def _of_a_later_version(raw: bytes) -> Event | Unknown:
    header = _header.decode(raw)
    decoder = _decoders.get(header.type)
    if decoder is None:
        return Unknown(header.type, header.by, header.offset, header.time, _raw.decode(raw))
    return decoder.decode(raw)
