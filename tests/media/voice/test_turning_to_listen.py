"""Somebody turns from text to voice while the agent writes: what stood there is read, all that comes after is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.voice.script import Script, written
from tests.media.voice.test_script import Log, recited, rests


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.booleans(), st.booleans())
def test_what_is_written_while_somebody_turns_to_listen_is_said(
    before: int, meanwhile: int, after: int, over: bool, late: bool
) -> None:
    """`late`: the turn is looked at only when the state has what was written meanwhile."""
    log, script = Log(), Script()
    words = [f"Part {number} is told. " for number in range(before + meanwhile + after)]
    log.begin()
    for index in range(before):
        log.grow(words[index], index)
    at, turned = len(log.events), written(log.state)
    for index in range(before, before + meanwhile):
        log.grow(words[index], index)
    log.begin("m_2")
    log.grow("Next. ", 0, "m_2")
    if over:
        log.end()
    if late:
        assert written(log.state, log.events[at:]).offset == turned.offset
        turned = written(log.state, log.events[at:])
    found = rests(log)
    steps = script.begin(log.state, found.rests, found.seen, turned) + script.look(log.state)
    if not over:
        for index in range(before + meanwhile, before + meanwhile + after):
            log.grow(words[index], index)
            steps += script.look(log.state)
    listened = words[before : before + meanwhile + (0 if over else after)]
    assert recited(steps).get("m_1", "") == "".join(listened)
    assert recited(steps)["m_2"] == "Next. "
