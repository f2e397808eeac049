"""One session's work by one worker: accept, answer turns, stop when asked, go when superseded."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from legato.agent.arrivals import Arrivals
from legato.agent.attending import Attending, OnAudience
from legato.agent.drafting import Drafting, OnDraft
from legato.agent.duties import Claim, Duties, callers, duties, holds
from legato.agent.guarding import called, guarded
from legato.agent.listening import Listening, OnEvent
from legato.agent.silence import OnSilence, Silences
from legato.agent.steering import OnSteer, Steering
from legato.agent.tools import Tool
from legato.agent.turn import Said, Turn, history_of
from legato.agent.whispers import OnWhisper, Whispers
from legato.agent.writing import LONGEST
from legato.agent.yielded import heed
from legato.client import Client
from legato.errors import Refused, SessionClosed, Superseded
from legato.session import commands as c
from legato.session.actors import WORKER
from legato.session.audience import Attendee, audience
from legato.session.events import Event, Unknown, VoiceStarted
from legato.session.vocabulary import Outcome

log = logging.getLogger("legato.agent")
GIVE_BACK_S: Final = 1.0
OnTurn = Callable[[Turn], Awaitable[None] | AsyncIterator[str]]
OnJoin = Callable[["Engagement", str, bool, float], Awaitable[None]]
OnVoice = Callable[["Engagement", str], Awaitable[None]]


@dataclass(slots=True)
class Handlers:
    """What the agent's author wrote."""

    on_turn: OnTurn | None = None
    on_join: OnJoin | None = None
    on_voice: OnVoice | None = None
    on_steer: OnSteer | None = None
    on_whisper: OnWhisper | None = None
    on_event: OnEvent | None = None
    on_draft: OnDraft | None = None
    on_audience: OnAudience | None = None
    on_silence: OnSilence | None = None
    silence_s: float = 0.0
    tools: dict[str, Tool] = field(default_factory=dict)


class Engagement:
    """Runs until the session ends, another worker has it, or the worker stops."""

    def __init__(
        self, session: Client, agent: str, worker: str, handlers: Handlers, *, listens: bool = False
    ) -> None:
        self.session = session
        self._agent, self._worker, self._handlers, self._listens = agent, worker, handlers, listens
        self._listening = Listening(handlers.on_event)
        self._claim = Claim()
        self._steering = Steering(session, handlers.on_steer)
        self._whispers = Whispers(session, handlers.on_whisper)
        self._drafting = Drafting(session, handlers.on_draft)
        self._answering: dict[str, asyncio.Task[None]] = {}
        self._claimed: set[str] = set()
        self._arrivals = Arrivals()
        self._attending = Attending(handlers.on_audience)
        self._silences = Silences(handlers.on_silence, handlers.silence_s)
        self._talking: list[str] = []
        self._stopped: set[str] = set()

    @property
    def participant(self) -> str:
        """Who we are in the session."""
        attached = self.session.attached
        return attached.participant if attached is not None else f"agent:{self._agent}"

    @property
    def audience(self) -> tuple[Attendee, ...]:
        """Everybody but agents who is there: by text or by voice, and whether they attend."""
        return audience(self.session.state)

    @property
    def history(self) -> list[Said]:
        """The kept conversation so far."""
        return history_of(self.session.state, self.participant)

    async def run(self) -> None:
        """Work until there is nothing left for us here."""
        self.session.on.events.append(self._seen)
        attached = self.session.attached
        if attached is not None and attached.accepted:
            self._took(attached.accepted - 1)
        try:
            await self._work(self.participant)
        except* SessionClosed as closed:
            log.info("session closed to the agent", extra={"reason": str(closed.exceptions[0])})
        finally:
            self.session.on.events.remove(self._seen)
            await self._give_back()

    async def _work(self, me: str) -> None:
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(self._listening.tell(self))]
            self._attending.look(self.session.state)
            watching.append(tasks.create_task(self._attending.watch(self)))
            watching.append(tasks.create_task(self._silences.watch(self)))
            async for state in self.session.changes():
                self._claim.had |= holds(state, self._agent, me, self._worker)
                duty = duties(state, self._agent, me, self._worker, self._claim)
                if duty.lost or not await self._do(duty, tasks):
                    break
            for task in (*watching, *self._answering.values()):
                task.cancel()

    async def _give_back(self) -> None:
        """A worker that goes on purpose gives its right back: what it left open ends, its turns wait."""
        right = self.session.state.rights.get(f"{WORKER}{self._agent}")
        if right is None or right.worker != self._worker or not right.holder or self.session.state.ended:
            return
        release = c.ReleaseRight(right=f"{WORKER}{self._agent}", token=right.token)
        with suppress(Refused, SessionClosed, TimeoutError):
            async with asyncio.timeout(GIVE_BACK_S):
                await self.session.do(release)

    async def greet(self, words: str, *, once: str = "") -> None:
        """Say something unasked. With `once`, a name for it, it is said at most once in the session, whoever
        tries again: another worker after a crash, or this one when somebody comes back."""
        names = (
            [self.session.new_id(kind) for kind in "rm"]
            if not once
            else [_named(kind, once) for kind in "rm"]
        )
        response, message = names
        await self.session.do(
            c.StartResponse(response=response), c.StartMessage(message=message, response=response)
        )
        try:
            for index, at in enumerate(range(0, max(1, len(words)), LONGEST)):
                grow = c.GrowMessage(message=message, index=index, text=words[at : at + LONGEST])
                await self.session.do(grow)
        except Superseded:
            raise
        except Refused as refused:  # it is over, and must not stay open
            await guarded(self._end(response, "failed", _said(refused)))
            raise
        await self._end(response, "finished")

    async def ask_for_human(self, reason: str, skill: str = "", *, priority: int = 0) -> None:
        """Put the session into the queue of operators, as `Turn.ask_for_human` does: for who has no turns, too."""
        if self.session.state.asking is None:
            await self.session.ask_for_human(reason, skill, priority=priority)

    async def end(self, reason: str = "") -> None:
        """End the session, for everybody. Raises `Refused`."""
        await self.session.end(reason)

    # --- inside

    async def _do(self, duty: Duties, tasks: asyncio.TaskGroup) -> bool:
        if duty.accept and not await self._accept():
            return False
        self._stop(duty.stop, tasks)
        for turn in duty.turns:
            if turn not in self._claimed:
                self._claimed.add(turn)
                response = self.session.new_id("r")
                task = tasks.create_task(self._answer(turn, response))
                self._answering[response] = task
        drafting = self._drafting.due(self, duty.draft)
        if self._claim.had:
            self._attending.look(self.session.state)
            self._silences.seen(self.session.state, self.participant)
        for work in (*self._came(), *self._steering.due(duty), *self._whispers.due(self), *drafting):
            tasks.create_task(guarded(work))
        return True

    def _stop(self, responses: tuple[str, ...], tasks: asyncio.TaskGroup) -> None:
        """Somebody wants no more of these. What nobody works at (any more) ends here: else it would stay open."""
        self._stopped &= {*responses, *self._answering}
        for response in responses:
            task, known = self._answering.get(response), self.session.state.responses.get(response)
            if known is not None and known.parent:
                self._steering.stop(response)
            elif response not in self._stopped:
                self._stopped.add(response)
                if task is not None:
                    task.cancel()
                else:
                    tasks.create_task(guarded(self._end(response, "cancelled")))

    async def _end(self, response: str, outcome: Outcome, reason: str = "") -> None:
        await self.session.do(c.EndResponse(response=response, outcome=outcome, reason=reason))

    async def _accept(self) -> bool:
        name = f"{WORKER}{self._agent}"
        right = self.session.state.rights.get(name)
        asked = self._claim.asked = 0 if right is None else right.token
        try:
            await self.session.do(c.AcceptSession(right=name, worker=self._worker, listens=self._listens))
        except Refused as refused:
            log.info("session taken by another worker", extra={"reason": refused.refusal.reason})
            return False
        self._took(asked)
        return True

    def _took(self, before: int) -> None:
        """The session is ours (it may not be folded yet); the right's number was `before`."""
        self._claim.asked = before
        self._talking += callers(self.session.state)

    def _came(self) -> list[Awaitable[None]]:
        """What the author wants done about who came, and who began to talk."""
        came = self._arrivals.look(self.session.state) if self._claim.asked >= 0 else []
        talking, self._talking = dict.fromkeys(self._talking), []
        join, voice = self._handlers.on_join, self._handlers.on_voice
        work: list[Awaitable[None]] = []
        if join is not None:
            work += [called(join, self, *each) for each in came]
        if voice is not None:
            work += [called(voice, self, participant) for participant in talking]
        return work

    async def _answer(self, turn_id: str, response: str) -> None:
        try:
            await self._begin(turn_id, response)
        except Refused:
            self._claimed.discard(turn_id)
            return  # somebody else claimed it, or it was withdrawn
        turn = Turn(self.session, turn_id, response, self._handlers.tools)
        self._steering.begun(response, turn)
        try:
            await self._handle(turn)
            await turn.finish("finished")
        except asyncio.CancelledError:
            if response not in self._stopped:
                raise  # the worker goes: its turn is not answered, and waits for the next one
            await guarded(turn.finish("cancelled"))
        except Refused as refused:
            log.warning("answer refused", extra={"reason": refused.refusal.reason})
            if not isinstance(refused, Superseded):  # if it has ended, that is refused and costs nothing
                await guarded(turn.finish("failed", _said(refused)))
        except SessionClosed:
            raise
        except Exception as problem:  # a handler's fault ends its answer, not the session
            log.exception("answer failed", extra={"problem": type(problem).__name__})
            await guarded(turn.finish("failed", type(problem).__name__))
        finally:
            self._answering.pop(response, None)
            self._steering.ended(response)
            self._claimed.discard(turn_id)

    async def _begin(self, turn: str, response: str) -> None:
        """Claim the turn. If what a worker before us wrote was paused, so is this: we do not speak before we see it."""
        asked = self.session.state.turns.get(turn)
        await self.session.do(c.StartResponse(response=response, turn=turn))
        if asked is not None and asked.paused:
            await self.session.until(lambda state: state.turns.get(turn) != asked)

    async def _handle(self, turn: Turn) -> None:
        if self._handlers.on_turn is not None:
            await heed(self._handlers.on_turn(turn), turn.say)

    def _seen(self, events: tuple[Event | Unknown, ...] | Any) -> None:
        if self._claim.asked >= 0:
            self._listening.heard(events)
        for event in events:
            if isinstance(event, VoiceStarted):
                attachment = self.session.state.attachments.get(event.attachment)
                if attachment is not None and attachment.participant != self.participant:
                    self._talking.append(attachment.participant)


def _said(refused: Refused) -> str:
    """Why, in words for people."""
    return refused.refusal.reason.replace("_", " ")


def _named(kind: str, once: str) -> str:
    """An id of what is said once: the same whoever makes it."""
    return f"{kind}_{hashlib.blake2s(once.encode(), digest_size=12).hexdigest()}"
