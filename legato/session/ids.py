"""What things are called: the shapes of ids, and where new ones come from.

Ids are made by whoever makes the thing, from randomness that is passed in, so that a retry carries
the same id and a test is repeatable. 128 random bits: nobody guesses a session.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import Final

RandomBytes = Callable[[int], bytes]
"""`random_bytes(n)` returns n bytes nobody can predict (`secrets.token_bytes`; seeded in tests)."""

HUB: Final = "hub"
"""The author of events that the hub itself appends."""

MAIN: Final = "main"
"""The tenant when none is named."""

GUEST: Final = "+"
"""Between a participant and the name of a guest of theirs, in the guest's id."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@:+\-]{0,63}\Z")
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9\-]{0,31}\Z")


def new_id(prefix: str, random_bytes: RandomBytes) -> str:
    """A fresh id such as `s_7Qd…`: the prefix, `_`, and 22 characters of base64url (128 bits)."""
    return f"{prefix}_{base64.urlsafe_b64encode(random_bytes(16)).rstrip(b'=').decode()}"


def well_formed(text: str) -> bool:
    """Whether `text` may name a session, participant, attachment, message, producer, right, …: 1 to 64
    characters of `A-Z a-z 0-9 _ . @ : + -`, the first a letter or digit."""
    return _NAME.match(text) is not None


def hosts(participant: str) -> Iterator[str]:
    """The participant, and whoever it is a guest of: `p_ada+bob` is one of `p_ada`'s."""
    yield participant
    while GUEST in participant:
        participant = participant.rpartition(GUEST)[0]
        yield participant


def well_formed_tenant(text: str) -> bool:
    """Whether `text` may name a tenant: 1 to 32 characters of `a-z 0-9 -`."""
    return _TENANT.match(text) is not None
