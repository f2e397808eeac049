"""Resume tickets have one holder, whatever is lost, doubled, delayed or stolen.

Mutants that these tests kill (each one change to `holder.py`):
 1. `present` ignores the key
 2. `present` lets an empty key pass for an empty key
 3. `present` makes a fresh next ticket at each attempt
 4. `present` spends the held ticket at once
 5. showing the next ticket does not spend the held one
 6. showing the next ticket gives the next one again, instead of a fresh one
 7. `acknowledge` takes any ticket
 8. `acknowledge` keeps the next one open (two tickets in force)
 9. a spent ticket is granted
10. another key's attempt changes the holder
11. an empty ticket id passes for "no next ticket"
12. another key is refused without telling the holder
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from legato.session.holder import Denial, Denied, Granted, Holder, acknowledge, present

OWN, OTHER = "own key", "another key"
START = Holder(OWN, "t0")


def test_the_same_key_gets_the_same_next_ticket_until_it_is_acknowledged() -> None:
    first = present(START, "t0", OWN, "t1")
    assert first == Granted(Holder(OWN, "t0", "t1"), "t1")
    again = present(first.holder, "t0", OWN, "t2")
    assert again == first


def test_an_acknowledged_ticket_spends_the_one_before() -> None:
    holder = acknowledge(Holder(OWN, "t0", "t1"), "t1")
    assert holder == Holder(OWN, "t1")
    assert present(holder, "t0", OWN, "t2") == Denied(Denial.SPENT, tell=False)
    assert present(holder, "t1", OWN, "t2") == Granted(Holder(OWN, "t1", "t2"), "t2")


def test_showing_the_next_ticket_acknowledges_it() -> None:
    shown = present(Holder(OWN, "t0", "t1"), "t1", OWN, "t2")
    assert shown == Granted(Holder(OWN, "t1", "t2"), "t2")
    assert present(shown.holder, "t0", OWN, "t3") == Denied(Denial.SPENT, tell=False)


@pytest.mark.parametrize("ticket", ["t0", "t1", "t9"])
@pytest.mark.parametrize("key", [OTHER, ""])
def test_another_key_is_refused_and_the_holder_told(ticket: str, key: str) -> None:
    assert present(Holder(OWN, "t0", "t1"), ticket, key, "t2") == Denied(Denial.OTHER_KEY, tell=True)


def test_no_key_at_all_is_no_key() -> None:
    assert present(Holder("", "t0"), "t0", "", "t1") == Denied(Denial.OTHER_KEY, tell=True)


@pytest.mark.parametrize("ticket", ["", "t9"])
def test_a_ticket_that_was_never_in_force_is_spent(ticket: str) -> None:
    assert present(START, ticket, OWN, "t2") == Denied(Denial.SPENT, tell=False)
    assert present(Holder(OWN, ""), ticket, OWN, "t2") == Denied(Denial.SPENT, tell=False)


@pytest.mark.parametrize("ticket", ["", "t0", "t9"])
def test_acknowledging_anything_but_the_next_ticket_changes_nothing(ticket: str) -> None:
    for holder in (START, Holder(OWN, "t0", "t1")):
        assert acknowledge(holder, ticket) is holder


class Attachment(RuleBasedStateMachine):
    """A holder that loses answers, a hub that hears things late and twice, and a thief who copies all.

    The client keeps the last ticket it received and says so; what it says may be lost, or come again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.holder = START
        self.made = 0
        self.kept = "t0"  # what the client has on disk
        self.seen = ["t0"]  # everything that ever went over the wire
        self.spent: set[str] = set()
        self.wire: list[tuple[str, str]] = []  # ("present" | "keep", ticket), in flight
        self.answers: list[str] = []  # tickets on their way to the client

    @rule()
    def attempt(self) -> None:
        self.wire.append(("present", self.kept))

    @precondition(lambda self: self.wire)
    @rule(data=st.data(), doubled=st.booleans())
    def hear(self, data: st.DataObject, doubled: bool) -> None:
        """The hub hears one thing in flight, in any order; it may come again."""
        at = data.draw(st.integers(0, len(self.wire) - 1))
        verb, ticket = self.wire[at] if doubled else self.wire.pop(at)
        if verb == "keep":
            self._take(acknowledge(self.holder, ticket))
            return
        self.made += 1
        outcome = present(self.holder, ticket, OWN, f"t{self.made}")
        if isinstance(outcome, Denied):
            assert ticket in self.spent
            assert outcome.why is Denial.SPENT
            return
        assert ticket not in self.spent
        if ticket == self.holder.held and self.holder.next:
            assert outcome.ticket == self.holder.next, "several attempts at once are one attempt"
        self._take(outcome.holder)
        self.answers.append(outcome.ticket)
        self.seen.append(outcome.ticket)

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), lost=st.booleans())
    def answer(self, data: st.DataObject, lost: bool) -> None:
        """The client gets an answer in any order, or never. Only one newer than what it has is kept."""
        ticket = self.answers.pop(data.draw(st.integers(0, len(self.answers) - 1)))
        if lost or int(ticket[1:]) <= int(self.kept[1:]):
            return
        self.kept = ticket
        self.wire.append(("keep", ticket))

    @precondition(lambda self: self.wire)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.wire.pop(data.draw(st.integers(0, len(self.wire) - 1)))

    @rule(data=st.data(), key=st.sampled_from([OTHER, ""]))
    def steal(self, data: st.DataObject, key: str) -> None:
        """A thief shows a copy of any ticket there ever was: refused, told, and nothing changes."""
        outcome = present(self.holder, data.draw(st.sampled_from(self.seen)), key, "stolen")
        assert outcome == Denied(Denial.OTHER_KEY, tell=True)

    @invariant()
    def the_client_is_never_stranded(self) -> None:
        """Whatever was lost, the ticket on the client's disk still works."""
        assert isinstance(present(self.holder, self.kept, OWN, "probe"), Granted)

    @invariant()
    def at_most_two_tickets_are_in_force(self) -> None:
        good = [one for one in set(self.seen) if isinstance(present(self.holder, one, OWN, "probe"), Granted)]
        assert 1 <= len(good) <= 2
        assert not set(good) & self.spent

    def _take(self, holder: Holder) -> None:
        assert holder.key == OWN
        if holder.held != self.holder.held:
            assert holder.held == self.holder.next, "only the next ticket ever follows"
            self.spent.add(self.holder.held)
        self.holder = holder


TestAttachment = Attachment.TestCase
TestAttachment.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
