"""What every store is held to: who is at a console."""

from __future__ import annotations

from hub.store.rostering import MOST_ROSTER
from tests.hub.store.writing import new_key
from tests.support.stores import Hall


class RosterContract:
    """A list a tenant."""

    async def test_who_is_noted_is_known_to_every_node_of_the_tenant_and_there_since_they_came(
        self, hall: Hall
    ) -> None:
        left, right = await hall.node(), await hall.node()
        tenant, other = new_key().session, new_key().session
        assert (await right.roster(tenant))[1] == []
        await left.note_here(tenant, "p_olga", b"one")
        (olga,) = (await right.roster(tenant))[1]
        assert (olga.participant, olga.said, olga.since) == ("p_olga", b"one", olga.last)
        await right.note_here(tenant, "p_ben", b"1:\x00\xff")
        await right.note_here(tenant, "p_olga", b"two")
        now, found = await left.roster(tenant)
        assert {each.participant: each.said for each in found} == {"p_olga": b"two", "p_ben": b"1:\x00\xff"}
        again = next(each for each in found if each.participant == "p_olga")
        assert (again.since, again.last >= olga.last, now >= again.last) == (olga.since, True, True)
        assert (await left.roster(other))[1] == []

    async def test_beyond_the_most_those_noted_longest_ago_go(self, hall: Hall) -> None:
        store, tenant = await hall.node(), new_key().session
        for at in range(MOST_ROSTER + 3):
            await store.note_here(tenant, f"p_{at:04}", b"x")
        found = (await store.roster(tenant))[1]
        assert len(found) == MOST_ROSTER
        assert f"p_{MOST_ROSTER + 2:04}" in {each.participant for each in found}
