"""A session to try decisions on: ask, be refused, or see it happen."""

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor, Decided
from legato.session.commands import Refusal
from legato.session.decisions import decide_batch
from legato.session.fold import fold
from legato.session.parts import Part
from legato.session.state import State
from legato.session.tickets import CAPABILITIES
from tests.session.happenings import at

ALL = frozenset[str](CAPABILITIES)
ADA = Actor("ada", "user", ALL, attachment="tab")
BOT = Actor("bot", "agent", ALL, worker="w1")
ZOMBIE = Actor("bot", "agent", ALL, worker="w0")
OPERATOR = Actor("olga", "operator", ALL)
WORDS = [Part("text", "hello")]


class Talk:
    """A session with a user, an operator and an agent that has accepted it."""

    def __init__(self) -> None:
        self.state = State()
        self.put([e.SessionCreated(by="hub"), e.ParticipantJoined(by="ada", participant="ada", role="user")])
        self.put([e.ParticipantJoined(by="olga", participant="olga", role="operator")])
        self.do(BOT, c.AcceptSession(right="worker:bot", worker="w1"))

    def put(self, events: list[e.Event] | Refusal) -> list[e.Event]:
        assert not isinstance(events, Refusal)
        self.state = fold(
            [at(event, self.state.offset + n, 7) for n, event in enumerate(events, 1)], self.state
        )
        return events

    def ask(self, actor: Actor, *commands: c.Command) -> Decided | Refusal:
        return decide_batch(self.state, actor, commands)

    def do(self, actor: Actor, *commands: c.Command) -> Decided:
        decided = self.ask(actor, *commands)
        assert isinstance(decided, Decided), decided
        self.put(list(decided.events))
        return decided

    def refused(self, actor: Actor, *commands: c.Command) -> str:
        refusal = self.ask(actor, *commands)
        assert isinstance(refusal, Refusal)
        return refusal.reason

    def answering(self) -> "Talk":
        self.do(ADA, c.PostMessage(message="t", parts=WORDS))
        self.do(BOT, c.StartResponse(response="r", turn="t"), c.StartMessage(message="m", response="r"))
        return self


def types(events: Decided | list[e.Event]) -> list[str]:
    return [event.type for event in (events.events if isinstance(events, Decided) else events)]
