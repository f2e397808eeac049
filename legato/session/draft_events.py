"""What agents suggested to the person who answers, and what became of it. Users and observers are shown none of it.
`events` lists these with all others."""

from __future__ import annotations

from legato.session.event import Event


class ReplyDrafted(Event, frozen=True, kw_only=True):
    """The author, an agent, suggests to say `text`: to `turn`, if it is for one."""

    draft: str
    text: str
    turn: str = ""


class DraftUsed(Event, frozen=True, kw_only=True):
    """The author sent what the agent `drafter` had suggested, as `message`; `edited`: in words of their own."""

    draft: str
    drafter: str
    message: str
    edited: bool = False


class DraftDismissed(Event, frozen=True, kw_only=True):
    """The author did not want it."""

    draft: str
