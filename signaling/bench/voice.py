"""`bench voice`: all that is measured of calls, part by part."""

from __future__ import annotations

from typing import Final

from signaling.bench.mouth_to_ear import measure_mouth_to_ear
from signaling.bench.page_barge_in import measure_page_barge_in
from signaling.bench.page_heard import measure_page_heard
from signaling.bench.route_flip import measure_route_flips
from signaling.bench.voice_barge_in import measure_barge_in
from signaling.bench.voice_dead_paths import measure_dead_paths
from signaling.bench.voice_gap_words import measure_gap_words
from signaling.bench.voice_guard import measure_voice_guard
from signaling.bench.voice_microphone import measure_voice_microphone
from signaling.bench.voice_paths import measure_voice_paths
from signaling.bench.voice_peers import measure_voice_peers
from signaling.bench.voice_resume import measure_voice_resume

PARTS: Final = (
    measure_voice_guard,
    measure_voice_peers,
    measure_barge_in,
    measure_page_barge_in,
    measure_page_heard,
    measure_mouth_to_ear,
    measure_voice_microphone,
    measure_gap_words,
    measure_voice_resume,
    measure_voice_paths,
    measure_dead_paths,
    measure_route_flips,
)
