"""What the log says of people who listen in, help and answer. A part of the fold; the twin of
`web/src/client/people_fold.ts`."""

from __future__ import annotations

from msgspec.structs import replace

from legato.session import bounds
from legato.session import events as e
from legato.session.routing import PEOPLE
from legato.session.state import Aside, Asking, Draft, Help, Noted, Promised, State, Told


def stance_changed(state: State, event: e.StanceChanged) -> None:
    who = state.participants.get(event.participant)
    if who is not None:
        state.participants[event.participant] = replace(who, stance=event.stance)


def whispered(state: State, event: e.Whispered) -> None:
    said = Aside(event.offset, event.by, event.to, event.text)
    state.whispers = [*state.whispers, said][-bounds.KEPT_WHISPERS :]


def reply_drafted(state: State, event: e.ReplyDrafted) -> None:
    """Only while a person answers; without words (as users are told of it) it is nothing."""
    if event.text and is_person(state, state.responder):
        draft = Draft(event.draft, event.by, event.offset, event.text, event.turn)
        state.drafts = [*_without(state.drafts, event.draft), draft][-bounds.KEPT_DRAFTS :]


def draft_settled(state: State, event: e.DraftUsed | e.DraftDismissed) -> None:
    state.drafts = _without(state.drafts, event.draft)


def _without(drafts: list[Draft], id: str) -> list[Draft]:
    return [each for each in drafts if each.id != id]


def users_held(state: State, event: e.UsersHeld) -> None:
    state.held = event.by


def users_released(state: State, event: e.UsersReleased) -> None:
    state.held = ""


def responder_changed(state: State, event: e.ResponderChanged) -> None:
    """Nobody waits for who answers no more; a person who did has a wrap-up to do, and one who does was found."""
    before, after = state.responder, event.participant
    state.responder, state.briefing, state.held = after, event.briefing, ""
    if before != after:
        state.responder_since = event.time
        _stretch(state, event)
    if before != after and is_person(state, before):
        state.wrap_ups[before] = event.time
    who = state.participants.get(after)
    if who is not None and who.role != "agent":
        state.paused = ""  # a person answers: what the agent was asked to wait with is over
    if is_person(state, after):
        state.wrap_ups.pop(after, None)
        state.asking = None
    else:
        state.drafts = []


def _stretch(state: State, event: e.ResponderChanged) -> None:
    """That of who answered before is over; a person's begins."""
    if state.help is not None:
        over = replace(state.help, ended_at=event.offset, until=event.time, summary=event.briefing)
        state.helped = [*state.helped, over][-bounds.KEPT_HELPED :]
    person = is_person(state, event.participant)
    state.help = Help(event.participant, event.offset, event.time) if person else None


def promise_made(state: State, event: e.PromiseMade) -> None:
    """Of who answers."""
    help = state.help
    if help is not None and help.by == event.by:
        made = Promised(event.promise, event.by, event.offset, event.time, event.text)
        kept = (*_kept(help, event.promise), made)[-bounds.KEPT_PROMISES :]
        state.help = replace(help, promises=kept)


def promise_withdrawn(state: State, event: e.PromiseWithdrawn) -> None:
    help = state.help
    if help is not None and help.by == event.by:
        state.help = replace(help, promises=_kept(help, event.promise))


def _kept(help: Help, id: str) -> tuple[Promised, ...]:
    return tuple(each for each in help.promises if each.id != id)


def tool_ran(state: State, name: str) -> None:
    """A tool of that name was started."""
    help = state.help
    if help is not None and name not in help.tools:
        state.help = replace(help, tools=(*help.tools, name)[-bounds.KEPT_TOOLS :])


def is_person(state: State, participant: str) -> bool:
    """Whether it may answer instead of an agent."""
    who = state.participants.get(participant)
    return who is not None and who.role in PEOPLE


def human_requested(state: State, event: e.HumanRequested) -> None:
    state.asking = Asking(event.request, event.by, event.time, event.reason, event.skill, event.priority)


def human_request_withdrawn(state: State, event: e.HumanRequestWithdrawn) -> None:
    if state.asking is not None and state.asking.id == event.request:
        state.asking = None


def human_request_told(state: State, event: e.HumanRequestTold) -> None:
    """Of the request that waits; of so many targets at most."""
    asking = state.asking
    if asking is None or asking.id != event.request:
        return
    before = asking.told.get(event.target)
    if before is None and len(asking.told) >= bounds.KEPT_TOLD:
        return
    tries, earlier = (1, tuple[str, ...]()) if before is None else (before.tries + 1, before.reached)
    reached = (*earlier, *(each for each in event.reached if each not in earlier))
    told = Told(tries, event.time, event.sent or event.final, reached)
    state.asking = replace(asking, told={**asking.told, event.target: told})


def session_reserved(state: State, event: e.SessionReserved) -> None:
    if state.asking is not None and state.asking.id == event.request:
        state.asking = replace(
            state.asking,
            reserved_for=event.participant,
            reserved_at=event.offset,
            reserved_until=event.time + event.window_ms,
        )


def reservation_ended(state: State, event: e.ReservationEnded) -> None:
    asking = state.asking
    if asking is None or asking.id != event.request or asking.reserved_for != event.participant:
        return
    passed = (*(who for who in asking.passed if who != event.participant), event.participant)
    state.asking = replace(
        asking,
        reserved_for="",
        reserved_at=0,
        reserved_until=0,
        passed=passed[-bounds.KEPT_PASSED :],
    )


def wrapped_up(state: State, event: e.WrappedUp) -> None:
    state.wrap_ups.pop(event.participant, None)
    if event.disposition or event.notes:  # users are told of it without either
        left = Noted(event.participant, event.offset, event.time, event.disposition, event.notes)
        state.noted = [*state.noted, left][-bounds.KEPT_NOTED :]
