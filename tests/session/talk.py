"""A session to try decisions on: ask, be refused, or see it happen."""

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor, Decided
from legato.session.commands import Refusal
from legato.session.deadlines import fired
from legato.session.decisions import decide_batch
from legato.session.fold import fold
from legato.session.parts import Part
from legato.session.state import State, ToolCall
from legato.session.tickets import CAPABILITIES
from tests.session.happenings import at

ALL = frozenset[str](CAPABILITIES)
ADA = Actor("ada", "user", ALL, attachment="tab")
BOT = Actor("p_bot", "agent", ALL, worker="w1")
ZOMBIE = Actor("p_bot", "agent", ALL, worker="w0")
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


def call(talk: Talk, id: str = "x") -> ToolCall:
    entry = talk.state.entries[id]
    assert isinstance(entry, ToolCall)
    return entry


def overdue(talk: Talk, later: int = 0) -> list[str]:
    """What happens by itself."""
    due = fired(talk.state, talk.state.time + later)
    for each in due[:1]:
        talk.put(list(each.events))
    return [event.type for each in due[:1] for event in each.events]


def types(events: Decided | list[e.Event]) -> list[str]:
    return [event.type for event in (events.events if isinstance(events, Decided) else events)]
