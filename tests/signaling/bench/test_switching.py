"""Whether a story that is heard, read and heard again comes whole."""

from __future__ import annotations

import pytest

from signaling.bench.switching import whole

STORY = "Part 1 is told. Part 2 is told. Part 3 is told. Part 4 is told. "
READ = STORY.index("Part 3")


@pytest.mark.parametrize("heard", [0, 6, 11, 16, READ])
def test_a_story_that_is_heard_and_read_and_heard_on_is_whole(heard: int) -> None:
    assert whole(STORY, heard, READ, ["Part 3 is told. ", "Part 4 is told."])
    assert whole(STORY, heard, READ, ["Part 3 is"])


@pytest.mark.parametrize(
    "said",
    [
        ["Part 4 is told."],
        ["told. Part 3 is told."],
        ["Part 2 is told."],
        ["Part 3 is told.", "Part 3 is told."],
    ],
)
def test_a_word_that_is_missing_or_twice_is_seen(said: list[str]) -> None:
    assert not whole(STORY, 6, READ, said)
