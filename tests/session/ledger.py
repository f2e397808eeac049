"""What must be true of every log, judged from the log alone: an oracle that shares nothing with the fold."""

from dataclasses import dataclass, field

from legato.session import events as e


@dataclass
class Ledger:
    """Reads a log event by event and objects to what must never happen."""

    messages: dict[str, tuple[str, str]] = field(default_factory=dict)
    deltas: dict[str, int] = field(default_factory=dict)
    calls: dict[str, e.ToolRequested] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    ended_calls: set[str] = field(default_factory=set)
    keys: set[tuple[str, str]] = field(default_factory=set)
    responses: dict[str, e.ResponseStarted] = field(default_factory=dict)
    turns: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    over: bool = False

    def read(self, event: e.Event) -> None:
        """Take in the next event."""
        assert not self.over or isinstance(event, e.LogReopened), (
            "something happened after the end of the session"
        )
        by_kind = getattr(self, f"_{event.type}", None)
        if by_kind is not None:
            by_kind(event)

    # --- messages

    def _message_posted(self, event: e.MessagePosted) -> None:
        assert event.message not in self.messages
        self.messages[event.message] = (event.by, "ended")
        if event.ends_turn:
            self.turns[event.turn] = "waiting"

    def _message_started(self, event: e.MessageStarted) -> None:
        assert event.message not in self.messages
        assert not event.response or event.response in self.responses
        self.messages[event.message] = (event.by, "open")
        self.deltas[event.message] = 0

    def _message_grown(self, event: e.MessageGrown) -> None:
        assert self.messages[event.message] == (event.by, "open")
        assert event.index == self.deltas[event.message]
        self.deltas[event.message] += 1

    def _part_added(self, event: e.PartAdded) -> None:
        assert self.messages[event.message] == (event.by, "open")

    def _message_ended(self, event: e.MessageEnded) -> None:
        author, status = self.messages[event.message]
        assert status == "open"
        assert event.by in (author, "hub") or event.outcome == "interrupted"
        self.messages[event.message] = (author, "ended")

    # --- responses and turns

    def _response_started(self, event: e.ResponseStarted) -> None:
        assert event.response not in self.responses
        assert self.holders.get("responder") == event.by
        if event.turn:
            assert self.turns[event.turn] == "waiting"
            self.turns[event.turn] = event.response
        self.responses[event.response] = event

    def _response_ended(self, event: e.ResponseEnded) -> None:
        turn = self.responses.pop(event.response).turn
        if turn:
            assert self.turns[turn] == event.response
            if event.turn_waits:
                self.turns[turn] = "waiting"
            else:
                del self.turns[turn]

    # --- tools

    def _tool_requested(self, event: e.ToolRequested) -> None:
        assert event.call not in self.calls
        self.calls[event.call] = event

    def _tool_decided(self, event: e.ToolDecided) -> None:
        assert self.calls[event.call].approval == "operator" == event.by
        assert event.call not in self.approved
        if event.approved:
            self.approved.add(event.call)

    def _tool_started(self, event: e.ToolStarted) -> None:
        call = self.calls[event.call]
        assert (event.runner != "") == (call.runs != "")
        assert event.by == call.by or event.runner
        assert event.call not in self.ended_calls
        assert call.idempotent or event.call not in self.started
        assert not call.approval or event.call in self.approved
        self.started.add(event.call)
        self._key_started(call)

    def _key_started(self, call: e.ToolRequested) -> None:
        """In a turn, of calls of one key that cannot be done again, a second starts only if a person said so."""
        response = self.responses.get(call.response)
        if call.idempotent or not call.key or response is None or not response.turn:
            return
        key = (response.turn, call.key)
        assert key not in self.keys or (call.unknown and call.call in self.approved)
        assert key in self.keys or not call.unknown
        self.keys.add(key)

    def _tool_progressed(self, event: e.ToolProgressed) -> None:
        assert event.call in self.started - self.ended_calls

    def _tool_ended(self, event: e.ToolEnded) -> None:
        assert event.call in self.calls
        assert event.call not in self.ended_calls
        self.ended_calls.add(event.call)

    # --- rights

    def _right_granted(self, event: e.RightGranted) -> None:
        assert not self.holders.get(event.right)
        self._number(event.right, event.token, event.holder)

    def _right_released(self, event: e.RightReleased) -> None:
        self._number(event.right, event.token, "")

    def _agent_crashed(self, event: e.AgentCrashed) -> None:
        assert not any(response.by == event.participant for response in self.responses.values())
        self._number(event.right, event.token, "")

    def _log_reopened(self, event: e.LogReopened) -> None:
        self.holders.clear()

    def _number(self, right: str, token: int, holder: str) -> None:
        assert token == self.tokens.get(right, 0) + 1
        self.tokens[right], self.holders[right] = token, holder

    def _session_ended(self, event: e.SessionEnded) -> None:
        assert not self.responses
        assert not self.open_calls()
        assert not self.open_messages()
        assert not any(self.holders.values())
        self.over = True

    # --- what is open

    def open_messages(self) -> set[str]:
        return {id for id, (_, status) in self.messages.items() if status == "open"}

    def open_calls(self) -> set[str]:
        return self.calls.keys() - self.ended_calls

    def waiting_turns(self) -> set[str]:
        return {id for id, status in self.turns.items() if status == "waiting"}
