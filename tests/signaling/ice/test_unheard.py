"""Where a frame goes of a call that is not heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signaling.ice.paths import Path
from signaling.ice.unheard import AFTER, AT_ONCE, LATELY, NEVER, UNTIL, also


@given(
    heard=st.lists(
        st.tuples(st.sampled_from([0, 1, LATELY - 1, LATELY, LATELY + 1, 2 * LATELY]), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    count=st.sampled_from([NEVER, 0, AFTER, AFTER + 1, UNTIL, UNTIL + 1]),
)
def test_only_few_proven_addresses_that_were_heard_of_late_are_sent_to(
    heard: list[tuple[int, bool]], count: int
) -> None:
    paths = [Path((f"192.0.2.{i}", 1), at, proven) for i, (at, proven) in enumerate(heard)]
    active = paths[0]
    found = also(active, paths, count)
    fit = [p for p in paths[1:] if p.validated and active.heard - p.heard <= LATELY]
    assert len(found) == (min(len(fit), AT_ONCE - 1) if AFTER < count <= UNTIL else 0)
    assert all(path in fit for path in found)
    left = [path.heard for path in fit if path not in found]
    assert not found or not left or max(left) <= min(path.heard for path in found)
