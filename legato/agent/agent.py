"""What one writes: an agent is a name, a handler for turns, and tools."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

import aiohttp

from legato.agent.engagement import Engagement, Handlers, OnJoin, OnTurn, OnVoice
from legato.agent.offers import OnOffer, judge
from legato.agent.tools import CLAIM_S, Proposed, Tool, ToolFunction, describe
from legato.agent.worker import Worker
from legato.client import Client
from legato.client.carrier import Carrier
from legato.client.client import Work, always
from legato.client.driver import GetTicket
from legato.client.key import ClientKey
from legato.errors import NoTicket
from legato.session.actors import WORKER
from legato.session.agent_labels import MOST_LABELS, shaped
from legato.session.ids import new_id
from legato.session.vocabulary import Runs
from legato.wire import down as d

F = TypeVar("F", bound=Callable[..., Any])


class Agent:
    """An agent by its name. Crashes, restarts and broken networks are the hub's matter and this class's.

    ```python
    agent = legato.Agent("concierge")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        await turn.say(f"You said: {turn.text}")

    agent.run("ws://localhost:7070")
    ```
    """

    def __init__(
        self,
        name: str,
        *,
        capacity: int = 64,
        listens: bool = False,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """`capacity`: sessions at once. `listens`: it reads along beside whoever answers (`on_event`), in sessions
        whose label `listeners` names it, and never answers. `labels`: what this worker has that sessions may need
        (`{"language": "de"}`); a session that needs something is offered only to workers that have all of it."""
        self.name, self.capacity, self.listens = name, capacity, listens
        self.labels = dict(labels or {})
        if not shaped(self.labels):
            raise ValueError(f"labels are {MOST_LABELS} at most, of letters, digits and _ - . :")
        self._handlers = Handlers()
        self._on_offer: OnOffer | None = None

    # --- what the author declares

    def on_offer(self, handler: F) -> F:
        """Called as `handler(offer)` (`legato.Offer`) before the agent takes a session: it sees labels, participants
        and all that was said. What returns `False` or a reason refuses it: the session is offered to other workers,
        and to this one not again for a minute."""
        self._on_offer = handler
        return handler

    def on_turn(self, handler: F) -> F:
        """Answer a turn: a coroutine function that uses `turn.say`, or an async generator of words."""
        if self.listens:
            raise ValueError("an agent that listens has no turns: use on_event")
        self._handlers.on_turn = handler
        return handler

    def on_event(self, handler: F) -> F:
        """Called as `handler(session, event)` for every event (`legato.session.events`) from the moment the agent has
        the session: each once, in order, over lost connections too. What was before stands in `session.history`."""
        self._handlers.on_event = handler
        return handler

    def on_join(self, handler: F) -> F:
        """Called as `handler(session, participant, returning, away)` when a person joins for the first time, or waited
        for the agent in a session in which nothing was said yet; and when one is `returning`, whose last device had
        been gone for `away` seconds: ten at least, for who was away for less had a bad network."""
        self._handlers.on_join = handler
        return handler

    def on_silence(self, after: float) -> Callable[[F], F]:
        """Called as `handler(session, after)` when for `after` seconds nobody has said or typed anything and the agent
        has nothing to say, while somebody is there; once, until a person says something again."""
        if after <= 0:
            raise ValueError("a silence takes some time")

        def declare(handler: F) -> F:
            self._handlers.on_silence, self._handlers.silence_s = handler, after
            return handler

        return declare

    def on_audience(self, handler: F) -> F:
        """Called as `handler(session, audience)` when who is there changes, by what they are there, or who of them
        attends (`legato.Attendee`): one call after the other, each with the newest. `session.audience` and
        `turn.audience` say it at any time."""
        self._handlers.on_audience = handler
        return handler

    def on_voice(self, handler: F) -> F:
        """Called as `handler(session, participant)` whenever a person's call begins (or stood when the agent came into
        a session in which nothing was said yet): after a reload too, so greet with `session.greet(words, once=…)`."""
        self._handlers.on_voice = handler
        return handler

    def on_steer(self, handler: F) -> F:
        """Called as `handler(turn, words)` when somebody asks for another way while `turn` is being answered; what it
        returns says to everybody what was done. Without it people are told that the agent takes no directions."""
        self._handlers.on_steer = handler
        return handler

    def on_whisper(self, handler: F) -> F:
        """Called as `handler(session, words)` when an operator whispers to the agent: a direction that nobody else is
        shown. The newest ones also stand in `turn.whispers`."""
        self._handlers.on_whisper = handler
        return handler

    def on_draft(self, handler: F) -> F:
        """Called as `handler(asked)` (`legato.Asked`) for what a person is asked who answers in the agent's place. What
        it returns, or yields, is shown to that person as a draft, to send, to edit or to dismiss; nobody else sees it.
        Cancelled when that was answered, or something newer was said."""
        self._handlers.on_draft = handler
        return handler

    @overload
    def tool(self, function: F, /) -> F: ...

    @overload
    def tool(
        self,
        function: None = None,
        /,
        *,
        idempotent: bool = False,
        approval: str = "",
        in_doubt: str | None = None,
        runs: Runs = "",
        claim_expires: float = CLAIM_S,
        allow: Callable[[Proposed], bool] | None = None,
        approval_expires: float = 0.0,
    ) -> Callable[[F], F]: ...

    def tool(
        self,
        function: Any = None,
        /,
        *,
        idempotent: bool = False,
        approval: str = "",
        in_doubt: str | None = None,
        runs: Runs = "",
        claim_expires: float = CLAIM_S,
        allow: Callable[[Proposed], bool] | None = None,
        approval_expires: float = 0.0,
    ) -> Any:
        """Declare a tool: a coroutine function; `idempotent` if it may safely be done again with the same
        arguments, `approval="operator"` if a person of that role must say yes first. `in_doubt` is the role of who is
        asked whether a call was done that is not idempotent and was running when its worker died: by default who
        approves it, else the user; `""`: nobody, it fails as `unknown`. `runs="client"`: the function is only a
        declaration, and a device of the user runs it that said that it can (`session.tool`); where none has begun
        within `claim_expires` seconds it fails. `runs="hub"`: a declaration, too, of a tool that the hub's operator
        registered, whose policy holds: the hub calls it. `allow` is a policy, by whose name calls (`call.name`,
        `call.args`) for which it is true need nobody's yes; `approval_expires`: for how many seconds a person is waited
        for (0: ten minutes)."""
        if allow is not None and not approval:
            raise ValueError("name who is asked where the policy does not allow it")
        asked = (approval or "user") if in_doubt is None else in_doubt

        def declare(tool: F) -> F:
            self._handlers.tools[tool.__name__] = describe(
                tool,
                idempotent=idempotent,
                approval=approval,
                in_doubt=asked,
                runs=runs,
                claim_s=claim_expires,
                allow=allow,
                approval_s=approval_expires,
            )
            return tool

        return declare if function is None else declare(function)

    @property
    def tools(self) -> Sequence[Tool]:
        """The declared tools, as one describes them to a model (`name`, `description`, `parameters`)."""
        return list(self._handlers.tools.values())

    # --- work

    def run(self, hub: str | Sequence[str] = "", *, ticket: str | GetTicket = "") -> None:
        """Work at the hub until interrupted. The address may also come from `LEGATO_HUB`, the credential from
        `LEGATO_TICKET`. Raises `NoTicket`, `SessionClosed`."""
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self.work(hub, ticket=ticket))

    async def work(
        self,
        hub: str | Sequence[str] = "",
        *,
        ticket: str | GetTicket = "",
        ready: asyncio.Event | None = None,
    ) -> None:
        """The same as a coroutine; `ready` is set once the hub has the worker."""
        addresses = hub or os.environ.get("LEGATO_HUB", "ws://127.0.0.1:7070")
        hubs = [addresses] if isinstance(addresses, str) else list(addresses)
        given = ticket or os.environ.get("LEGATO_TICKET", "")
        if not given:
            raise NoTicket
        sockets = aiohttp.TCPConnector(limit=0)  # one a session: the capacity is the bound
        async with aiohttp.ClientSession(connector=sockets, cookie_jar=aiohttp.DummyCookieJar()) as http:
            name = new_id("k", secrets.token_bytes)
            carrier = Carrier()
            work = Work(ClientKey(), name, f"{WORKER}{self.name}", self.listens, carrier.connect)
            worker = Worker(
                hubs,
                given if callable(given) else always(given),
                agent=self.name,
                worker=name,
                capacity=self.capacity,
                labels=self.labels,
                engaged=lambda offered: self._engage([carrier.hub, *hubs], work, offered, http),
                carrier=carrier,
            )
            if ready is not None:
                worker.ready = ready
            await worker.run(http)

    async def _engage(
        self, hubs: list[str], work: Work, offered: d.Offered, http: aiohttp.ClientSession
    ) -> None:
        hubs = list(dict.fromkeys(filter(None, hubs)))  # first the one that offered it
        await judge(self._on_offer, offered, hubs, http)
        async with Client(hubs, ticket=offered.ticket, device="worker", http=http, work=work) as session:
            await Engagement(session, self.name, work.worker, self._handlers, listens=work.listens).run()


__all__ = ["Agent", "OnJoin", "OnTurn", "OnVoice", "ToolFunction"]
