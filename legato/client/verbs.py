"""What one asks for in a session, each a command with a name of its own, that raises `Refused` and `SessionClosed`. The
twin of `web/src/client/verbs.ts`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from legato.client.modality import Modality, switching
from legato.client.stopping import stoppable
from legato.session import commands as c
from legato.session.parts import Part
from legato.session.state import State
from legato.wire import down as d


class Verbs(ABC):
    """See the module."""

    @property
    @abstractmethod
    def state(self) -> State:
        """The folded state."""

    @property
    @abstractmethod
    def attached(self) -> d.Attached | None:
        """What the hub said when it let us in."""

    @abstractmethod
    async def do(self, *commands: c.Command) -> str:
        """Send one batch."""

    @abstractmethod
    def new_id(self, prefix: str) -> str:
        """A fresh id."""

    # --- words

    async def say(self, text: str, more: Sequence[Part] = (), *, draft: str = "") -> str:
        """Post a whole message; returns its id once the log has it. `more`: images and files. `draft`: the id of the
        agent's draft (`session.state.drafts`) that it is made of, by the person who answers."""
        message = self.new_id("m")
        words = [Part(text=text)] if text or not more else []
        await self.do(c.PostMessage(message=message, parts=[*words, *more], draft=draft))
        return message

    async def stop(self) -> None:
        """Stop the answers in progress, the one that is still being spoken included."""
        for response in stoppable(self.state):
            await self.do(c.CancelResponse(response=response))

    async def steer(self, response: str, words: str) -> str:
        """Ask the agent to go another way in this answer. What it did comes as `steering_answered`."""
        return await self.do(c.SteerResponse(response=response, text=words))

    async def pause(self, response: str) -> str:
        """No more of this answer, until `resume`. Raises `Refused`: `already_exists` if it is paused already."""
        return await self.do(c.PauseResponse(response=response))

    async def resume(self, response: str) -> str:
        """Go on with it, from the same word. Raises `Refused`: `wrong_order` if it is not paused."""
        return await self.do(c.ContinueResponse(response=response))

    async def regenerate(self, response: str) -> str:
        """Ask for another answer than this one, which has ended."""
        return await self.do(c.RegenerateResponse(response=response))

    async def end(self, reason: str = "") -> None:
        """End the session, for everybody: nothing comes after it. Raises `Refused`."""
        await self.do(c.EndSession(reason=reason))

    # --- sound

    async def switch_to(self, modality: Modality) -> str:
        """Go on in voice, in text, or listening only; the rest of what is being said comes that way. Raises `Refused`
        (`stale_token`) if another device of this participant was quicker to take the voice."""
        attached = self.attached
        participant = attached.participant if attached is not None else ""
        return await self.do(switching(self.state, participant, modality))

    async def hold(self, holds: bool = True) -> str:
        """Let the sound of this attachment wait, both ways, or go on from the same word. Raises `Refused`:
        `already_exists` if it is so, `wrong_order` without sound."""
        return await self.do(c.ChangeHold(holds=holds))

    # --- people

    async def ask_for_human(
        self, reason: str = "", skill: str = "", *, priority: int = 0, to: str = ""
    ) -> str:
        """Put the session into the queue of operators; who answers goes on until one takes over. `skill`: what they
        must be able to help with; `priority` is 0 to 9, and users have none; `to`: who is to have it first, for 20 s,
        which users do not say. Raises `Refused`: `already_exists` if somebody asked already
        (`session.state.asking`), or a person answers; `not_found` if `to` takes part and is no operator."""
        request = self.new_id("q")
        asked = c.RequestHuman(request=request, reason=reason, skill=skill, priority=priority, to=to)
        return await self.do(asked)

    async def withdraw_request(self, reason: str = "") -> str:
        """No person is wanted any more. Raises `Refused`: `not_found` if none was, `not_allowed` if somebody else
        asked."""
        asking = self.state.asking
        withdrawn = c.WithdrawRequest(request=asking.id if asking is not None else "none", reason=reason)
        return await self.do(withdrawn)

    async def take_over(self, reason: str = "") -> str:
        """Answer instead of the agent. Raises `Refused`: `already_exists` if another person does (its `detail` says
        who), `not_allowed` without the capability `takeover`."""
        return await self.do(c.TakeOver(reason=reason))

    async def hand_back(self, briefing: str = "") -> str:
        """Let the agent answer again; `briefing` is what it should know of what was said and promised."""
        return await self.do(c.HandBack(briefing=briefing))
