"""How turns, responses, messages and tool calls change by what happens to them (a part of `fold`)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from legato.session import alone_fold as alone
from legato.session import bounds
from legato.session import events as e
from legato.session.cost_fold import tool_counted
from legato.session.parts import Part, Stretch
from legato.session.people_fold import tool_ran
from legato.session.state import BROKEN, Answered, Message, Response, State, ToolCall, Turn

# --- turns, responses, messages


def turn_started(state: State, event: e.TurnStarted) -> None:
    state.turns[event.turn] = Turn(event.turn, event.participant, since=event.time, at=event.offset)
    bounds.forget_turns(state)


def turn_ended(state: State, event: e.TurnEnded) -> None:
    if (turn := state.turns.get(event.turn)) is None or turn.status != "speaking":
        return
    if event.empty:
        del state.turns[event.turn]
    else:
        state.turns[event.turn] = replace(
            turn, status="waiting", since=event.time, incomplete=event.incomplete
        )


def response_started(state: State, event: e.ResponseStarted) -> None:
    turn = state.turns.get(event.turn)
    held = turn is not None and turn.paused != "" and turn.paused == state.paused
    if held and turn is not None and not event.parent:
        alone.begun_anew(state, turn.paused, event.response)
    if not event.parent:
        state.paused = event.response if held else ""  # what comes next is to be heard, unless it was to wait
    state.responses[event.response] = Response(
        event.response, event.by, event.offset, event.turn, event.parent, title=event.title
    )
    if turn is not None:
        state.turns[event.turn] = replace(
            turn, status="answering", response=event.response, since=event.time, paused=""
        )


def response_progressed(state: State, event: e.ResponseProgressed) -> None:
    if (response := state.responses.get(event.response)) is not None:
        how_far = {"text": event.text, "step": event.step, "steps": event.steps, "eta_ms": event.eta_ms}
        state.responses[event.response] = replace(response, **how_far)


def _aside(state: State, response: str) -> str:
    """What the part of an answer is called that is written in."""
    found = state.responses.get(response)
    return (found.title or found.id) if found is not None and found.parent else ""


def cancel_requested(state: State, event: e.CancelRequested) -> None:
    _unpaused(state, event.response)
    if (response := state.responses.get(event.response)) is not None:
        state.responses[event.response] = replace(response, cancel_requested=True)


def response_ended(state: State, event: e.ResponseEnded) -> None:
    response = state.responses.pop(event.response, None)
    turn = state.turns.get(response.turn) if response is not None else None
    if turn is not None and turn.response == event.response and event.turn_waits:
        held = event.response if state.paused == event.response else ""
        state.turns[turn.id] = replace(turn, status="waiting", response="", since=event.time, paused=held)
        return
    if event.outcome != "finished" or not any(each.call for each in state.attachments.values()):
        _unpaused(state, event.response)  # else what was written goes on waiting to be heard
    if turn is not None and turn.response == event.response:
        del state.turns[turn.id]
        ended = Answered(event.response, turn.id, turn.participant, turn.started)
        state.answered = [*state.answered, ended][-bounds.KEPT_ANSWERED :]


def steering_requested(state: State, event: e.SteeringRequested) -> None:
    response = state.responses.get(event.response)
    alone.steered(state, event)
    if event.asked != "steer":
        state.paused = event.response if event.asked == "pause" else ""
        if response is not None:
            state.responses[event.response] = replace(response, pausing=event.asked, pausing_at=event.offset)
    elif response is not None:
        state.responses[event.response] = replace(response, steer=event.text, steer_at=event.offset)


def steering_answered(state: State, event: e.SteeringAnswered) -> None:
    if (response := state.responses.get(event.response)) is None:
        return
    if event.asked == "steer":
        state.responses[event.response] = replace(response, steer="")
    elif response.pausing == event.asked and event.at in (0, response.pausing_at):
        state.responses[event.response] = replace(response, pausing="")


def response_superseded(state: State, event: e.ResponseSuperseded) -> None:
    ended = next((each for each in state.answered if each.response == event.response), None)
    if ended is None or ended.turn in state.turns:
        return
    state.answered = [each for each in state.answered if each.response != event.response]
    for entry in list(state.entries.values()):
        if isinstance(entry, Message) and entry.response == event.response:
            state.entries[entry.id] = replace(entry, superseded=True)
    state.turns[ended.turn] = Turn(
        ended.turn,
        ended.participant,
        status="waiting",
        since=event.time,
        at=event.offset,
        started=ended.started,
        again=event.response,
    )
    bounds.forget_turns(state)


def _unpaused(state: State, response: str) -> None:
    if state.paused == response:
        state.paused = ""


def message_posted(state: State, event: e.MessagePosted) -> None:
    if event.message in state.entries:
        return
    state.finished += 1
    state.entries[event.message] = Message(
        event.message,
        event.by,
        event.offset,
        event.time,
        status="finished",
        parts=tuple(event.parts),
        turn=event.turn,
        response=event.response,
        ordinal=state.finished,
        spoken=event.spoken,
        aside=_aside(state, event.response),
        asker=state.asker_of(event.response),
    )
    if event.ends_turn and event.turn:
        turn = state.turns.get(event.turn) or Turn(event.turn, event.by, at=event.offset)
        if turn.status == "speaking":
            state.turns[event.turn] = replace(turn, status="waiting", since=event.time)
            bounds.forget_turns(state)


def message_started(state: State, event: e.MessageStarted) -> None:
    if event.message not in state.entries:
        state.entries[event.message] = Message(
            event.message,
            event.by,
            event.offset,
            event.time,
            response=event.response,
            aside=_aside(state, event.response),
            brought=event.brought,
            asker=state.asker_of(event.response),
        )


def _open_message(state: State, id: str) -> Message | None:
    entry = state.entries.get(id)
    return entry if isinstance(entry, Message) and entry.status == "open" else None


def message_grown(state: State, event: e.MessageGrown) -> None:
    message = _open_message(state, event.message)
    if message is None:
        return
    if event.index != message.deltas or event.index < 0 or event.count < 1:
        state.entries[event.message] = replace(message, deltas=BROKEN)
        return
    parts = list(message.parts)
    if 0 <= event.part < len(parts) and parts[event.part].kind == event.kind:
        parts[event.part] = replace(parts[event.part], text=parts[event.part].text + event.text)
    elif event.part == len(parts):
        parts.append(Part(event.kind, event.text))
    state.entries[event.message] = replace(message, parts=tuple(parts), deltas=event.index + event.count)


def part_added(state: State, event: e.PartAdded) -> None:
    if (message := _open_message(state, event.message)) is not None:
        state.entries[event.message] = replace(message, parts=(*message.parts, event.part))


def message_ended(state: State, event: e.MessageEnded) -> None:
    if (message := _open_message(state, event.message)) is not None:
        state.finished += 1
        state.entries[event.message] = replace(
            message, status=event.outcome, reason=event.reason, ordinal=state.finished
        )


def speech_queued(state: State, event: e.SpeechQueued) -> None:
    message = state.entries.get(event.message)
    if not isinstance(message, Message):
        return
    stretch = Stretch(event.track, event.start, event.end, event.samples)
    stretches, words = list(message.speech), list(message.speech_words)
    if message.brought and any(
        (each.track, each.start) == (event.track, event.start) for each in stretches[:-1]
    ):
        return  # who brings it goes on elsewhere: this came late
    if stretches and (stretches[-1].track, stretches[-1].start) == (event.track, event.start):
        stretch = Stretch(event.track, event.start, event.end, stretches.pop().samples)
    else:
        stretches = [each for each in stretches if each.samples < event.samples]
        words = [pair for pair in words if pair[1] <= event.samples]
    state.entries[event.message] = replace(
        message,
        speech_track=event.track,
        speech_end=event.end,
        speech_characters=event.characters,
        speech=tuple([*stretches, stretch][-bounds.KEPT_STRETCHES :]),
        speech_words=tuple([*words, *event.words][-bounds.KEPT_SPEECH_WORDS :]),
    )


def heard_settled(state: State, event: e.HeardSettled) -> None:
    message = state.entries.get(event.message)
    if isinstance(message, Message):
        heard = {**message.heard, event.participant: event.characters}
        samples = {**message.heard_samples, event.participant: event.samples}
        settled = tuple(each for each in message.settled if each != event.participant)
        state.entries[event.message] = replace(
            message,
            heard=heard,
            heard_samples=samples,
            settled=(*settled, event.participant) if event.final else settled,
        )


def speech_shown(state: State, event: e.SpeechShown) -> None:
    message = state.entries.get(event.message)
    if isinstance(message, Message):
        read = {**message.read, event.participant: message.heard.get(event.participant, 0)}
        state.entries[event.message] = replace(message, read=read)


def speech_skipped(state: State, event: e.SpeechSkipped) -> None:
    message = state.entries.get(event.message)
    if isinstance(message, Message):
        missed = (*message.missed, (event.participant, event.start, event.end))[-bounds.KEPT_MISSED :]
        state.entries[event.message] = replace(message, missed=missed)


# --- tools


def tool_requested(state: State, event: e.ToolRequested) -> None:
    if event.call not in state.entries:
        state.entries[event.call] = ToolCall(
            event.call,
            event.by,
            event.offset,
            event.time,
            event.name,
            event.arguments,
            response=event.response,
            key=event.key,
            idempotent=event.idempotent,
            approval=event.approval,
            unknown=event.unknown,
            runs=event.runs,
            participant=event.participant,
            claim_ms=event.claim_ms,
            policy=event.policy,
            approval_ms=event.approval_ms,
            since=event.time,
            run_ms=event.run_ms,
            asker=state.asker_of(event.response),
        )


def _tool(state: State, id: str, **changes: Any) -> None:
    entry = state.entries.get(id)
    if isinstance(entry, ToolCall) and entry.ordinal == 0:
        state.entries[id] = replace(entry, **changes)


def tool_decided(state: State, event: e.ToolDecided) -> None:
    approved = {"status": "approved"} if event.approved else {}
    _tool(state, event.call, decided_by=event.by, since=event.time, **approved)


def tool_started(state: State, event: e.ToolStarted) -> None:
    entry = state.entries.get(event.call)
    tool_counted(state)
    _tool(state, event.call, status="started", runner=event.runner, since=event.time)
    if not isinstance(entry, ToolCall):
        return
    tool_ran(state, entry.name)
    if entry.idempotent or not entry.key:
        return
    if (turn := state.turn_of(entry.response)) is not None:
        started = dict.fromkeys((*turn.started, entry.key))
        state.turns[turn.id] = replace(turn, started=tuple(started)[-bounds.KEPT_STARTED :])


def tool_progressed(state: State, event: e.ToolProgressed) -> None:
    _tool(state, event.call, text=event.text, step=event.step, steps=event.steps, eta_ms=event.eta_ms)


def tool_ended(state: State, event: e.ToolEnded) -> None:
    entry = state.entries.get(event.call)
    if isinstance(entry, ToolCall) and entry.ordinal == 0:
        state.finished += 1
        state.entries[event.call] = replace(
            entry,
            status=event.outcome,
            result=event.result,
            reason=event.reason,
            ordinal=state.finished,
            since=event.time,
        )
