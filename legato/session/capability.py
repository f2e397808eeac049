"""What a ticket lets its holder do, and what each command needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Capability = Literal[
    "read",  # attach, see and hear the session (its log and sound, too), say what one takes and gives, leave
    "publish",  # speak and write
    "steer",  # cancel, redirect, pause
    "approve",  # say yes or no to a tool call
    "work",  # be an agent's worker: answer, call tools
    "label",  # set labels and title
    "end",  # end the session
    "invite",  # hand on a ticket with no more than one's own capabilities
    "monitor",  # hear without being heard
    "whisper",  # be heard by one side only
    "takeover",  # become the responder, and hand back
    "list",  # list the tenant's sessions
    "create",  # create sessions
    "export",  # read the audit: who did what, and what was refused
    "erase",  # make the session unreadable
    "mint",  # make tickets for others within one's tenant and session
    "simulate",  # break things on purpose
]

CAPABILITIES: Final[frozenset[str]] = frozenset(get_args(Capability))

NEEDS: Final[Mapping[str, Capability]] = {
    "post_message": "publish",
    "start_message": "publish",
    "grow_message": "publish",
    "add_part": "publish",
    "end_message": "publish",
    "mark_turn": "publish",
    "settle_heard": "publish",
    "cancel_response": "steer",
    "steer_response": "steer",
    "pause_response": "steer",
    "continue_response": "steer",
    "regenerate_response": "steer",
    "answer_steering": "work",
    "decide_tool": "approve",
    "start_response": "work",
    "end_response": "work",
    "progress_response": "work",
    "request_tool": "work",
    "start_tool": "work",
    "progress_tool": "work",
    "announce_tools": "publish",
    "report_usage": "work",
    "end_tool": "work",
    "offer_draft": "work",
    "accept_session": "work",
    "hand_over": "work",
    "release_right": "work",
    "take_over": "takeover",
    "hand_back": "takeover",
    "transfer": "takeover",
    "dismiss_draft": "takeover",
    "hold_users": "takeover",
    "release_users": "takeover",
    "reserve_session": "takeover",
    "reject_session": "takeover",
    "make_promise": "takeover",
    "withdraw_promise": "takeover",
    "wrap_up": "takeover",
    "whisper": "whisper",
    "change_stance": "monitor",
    "request_human": "publish",
    "withdraw_request": "publish",
    "change_activity": "read",
    "change_modality": "read",
    "change_attention": "read",
    "change_hold": "read",
    "subscribe_push": "read",
    "unsubscribe_push": "read",
    "leave": "read",
    "label_session": "label",
    "end_session": "end",
}
"""The capability that each command needs. A command that is not here is allowed to nobody."""

OF_CLIENTS: Final[Mapping[str, Capability]] = {
    "start_tool": "publish",
    "progress_tool": "publish",
    "end_tool": "publish",
}
"""Commands that need no more of people: they work the calls that their clients run, and no others."""


def permits(capabilities: frozenset[str], role: str, command: str) -> bool:
    """Whether who has these may send commands of this type (its name on the wire)."""
    if NEEDS.get(command, "") in capabilities:
        return True
    return role != "agent" and OF_CLIENTS.get(command, "") in capabilities
