"""Broken variants of the mux. Each must be noticed by an example in `test_mux`, or that example is missing."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final, NamedTuple

import pytest

from signaling.ice import mux, paths, trials, unheard
from tests.signaling.ice import test_mux as examples
from tests.signaling.ice import test_mux_straight, test_mux_unheard

CHAIN: Final[tuple[ModuleType, ...]] = (unheard, paths, trials, mux)


class Mutant(NamedTuple):
    """In the source of `module`, `old` (which occurs once) becomes `new`."""

    module: ModuleType
    old: str
    new: str


MUTANTS: Final = [
    Mutant(mux, "or len(datagram) < 2 or not 128 <= datagram[0] < 192", "or len(datagram) < 2"),
    Mutant(mux, "if path is not route.active or not path.validated:", "if not path.validated:"),
    Mutant(mux, "if path is not route.active or not path.validated:", "if path is not route.active:"),
    Mutant(mux, "if path is None or not path.validated:", "if path is None:"),
    Mutant(mux, "if not datagram:", "if datagram is None:"),
    Mutant(mux, "or check.peer_ufrag != route.peer_ufrag", "or False"),
    Mutant(mux, "or not stun.authentic(datagram, check, route.password)", "or False"),
    Mutant(
        mux,
        "            if not fresh:\n                return",
        "            if False:\n                return",
    ),
    Mutant(mux, "if fresh and (route.active", "if (route.active"),
    Mutant(mux, "(check.nominated and path", "(path"),
    Mutant(
        mux, "[Transmit(answer, address)] if path.admit(len(answer)) else []", "[Transmit(answer, address)]"
    ),
    Mutant(mux, "elif fresh or path is route.active:", "elif path is route.active:"),
    Mutant(mux, "elif fresh or path is route.active:", "elif False:"),
    Mutant(mux, "elif fresh or path is route.active:", "else:"),
    Mutant(mux, "first = path is route.active and route.targets == 1", "first = False"),
    Mutant(mux, "first = path is route.active and route.targets == 1", "first = route.targets == 1"),
    Mutant(mux, "if path.validated or path is not route.active:", "if True:"),
    Mutant(paths, ">= CHALLENGE_EVERY", ">= 0"),
    Mutant(paths, "self.challenged = None\n        self.targets", "self.targets"),
    Mutant(mux, "if not route.answered(path, datagram, reply):", "if False:"),
    Mutant(mux, "or 64 <= datagram[1] & 0x7F < 96", "or False"),
    Mutant(mux, "datagram[0] < 128 or", ""),
    Mutant(mux, "path is not route.active)]", "False)]"),
    Mutant(mux, "for p in (active, former) if p.admit(size)", "for p in (active,) if p.admit(size)"),
    Mutant(mux, "if path is not None and path.admit(len(datagram)) else []", "if path is not None else []"),
    Mutant(mux, "and not (by_handshake and route.targets > 1)", ""),
    Mutant(mux, "if len(self._routes) >= self._limits.calls:", "if False:"),
    Mutant(mux, "if key in self._routes:\n            raise", "if False:\n            raise"),
    Mutant(mux, "self._trials.release(key)", "pass"),
    Mutant(mux, "self._addresses.drop(route, path)\n        self._trials", "pass\n        self._trials"),
    Mutant(mux, "path.validated), *self._challenge(route, path, now)]", "path.validated)]"),
    Mutant(paths, "if not self.validated and self.sent + size > AMPLIFICATION * self.received:", "if False:"),
    Mutant(paths, "AMPLIFICATION: Final = 3", "AMPLIFICATION: Final = 4"),
    Mutant(paths, "AMPLIFICATION: Final = 3", "AMPLIFICATION: Final = 2"),
    Mutant(
        paths,
        "self.former = None if path.validated or proven is path else proven",
        "self.former = self.active",
    ),
    Mutant(
        paths,
        "(self.active, self.former) if p is not None and p.validated",
        "(self.active,) if p is not None",
    ),
    Mutant(paths, "        if path is self.active:\n            self.former = None", "        pass"),
    Mutant(paths, "if self.challenges.get(reply.transaction) != path.address:", "if False:"),
    Mutant(paths, "if not stun.authentic(datagram, reply, self.peer_password):", "if False:"),
    Mutant(paths, "owner[1].validated and now - owner[1].heard < self._limits.address_held", "False"),
    Mutant(
        paths, "owner[1].validated and now - owner[1].heard < self._limits.address_held", "owner[1].validated"
    ),
    Mutant(paths, "if len(route.paths) >= self._limits.paths:", "if False:"),
    Mutant(paths, 'validated=address[2:3] == ("tcp",)', "validated=False"),
    Mutant(paths, 'validated=address[2:3] == ("tcp",)', "validated=True"),
    Mutant(paths, "self.active, self.former = self.former, None", "pass"),
    Mutant(mux, "if path is route.active and _is_sound(datagram):", "if False:"),
    Mutant(mux, "if path is route.active and _is_sound(datagram):", "if path is route.active:"),
    Mutant(mux, "if not 64 <= datagram[1] & 0x7F < 96:\n            route", "if True:\n            route"),
    Mutant(mux, "if not 64 <= datagram[1] & 0x7F < 96:\n            route", "if False:\n            route"),
    Mutant(mux, "route.unheard = 0\n        return self._move", "return self._move"),
    Mutant(
        mux,
        "if path is None or not path.validated:\n            return None\n        route.unheard += 1",
        "if path is None or not path.validated:\n            return None",
    ),
    Mutant(mux, "route.unheard = NEVER", "pass"),
    Mutant(mux, "if route is None or route.peer_password:", "if route is None:"),
    Mutant(mux, "route.unproven() if path.validated else []", "[]"),
    Mutant(paths, "self.paths.values() if not path.validated", "self.paths.values()"),
    Mutant(paths, 'key.partition(":")[0]', "key"),
    Mutant(paths, "sorted(found, key=lambda path: -path.heard)", "found"),
    Mutant(paths, "self.unheard = NEVER", "self.unheard = 0"),
    Mutant(unheard, "count <= UNTIL:", "count < UNTIL:"),
    Mutant(unheard, "count <= UNTIL:", "count <= UNTIL + 1:"),
    Mutant(unheard, "and path.validated and", "and"),
    Mutant(unheard, "and path.heard >= since", ""),
    Mutant(unheard, "key=lambda path: -path.heard", "key=lambda path: path.heard"),
    Mutant(trials, "if not self._source(host, now).take(now):", "if False:"),
    Mutant(trials, "if self._call(key, now).take(now)]", "]"),
    Mutant(trials, "if self._left < 1000:", "if False:"),
    Mutant(trials, "self._left -= 1000", "pass"),
    Mutant(trials, "(now - self._at) * self._rate", "0"),
]


@contextmanager
def broken(mutant: Mutant) -> Iterator[ModuleType]:
    """The mux module as it would be with the mutant in it, and in all that build on it."""
    real = {module.__name__: module for module in CHAIN}
    try:
        for module in CHAIN:
            source = inspect.getsource(module)
            if module is mutant.module:
                assert source.count(mutant.old) == 1, f"the mutant fits nowhere, or twice: {mutant.old}"
                source = source.replace(mutant.old, mutant.new)
            spec = importlib.util.spec_from_loader(module.__name__, loader=None)
            assert spec is not None
            made = importlib.util.module_from_spec(spec)
            sys.modules[module.__name__] = made
            exec(compile(source, f"<mutant of {module.__name__}>", "exec"), made.__dict__)
        yield sys.modules[mux.__name__]
    finally:
        sys.modules.update(real)


def noticed() -> bool:
    tests: list[Callable[[], None]] = [
        found
        for name, found in [
            *vars(examples).items(),
            *vars(test_mux_straight).items(),
            *vars(test_mux_unheard).items(),
        ]
        if name.startswith("test_") and callable(found)
    ]
    for test in tests:
        try:
            test()
        except (AssertionError, LookupError, TypeError, ValueError, pytest.fail.Exception):
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.module.__name__}: {m.old[:40]}")
def test_the_examples_notice_each_mutant(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    with broken(mutant) as variant:
        monkeypatch.setattr(examples, "machine", variant)
        for name in ("Deliver", "Dropped", "Moved", "MuxFull", "Transmit"):
            monkeypatch.setattr(examples, name, getattr(variant, name))
        assert noticed()


def test_the_examples_pass_when_nothing_is_broken() -> None:
    assert not noticed()
