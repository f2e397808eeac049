"""What a person who helps can help with, as their ticket says: never as they say themselves.

None is everything: a ticket that names no skills is as good as before there were any. A request that wants no skill is
for everybody.
"""

from __future__ import annotations

from typing import Final

MOST_SKILLS: Final = 32
LONGEST_SKILL: Final = 64

Skills = frozenset[str] | None


def serves(skills: Skills, wanted: str) -> bool:
    """Whether who has these can help somebody who wants that ("": any)."""
    return skills is None or wanted in ("", *skills)


def within(skills: Skills, granting: Skills) -> bool:
    """Whether who has `granting` may hand on `skills`."""
    return granting is None or (skills is not None and skills <= granting)


def possible(skills: Skills) -> bool:
    """Whether a ticket can name these."""
    return skills is None or (
        len(skills) <= MOST_SKILLS
        and all(0 < len(each) <= LONGEST_SKILL and each.isprintable() and "," not in each for each in skills)
    )


def named(claim: object) -> bool:
    """Whether a ticket's claim is a list of skills, or not there."""
    if claim is None:
        return True
    return (
        isinstance(claim, list)
        and all(isinstance(each, str) for each in claim)
        and len(set(claim)) == len(claim)
    )


def skills_of(claim: list[str] | None) -> Skills:
    """What such a claim says."""
    return None if claim is None else frozenset(claim)
