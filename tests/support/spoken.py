"""Real speech for tests: sentences spoken by the demo's voice, as PCM or as a WAV for a browser's microphone.

    path = speech_wav("Hello, my order number is four seven one one.", lead_ms=1000, tail_ms=3000)

Made once per text and kept in the system's temporary folder, so that a second run costs nothing. From the
command line: `python -m tests.support.spoken OUT.wav "First sentence." "Second one."`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from media.codecs import Resampler
from media.engines import wire
from media.engines.openai import wav
from media.engines.wire import Say, Sound

ROOT = Path(__file__).resolve().parents[2]
RATE = 48_000
_VERSION = "2"


def speech_wav(*sentences: str, lead_ms: int = 500, gap_ms: int = 1500, tail_ms: int = 2000) -> Path:
    """A WAV file (48 kHz, mono, s16) of the sentences, with silence before, between and after them."""
    path = _place("|".join([str(lead_ms), str(gap_ms), str(tail_ms), *sentences]), ".wav")
    if not path.exists():
        spoken = silence(gap_ms).join(part.read_bytes() for part in _spoken(sentences))
        _write(path, wav(silence(lead_ms) + spoken + silence(tail_ms), RATE))
    return path


def speech_pcm(text: str, rate: int = RATE) -> bytes:
    """The sentence as s16 mono PCM at `rate`, without silence around it."""
    (spoken,) = _spoken((text,))
    resampler = Resampler(RATE, rate)
    return resampler.push(spoken.read_bytes()) + resampler.flush()


def silence(milliseconds: int, rate: int = RATE) -> bytes:
    """Nothing, as PCM."""
    return bytes(2 * (rate * milliseconds // 1000))


def _spoken(texts: Sequence[str]) -> list[Path]:
    """PCM files at 48 kHz; those that are not there yet are made by one process, as the hub would."""
    places = [_place(text, ".pcm") for text in texts]
    missing = [(text, place) for text, place in zip(texts, places, strict=True) if not place.exists()]
    if missing:
        requests = b"".join(wire.encode(Say(number, text)) for number, (text, _) in enumerate(missing))
        command = [sys.executable, "-m", "media.engines.worker", "piper"]
        done = subprocess.run(command, input=requests, capture_output=True, cwd=ROOT, timeout=120, check=True)
        for number, (_, place) in enumerate(missing):
            _write(place, _sound(done.stdout, number))
    return places


def _sound(out: bytes, request: int) -> bytes:
    pcm, rate = b"", RATE
    while out:
        size = wire.length(out[: wire.HEAD])
        answer = wire.answer(out[wire.HEAD : wire.HEAD + size])
        out = out[wire.HEAD + size :]
        if isinstance(answer, Sound) and answer.request == request:
            pcm, rate = pcm + answer.pcm, answer.rate
    if not pcm:
        raise RuntimeError("the voice said nothing")
    resampler = Resampler(rate, RATE)
    return resampler.push(pcm) + resampler.flush()


def _place(key: str, suffix: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"legato-speech-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / (hashlib.sha256(f"{_VERSION}|{key}".encode()).hexdigest()[:24] + suffix)


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(speech_wav(*sys.argv[2:]).read_bytes())
