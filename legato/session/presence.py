"""Who is there and what they are doing, as a screen, an API or an agent asks for it: derived from the state."""

from __future__ import annotations

import msgspec

from legato.session.actors import listens
from legato.session.doing import doing
from legato.session.events import Activity, Medium, Role
from legato.session.state import Liveness, State


class Presence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One participant. `takes` and `gives` are what its attachments that are here take and give together; `since` is
    the session time of its activity, which is what it said of itself or what the log shows of its work (`doing`), with
    `text` and `step` of `steps` that say how far it is and `eta_ms` until it is done; the `tool` that runs.
    `listens`: an agent that reads along and never answers. `holds`: all of its devices that have
    sound, at least one, let it wait."""

    participant: str
    role: Role
    name: str
    liveness: Liveness
    activity: Activity = "idle"
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0
    tool: str = ""
    since: int = 0
    attachments: int = 0
    takes: tuple[Medium, ...] = ()
    gives: tuple[Medium, ...] = ()
    responder: bool = False
    listens: bool = False
    holds: bool = False


def roster(state: State) -> list[Presence]:
    """Everyone who takes part, in the order of their ids; who left is not among them."""
    return [_presence(state, id) for id in sorted(state.participants) if not state.participants[id].left]


def returning(state: State, participant: str) -> bool:
    """Whether it was in the session before (as far back as the state remembers)."""
    return participant in state.participants


def _presence(state: State, id: str) -> Presence:
    who = state.participants[id]
    does = doing(state, id)
    here = [each for each in state.attachments.values() if each.participant == id and not each.away_since]
    return Presence(
        id,
        who.role,
        who.name,
        state.liveness(id),
        does.activity,
        does.text,
        does.step,
        does.steps,
        does.eta_ms,
        does.tool,
        who.since,
        len(here),
        _media({medium for each in here for medium in each.takes}),
        _media({medium for each in here for medium in each.gives}),
        state.responder == id,
        listens(state, id),
        waits(state, id),
    )


def waits(state: State, participant: str) -> bool:
    """Whether the participant has put itself on hold: it hears nobody and nobody hears it, on any device."""
    voiced = [
        each
        for each in state.attachments.values()
        if each.participant == participant and not each.away_since and "audio" in (*each.takes, *each.gives)
    ]
    return bool(voiced) and all(each.holds for each in voiced)


def _media(found: set[Medium]) -> tuple[Medium, ...]:
    order: tuple[Medium, ...] = ("text", "audio")
    return tuple(medium for medium in order if medium in found)
