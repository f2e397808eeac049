"""What a page says that it heard is bounded by what was sent to its device, once that has fallen silent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.opus import FRAME
from media.voice.rest import Report
from media.voice.sent import DEVICES, Sent

CIRCLE = 1 << 32
TABS = ("a_tab", "a_mobile")
MESSAGES = st.sampled_from(["m_1", "m_2"])
STRETCHES = st.fixed_dictionaries(
    {
        "message": MESSAGES,
        "samples": st.integers(0, 100).map(FRAME.__mul__),
        "timestamp": st.integers(0, CIRCLE - 1),
    },
    optional={"step": st.sampled_from([FRAME, 1_056, 1_200])},
)


def silent_after(frames: int, stretch: dict[str, Any]) -> dict[str, Any]:
    return {**stretch, "until": (stretch["timestamp"] + frames * FRAME) % CIRCLE}


@given(STRETCHES, st.integers(0, 3_000), st.integers(0, 20))
def test_whatever_silence_a_page_takes_for_speech_it_heard_what_it_was_sent(
    stretch: dict[str, Any], frames: int, silence: int
) -> None:
    sent, step = Sent(), stretch.get("step", FRAME)
    sent.told({"a_tab": stretch})
    end = stretch["samples"] + frames * step
    counted = Report(stretch["message"], end + silence * step, ago=20, then="rest")
    assert sent.bound(counted, TABS) == counted, "it goes on, as far as is known"
    sent.told({"a_tab": silent_after(frames, stretch)})
    assert sent.bound(counted, TABS) == Report(stretch["message"], end, 20, "rest")
    less = Report(stretch["message"], max(0, end - 480))
    assert sent.bound(less, TABS) == less


@given(
    st.lists(st.tuples(st.sampled_from((*TABS, "a_bob")), STRETCHES, st.none() | st.integers(0, 200))),
    MESSAGES,
)
def test_only_what_no_device_of_its_person_is_sent_any_more_is_bounded(
    told: list[tuple[str, dict[str, Any], int | None]], message: str
) -> None:
    sent, latest = Sent(), dict[str, tuple[dict[str, Any], int | None]]()
    for device, stretch, frames in told:
        sent.told({device: stretch if frames is None else silent_after(frames, stretch)})
        latest[device] = stretch, frames
    mine = [one for device, one in latest.items() if device in TABS and one[0]["message"] == message]
    most = [stretch["samples"] + (frames or 0) * stretch.get("step", FRAME) for stretch, frames in mine]
    goes_on = not mine or any(frames is None for _, frames in mine)
    report = Report(message, 10_000_000)
    assert sent.bound(report, TABS) == (report if goes_on else Report(message, max(most)))


@pytest.mark.parametrize(
    "data",
    [
        None,
        3,
        {"a_tab": 3},
        {"a_tab": {"samples": 0, "timestamp": 0, "until": 0}},
        {"a_tab": {"message": "m_1", "samples": True, "timestamp": 0, "until": 0}},
        {"a_tab": {"message": "m_1", "samples": 0, "timestamp": 0.5, "until": 0}},
        {"a_tab": {"message": "m_1", "samples": 0, "until": 0}},
        {"a_tab": {"message": "m_1", "samples": 0, "timestamp": 0, "until": None}},
    ],
)
def test_what_cannot_be_read_bounds_nothing(data: Any) -> None:
    sent, report = Sent(), Report("m_1", 4_800)
    sent.told(data)
    assert sent.bound(report, TABS) == report


def test_the_devices_that_were_told_of_longest_ago_are_forgotten() -> None:
    sent, silent = Sent(), {"message": "m_1", "samples": 0, "timestamp": 0, "until": 0}
    sent.told({"a_tab": silent, "a_mobile": silent})
    sent.told({f"a_{number}": silent for number in range(DEVICES - 1)})
    assert sent.bound(Report("m_1", 960), ["a_tab"]).samples == 960
    assert sent.bound(Report("m_1", 960), ["a_mobile"]).samples == 0
