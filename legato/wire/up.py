"""Envelopes that a client, an agent or a worker sends to the hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from legato.session.commands import KINDS, Command
from legato.session.vocabulary import GoOn, Medium, snake

VERSION: Final = 1
AnyCommand = Command


class Up(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=snake):
    """Any envelope to the hub."""


class Attach(Up, frozen=True, kw_only=True):
    """First envelope of a connection: join the ticket's session anew.

    `key` is the public half (JWK, ECDSA P-256) of a key the client keeps; resume tickets are bound to it.
    `position` tells what the client has seen (from an earlier visit); with `whole` it no longer holds the state
    (a reloaded page) and gets the snapshot even so. `require` refuses a lesser level. `worker` names an agent's
    process, as in its `accept_session`, and `accept` the right (`worker:NAME`) that it takes in the same step if it is
    free, to answer or (`listens`) to read along. `was` tells what a lost connection was in the midst of: when many
    come back at once, those go first.
    """

    v: int
    ticket: str
    producer: str
    key: dict[str, str] | None = None
    session: str = ""
    device: str = ""
    takes: tuple[Medium, ...] = ("text",)
    gives: tuple[Medium, ...] = ("text",)
    position: str = ""
    whole: bool = False
    require: Literal["", "memory", "buffered", "replicated", "synced"] = ""
    worker: str = ""
    accept: str = ""
    listens: bool = False
    was: Literal["", "voice", "streaming"] = ""


class Resume(Up, frozen=True, kw_only=True):
    """First envelope of a connection: go on with an attachment. `proof` signs the nonce that came with the ticket.

    `device`, `takes` and `gives` are what the attachment had last; they count if it was closed meanwhile.
    """

    v: int
    ticket: str
    producer: str
    device: str = ""
    takes: tuple[Medium, ...] | None = None
    gives: tuple[Medium, ...] | None = None
    position: str = ""
    whole: bool = False
    proof: str = ""
    require: Literal["", "memory", "buffered", "replicated", "synced"] = ""
    worker: str = ""
    was: Literal["", "voice", "streaming"] = ""


class Work(Up, frozen=True, kw_only=True):
    """First envelope of a worker's connection: offer to take sessions under an agent's name. `labels`: what it has that
    sessions may need."""

    v: int
    ticket: str
    name: str
    worker: str
    capacity: int = 1
    labels: dict[str, str] = {}


class Do(Up, frozen=True, kw_only=True):
    """One batch: sequence `seq` of this producer. All of it is done, or none."""

    seq: int
    commands: list[msgspec.Raw]


class Signal(Up, frozen=True, kw_only=True):
    """Unlogged, latest wins: typing, levels, playout position, interim words."""

    name: str
    data: Any = None


class Credit(Up, frozen=True, kw_only=True):
    """The client is ready for `events` more events; without any, the hub's own bound holds."""

    events: int


class Kept(Up, frozen=True, kw_only=True):
    """The resume ticket with this id is stored: the one before it is spent."""

    ticket: str


class History(Up, frozen=True, kw_only=True):
    """Ask for ended entries with ordinal < `before` (0: the newest)."""

    id: int
    before: int = 0
    limit: int = 50


class Listen(Up, frozen=True, kw_only=True):
    """An agent asks for the audio of microphones as it comes: Opus, or PCM (16 bit, mono) at `rate`."""

    format: Literal["opus", "pcm"] = "opus"
    rate: int = 48000
    participant: str = ""


class Speak(Up, frozen=True, kw_only=True):
    """An agent brings its own audio for `message`: audio envelopes with this `stream` number follow, then `end`. Said
    again on another connection it goes on, from where `sound_taken` says."""

    stream: int
    message: str
    format: Literal["opus", "pcm"] = "pcm"
    rate: int = 24000
    end: bool = False


class PlayedUntil(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A client played a message's speech up to so many samples at 48 kHz, `ago` milliseconds ago. `then`: how it wants
    to go on from there."""

    message: str
    samples: int
    ago: int = 0
    then: GoOn = ""


class LeftBehind(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A capture that ended with the client that held it, at media time `until`; all before `since` was acknowledged."""

    capture: str
    since: int = 0
    until: int


class Microphone(Up, frozen=True, kw_only=True):
    """A microphone's frames come as audio envelopes with this `stream` number, timed by the clock of `capture`.

    `since`: media time before which nothing comes any more; `clock`: the capture's media time now. `carries`: the
    stream is the attachment's voice, both ways; without it, it only completes what a call brings. `heard`, of one that
    carries: what the client played last. `again`, of one that carries: nobody asked for it, the client only comes back:
    it takes the voice from no other attachment. `before`: captures of the attachment whose unacknowledged end is lost,
    for the client was started anew.
    """

    stream: int
    capture: str
    since: int = 0
    clock: int = 0
    carries: bool = False
    heard: PlayedUntil | None = None
    again: bool = False
    before: list[LeftBehind] = []


class Lacking(Up, frozen=True, kw_only=True):
    """Of what a microphone stream is `missing`, the client does not hold these stretches either."""

    stream: int
    gaps: list[tuple[int, int]]


class Dial(Up, frozen=True, kw_only=True):
    """A page calls by its ticket from now on: `call` is the ticket's user fragment, a colon and the page's own.
    `ready`: its sound is warm; `heard`: what it played last; `password`: of its side of ICE, so that the hub can see
    which of its addresses it receives at. `again`: nobody asked for it, the page only calls anew: it takes the voice
    from no other attachment. The hub need not be told; it is quicker if it is, and what it is not told of counts as
    `again`. Said again it adds nothing but the password."""

    call: str
    password: str = ""
    ready: bool = False
    heard: PlayedUntil | None = None
    again: bool = False


class Decline(Up, frozen=True, kw_only=True):
    """A worker does not want an offered session, and is not to be asked again before `again_ms`."""

    offer: str
    reason: str = ""
    again_ms: int = 0


class Capacity(Up, frozen=True, kw_only=True):
    """A worker says how many more sessions it would take."""

    free: int


class Ping(Up, frozen=True, kw_only=True):
    """Answered by a `pong` with the same number."""

    n: int = 0


class Detach(Up, frozen=True, kw_only=True):
    """The attachment ends on purpose: no grace."""


def _decoder_for(kinds: tuple[type[Any], ...]) -> msgspec.json.Decoder[Any]:
    union: Any = kinds[0]
    for kind in kinds[1:]:
        union |= kind
    return msgspec.json.Decoder(union)


KINDS_UP: Final[tuple[type[Up], ...]] = tuple(sorted(Up.__subclasses__(), key=lambda kind: kind.__name__))

_up: Final = _decoder_for(KINDS_UP)
_command: Final = _decoder_for(KINDS)
_encoder: Final = msgspec.json.Encoder()


def encode_up(envelope: Up) -> bytes:
    """The envelope as JSON."""
    return _encoder.encode(envelope)


def decode_up(raw: bytes | str) -> Up:
    """The envelope that `raw` says. Raises `msgspec.DecodeError` (or its `ValidationError`); see `strict.py`
    for what is checked before."""
    envelope = _up.decode(raw)
    assert isinstance(envelope, Up)
    return envelope


def decode_command(raw: bytes | msgspec.Raw) -> Command:
    """The command that `raw` says. Raises `msgspec.DecodeError`."""
    command = _command.decode(raw)
    assert isinstance(command, Command)
    return command


def encode_commands(commands: Sequence[Command]) -> str:
    """The commands of a batch as a JSON array."""
    return _encoder.encode(list(commands)).decode()
