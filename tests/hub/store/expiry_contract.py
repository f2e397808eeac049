"""A lease ends in two scripts: one removes the dead holder's counter (beats have a slot of their own), the other
appends what follows to the session's log. In whatever order they, the holder and a second undertaker come."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from hub.store.promise import Appended, Outcome, Refused, Store
from tests.hub.store.writing import Writer, created, new_key
from tests.support.stores import Hall

RIGHT = "worker:a"
STEPS = ("holder", "holder", "one", "one", "other", "other")


class Ending:
    """A holder that may not be dead, with its right at number 1, and two who saw its counter stand still."""

    def __init__(self, store: Store) -> None:
        self.store, self.key = store, new_key()
        self.holder = f"w-{self.key.session}"
        self.writer = Writer("holder")
        self.beaten = False
        self.forgot: dict[str, bool] = {}
        self.raised: list[Outcome] = []
        self.wrote: tuple[bool, Outcome] | None = None

    async def begin(self) -> None:
        """Make it so."""
        await created(self.store, self.key)
        await self.store.append(self.key, Writer("hub").batch(control=[0], raises={RIGHT: 1}))
        await self.store.beat([self.holder])
        await self.store.beat([self.holder])
        await self.store.beat([self.holder])
        self.seen = (await self.store.beats())[self.holder]

    async def step(self, who: str) -> None:
        """The next thing that this one does."""
        if who == "holder" and not self.beaten:
            self.beaten = True
            await self.store.beat([self.holder])
        elif who == "holder":
            late = self.taken
            self.wrote = late, await self.store.append(self.key, self.writer.batch(rights={RIGHT: 1}))
        elif who not in self.forgot:
            self.forgot[who] = await self.store.forget_holder(self.holder, self.seen)
        elif self.forgot[who]:
            self.raised.append(await self.take(who))

    async def take(self, who: str) -> Outcome:
        """The right's number goes up, on condition that no control event came since it was granted."""
        return await self.store.append(
            self.key, Writer(who).batch(control=[0], condition=2, raises={RIGHT: 2})
        )

    @property
    def taken(self) -> bool:
        """Whether it did."""
        return any(isinstance(each, Appended) for each in self.raised)


def orders() -> Iterator[tuple[str, ...]]:
    """Every way in which the steps of the three can follow each other."""
    yield from sorted(set(permutations(STEPS)))


class ExpiryContract:
    """The end of a lease."""

    async def test_in_every_order_one_at_most_takes_a_lease_and_never_from_who_beat_before(
        self, hall: Hall
    ) -> None:
        store = await hall.node()
        for order in orders():
            ending = Ending(store)
            await ending.begin()
            for who in order:
                await ending.step(who)
            first = order.index("holder")
            beat_first = first < min(order.index("one"), order.index("other"))
            assert sum(ending.forgot.values()) == (0 if beat_first else 1), order
            assert len(ending.raised) == (0 if beat_first else 1), order
            assert ending.taken is not beat_first, order
            assert ending.wrote is not None
            late, wrote = ending.wrote
            assert (wrote == Refused("stale_token", 2, RIGHT)) if late else isinstance(wrote, Appended), order

    async def test_who_dies_between_the_two_scripts_leaves_the_second_to_anybody_and_it_is_done_once(
        self, hall: Hall
    ) -> None:
        ending = Ending(await hall.node())
        await ending.begin()
        await ending.step("one")
        assert ending.forgot == {"one": True}
        heirs = [await ending.take(f"heir{number}") for number in range(3)]
        assert [type(each) for each in heirs] == [Appended, Refused, Refused]
        await ending.step("holder")
        await ending.step("holder")
        assert ending.wrote is not None
        assert ending.wrote[1] == Refused("stale_token", 2, RIGHT)

    async def test_who_comes_back_after_its_death_has_no_counter_that_anybody_saw(self, hall: Hall) -> None:
        store = await hall.node()
        holder, seen = f"w-{new_key().session}", set[int]()
        for life in (1, 2, 3):
            for _ in range(life):
                await store.beat([f"{holder}-beside", holder])
                counter = (await store.beats())[holder]
                assert counter not in seen, (
                    "who saw it die with that number, and asks late, takes it for dead again"
                )
                seen.add(counter)
            assert await store.forget_holder(holder, counter)
