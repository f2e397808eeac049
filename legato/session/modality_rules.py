"""What an attachment takes and gives, and who has the sound of a participant.

Of all devices of a participant one speaks and one plays: an attachment gives audio only while it owns
`microphone:PARTICIPANT`, and takes audio only while it owns `playout:PARTICIPANT`. One command moves them:

    text ──change_modality with audio──▶ voice, the right is granted; who had it goes on in text, in the same batch
    voice ──change_modality without───▶ text, the right is released

So at any offset of a log at most one attachment of a participant takes audio, and at most one gives it. Whoever
names the number of the right that it saw is refused when somebody was quicker, instead of taking it from them:
of any number of concurrent claims one wins.
"""

from __future__ import annotations

from typing import Final

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.message_rules import Decision
from legato.session.state import Attachment, Right, State
from legato.session.vocabulary import Medium

MICROPHONE: Final = "microphone:"
PLAYOUT: Final = "playout:"
AUDIO: Final[Medium] = "audio"
ANY: Final = -1
"""Stands for a number when whoever claims did not say what it saw."""


def of_sound(right: str) -> bool:
    """Whether the right is one of those that move with a modality."""
    return right.startswith((MICROPHONE, PLAYOUT))


def owner(state: State, right: str) -> str:
    """The attachment that owns it, or ""."""
    found = state.rights.get(right)
    return found.attachment if found is not None and found.holder else ""


def with_audio(media: tuple[Medium, ...]) -> tuple[Medium, ...]:
    """The media, and sound."""
    return media if AUDIO in media else (*media, AUDIO)


def without_audio(media: tuple[Medium, ...]) -> tuple[Medium, ...]:
    """The media without sound; who took nothing else is shown text."""
    return tuple(each for each in media if each != AUDIO) or ("text",)


def change_modality(state: State, actor: Actor, command: c.ChangeModality) -> Decision:
    """What the sender's attachment takes and gives from here on."""
    known = state.attachments.get(actor.attachment)
    if known is None or known.participant != actor.participant:
        return Refusal("resume_first", "this attachment is not here", "attachment")
    for field, media in (("takes", command.takes), ("gives", command.gives)):
        if len(set(media)) != len(media):
            return Refusal("malformed", "a medium twice", field)
    seen = {PLAYOUT: command.playout, MICROPHONE: command.microphone}
    return switched(state, known.id, command.takes, command.gives, actor.participant, seen)


def change_hold(state: State, actor: Actor, command: c.ChangeHold) -> Decision:
    """Whether the sound of the sender's attachment waits. An agent's attachments have none that a person hears."""
    known = state.attachments.get(actor.attachment)
    if known is None or known.participant != actor.participant:
        return Refusal("resume_first", "this attachment is not here", "attachment")
    if actor.role == "agent":
        return Refusal("not_allowed", "a person's device is put on hold", "holds")
    if command.holds == known.holds:
        return Refusal("already_exists", "so it is", "holds")
    if command.holds and AUDIO not in (*known.takes, *known.gives):
        return Refusal("wrong_order", "it has no sound to hold", "holds")
    return [e.HoldChanged(by=actor.participant, attachment=known.id, holds=command.holds)]


def on_hold(state: State, attachment: str) -> bool:
    """Whether the sound of this attachment waits."""
    known = state.attachments.get(attachment)
    return known is not None and known.holds


def switched(
    state: State,
    attachment: str,
    takes: tuple[Medium, ...],
    gives: tuple[Medium, ...],
    by: str = HUB,
    seen: dict[str, int] | None = None,
) -> Decision:
    """The attachment takes and gives this from here on, with the rights that go with it. `seen`: the numbers of
    the rights to play and to speak that whoever asks has seen."""
    known = state.attachments.get(attachment)
    if known is None:
        return []
    moves: list[e.Event] = []
    losers: dict[str, Attachment] = {}
    for prefix, media in ((PLAYOUT, takes), (MICROPHONE, gives)):
        moved = _moved(state, known, prefix, AUDIO in media, (seen or {}).get(prefix, ANY))
        if isinstance(moved, Refusal):
            return moved
        moves += moved
        if any(isinstance(event, e.RightGranted) for event in moved):
            _dispossess(state, known, prefix, losers)
    turned = [(loser.id, (*loser.takes, *loser.gives)) for loser in losers.values()]
    return [
        *(_changed(by, loser.id, loser.takes, loser.gives) for loser in losers.values()),
        *moves,
        _changed(by, attachment, takes, gives),
        *_gone_on(state, by, [*turned, (attachment, (*takes, *gives))]),
    ]


def _gone_on(state: State, by: str, turned: list[tuple[str, tuple[Medium, ...]]]) -> list[e.Event]:
    """Whoever has no sound any more has none on hold, and does not come back to it silent."""
    return [
        e.HoldChanged(by=by, attachment=each, holds=False)
        for each, media in turned
        if AUDIO not in media and on_hold(state, each)
    ]


def opened(state: State, known: Attachment) -> tuple[list[e.Event], tuple[Medium, ...], tuple[Medium, ...]]:
    """An attachment opens that would take and give this: the grants of what nobody owns, and what it really takes
    and gives. It takes nothing from another device: that wants a command."""
    events: list[e.Event] = []
    took = {PLAYOUT: known.takes, MICROPHONE: known.gives}
    for prefix, media in took.items():
        if AUDIO not in media:
            continue
        others: dict[str, Attachment] = {}
        _dispossess(state, known, prefix, others)
        moved = [] if others else _moved(state, known, prefix, True, ANY)
        if isinstance(moved, Refusal) or not moved:
            took[prefix] = without_audio(media)
        else:
            events += moved
    return events, took[PLAYOUT], took[MICROPHONE]


def let_go(state: State, attachment: str) -> list[e.Event]:
    """The attachment is gone: what it owned is free."""
    return [
        e.RightReleased(by=HUB, right=name, token=right.token + 1)
        for name, right in sorted(state.rights.items())
        if right.holder and right.attachment == attachment
    ]


def given_back(state: State, by: str, name: str) -> Decision:
    """The owner of this right goes on without it."""
    known = state.attachments.get(owner(state, name))
    if known is None:
        return [e.RightReleased(by=by, right=name, token=state.rights[name].token + 1)]
    takes = without_audio(known.takes) if name.startswith(PLAYOUT) else known.takes
    gives = without_audio(known.gives) if name.startswith(MICROPHONE) else known.gives
    return switched(state, known.id, takes, gives, by)


def _moved(state: State, known: Attachment, prefix: str, wants: bool, seen: int) -> list[e.Event] | Refusal:
    name = prefix + known.participant
    right = state.rights.get(name, Right(0))
    mine = right.holder != "" and right.attachment == known.id
    if not wants:
        return [e.RightReleased(by=HUB, right=name, token=right.token + 1)] if mine else []
    if mine:
        return []
    if seen not in (ANY, right.token):
        return Refusal("stale_token", "another device was quicker", prefix[:-1], expected=right.token)
    if name not in state.rights and sum(map(of_sound, state.rights)) >= limits.SOUND_RIGHTS:
        return Refusal("too_large", "too many voices", prefix[:-1])
    return [
        e.RightGranted(
            by=HUB, right=name, holder=known.participant, token=right.token + 1, attachment=known.id
        )
    ]


def _dispossess(state: State, known: Attachment, prefix: str, losers: dict[str, Attachment]) -> None:
    """Who else of the participant has sound there: the owner, or who had it when an epoch ended."""
    for each in state.attachments.values():
        if each.participant != known.participant or each.id == known.id:
            continue
        now = losers.get(each.id, each)
        if prefix == PLAYOUT and AUDIO in now.takes:
            losers[each.id] = _with(now, takes=without_audio(now.takes))
        elif prefix == MICROPHONE and AUDIO in now.gives:
            losers[each.id] = _with(now, gives=without_audio(now.gives))


def _with(
    each: Attachment, takes: tuple[Medium, ...] | None = None, gives: tuple[Medium, ...] | None = None
) -> Attachment:
    return Attachment(
        each.id,
        each.participant,
        takes=each.takes if takes is None else takes,
        gives=each.gives if gives is None else gives,
    )


def _changed(
    by: str, attachment: str, takes: tuple[Medium, ...], gives: tuple[Medium, ...]
) -> e.ModalityChanged:
    return e.ModalityChanged(by=by, attachment=attachment, takes=takes, gives=gives)
