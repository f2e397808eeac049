"""Whatever anybody asks for, in any order and from any node, the log stays one that could have happened."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor, Decided, conducted
from legato.session.commands import Refusal
from legato.session.deadlines import fired
from legato.session.decisions import decide_batch
from legato.session.fold import evolve, fold
from legato.session.parts import Part
from legato.session.presence_rules import (
    attached,
    closed,
    joined,
    left,
    log_reopened,
    session_created,
    session_ended,
)
from legato.session.right_rules import crashed, reachable, unreachable, worker_lost
from legato.session.state import Message, Right, State, decode_state, encode_state
from legato.session.tickets import CAPABILITIES
from tests.session.happenings import at
from tests.session.ledger import Ledger

ALL = frozenset[str](CAPABILITIES)
ACTORS = {
    "user": Actor("user", "user", ALL),
    "tab-1": Actor("user", "user", ALL, attachment="tab-1"),
    "tab-2": Actor("user", "user", ALL, attachment="tab-2"),
    "operator": Actor("operator", "operator", ALL),
    "observer": Actor("observer", "observer", frozenset({"read"})),
    "bot-1": Actor("p_bot", "agent", ALL, worker="w1"),
    "bot-2": Actor("p_bot", "agent", ALL, worker="w2"),
    "other": Actor("p_other", "agent", ALL, worker="w3"),
}
NODES = {name: Actor("hub", "service", attachment=f"{name}/1") for name in ("node-1", "node-2")}
NEW = c.PostMessage | c.StartMessage
TABS = ["tab-1", "tab-2"]
AGENTS = ["bot-1", "bot-1", "bot-2", "other"]

MESSAGES = st.sampled_from(["m1", "m2", "m3", "m4", "m5"])
RESPONSES = st.sampled_from(["r1", "r2", "r3", "r4"])
CALLS = st.sampled_from(["t1", "t2", "t3", "t4"])
OUTCOMES = st.sampled_from(["finished", "cancelled", "failed"])
INDEXES = st.sampled_from([0, 0, 1, 2])
COMMANDS = st.one_of(
    st.builds(
        c.PostMessage, message=MESSAGES, parts=st.just([Part("text", "x")]), response=RESPONSES | st.just("")
    ),
    st.builds(c.StartMessage, message=MESSAGES, response=RESPONSES | st.just("")),
    st.builds(c.GrowMessage, message=MESSAGES, index=INDEXES, text=st.just("x"), part=st.integers(0, 1)),
    st.builds(c.AddPart, message=MESSAGES, part=st.just(Part("data", "{}"))),
    st.builds(c.EndMessage, message=MESSAGES, outcome=OUTCOMES),
    st.builds(
        c.StartResponse, response=RESPONSES, turn=MESSAGES | st.just(""), parent=RESPONSES | st.just("")
    ),
    st.builds(c.EndResponse, response=RESPONSES, outcome=OUTCOMES),
    st.builds(c.CancelResponse, response=RESPONSES),
    st.builds(c.ProgressResponse, response=RESPONSES, step=st.integers(0, 2)),
    st.builds(c.SteerResponse, response=RESPONSES, text=st.just("x")),
    st.builds(c.PauseResponse, response=RESPONSES),
    st.builds(c.ContinueResponse, response=RESPONSES),
    st.builds(c.RegenerateResponse, response=RESPONSES),
    st.builds(
        c.AnswerSteering,
        response=RESPONSES,
        asked=st.sampled_from(["steer", "pause", "continue"]),
        done=st.booleans(),
    ),
    st.builds(
        c.RequestTool,
        call=CALLS,
        name=st.just("n"),
        arguments=st.just("{}"),
        response=RESPONSES | st.just(""),
        key=st.sampled_from(["", "k"]),
        idempotent=st.booleans(),
        approval=st.sampled_from(["", "operator"]),
        unknown=st.booleans(),
        runs=st.sampled_from(["", "client", "hub"]),
    ),
    st.builds(c.AnnounceTools, tools=st.sampled_from([(), ("n",), ("m", "n")])),
    st.builds(c.DecideTool, call=CALLS, approved=st.booleans(), done=st.booleans()),
    st.builds(c.StartTool, call=CALLS),
    st.builds(c.ProgressTool, call=CALLS, step=st.integers(0, 2)),
    st.builds(c.EndTool, call=CALLS, outcome=OUTCOMES),
    st.builds(c.SettleHeard, message=MESSAGES, characters=st.integers(0, 2)),
    st.builds(
        c.AcceptSession,
        right=st.sampled_from(["worker:bot", "worker:other"]),
        worker=st.sampled_from(["w1", "w2"]),
    ),
    st.builds(c.HandOver, to=st.sampled_from(["bot", "other", "third"]), briefing=st.just("b")),
    st.builds(c.ReleaseRight, right=st.sampled_from(["worker:bot", "responder"]), token=st.integers(1, 3)),
    st.builds(c.ChangeActivity, activity=st.just("thinking")),
    st.builds(c.LabelSession, labels=st.just({"a": "b"})),
    st.builds(c.Leave),
)


class Asking(RuleBasedStateMachine):
    """Actors with slow and quick nodes, a store that checks conditions and tokens, and the hub's own duties."""

    @initialize()
    def begin(self) -> None:
        self.state = State()
        self.states = [self.state.copy()]
        self.log: list[e.Event] = []
        self.numbers: dict[str, int] = {}
        self.ledger = Ledger()
        self.wrote: dict[str, int] = {}
        self.store(session_created("hub", {}))
        for participant, role in (("user", "user"), ("operator", "operator"), ("observer", "observer")):
            self.store(joined(self.state, participant, role))  # type: ignore[arg-type]
        self.accept("bot-1", "worker:bot")
        self.decide_on(self.state, "user", [c.PostMessage(message="m1", parts=[Part("text", "x")])])

    def store(self, events: list[e.Event] | Refusal) -> None:
        assert not isinstance(events, Refusal)
        self.append(conducted(events), self.state.control)

    def append(self, decided: Decided, control: int) -> bool:
        """The store's checks: tokens, then the condition; then it is in the log."""
        if any(self.numbers.get(right, 0) != number for right, number in decided.rights.items()):
            return False
        if decided.conditional and self.state.control != control:
            return False
        for right, number in decided.raises.items():
            assert number == self.numbers.get(right, 0) + 1
        self.numbers |= decided.raises
        for event in decided.events:
            stored = at(event, len(self.log) + 1, len(self.log) // 3 + 1)
            assert isinstance(stored, e.Event)
            self.log.append(stored)
            self.ledger.read(stored)
            evolve(self.state, stored)
            self.states.append(self.state.copy())
        return True

    @rule(who=st.sampled_from(sorted(ACTORS)), commands=st.lists(COMMANDS, min_size=1, max_size=3))
    def ask(self, who: str, commands: list[c.Command]) -> None:
        self.decide_on(self.state, who, commands)

    @rule(who=st.sampled_from(AGENTS), name=st.sampled_from(["worker:bot", "worker:other"]))
    def accept(self, who: str, name: str) -> None:
        self.decide_on(self.state, who, [c.AcceptSession(right=name, worker=ACTORS[who].worker)])

    @rule(who=st.sampled_from(AGENTS), response=RESPONSES, message=MESSAGES, turn=MESSAGES | st.just(""))
    def answer(self, who: str, response: str, message: str, turn: str) -> None:
        commands = [
            c.StartResponse(response=response, turn=turn),
            c.StartMessage(message=message, response=response),
            c.GrowMessage(message=message, index=0, text="x"),
        ]
        self.decide_on(self.state, who, commands)

    @rule(who=st.sampled_from([*AGENTS, "user"]), message=MESSAGES)
    def grow(self, who: str, message: str) -> None:
        entry = self.state.entries.get(message)
        index = entry.deltas if isinstance(entry, Message) else 0
        self.decide_on(self.state, who, [c.GrowMessage(message=message, index=index, text="x")])

    @rule(data=st.data())
    def do_the_next_thing(self, data: st.DataObject) -> None:
        """Something that makes sense in this state."""
        who, command = data.draw(st.sampled_from(self.next_things()))
        self.decide_on(self.state, who, [command])

    def next_things(self) -> list[tuple[str, c.Command]]:
        found: list[tuple[str, c.Command]] = [("user", c.ChangeActivity(activity="thinking"))]
        for turn in self.state.waiting_turns()[:2]:
            free = f"r{len(self.log)}"
            found += [
                (who, c.StartResponse(response=free, turn=turn.id)) for who in (self.answering(), "other")
            ]
        for response in self.state.responses:
            found += self.next_in(response)
        for call in self.state.open_tools():
            found += [("operator", c.DecideTool(call=call.id, approved=each)) for each in (True, True, False)]
            found += [("operator", c.DecideTool(call=call.id, approved=False, done=True))]
            if call.runs:
                for who in NODES if call.runs == "hub" else TABS:
                    found += [(who, c.StartTool(call=call.id)), (who, c.EndTool(call=call.id))]
            found += [(who, c.StartTool(call=call.id)) for who in AGENTS[1:]]
            work: list[c.Command] = [
                c.ProgressTool(call=call.id),
                c.EndTool(call=call.id),
                c.StartTool(call=call.id),
            ]
            found += [(self.answering(), command) for command in work]
        for message in self.state.open_messages():
            found += [(who, c.EndMessage(message=message.id)) for who in ("user", self.answering())]
            grow = c.GrowMessage(message=message.id, index=message.deltas, text="x")
            found += [(who, grow) for who in (self.answering(), self.answering(), "bot-2")]
        return found

    def next_in(self, response: str) -> list[tuple[str, c.Command]]:
        fresh = len(self.log)
        commands: list[c.Command] = [
            c.EndResponse(response=response),
            c.StartMessage(message=f"m{fresh}", response=response),
            *(
                c.RequestTool(
                    call=f"t{fresh}",
                    name="n",
                    arguments="{}",
                    response=response,
                    key=key,
                    idempotent=idempotent,
                    approval=approval,
                    unknown=unknown,
                    runs=("", "client", "hub")[fresh % 3],
                )
                for key, idempotent, approval, unknown in (
                    ("", True, "", False),
                    ("", True, "operator", False),
                    ("k", False, "", False),
                    ("k", False, "operator", fresh % 2 == 0),
                )
            ),
        ]
        return [(self.answering(), command) for command in commands]

    def answering(self) -> str:
        """The agent's process that has the floor, if one has."""
        right = self.state.rights.get("responder", Right(0))
        return next((name for name, actor in ACTORS.items() if actor.worker == right.worker), "bot-1")

    @rule(
        who=st.sampled_from(AGENTS),
        commands=st.lists(COMMANDS, min_size=1, max_size=2),
        age=st.integers(1, 12),
    )
    def ask_on_a_slow_node(self, who: str, commands: list[c.Command], age: int) -> None:
        """It has not yet seen the last events, but it has seen its own. Nobody uses another's id for a new message."""
        if any(command.message in self.ledger.messages for command in commands if isinstance(command, NEW)):
            return
        seen = max(len(self.states) - 1 - age, self.wrote.get(who, 0))
        self.decide_on(self.states[seen], who, commands)

    def decide_on(self, state: State, who: str, commands: list[c.Command]) -> None:
        raw = encode_state(state)
        decided = decide_batch(state, (ACTORS | NODES)[who], commands)
        assert encode_state(state) == raw, "deciding changes nothing"
        if isinstance(decided, Refusal):
            return
        if self.append(decided, state.control):
            self.wrote[who] = len(self.log)

    @rule(
        right=st.sampled_from(["worker:bot", "worker:other"]),
        fault=st.sampled_from(["away", "back", "crash"]),
    )
    def worker_fails(self, right: str, fault: str) -> None:
        do = {
            "away": lambda: unreachable(self.state, right, 250),
            "back": lambda: reachable(self.state, right),
        }
        self.store(do.get(fault, lambda: crashed(self.state, right))())

    @precondition(lambda self: "user" in self.present() and not self.state.ended)
    @rule(who=st.sampled_from(TABS), tools=st.sampled_from([(), ("n",)]))
    def tab_comes_or_goes(self, who: str, tools: tuple[str, ...]) -> None:
        if who in self.state.attachments and not tools:
            self.store(closed(self.state, who))
        else:
            self.store(attached(self.state, "user", who, self.state.time))
            self.decide_on(self.state, who, [c.AnnounceTools(tools=tools)])

    def present(self) -> set[str]:
        return {each.id for each in self.state.participants.values() if not each.left}

    @rule()
    def what_is_overdue_happens(self) -> None:
        for due in fired(self.state, self.state.time + 1)[:1]:
            self.store(list(due.events))

    @rule(worker=st.sampled_from(["w1", "w2", "w3"]))
    def worker_is_lost(self, worker: str) -> None:
        self.store(worker_lost(self.state, worker))

    @precondition(lambda self: not self.state.ended and len(self.log) > 20)
    @rule(who=st.sampled_from(["p_bot", "p_other", "user"]))
    def participant_leaves(self, who: str) -> None:
        self.store(left(self.state, who, who))
        self.ledger_knows_nothing_of(who)

    @precondition(lambda self: not self.state.ended)
    @rule()
    def user_comes_back(self) -> None:
        self.store(joined(self.state, "user", "user"))

    @precondition(lambda self: len(self.log) > 16)
    @rule()
    def epoch_changes(self) -> None:
        self.store(log_reopened("old", 90, 99))

    @precondition(lambda self: len(self.log) > 30)
    @rule()
    def session_ends(self) -> None:
        self.store(session_ended(self.state))

    def ledger_knows_nothing_of(self, participant: str) -> None:
        assert participant not in self.ledger.holders.values()
        assert not any(each.by == participant for each in self.ledger.responses.values())

    @invariant()
    def what_waits_and_what_is_open_follows_from_the_state(self) -> None:
        if hasattr(self, "ledger"):
            assert {turn.id for turn in self.state.waiting_turns()} == self.ledger.waiting_turns()
            assert {each.id for each in self.state.open_tools()} == self.ledger.open_calls()
            assert {each.id for each in self.state.open_messages()} == self.ledger.open_messages()
            assert self.state.responses.keys() == self.ledger.responses.keys()

    @invariant()
    def rights_are_what_the_log_says(self) -> None:
        if hasattr(self, "ledger"):
            assert {name: right.token for name, right in self.state.rights.items()} == self.ledger.tokens
            holders = {name: right.holder for name, right in self.state.rights.items()}
            assert {k: v for k, v in holders.items() if v} == {
                k: v for k, v in self.ledger.holders.items() if v
            }

    @invariant()
    def the_state_is_read_back_as_written(self) -> None:
        if hasattr(self, "state"):
            assert decode_state(encode_state(self.state)) == self.state

    def teardown(self) -> None:
        if hasattr(self, "state"):
            assert encode_state(fold(self.log)) == encode_state(self.state)


TestAsking = Asking.TestCase
TestAsking.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def step(asking: Asking, choice: random.Random) -> None:
    """One thing that happens, most often one that makes sense."""
    match choice.choices(
        ["next", "post", "accept", "crash", "left", "slow", "lost", "tab", "late", "reopen"],
        [60, 8, 6, 4, 2, 8, 2, 4, 12, 1],
    ):
        case ["next"]:
            who, command = choice.choice(asking.next_things())
            asking.decide_on(asking.state, who, [command])
        case ["post"]:
            fresh = c.PostMessage(message=f"m{len(asking.log)}", parts=[Part("text", "x")])
            asking.decide_on(asking.state, choice.choice(["user", "operator"]), [fresh])
        case ["accept"]:
            who = choice.choice(AGENTS)
            name = f"worker:{ACTORS[who].participant.removeprefix('p_')}"
            asking.decide_on(asking.state, who, [c.AcceptSession(right=name, worker=ACTORS[who].worker)])
        case ["crash"]:
            right = choice.choice(["worker:bot", "worker:other"])
            asking.store(choice.choice([crashed, crashed, reachable])(asking.state, right))
            asking.store(unreachable(asking.state, right, 250))
        case ["tab"]:
            if "user" in asking.present():
                asking.store(attached(asking.state, "user", choice.choice(TABS), asking.state.time))
                for who in TABS:
                    asking.decide_on(asking.state, who, [c.AnnounceTools(tools=("n",))])
        case ["late"]:
            for each in fired(asking.state, asking.state.time + 10**6)[:1]:
                asking.store(list(each.events))
        case ["left"]:
            who = choice.choice(["p_bot", "p_other", "user"])
            asking.store(left(asking.state, who, who))
            asking.store(joined(asking.state, "user", "user"))
        case ["slow"]:
            who, command = choice.choice(asking.next_things())
            seen = max(len(asking.states) - 1 - choice.randrange(12), asking.wrote.get(who, 0))
            asking.decide_on(asking.states[seen], who, [command])
        case ["lost"]:
            asking.store(worker_lost(asking.state, choice.choice(["w1", "w2", "w3"])))
        case ["reopen"]:
            asking.store(log_reopened("old", 90, 99))


@pytest.mark.parametrize("seed", range(12))
def test_a_long_session_full_of_faults_could_have_happened(seed: int) -> None:
    asking, choice = Asking(), random.Random(seed)
    asking.begin()
    for _ in range(1_000):
        step(asking, choice)
        asking.what_waits_and_what_is_open_follows_from_the_state()
        asking.rights_are_what_the_log_says()
    kinds = {event.type for event in asking.log}
    assert {"response_ended", "message_grown", "tool_started", "agent_crashed"} <= kinds
    asking.store(session_ended(asking.state))
    assert asking.ledger.over
    assert encode_state(fold(asking.log)) == encode_state(asking.state)
