"""Drafts: what an agent suggests to the person who answers in its place.

A draft is for that person's eyes alone: it is no message, is never spoken, and users are not shown that it is there.
What the person makes of it is a message of their own; the log says beside it whose draft it was, and whether the words
are still the agent's.
"""

from __future__ import annotations

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.message_rules import Decision
from legato.session.state import Draft, State
from legato.session.takeover_rules import is_person_answering, person_answers


def offer_draft(state: State, actor: Actor, command: c.OfferDraft) -> Decision:
    """While a person answers, and of that agent once under this name."""
    if actor.role != "agent":
        return Refusal("not_allowed", "only agents draft")
    if not is_person_answering(state):
        return Refusal("wrong_order", "no person answers")
    if not command.text.strip():
        return Refusal("malformed", "what?", "text")
    if len(command.text) > limits.DRAFT_TEXT:
        return Refusal("too_large", field="text", expected=limits.DRAFT_TEXT)
    if _draft(state, command.draft) is not None:
        return Refusal("already_exists", field="draft")
    return [e.ReplyDrafted(by=actor.participant, draft=command.draft, text=command.text, turn=command.turn)]


def dismiss_draft(state: State, actor: Actor, command: c.DismissDraft) -> Decision:
    """By who answers."""
    if not person_answers(state, actor.participant):
        return Refusal("not_allowed", "you do not answer")
    if _draft(state, command.draft) is None:
        return Refusal("not_found", "no such draft, or not any more", "draft")
    return [e.DraftDismissed(by=actor.participant, draft=command.draft)]


def used(state: State, actor: Actor, command: c.PostMessage) -> Decision:
    """What a message says of the draft that it was made of."""
    if not command.draft:
        return []
    if not person_answers(state, actor.participant):
        return Refusal("not_allowed", "you do not answer", "draft")
    draft = _draft(state, command.draft)
    if draft is None:
        return Refusal("not_found", "no such draft, or not any more", "draft")
    words = "".join(part.text for part in command.parts)
    return [
        e.DraftUsed(
            by=actor.participant,
            draft=draft.id,
            drafter=draft.by,
            message=command.message,
            edited=words != draft.text,
        )
    ]


def _draft(state: State, id: str) -> Draft | None:
    return next((each for each in state.drafts if each.id == id), None)
