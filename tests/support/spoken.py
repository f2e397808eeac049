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
from collections.abc import Callable
from pathlib import Path

from media.codecs import Resampler
from media.engines import wire
from media.engines.openai import wav
from media.engines.wire import Failed, Ready, Say, Sound

ROOT = Path(__file__).resolve().parents[2]
RATE = 48_000
_VERSION = "1"


def speech_wav(*sentences: str, lead_ms: int = 500, gap_ms: int = 1500, tail_ms: int = 2000) -> Path:
    """A WAV file (48 kHz, mono, s16) of the sentences, with silence before, between and after them."""
    key = "|".join([_VERSION, str(lead_ms), str(gap_ms), str(tail_ms), *sentences])
    return _cached(key, ".wav", lambda: wav(_track(sentences, lead_ms, gap_ms, tail_ms), RATE))


def speech_pcm(text: str, rate: int = RATE) -> bytes:
    """The sentence as s16 mono PCM at `rate`, without silence around it."""
    spoken = _cached(f"{_VERSION}|{text}", ".pcm", lambda: _say(text)).read_bytes()
    resampler = Resampler(RATE, rate)
    return resampler.push(spoken) + resampler.flush()


def silence(milliseconds: int, rate: int = RATE) -> bytes:
    """Nothing, as PCM."""
    return bytes(2 * (rate * milliseconds // 1000))


def _track(sentences: tuple[str, ...], lead_ms: int, gap_ms: int, tail_ms: int) -> bytes:
    spoken = silence(gap_ms).join(speech_pcm(sentence) for sentence in sentences)
    return silence(lead_ms) + spoken + silence(tail_ms)


def _say(text: str) -> bytes:
    """Ask the engine in its own process, as the hub does."""
    command = [sys.executable, "-m", "media.engines.worker", "piper"]
    done = subprocess.run(
        command, input=wire.encode(Say(1, text)), capture_output=True, cwd=ROOT, timeout=60, check=True
    )
    out, answers = done.stdout, []
    while out:
        size = wire.length(out[: wire.HEAD])
        answers.append(wire.answer(out[wire.HEAD : wire.HEAD + size]))
        out = out[wire.HEAD + size :]
    ready, *sounds = answers
    assert isinstance(ready, Ready)
    pcm, rate = b"", RATE
    for sound in sounds:
        assert isinstance(sound, Sound), sound.reason if isinstance(sound, Failed) else sound
        pcm, rate = pcm + sound.pcm, sound.rate
    resampler = Resampler(rate, RATE)
    return resampler.push(pcm) + resampler.flush()


def _cached(key: str, suffix: str, make: Callable[[], bytes]) -> Path:
    folder = Path(tempfile.gettempdir()) / f"legato-speech-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / (hashlib.sha256(key.encode()).hexdigest()[:24] + suffix)
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(make())
        fresh.replace(path)
    return path


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(speech_wav(*sys.argv[2:]).read_bytes())
