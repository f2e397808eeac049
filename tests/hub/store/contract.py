"""What every store is held to: the log. `bus_contract.py` and `duties_contract.py` hold the rest."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from hub.store.promise import Append, Appended, Draft, LostTail, Refused
from legato.session.position import ORIGIN, Position
from tests.hub.store.writing import (
    Writer,
    again,
    check_chain,
    created,
    filled,
    new_key,
    repeated,
    sealed,
    snapshot_at,
    tail_of,
    whole_log,
)
from tests.support.stores import Hall


class AppendContract:
    """The append, in the promise's order."""

    async def test_entries_get_dense_offsets_session_time_and_the_chain(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        outcome = await store.append(key, writer.batch(3, control=[1]))
        assert isinstance(outcome, Appended)
        assert (outcome.first, outcome.count, outcome.repeat, outcome.level) == (2, 3, False, store.level)
        await store.append(key, writer.batch(2))
        entries = await whole_log(store, key)
        assert [entry.control for entry in entries] == [True, False, True, False, False, False]
        assert [(entry.sequence, entry.index) for entry in entries[1:4]] == [(1, 0), (1, 1), (1, 2)]
        check_chain(key, (await tail_of(store, key)).epoch, entries)
        now = await store.time()
        assert abs(now - entries[-1].time) < 60_000

    async def test_a_repeat_answers_with_the_first_offset_whatever_else_would_be_said(
        self, hall: Hall
    ) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        batch = writer.batch(2)
        first = await store.append(key, batch)
        assert isinstance(first, Appended)
        await store.append(key, writer.batch(control=[0], raises={"responder": 1}))
        lost = Position("BBBBBBBBBBA", 9, b"x" * 8)
        retry = again(batch, witness=lost, rights={"responder": 0}, control=0, producer_epoch=0)
        assert await store.append(key, retry) == repeated(first)
        assert len(await whole_log(store, key)) == 4

    async def test_a_sequence_used_with_another_digest_is_refused(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        batch = writer.batch()
        await store.append(key, batch)
        assert await store.append(key, again(batch, digest=b"other digest 16B")) == Refused("sequence_reused")

    async def test_a_repeat_beyond_the_last_64_is_too_old(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        batches = [writer.batch() for _ in range(66)]
        for batch in batches:
            assert isinstance(await store.append(key, batch), Appended)
        assert await store.append(key, batches[1]) == Refused("too_old", 67)
        oldest = await store.append(key, batches[2])
        assert isinstance(oldest, Appended)
        assert (oldest.first, oldest.repeat) == (4, True)
        assert await store.append(key, replace(batches[0], sequence=0)) == Refused("too_old", 67)

    async def test_a_session_that_is_not_there_takes_nothing(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        assert await store.append(key, Writer().batch()) == Refused("not_found")
        assert await store.refuse(key, Writer().batch(), Refused("not_allowed")) == Refused("not_found")
        assert await store.reopen(key, ORIGIN, Writer().batch()) == Refused("not_found")
        assert await store.exists(key) == "no"
        assert (await store.join(key), await store.read(key, 0), await store.position(key, 0)) == (None,) * 3
        assert await store.open_producer(key, "p_1") is None

    async def test_a_gap_is_refused_and_uses_up_nothing(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        first, second, third = writer.batch(), writer.batch(rights={"worker:a": 7}), writer.batch()
        assert await store.append(key, third) == Refused("sequence_gap", 1)
        assert await store.append(key, second) == Refused("sequence_gap", 1), (
            "the gap comes before the rights"
        )
        assert isinstance(await store.append(key, first), Appended)
        assert await store.append(key, third) == Refused("sequence_gap", 2)

    async def test_a_producer_epoch_opened_later_shuts_out_the_zombie(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        opened = await store.open_producer(key, "p_1")
        assert opened is not None
        assert (opened.epoch, opened.last) == (1, 0)
        zombie = Writer(epoch=opened.epoch)
        sent = zombie.batch()
        await store.append(key, sent)
        joined = await store.join(key, "p_1")
        assert joined is not None
        assert joined.producer is not None
        assert (joined.producer.epoch, joined.producer.last) == (2, 1)
        assert await store.append(key, zombie.batch()) == Refused("stale_token", 2, "producer")
        assert isinstance(await store.append(key, Writer(epoch=2, sequence=1).batch()), Appended)
        repeat = await store.append(key, sent)
        assert isinstance(repeat, Appended)
        assert repeat.repeat, "what the zombie did before still answers as it did"

    async def test_a_refusal_for_want_of_a_right_uses_up_its_sequence_and_is_kept(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        await store.append(key, Writer("hub").batch(control=[0], raises={"worker:a": 1}))
        stale = writer.batch(rights={"worker:a": 0})
        refused = Refused("stale_token", 1, "worker:a")
        assert await store.append(key, stale) == refused
        assert await store.append(key, again(stale, rights={"worker:a": 1})) == refused
        assert isinstance(await store.append(key, writer.batch(rights={"worker:a": 1})), Appended)

    async def test_a_token_of_another_epoch_is_stale_even_with_the_right_number(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        await store.append(key, Writer("hub").batch(control=[0], raises={"worker:a": 1}))
        stale = writer.batch(rights={"worker:a": 1}, tokens_of="BBBBBBBBBBA")
        assert await store.append(key, stale) == Refused("stale_token", -1, "epoch")
        good = writer.batch(rights={"worker:a": 1}, tokens_of=(await tail_of(store, key)).epoch)
        assert isinstance(await store.append(key, good), Appended)

    async def test_a_refusal_that_the_node_decided_is_kept_in_order_with_appends(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        batches = [writer.batch() for _ in range(3)]
        refusal = Refused("already_ended", 3, "the message ended · schon")
        outcomes = await asyncio.gather(
            store.append(key, batches[0]),
            store.refuse(key, replace(batches[1], drafts=()), refusal),
            store.append(key, batches[2]),
        )
        assert [type(outcome) for outcome in outcomes] == [Appended, Refused, Appended]
        assert outcomes[1] == await store.append(key, again(batches[1])) == refusal
        assert await store.refuse(key, replace(writer.batch(), sequence=9), refusal) == Refused(
            "sequence_gap", 4
        )
        assert await store.refuse(key, again(batches[0]), refusal) == repeated(outcomes[0])

    async def test_a_condition_loses_against_a_later_control_event_but_not_against_words(
        self, hall: Hall
    ) -> None:
        store, key, words, rival = await hall.node(), new_key(), Writer("w"), Writer("r")
        await created(store, key)
        await filled(store, key, words, 10)
        assert isinstance(await store.append(key, rival.batch(control=[0], condition=1)), Appended)
        lost = rival.batch(control=[0], condition=1)
        assert await store.append(key, lost) == Refused("lost_race", 12)
        anew = again(lost, control=12)
        assert isinstance(await store.append(key, anew), Appended), "a lost race uses up nothing"

    async def test_a_condition_loses_against_the_very_next_event_and_holds_at_the_last_control_event(
        self, hall: Hall
    ) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        assert isinstance(await store.append(key, writer.batch(2, control=[0], condition=1)), Appended)
        lost = writer.batch(condition=1)
        assert await store.append(key, lost) == Refused("lost_race", 2)
        assert await store.append(key, again(lost, control=0)) == Refused("lost_race", 2)
        assert isinstance(await store.append(key, again(lost, control=2)), Appended)

    async def test_a_right_is_raised_by_exactly_one(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        assert isinstance(await store.append(key, writer.batch(raises={"a": 1, "b": 1})), Appended)
        lost = writer.batch(raises={"a": 2, "b": 1})
        assert await store.append(key, lost) == Refused("lost_race", 1, "b")
        assert isinstance(await store.append(key, again(lost, raises={"a": 2}, rights={"b": 1})), Appended)
        joined = await store.join(key)
        assert joined is not None
        assert joined.rights == {"a": 2, "b": 1}

    async def test_two_takeovers_at_once_have_one_winner(self, hall: Hall) -> None:
        key, nodes = new_key(), [await hall.node() for _ in range(4)]
        await created(nodes[0], key)
        raised = [
            Writer(f"p{at}").batch(control=[0], condition=1, raises={"responder": 1}) for at in range(4)
        ]
        outcomes = await asyncio.gather(
            *[node.append(key, one) for node, one in zip(nodes, raised, strict=True)]
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appended"] + ["Refused"] * 3

    async def test_two_writers_keep_each_their_own_order_in_one_log(self, hall: Hall) -> None:
        key, left, right = new_key(), await hall.node(), await hall.node()
        await created(left, key)
        await asyncio.gather(filled(left, key, Writer("l"), 300), filled(right, key, Writer("r"), 300))
        entries = await whole_log(right, key)
        check_chain(key, (await tail_of(left, key)).epoch, entries)
        for name in ("l", "r"):
            assert [entry.sequence for entry in entries if entry.producer == name] == list(range(1, 301))

    async def test_a_batch_of_nothing_uses_up_its_sequence(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        empty = await store.append(key, writer.batch(0))
        assert isinstance(empty, Appended)
        assert (empty.first, empty.count) == (2, 0)
        following = await store.append(key, writer.batch())
        assert isinstance(following, Appended)
        assert following.first == 2

    async def test_a_batch_beyond_the_bound_is_too_large(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        drafts = (Draft(sealed()),) * 256
        assert await store.append(key, Append("p", 0, 1, b"d" * 16, drafts)) == Refused("too_large", 255)


class WitnessContract:
    """Positions: what is on the log, what is lost, what is behind the trim."""

    @pytest.mark.parametrize("offset", [0, 1, 4, 5, 6])
    async def test_a_witness_on_the_log_is_taken(self, hall: Hall, offset: int) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        await filled(store, key, Writer("w"), 5)
        witness = await store.position(key, offset)
        assert witness is not None
        assert isinstance(await store.append(key, Writer().batch(witness=witness)), Appended)
        assert isinstance(await store.append(key, Writer("q").batch(witness=ORIGIN)), Appended)

    async def test_a_witness_that_is_not_on_the_log_shows_a_lost_tail(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        await filled(store, key, Writer("w"), 3)
        tail = await tail_of(store, key)
        strangers = [
            replace(tail, offset=5),
            replace(tail, check=b"anything"),
            replace(tail, offset=2),
            replace(tail, epoch="BBBBBBBBBBA"),
            Position.start("BBBBBBBBBBA"),
        ]
        for witness in strangers:
            assert await store.append(key, Writer().batch(witness=witness)) == LostTail(tail)

    async def test_a_witness_behind_the_trim_must_resume_first(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        await filled(store, key, Writer("w"), 9)
        old = [await store.position(key, offset) for offset in (3, 4, 5)]
        for offset in (5, 8):
            assert await store.write_snapshot(key, await snapshot_at(store, key, offset))
        assert await store.trim(key, 6) == 5
        for witness in old[:2]:
            assert await store.append(key, Writer().batch(witness=witness)) == Refused("resume_first", 6)
        assert isinstance(await store.append(key, Writer().batch(witness=old[2])), Appended)

    async def test_a_log_is_reopened_once_and_old_positions_stay_on_it_as_far_as_they_survived(
        self, hall: Hall
    ) -> None:
        """The evidence is made up here; `test_failover.py` has a real one."""
        key, left, right = new_key(), await hall.node(), await hall.node()
        await created(left, key)
        await left.append(key, Writer("hub").batch(control=[0], raises={"worker:a": 1}))
        before = await tail_of(left, key)
        lost = replace(before, offset=5, check=b"was here")
        batches = [Writer(f"reopen:{at}").batch(control=[0]) for at in range(2)]
        outcomes = await asyncio.gather(
            left.reopen(key, lost, batches[0]), right.reopen(key, lost, batches[1])
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appended", "Refused"]
        assert Refused("lost_race") in outcomes
        winner = next(outcome for outcome in outcomes if isinstance(outcome, Appended))
        assert winner.first == before.offset + 1
        now = await tail_of(left, key)
        assert now.epoch != before.epoch
        assert isinstance(await left.append(key, Writer("on").batch(witness=before)), Appended)
        told = await left.append(key, Writer("gone").batch(witness=lost))
        assert told == LostTail(await tail_of(left, key))
        void = Writer("stale").batch(witness=before, rights={"worker:a": 1})
        assert await left.append(key, void) == Refused("stale_token", -1, "epoch")
        kept = batches[outcomes.index(winner)]
        assert await right.reopen(key, lost, again(kept)) == repeated(winner)
        check_chain(key, before.epoch, await whole_log(right, key))

    async def test_evidence_that_is_on_the_log_reopens_nothing(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        tail = await tail_of(store, key)
        for evidence in (tail, ORIGIN, Position.start(tail.epoch)):
            assert await store.reopen(key, evidence, Writer().batch()) == Refused("lost_race")
        assert await tail_of(store, key) == tail
