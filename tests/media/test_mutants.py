"""Broken variants of the machines of sound. Each must be noticed by an example, or that example is missing."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, NamedTuple

import pytest

from legato.client import unacked
from media import (
    activity,
    catch_up,
    frames,
    order,
    pacer,
    playout,
    portions,
    ring,
    splice,
    suspicion,
    timeline,
    turns,
)
from media.voice import barge_in, capture, going_on, holding, receipts
from tests.client import test_unacked
from tests.media import (
    test_activity,
    test_catch_up,
    test_frames,
    test_order,
    test_pacer,
    test_playout,
    test_portions,
    test_ring,
    test_splice,
    test_suspicion,
    test_timeline,
    test_turns,
)
from tests.media.voice import test_barge_in, test_capture, test_going_on, test_holding, test_receipts


class Mutant(NamedTuple):
    """In the source of `module`, `old` (which occurs once) becomes `new`; `examples` must notice."""

    module: ModuleType
    examples: ModuleType
    old: str
    new: str


def of(module: ModuleType, examples: ModuleType, *pairs: tuple[str, str]) -> list[Mutant]:
    return [Mutant(module, examples, old, new) for old, new in pairs]


MUTANTS: Final = [
    *of(
        timeline,
        test_timeline,
        ("spans[index - 1].end > span.start", "False"),
        ("spans[index].start < span.end", "False"),
        ("if span.start < self._floor:", "if False:"),
        ("            self._floor = floor", "            pass"),
        ("len(spans) > MAX_SPANS or ", ""),
        ("// FRAME * FRAME", "// FRAME * 0"),
        ("return Refused.DOUBTED", "pass"),
        ("if leg.doubt != (sequence, timestamp):", "if True:"),
        ("(step > 0) == (ahead > 0) and ", ""),
        ("<= max(0, elapsed) * PER_MS + JUMP", "< 2**31"),
        ("if ahead >= 0:\n            leg.timestamp", "if True:\n            leg.timestamp"),
        ("return Why.SILENT if before.last + 1 == after.first else Why.LOST", "return Why.LOST"),
        ("before.leg != after.leg or ", ""),
        ("_signed(sequence - leg.sequence, 16)", "sequence - leg.sequence"),
        ("_signed(timestamp - leg.timestamp, 32)", "timestamp - leg.timestamp"),
    ),
    *of(
        portions,
        test_portions,
        ("if weights >= TELLING:", "if True:"),
        ("self._worded = self._worded or bool(spoken.words)", "pass"),
        ("elif not self._worded:", "else:"),
        ("if until <= characters", "if until < characters"),
        ("self._pace.learn(words, self._made - self._since)", "pass"),
        ("self._ahead.append((done[-1].end, self._made))", "pass"),
        ("self._made, False", "0, False"),
        ("self._since + length)[:-1]", "self._since + length)"),
        ("        self._named = named\n", ""),
        ("if point[1] <= self._made]", "]"),
        ('(word.text, _MARKS.sub("", word.text))', "(word.text,)"),
        ("end - at >= AT_ONCE and ", ""),
        (" and self._made - end >= AT_ONCE", ""),
        ("characters > self._told and ", ""),
        (" and samples <= until", ""),
        ("if rest or points:", "if rest:"),
    ),
    *of(
        ring,
        test_ring,
        ("if (cells | batch.cells) & bit:", "if batch.cells & bit:"),
        ("now + self._flush_after", "now + 10 * self._flush_after"),
        ("if samples + batch.samples >= SLOT", "if batch.samples >= SLOT"),
        ("if len(self._open) > MAX_OPEN:", "if False:"),
        ("batch.deadline <= now", "batch.deadline < now"),
        ("divmod(slot, MINUTE // SLOT)", "divmod(slot, 601)"),
        ("within << CELLS | done.cells", "within << CELLS"),
        ("batch.tidy and start >= batch.end", "True"),
        ("key=lambda one: (one.media_time, one.resent)", "key=lambda one: (one.media_time, not one.resent)"),
        ("each.media_time >= kept[-1].end", "True"),
        ("found.append(Hole(at, min(each.media_time, end), Why.ABSENT))", "pass"),
        ("damaged.append((minute, place))", "pass"),
    ),
    *of(
        playout,
        test_playout,
        ("if len(frames) > self.room:", "if False:"),
        ("if message in self._closed:", "if False:"),
        ("or self.stage is Stage.PAUSED or not", "or not"),
        ("run.start + run.taken * run.step", "run.start + run.taken * FRAME"),
        ("run.step, not entry.begun, last", "run.step, False, last"),
        ("last = entry.finished and not entry.runs", "last = not entry.runs"),
        ("self._pace == run.step and ", ""),
        ("self._queued -= sum(", "sum("),
        ("if of is None or each.message in of]", "]"),
        ("if of is None or (", "if ("),
        ("self._latest.clear()\n", "pass\n"),
        ("if entry.runs:\n            return False", "if False:\n            return False"),
        ("entry.sent = again[-1].start", "pass"),
        ("self._queued += len(again)", "pass"),
        ("self._queued += len(again)\n        self._pace = None", "self._queued += len(again)"),
        ("self._latest[-1].end > samples", "self._latest[-1].end >= samples"),
    ),
    *of(
        splice,
        test_splice,
        ("least < 0 or ", ""),
        ("most < least or ", ""),
        ("np.argmax(", "np.argmin("),
    ),
    *of(
        catch_up,
        test_catch_up,
        ("BRISK if behind >= FAR else GENTLE", "GENTLE"),
        ("BRISK if behind >= FAR else GENTLE", "BRISK"),
        ("if self._playout.stage is Stage.PAUSED:", "if False:"),
        ("coder if behind > 0 else None", "coder"),
        ("if flow.dry:", "if False:"),
        ("self._behind <= 0 and not flow.last", "False"),
        ("flow.splice(owed - _ABOUT, owed + _ABOUT)", "pass"),
        ("self._behind -= max(0, samples - FRAME)", "pass"),
        ("flow.last and done", "flow.last"),
        ("and samples < self._flow.end", "and False"),
        ("if front is not None and front.message == flow.message else", "if front is not None else"),
        ("each.message != front.message", "True"),
        ("samples=flow.said", "samples=flow.end"),
        ("if flow is not None and of is not None and flow.message not in of:", "if False:"),
        ("flow.said, flow.first, flow.pace = end, False, samples", "flow.said, flow.pace = end, samples"),
    ),
    *of(
        going_on,
        test_going_on,
        ('"catch_up" if company else "rest"', '"rest"'),
        ('"catch_up" if company else "rest"', '"catch_up"'),
        ("if end > start:", "if True:"),
        ("min(left, age, rest.end - rest.start)", "min(left, rest.end - rest.start)"),
        ("min(left, age, rest.end - rest.start)", "min(left, age)"),
        ("left -= passed", "pass"),
        ("frames=rest.frames[(at - rest.start) // FRAME :]", "frames=rest.frames"),
    ),
    *of(
        pacer,
        test_pacer,
        ("if behind > 0:", "if False:"),
        ("seat.skipped += turns", "pass"),
        ("(len(self._notches[each]), (each - self._tick) % NOTCHES)", "0"),
        ("(each - self._tick) % NOTCHES", "0"),
        ("_beat(seat) if notch == self._tick % NOTCHES else None", "None"),
        ("_beat(seat) if notch == self._tick % NOTCHES else None", "_beat(seat)"),
        ("self._tick += 1\n", "self._tick += 2\n"),
        ("(seat.frames + seat.skipped) * FRAME", "seat.frames * FRAME"),
        ("self._tick + NOTCHES + 1", "self._tick + NOTCHES"),
        ("if listener in self._notch_of:", "if False:"),
        ("if not seat.gone:", "if True:"),
        (".pop(listener).gone = True", ".pop(listener)"),
        ("while len(beats) < most:", "while True:"),
        ("        if self._left:\n            return self._tick * TICK\n", ""),
    ),
    *of(
        suspicion,
        test_suspicion,
        ("start if suspect else end", "end"),
        ("start if suspect else end", "start"),
        ("Patience(AFTER // PER_MS,", "Patience(60,"),
        ("FORGIVE // PER_MS, QUIET", "0, QUIET"),
        ("FORGIVE // PER_MS, QUIET", "40, QUIET"),
        ("QUIET // PER_MS)", "120)"),
        ("Suspected(mark.at)", "Suspected(start)"),
    ),
    *of(
        barge_in,
        test_barge_in,
        (
            "elif self.floor is Floor.WARY:\n            self.floor, self._began",
            "elif False:\n            self.floor, self._began",
        ),
        ("if not speaking or self.floor not in", "if self.floor not in"),
        ("if not speaking or self.floor not in (Floor.QUIET, Floor.RISING):", "if not speaking:"),
        ("not in (Floor.QUIET, Floor.RISING):", "is not Floor.QUIET:"),
        ("self._until if at is None else at", "at or 0"),
        ("until - self._began >= DOUBT", "until - self._began > DOUBT"),
        ("            return []  # what is over was an earlier turn", "            pass"),
        ("until - self._began >= CONFIRM", "until - self._began > CONFIRM"),
        ("until - self._began >= CLAIM", "until - self._began > CLAIM"),
        ("and self._speech and", "and"),
    ),
    *of(
        activity,
        test_activity,
        ("marks = self._quiet_until(start)\n", "marks: list[SpeechMark] = []\n"),
        ("self._voiced >= self._start_after", "self._voiced > self._start_after"),
        ("quiet > self._forgive", "quiet >= 0"),
        ("quiet >= self._end_after", "quiet > self._end_after"),
        ("return [SpeechStarted(self._began)]", "return [SpeechStarted(start)]"),
        ("return [SpeechEnded(self._last)]\n        elif", "return [SpeechEnded(at)]\n        elif"),
    ),
    *of(
        turns,
        test_turns,
        ("self._wanted = mark.at + self._silence * PER_MS", "self._wanted = mark.at"),
        ("self._held_until is None and self._heard_to", "self._heard_to"),
        ("self._heard_to >= self._wanted", "self._heard_to > self._wanted"),
        ("self._held_until = now + HOLD", "self._held_until = now"),
        ("if pause == self._speech_end:", "if True:"),
        ("self._wanted = pause + (self._silence + more) * PER_MS", "pass"),
        ("self._wanted = pause + (self._silence + more) * PER_MS", "self._wanted += more * PER_MS"),
        ("pause + (self._silence + more)", "pause + more"),
        ("pause + (self._silence + more)", "self._heard_to + (self._silence + more)"),
        ("self._heard_at + self._silence + GRACE\n\n", "self._heard_at + self._silence\n\n"),
        ("incomplete=held or self.stage is Stage.OPEN", "incomplete=held"),
        ("incomplete=held or self.stage is Stage.OPEN", "incomplete=self.stage is Stage.OPEN"),
        ("self.number += 1", "self.number = 1"),
        ("if held and self.stage is Stage.OPEN and", "if False and"),
        ("[] if self.stage is Stage.NONE else self._end(incomplete=False)", "[]"),
        ("[] if self.stage is Stage.NONE else self._end(incomplete=False)", "self._end(incomplete=False)"),
    ),
    *of(
        order,
        test_order,
        ("self._since + self._patience, self._held_until", "self._since + self._patience, 0"),
        ("self._held_until = now + HOLD", "self._held_until = now"),
        ("self._held_until = now\n", "pass\n"),
        ("deadline <= now", "deadline < now"),
        ("if len(self._waiting) > MAX_WAITING:", "if False:"),
        ("            if frame.media_time < self._next:\n", "            if False:\n"),
        ("if ready:\n            self._since = now", "if False:\n            self._since = now"),
    ),
    *of(
        frames,
        test_frames,
        ("if at != len(blob):", "if False:"),
        ("if version != VERSION:", "if False:"),
        ("if flags & ~(_KNOWN | _MOVED):", "if False:"),
        ("if gap < 0 or gap >= 2**32:", "if gap >= 2**32:"),
        ("media_time += gap", "pass"),
        ("if media_time + samples > MAX_MEDIA_TIME:", "if False:"),
    ),
    *of(
        receipts,
        test_receipts,
        ("if start < self.until or ", "if "),
        ("self._placed.holes(start, end) != [(start, end)]", "False"),
        ("self.until = min(since, self._first(since))", "self.until = self._first(since)"),
        ("max(start, self.until), min(end, self.newest)", "max(start, self.until), end"),
        ("max(start, self.until), min(end, self.newest)", "start, min(end, self.newest)"),
        ("self.newest - GIVEN_UP\n", "self.newest - 2 * GIVEN_UP\n"),
        ("if self._first(limit) < limit else []", "if False else []"),
        ("hole[0] < self.newest - within", "hole[0] < self.newest"),
        (
            "max(self.until, self.newest))\n        return [hole",
            "self.newest - within)\n        return [hole",
        ),
        ("[:MOST_NAMED]", ""),
        ("lost = self._safe.holes(self.until, media_time)", "lost = [(self.until, media_time)]"),
        (
            "self._safe.add(start, end)\n        self._advance()\n        return",
            "self._advance()\n        return",
        ),
        ("self._safe.add(start, end)\n        self._advance()\n\n", "self._advance()\n\n"),
        ("if not self._opened:\n            return\n        holes", "holes"),
    ),
    *of(
        holding,
        test_holding,
        ("hole >= WORTH", "hole > WORTH"),
        ("silent_for >= QUIET", "silent_for > QUIET"),
        ("if self._stage is _Stage.HELD else Step.NONE", "if True else Step.NONE"),
        ("self._stage = _Stage.FLOWING\n            return", "return"),
        ("now >= self._until", "now > self._until"),
        ("self._stage = _Stage.TIRED", "pass"),
        ("self._stage, self._until = _Stage.HELD, now + HOLD", "self._stage, self._until = _Stage.HELD, now"),
    ),
    *of(
        capture,
        test_capture,
        ("if media_time >= MAX_MEDIA_TIME - _LONGEST:", "if False:"),
        ("* PER_MS + AHEAD", "* PER_MS + 2 * AHEAD"),
        ("media_time <= media", "media_time < media"),
        ("payload, samples, mark)", "payload, samples, 0)"),
        ("frame.end >= self._newest[0]", "True"),
        ("return Due(self._batcher.flush(), [])", "return Due([], [])"),
        ("self.receipts.close())", "[])"),
        ("self.receipts.stored(start, end)", "pass"),
    ),
    *of(
        unacked,
        test_unacked,
        ("if media_time < self.end:", "if False:"),
        ("payload, now + LATE, now)", "payload, now + LATE, now + LATE)"),
        ("> HOLD:", "> 2 * HOLD:"),
        ("self._held[0].end <= until", "self._held[0].end < until"),
        ("each.end > start and each.media_time < end", "each.end >= start and each.media_time < end"),
        ("each.end > start and each.media_time < end", "each.end > start and each.media_time <= end"),
        ("if each.free <= now", "if True"),
        ("min(end, self.end)", "end"),
        ("each.due <= now", "each.due < now"),
        ("if self._open else []", "if True else []"),
        ("if self._open else None", "if True else None"),
        ("each.due = each.free = now + AGAIN", "each.due = now + AGAIN"),
        ("each.due = each.free = now + AGAIN", "each.free = now + AGAIN"),
        ("last[-1].end != each.media_time or ", ""),
        (" or len(last) == MOST", ""),
        ("self._open = False\n\n    def acked", "pass\n\n    def acked"),
    ),
]


@contextmanager
def broken(mutant: Mutant) -> Iterator[ModuleType]:
    """The module as it would be with the mutant in it."""
    name = mutant.module.__name__
    source = inspect.getsource(mutant.module)
    assert source.count(mutant.old) == 1, f"the mutant fits nowhere, or twice: {mutant.old}"
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    try:
        exec(compile(source.replace(mutant.old, mutant.new), f"<mutant of {name}>", "exec"), made.__dict__)
        yield made
    finally:
        sys.modules[name] = mutant.module


def plain(examples: ModuleType) -> list[Callable[[], Any]]:
    """The examples that take no arguments: neither tables nor properties."""
    return [
        test
        for name, test in vars(examples).items()
        if name.startswith("test_")
        and inspect.isfunction(test)
        and not inspect.signature(test).parameters
        and not hasattr(test, "hypothesis")
    ]


def noticed(examples: ModuleType) -> bool:
    for test in plain(examples):
        try:
            result = test()
            if inspect.iscoroutine(result):
                asyncio.run(result)
        except (AssertionError, LookupError, TypeError, ValueError, pytest.fail.Exception):
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.module.__name__}: {m.old[:40]}")
def test_the_examples_notice_each_mutant(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    with broken(mutant) as variant:
        for name, value in vars(mutant.module).items():
            if getattr(mutant.examples, name, None) is value:
                monkeypatch.setattr(mutant.examples, name, getattr(variant, name))
        assert noticed(mutant.examples)


@pytest.mark.parametrize("examples", {mutant.examples for mutant in MUTANTS}, ids=lambda m: m.__name__)
def test_the_examples_pass_when_nothing_is_broken(examples: ModuleType) -> None:
    assert plain(examples)
    assert not noticed(examples)
