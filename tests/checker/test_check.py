"""The judge is judged: it acquits a run that went well, and convicts every one that was spoiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import pytest
from msgspec.structs import replace

from tests.checker.check import check
from tests.checker.history import Entry, Line, canonical, store_producer
from tests.checker.scene import AGENT, good, said
from tests.checker.verdict import Evidence

Spoil = Callable[[Evidence, Random], None]
MUTANTS: dict[str, tuple[set[str], Spoil]] = {}
SEEDS = range(25)


def mutant(*invariants: str) -> Callable[[Spoil], Spoil]:
    """One of these must be found broken."""

    def declare(spoil: Spoil) -> Spoil:
        MUTANTS[spoil.__name__] = (set(invariants), spoil)
        return spoil

    return declare


def some(random: Random, seen: Evidence, **fields: object) -> Line:
    """A line with these fields."""
    return random.choice(
        [line for line in seen.lines if all(getattr(line, name) == want for name, want in fields.items())]
    )


def of_type(seen: Evidence, kind: str) -> list[Entry]:
    return [entry for entry in seen.entries if entry.event["type"] == kind]


def renumbered(seen: Evidence) -> None:
    for offset, entry in enumerate(seen.entries, 1):
        entry.offset = entry.event["offset"] = offset
        entry.sha256 = canonical(entry.event)


def added(seen: Evidence, producer: str, event: Mapping[str, object], at: int | None = None) -> None:
    """One more entry, well formed, under a sequence of its own."""
    at = len(seen.entries) if at is None else at
    last = max([entry.pseq for entry in seen.entries if entry.producer == producer], default=0)
    epoch = seen.entries[at - 1].epoch
    seen.entries.insert(at, Entry(epoch, 0, "", producer, last + 1, 0, False, {"time": 0, **event}))  # type: ignore[attr-defined]
    renumbered(seen)


def worker(seen: Evidence, proc: str) -> str:
    line = next(line for line in seen.lines if line.proc == proc and line.producer)
    return store_producer(line.actor, line.producer)


def taken_on_arrival(seen: Evidence) -> None:
    """The batches that grant rights are the node's."""
    batches = {(entry.producer, entry.pseq) for entry in of_type(seen, "right_granted")}
    for number, (producer, pseq) in enumerate(sorted(batches)):
        for entry in seen.entries:
            if (entry.producer, entry.pseq) == (producer, pseq):
                entry.producer = f"n_{number}:presence"


# --- the log


@mutant("I3")
def an_entry_is_missing(seen: Evidence, random: Random) -> None:
    del seen.entries[random.randrange(len(seen.entries) - 1)]  # type: ignore[attr-defined]


@mutant("I1", "I3", "I11")
def an_entry_is_missing_and_the_gap_is_closed(seen: Evidence, random: Random) -> None:
    del seen.entries[random.randrange(len(seen.entries) - 1)]  # type: ignore[attr-defined]
    renumbered(seen)


@mutant("I2")
def an_entry_stands_twice(seen: Evidence, random: Random) -> None:
    entry = random.choice(seen.entries)
    seen.entries.append(replace(entry, event=dict(entry.event), epoch="e2"))  # type: ignore[attr-defined]
    renumbered(seen)


@mutant("I2")
def a_message_is_posted_again_under_another_sequence(seen: Evidence, random: Random) -> None:
    entry = random.choice(of_type(seen, "message_posted"))
    added(seen, entry.producer, dict(entry.event))


@mutant("I4")
def two_batches_of_one_producer_are_swapped(seen: Evidence, random: Random) -> None:
    one, other = sorted(random.sample(of_type(seen, "message_grown")[:6], 2), key=lambda entry: entry.offset)
    a, b = one.offset - 1, other.offset - 1
    seen.entries[a], seen.entries[b] = seen.entries[b], seen.entries[a]  # type: ignore[index]
    renumbered(seen)


@mutant("I4")
def a_batch_is_torn(seen: Evidence, random: Random) -> None:
    inside = random.choice([entry.offset for entry in seen.entries if entry.index == 1])
    added(seen, "n_9:stranger", {"type": "activity_changed", "by": "hub"}, inside - 1)


@mutant("I3")
def epochs_are_merged(seen: Evidence, random: Random) -> None:
    for entry in seen.entries:
        entry.epoch = "e1"


@mutant("I3")
def an_epoch_begins_without_a_word(seen: Evidence, random: Random) -> None:
    for entry in seen.entries[random.randrange(5, 20) :]:
        entry.epoch = entry.epoch + "x"


@mutant("I7")
def a_zombie_writes_late(seen: Evidence, random: Random) -> None:
    grown = random.choice(of_type(seen, "message_grown")[7:])
    number = grown.event["index"] + 1
    event = said("message_grown", message=grown.event["message"], index=number, text="zombie ")
    added(seen, worker(seen, "agent-1"), event, grown.offset)


@mutant("I7")
def a_zombie_writes_into_the_new_epoch(seen: Evidence, random: Random) -> None:
    reopened = of_type(seen, "log_reopened")[0].offset
    event = said("response_started", response="r_zombie")
    added(seen, worker(seen, "agent-2"), event, reopened)


@mutant("I7")
def a_zombie_writes_late_where_rights_are_taken_on_arrival(seen: Evidence, random: Random) -> None:
    taken_on_arrival(seen)
    a_zombie_writes_late(seen, random)


@mutant("I7")
def a_token_is_given_twice(seen: Evidence, random: Random) -> None:
    entry = of_type(seen, "right_granted")[1]
    entry.event["token"] = 1
    entry.sha256 = canonical(entry.event)


@mutant("I11")
def a_message_grows_after_its_end(seen: Evidence, random: Random) -> None:
    end = random.choice(of_type(seen, "message_ended"))
    message, response = (
        end.event["message"],
        next(entry for entry in seen.entries[end.offset - 1 :] if entry.event["type"] == "response_ended"),
    )
    event = said("message_grown", message=message, index=99, text="late ")
    added(seen, end.producer if end.producer.startswith("p_") else "n_1:late", event, response.offset)


@mutant("I4")
def a_delta_is_left_out(seen: Evidence, random: Random) -> None:
    random.choice(of_type(seen, "message_grown")).event["index"] += 1


@mutant("I11")
def a_response_ends_twice(seen: Evidence, random: Random) -> None:
    end = random.choice(of_type(seen, "response_ended"))
    added(seen, end.producer, dict(end.event), end.offset)


@mutant("I11")
def a_response_never_ends(seen: Evidence, random: Random) -> None:
    random.choice(of_type(seen, "response_ended")).event["type"] = "activity_changed"


@mutant("I11")
def a_turn_is_answered_twice(seen: Evidence, random: Random) -> None:
    for kind in ("response_started", "response_ended"):
        added(seen, worker(seen, "agent-2"), said(kind, response="r_again", turn="m_3", outcome="finished"))


@mutant("I11")
def a_turn_is_never_answered(seen: Evidence, random: Random) -> None:
    random.choice(of_type(seen, "response_ended")).event["turn_waits"] = True
    seen.entries[-1].event["turn_waits"] = True


@mutant("I11")
def a_tool_has_two_effects(seen: Evidence, random: Random) -> None:
    start = random.choice(of_type(seen, "tool_started"))
    added(seen, start.producer, dict(start.event), start.offset)


@mutant("I11")
def a_tool_call_ends_twice(seen: Evidence, random: Random) -> None:
    end = random.choice(of_type(seen, "tool_ended"))
    added(seen, end.producer, dict(end.event), end.offset)


@mutant("I1", "I3")
def the_log_says_something_else(seen: Evidence, random: Random) -> None:
    entry = random.choice(of_type(seen, "message_grown"))
    entry.event["text"] = "other "
    entry.sha256 = canonical(entry.event)


@mutant("I1")
def a_refused_batch_is_in_the_log(seen: Evidence, random: Random) -> None:
    line = some(random, seen, kind="fail")
    producer = store_producer(line.actor, line.producer)
    event = {"type": "activity_changed", "by": AGENT}
    added(seen, producer, event)
    seen.entries[-1].pseq = line.pseq


# --- the edges


@mutant("I5")
def an_event_is_not_given(seen: Evidence, random: Random) -> None:
    live = [line for line in seen.lines if line.op == "apply" and line.proc == "ada"][:-8]
    seen.lines.remove(random.choice(live))  # type: ignore[attr-defined]


@mutant("I5")
def an_event_is_given_twice(seen: Evidence, random: Random) -> None:
    line = some(random, seen, op="apply")
    seen.lines.insert(seen.lines.index(line), replace(line))  # type: ignore[attr-defined]


@mutant("I5")
def two_events_are_given_in_the_wrong_order(seen: Evidence, random: Random) -> None:
    mine = [line for line in seen.lines if line.op == "apply" and line.proc == "ada"]
    at = random.randrange(len(mine) - 1)
    mine[at].offset, mine[at + 1].offset = mine[at + 1].offset, mine[at].offset


@mutant("I5")
def a_seam_has_a_hole(seen: Evidence, random: Random) -> None:
    line = next(line for line in seen.lines if line.op == "attached" and line.count)
    line.count = 0


@mutant("I3")
def somebody_is_shown_something_else(seen: Evidence, random: Random) -> None:
    some(random, seen, op="deliver").sha256 = "0" * 64


@mutant("I3")
def of_what_is_lost_two_saw_different_things(seen: Evidence, random: Random) -> None:
    gone = next(line for line in seen.lines if line.op == "discontinuity")
    lost = range(gone.lost_from, gone.lost_to + 1)
    shown = [
        line for line in seen.lines if line.op == "deliver" and line.epoch == "e1" and line.offset in lost
    ]
    random.choice(shown).sha256 = "0" * 64


@mutant("I6")
def a_state_is_not_the_fold(seen: Evidence, random: Random) -> None:
    tail = max(line.offset for line in seen.lines if line.op == "discontinuity")
    held = [line for line in seen.lines if line.op == "state" and line.offset < tail - 1]
    random.choice(held).sha256 = "0" * 64


@mutant("I6")
def a_state_is_of_no_log(seen: Evidence, random: Random) -> None:
    some(random, seen, op="state", epoch="e2").check = "0" * 16


@mutant("I1")
def an_ack_names_another_offset(seen: Evidence, random: Random) -> None:
    some(random, seen, op="append", kind="ok", epoch="e2").offset += 1


@mutant("I1")
def an_ack_counts_too_few(seen: Evidence, random: Random) -> None:
    line = random.choice([line for line in seen.lines if line.op == "append" and line.count == 2])
    line.count = 1


@mutant("I1", "I3")
def a_loss_is_not_told(seen: Evidence, random: Random) -> None:
    seen.lines.remove(some(random, seen, op="discontinuity"))  # type: ignore[attr-defined]


@mutant("I3")
def a_loss_is_told_too_wide(seen: Evidence, random: Random) -> None:
    some(random, seen, op="discontinuity").lost_from -= 1


@mutant("I1", "I3")
def a_loss_is_told_too_narrow(seen: Evidence, random: Random) -> None:
    some(random, seen, op="discontinuity").lost_to -= 1


@mutant("I8")
def something_overtook_what_was_acknowledged_before_it(seen: Evidence, random: Random) -> None:
    acks = [line for line in seen.lines if line.op == "append" and line.kind == "ok" and line.epoch == "e2"]
    line = random.choice(acks[:-1])
    later = seen.lines[-1].t_mono + 1
    for each in seen.lines:
        if each.op == "append" and (each.proc, each.pseq) == (line.proc, line.pseq) and each.epoch == "e2":
            each.t_mono = later = later + 1
    seen.lines.sort(key=lambda each: each.t_mono)  # type: ignore[attr-defined]


@mutant("I14")
def somebody_never_comes_to_the_tail(seen: Evidence, random: Random) -> None:
    proc = random.choice(("ada", "bob"))
    mine = [line for line in seen.lines if line.proc == proc and line.op in ("apply", "state", "deliver")]
    tail = mine[-1].offset
    for line in mine:
        if line.offset == tail:
            seen.lines.remove(line)  # type: ignore[attr-defined]


@mutant("I14")
def a_batch_is_never_answered(seen: Evidence, random: Random) -> None:
    seen.lines.remove(some(random, seen, op="append", kind="ok", epoch="e2"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_went_well_is_acquitted(seed: int) -> None:
    assert check(good(seed).evidence()) == []


def test_a_run_is_acquitted_of_owners_where_rights_are_taken_on_arrival() -> None:
    seen = good(1).evidence()
    taken_on_arrival(seen)
    assert [found for found in check(seen) if found.invariant == "I7"] == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_spoiled_run_is_convicted(name: str) -> None:
    invariants, spoil = MUTANTS[name]
    for seed in SEEDS:
        seen = good(seed).evidence()
        spoil(seen, Random(seed))
        found = {violation.invariant for violation in check(seen)}
        assert found & invariants, f"seed {seed}: {found}"
