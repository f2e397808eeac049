"""The lives of messages, responses, turns and tool calls in the log (I2, I11): each has one beginning and one end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.checker.history import Entry
from tests.checker.verdict import Violation

Event = dict[str, Any]


class _Lives:
    """An automaton over one log. `at` is the offset it is at."""

    def __init__(self) -> None:
        self.at = 0
        self.found: list[Violation] = []
        self.messages: dict[str, int] = {}
        """Open: the index of the next delta; ended: -1."""
        self.responses: dict[str, str] = {}
        """Open: the turn it answers; ended: "ended"."""
        self.of_response: dict[str, str] = {}
        self.tools: dict[str, str] = {}
        self.idempotent: set[str] = set()
        self.turns: dict[str, str] = {}
        """`waiting`, `answering` or `answered`."""

    def wrong(self, what: str, invariant: str = "I11") -> None:
        self.found.append(Violation(invariant, f"{what} at {self.at}"))

    # --- messages

    def message_posted(self, event: Event) -> None:
        if event["message"] in self.messages:
            self.wrong(f"{event['message']} is posted twice", "I2")
        self.messages[event["message"]] = -1
        turn = event.get("turn") or event["message"]
        if event.get("ends_turn"):
            self.turns[turn] = "waiting"

    def message_started(self, event: Event) -> None:
        if event["message"] in self.messages:
            self.wrong(f"{event['message']} begins twice", "I2")
        response = event.get("response", "")
        if response and self.responses.get(response, "ended") == "ended":
            self.wrong("a message of no open response begins")
        self.messages[event["message"]] = 0
        self.of_response[event["message"]] = response

    def message_grown(self, event: Event) -> None:
        due = self.messages.get(event["message"], -1)
        if due < 0:
            self.wrong("a message grows that is not open")
        elif event.get("index", 0) != due:
            self.wrong(f"delta {event.get('index', 0)} stands where {due} is due", "I4")
        self.messages[event["message"]] = max(due, 0) + event.get("count", 1) if due >= 0 else -1

    def message_ended(self, event: Event) -> None:
        if self.messages.get(event["message"], -1) < 0:
            self.wrong("a message ends that is not open")
        self.messages[event["message"]] = -1

    # --- responses and turns

    def response_started(self, event: Event) -> None:
        turn = event.get("turn", "")
        if event["response"] in self.responses:
            self.wrong("a response begins twice", "I2")
        if turn and self.turns.get(turn, "waiting") != "waiting":
            self.wrong(f"{turn} is claimed while {self.turns[turn]}")
        self.responses[event["response"]] = turn
        if turn:
            self.turns[turn] = "answering"

    def response_ended(self, event: Event) -> None:
        turn = self.responses.get(event["response"], "ended")
        if turn == "ended":
            self.wrong("a response ends that is not open")
            return
        for message, response in self.of_response.items():
            if response == event["response"] and self.messages[message] >= 0:
                self.wrong("a response ends and leaves a message open")
        self.responses[event["response"]] = "ended"
        if turn:
            self.turns[turn] = "waiting" if event.get("turn_waits") else "answered"

    # --- tools

    def tool_requested(self, event: Event) -> None:
        if event["call"] in self.tools:
            self.wrong("a tool call is requested twice", "I2")
        self.tools[event["call"]] = "requested"
        if event.get("idempotent"):
            self.idempotent.add(event["call"])

    def tool_started(self, event: Event) -> None:
        status = self.tools.get(event["call"], "ended")
        if status == "ended" or (status == "started" and event["call"] not in self.idempotent):
            self.wrong(f"a tool call starts that is {status}")
        self.tools[event["call"]] = "started"

    def tool_ended(self, event: Event) -> None:
        if self.tools.get(event["call"], "ended") == "ended":
            self.wrong("a tool call ends that is not open")
        self.tools[event["call"]] = "ended"


def lived(entries: Sequence[Entry], *, at_rest: bool) -> Iterator[Violation]:
    """I11, and of I2 what ids say. `at_rest`: everything must have come to its end, every turn been answered."""
    lives = _Lives()
    handlers: dict[str, Callable[[Event], None]] = {
        name: getattr(lives, name) for name in dir(lives) if "_" in name and not name.startswith("_")
        and callable(getattr(lives, name))
    }  # fmt: skip
    for entry in entries:
        lives.at = entry.offset
        if (handler := handlers.get(entry.event["type"])) is not None:
            handler(entry.event)
    yield from lives.found
    if at_rest:
        yield from _unfinished(lives)


def _unfinished(lives: _Lives) -> Iterator[Violation]:
    for message, due in lives.messages.items():
        if due >= 0:
            yield Violation("I11", f"{message} never ended")
    for response, turn in lives.responses.items():
        if turn != "ended":
            yield Violation("I11", f"{response} never ended")
    for call, status in lives.tools.items():
        if status != "ended":
            yield Violation("I11", f"{call} never ended")
    for turn, status in lives.turns.items():
        if status != "answered":
            yield Violation("I11", f"{turn} is {status} at the end")


def texts(entries: Sequence[Entry]) -> dict[str, tuple[str, str]]:
    """Each message's words and how it ended ("" while open): a fold of its own, of text alone."""
    words: dict[str, str] = {}
    ends: dict[str, str] = {}
    for event in (entry.event for entry in entries):
        kind, message = event["type"], event.get("message", "")
        if kind == "message_posted":
            words[message] = "".join(part.get("text", "") for part in event["parts"])
            ends[message] = "finished"
        elif kind == "message_started":
            words[message], ends[message] = "", ""
        elif kind == "message_grown":
            words[message] += event["text"]
        elif kind == "message_ended":
            ends[message] = event.get("outcome", "finished")
    return {message: (words[message], ends[message]) for message in words}
