"""Further targets of a hub's notifications, as its operator names them in a file:

    [[target]]
    name = "crm"
    url = "https://crm.example/legato"
    secret_env = "CRM_SECRET"               # or secret = "whsec_…"
    kinds = ["approval"]                    # approval, answer, result, human; all, if it is not said
    private = false                         # true: http and private addresses, too

    [[target]]
    name = "sms"
    python = "my_targets:sms"               # looked for beside this file, too

A target of one's own is an object with an asynchronous method `tell(notification)`, or an asynchronous function.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast, get_args

from hub.node.notifying import Notification
from legato.session.away_rules import MOST_TARGETS
from legato.session.ids import well_formed
from legato.session.vocabulary import ToldOf
from signaling.outside import AddressInvalid, check_url
from signaling.webhooks import SecretInvalid, Webhooks, read_secret

log: Final = logging.getLogger("legato.targets")
SECONDS: Final = 5.0
"""What a target has for one notification."""

MOST_WORDS: Final = 100
KINDS: Final[tuple[str, ...]] = get_args(ToldOf)
_KEYS: Final = {"name", "url", "secret", "secret_env", "kinds", "private", "python"}


class TargetsInvalid(ValueError):
    """The file cannot be used; the text says why."""


class Target(Protocol):
    """Somebody who brings notifications to people. It may be given the same one again, under the same `id`: at least
    once it is told, and a repeat is to change nothing."""

    async def tell(self, notification: Notification) -> str:
        """ "" once it is taken; else why not, in a few words: then it is asked again, with growing pauses. It has five
        seconds."""


@dataclass(frozen=True, slots=True)
class Named:
    """A target of a hub: `kinds` of notifications that it is told (none: all). `made` makes it, within a running
    loop."""

    name: str
    made: Callable[[], Target]
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises `TargetsInvalid`."""
        if not well_formed(self.name) or ":" in self.name:
            raise TargetsInvalid("a target has a name, of letters, digits and _ - .")
        if unknown := set(self.kinds) - set(KINDS):
            raise TargetsInvalid(
                f"{self.name}: no such kind: {', '.join(sorted(unknown))} (there are {', '.join(KINDS)})"
            )

    @property
    def word(self) -> str:
        """As the label `notify_targets` names it."""
        return f"{self.name}:{'+'.join(self.kinds)}" if self.kinds else self.name


class Targets:
    """Those of one hub, by their names. Nothing raises, and all ends within seconds, whatever a target does."""

    def __init__(self, named: Sequence[Named]) -> None:
        """Made within a running loop; to be closed."""
        self._made = {each.name: each.made() for each in named}
        self.words = " ".join(each.word for each in named)

    async def tell(self, notification: Notification, name: str) -> str:
        """See `hub.node.notifying.Notifier`."""
        target = self._made.get(name)
        if target is None:
            return "this hub has no such target"
        try:
            async with asyncio.timeout(SECONDS + 1):  # a webhook's own end comes first, and says more
                return str(await target.tell(notification) or "")[:MOST_WORDS]
        except TimeoutError:
            return f"no answer within {SECONDS:g} s"
        except Exception as problem:  # an operator's own code may raise whatever: it is tried again
            log.exception("a target failed", extra={"kind": type(problem).__name__})
            return f"it failed: {type(problem).__name__}"

    async def close(self) -> None:
        """Connect no more."""
        for target in self._made.values():
            if isinstance(target, Webhooks):
                await target.close()


def read_targets(
    path: Path, wall: Callable[[], float], environment: Mapping[str, str] = os.environ
) -> tuple[Named, ...]:
    """The targets in a file. Raises `TargetsInvalid`."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("target")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise TargetsInvalid(f"{path.name}: {problem}") from None
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise TargetsInvalid(f"{path.name}: each target is a [[target]]")
    named = tuple(_named(each, path, wall, environment) for each in tables)
    check_targets(named)
    return named


def check_targets(named: Sequence[Named]) -> None:
    """Raises `TargetsInvalid`."""
    if len(named) > MOST_TARGETS:
        raise TargetsInvalid(f"there are {MOST_TARGETS} targets at most")
    if len({each.name for each in named}) < len(named):
        raise TargetsInvalid("two targets have one name")


def _named(
    table: Mapping[str, Any], path: Path, wall: Callable[[], float], environment: Mapping[str, str]
) -> Named:
    name = str(table.get("name", ""))
    if unknown := table.keys() - _KEYS:
        raise TargetsInvalid(f"{name}: not known: {', '.join(sorted(unknown))}")
    if ("url" in table) == ("python" in table):
        raise TargetsInvalid(f"{name}: a target has either a url or python")
    made = (
        _own(name, str(table["python"]), path)
        if "python" in table
        else _webhook(name, table, wall, environment)
    )
    return Named(name, made, tuple(map(str, table.get("kinds", ()))))


def _webhook(
    name: str, table: Mapping[str, Any], wall: Callable[[], float], environment: Mapping[str, str]
) -> Callable[[], Target]:
    url, private = str(table["url"]), table.get("private") is True
    secret = str(table.get("secret", "")) or environment.get(str(table.get("secret_env", "")), "")
    try:
        check_url(url, private=private)
        read_secret(secret)
    except (AddressInvalid, SecretInvalid) as invalid:
        raise TargetsInvalid(f"{name}: {invalid}") from None
    return lambda: Webhooks(url, secret, wall, private=private)


def _own(name: str, where: str, path: Path) -> Callable[[], Target]:
    module, colon, attribute = where.partition(":")
    if not module or not colon or not attribute:
        raise TargetsInvalid(f"{name}: python is module:name")
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.append(beside)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as problem:
        raise TargetsInvalid(f"{name}: {problem}") from None
    if inspect.iscoroutinefunction(found):
        return lambda: _Function(found)
    if not inspect.iscoroutinefunction(getattr(found, "tell", None)):
        raise TargetsInvalid(f"{name}: {where} has no asynchronous tell(notification)")
    target: Any = found if inspect.isclass(found) else lambda: found
    return cast("Callable[[], Target]", target)


@dataclass(frozen=True, slots=True)
class _Function:
    """A target that is no more than a function."""

    tell: Any
