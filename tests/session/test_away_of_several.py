"""Of several people each is told of what came for them while they were away, whoever else is there."""

from hypothesis import given
from hypothesis import strategies as st

from legato.session import events as e
from legato.session.audience import MOVES, audience
from legato.session.away_rules import PAUSES_MS, WEBHOOK, Need, attempted, needs
from legato.session.compaction import AnyEvent
from legato.session.fold import fold
from legato.session.parts import Part
from legato.session.state import State
from tests.session.happenings import LOGS
from tests.session.test_away_rules import (
    ADA,
    ASKED,
    BOT,
    CREATED,
    GONE,
    HERE,
    after,
    answer,
    ended,
    subscribed,
    targets,
    wanted,
)

BOB = e.ParticipantJoined(by="hub", participant="bob", role="user")
BOB_HERE = e.AttachmentOpened(by="bob", participant="bob", attachment="a_bob")
BOB_GONE = e.AttachmentClosed(by="hub", attachment="a_bob")
TWO = (CREATED, BOT, ADA, BOB, HERE, BOB_HERE)
"""Both are there."""


def asked_by(who: str, number: int) -> list[e.Event]:
    """A turn of theirs, and the answer to it that begins."""
    said = e.MessagePosted(by=who, message=f"q_{number}", parts=[Part()], turn=f"t_{number}", ends_turn=True)
    return [said, e.ResponseStarted(by="p_bot", response=f"r_{number}", turn=f"t_{number}")]


ADAS_CALL = (
    *asked_by("ada", 1),
    e.ToolRequested(by="bot", call="c_2", name="refund", arguments="{}", approval="user", response="r_1"),
)
"""In her answer waits a call for a user's word."""


def answered(who: str, number: int) -> list[e.Event]:
    """A turn of theirs is answered by `m_NUMBER`."""
    words = e.MessagePosted(
        by="p_bot", message=f"m_{number}", parts=[Part("text", "yes")], response=f"r_{number}"
    )
    return [
        *asked_by(who, number),
        words,
        e.ResponseEnded(by="p_bot", response=f"r_{number}", outcome="finished"),
    ]


def told_whom(state: State) -> list[tuple[str, tuple[str, ...]]]:
    return [(need.about, need.people) for need in needs(state)]


def tell(state: State, about: str, *took: str, reason: str = "", id: str = "") -> State:
    return after(*attempted(state, about, took, reason, id=id), state=state)


def name(need: Need) -> str:
    """What the receiver of a webhook knows it by."""
    return need.id or f"{need.about}/{need.went}"


def names(state: State) -> list[str]:
    return [name(need) for need in needs(state)]


def test_of_two_people_the_one_who_went_is_told_of_what_they_asked_while_the_other_is_there() -> None:
    state = after(*TWO, subscribed("ada", "push_a"), subscribed("bob", "push_b"), GONE)
    assert told_whom(after(*answered("bob", 1), state=state)) == []
    after(*answered("ada", 2), *answered("ada", 3), state=state)
    assert told_whom(state) == [("m_2", ("ada",))]
    assert targets(state) == [("webhook", "push_a")]
    tell(state, "m_2", "webhook", "push_a")
    assert told_whom(after(*answered("ada", 4), answer("m_5"), state=state)) == [], (
        "once an absence is enough"
    )
    assert told_whom(after(HERE, GONE, *answered("ada", 6), state=state)) == [("m_6", ("ada",))]


def test_what_was_made_for_nobodys_turn_is_told_whoever_is_away() -> None:
    state = after(*TWO, GONE, answer("m_1"))
    assert told_whom(state) == [("m_1", ("ada",))]
    assert told_whom(after(*TWO, GONE, *ended("c_1", "finished"))) == [("c_1", ("ada",))]


def test_who_was_told_is_not_told_again_when_the_other_goes_too() -> None:
    state = tell(after(*TWO, GONE, *answered("ada", 1)), "m_1", WEBHOOK)
    after(BOB_GONE, *answered("bob", 2), *answered("ada", 3), state=state)
    assert told_whom(state) == [("m_2", ("bob",))]
    assert told_whom(tell(state, "m_2", WEBHOOK)) == []
    after(BOB_HERE, BOB_GONE, *answered("ada", 4), state=state)
    assert told_whom(state) == [("m_4", ("bob",))], "he came and went, she is away still"


def test_what_somebody_saw_is_not_told_to_others_when_they_go_as_well() -> None:
    state = after(*TWO, GONE, *answered("bob", 1), BOB_GONE)
    assert told_whom(state) == []
    assert told_whom(after(*answered("bob", 2), state=state)) == [("m_2", ("ada", "bob"))], "nobody saw it"


def test_what_ends_while_a_connection_is_lost_is_told_when_its_grace_is_over_and_not_before() -> None:
    lost, back = (
        e.AttachmentAway(by="hub", attachment="a_1"),
        e.AttachmentBack(by="ada", attachment="a_1"),
    )
    alone = after(CREATED, BOT, ADA, HERE, lost, answer("m_1"))
    assert wanted(alone) == []
    assert wanted(after(back, GONE, state=alone.copy())) == [], "she was back, and saw it"
    assert wanted(after(GONE, state=alone)) == [("m_1", "answer")]
    two = after(*TWO, lost, *answered("ada", 1))
    assert told_whom(two) == []
    assert told_whom(after(GONE, state=two)) == [("m_1", ("ada",))]


def test_a_call_waits_for_whose_turn_it_is_made_for_though_others_are_there() -> None:
    mine = e.ToolRequested(
        by="p_bot", call="c_2", name="refund", arguments="{}", approval="user", response="r_1"
    )
    state = after(*TWO, GONE, ASKED, *asked_by("ada", 1), mine)
    assert told_whom(state) == [("c_2", ("ada",))], "of nobody's turn is for who is there"
    tell(state, "c_2", WEBHOOK)
    after(BOB_GONE, state=state)
    assert told_whom(state) == [("c_1", ("ada", "bob")), ("c_2", ("ada", "bob"))]
    tell(state, "c_2", WEBHOOK)
    assert told_whom(state) == [("c_1", ("ada", "bob"))]
    assert told_whom(after(HERE, state=state)) == [], "bob was told, and ada is there"


def test_whom_it_was_not_for_begins_the_tries_anew_but_not_in_the_browsers_of_others() -> None:
    state = after(*TWO, subscribed("ada", "push_a"), subscribed("bob", "push_b"), GONE, *asked_by("ada", 1))
    mine = e.ToolRequested(
        by="p_bot", call="c_2", name="refund", arguments="{}", approval="user", response="r_1"
    )
    after(mine, state=state)
    for _ in PAUSES_MS:
        tell(state, "c_2", "push_a", reason="status 500")
    assert state.notified["c_2"].tries == len(PAUSES_MS)
    after(BOB_GONE, state=state)
    assert targets(state) == [("webhook", "push_b")]
    tell(state, "c_2", "push_b", reason="status 500")
    assert (state.notified["c_2"].tries, state.notified["c_2"].over) == (1, False)
    assert targets(state) == [("webhook",)]


def test_an_operator_who_took_part_is_asked_while_users_are_there_and_no_operator_is() -> None:
    olga = e.ParticipantJoined(by="hub", participant="olga", role="operator")
    asked = e.ToolRequested(by="p_bot", call="c_2", name="refund", arguments="{}", approval="operator")
    assert told_whom(after(*TWO, asked)) == []
    assert told_whom(after(*TWO, olga, asked)) == [("c_2", ("olga",))]
    desk = e.AttachmentOpened(by="olga", participant="olga", attachment="a_2")
    assert told_whom(after(*TWO, olga, desk, asked)) == []
    assert told_whom(after(*TWO, olga, answer("m_1"))) == [], "answers are not for who helps"


def test_what_a_person_answers_is_told_and_to_nobody_what_they_said_themselves() -> None:
    olga = e.ParticipantJoined(by="hub", participant="olga", role="operator")
    desk = e.AttachmentOpened(by="olga", participant="olga", attachment="a_2")
    answers = e.ResponderChanged(by="olga", participant="olga", reason="taken")
    said = e.MessagePosted(by="olga", message="m_1", parts=[Part("text", "I looked it up")])
    state = after(CREATED, BOT, ADA, olga, HERE, desk, answers, GONE, said)
    assert told_whom(state) == [("m_1", ("ada",))]
    gone = e.AttachmentClosed(by="hub", attachment="a_2")
    state = after(CREATED, BOT, ADA, olga, HERE, desk, answers, GONE, gone, said)
    assert told_whom(state) == [("m_1", ("ada",))]


def test_what_an_older_hub_wrote_down_was_for_all_who_were_away() -> None:
    state = after(*TWO, GONE, BOB_GONE, answer("m_1"))
    after(e.NotificationAttempted(by="hub", about="m_1", notice="answer", sent=True), state=state)
    assert state.notified["m_1"].people == ("ada", "bob")
    assert told_whom(after(answer("m_2"), state=state)) == []


def test_who_goes_later_is_told_of_the_same_call_under_a_name_of_their_own() -> None:
    both = after(*TWO, GONE, BOB_GONE, *ADAS_CALL)
    (first,) = names(both)
    tell(both, "c_2", reason="status 500", id=first)
    assert names(both) == [first], "a repeat has the name of the try before"
    assert names(after(BOB_HERE, state=both.copy())) == [first], "though it is for fewer"
    tell(both, "c_2", WEBHOOK, id=first)
    assert names(both) == []
    again = after(BOB_HERE, BOB_GONE, state=both.copy())
    (second,) = names(again)
    assert second != first
    tell(again, "c_2", reason="status 500", id=second)
    assert names(again) == [second]
    third = names(after(BOB_HERE, BOB_GONE, state=tell(again, "c_2", WEBHOOK, id=second)))
    assert len(third) == 1
    assert set(third).isdisjoint({first, second})


def test_a_hub_that_died_before_it_wrote_a_try_down_is_followed_under_the_same_name() -> None:
    state = after(*TWO, BOB_GONE, GONE, *ADAS_CALL)
    before = names(state)
    assert names(after(BOB_HERE, state=state.copy())) == before, "it is ada who went last"
    alone = after(CREATED, BOT, ADA, HERE, GONE, ASKED)
    assert set(names(after(HERE, GONE, state=alone.copy()))).isdisjoint(names(alone))


def test_nobody_in_particular_is_told_of_an_operators_call_anew_when_everybody_was_back() -> None:
    asked = e.ToolRequested(by="bot", call="c_2", name="refund", arguments="{}", approval="operator")
    state = after(CREATED, BOT, ADA, HERE, GONE, asked)
    (first,) = names(state)
    tell(state, "c_2", WEBHOOK, id=first)
    assert names(state) == []
    (second,) = names(after(HERE, GONE, state=state))
    assert second != first


def test_who_went_while_a_target_was_told_is_not_told_by_it() -> None:
    state = after(*TWO, subscribed("ada", "push_a"), subscribed("bob", "push_b"), GONE, *ADAS_CALL)
    (first,) = names(state)
    after(BOB_GONE, state=state)
    (tried,) = attempted(state, "c_2", (WEBHOOK, "push_a"), "", people=("ada",), id=first)
    assert isinstance(tried, e.NotificationAttempted)
    assert (tried.people, tried.sent, tried.reached, tried.id) == (("ada",), True, (WEBHOOK, "push_a"), first)
    after(tried, state=state)
    assert targets(state) == [(WEBHOOK, "push_b")]
    assert set(names(state)).isdisjoint({first})
    assert attempted(state, "c_2", (WEBHOOK,), "", people=("nobody",)) == []


def test_what_an_older_hub_tried_is_tried_again_under_the_name_that_it_gave() -> None:
    state = tell(after(CREATED, BOT, ADA, HERE, GONE, ASKED), "c_1", reason="status 500")
    assert names(state) == ["c_1/"]


@given(LOGS)
def test_who_does_not_attend_by_a_connection_and_they_alone_are_counted_as_away(log: list[AnyEvent]) -> None:
    state = fold(log)
    here = {each.participant for each in audience(state) if each.attentive}
    parts = {who.id for who in state.participants.values() if who.role != "agent" and not who.left}
    if any(isinstance(event, e.Event) and type(event) in MOVES for event in log):
        assert state.unseen_by.keys() == state.gone_at.keys() == parts - here
        assert all(1 <= offset <= state.offset for offset in state.gone_at.values())
        assert all(1 <= ordinal <= state.finished + 1 for ordinal in state.unseen_by.values())


MOMENTS = st.sampled_from(["ada comes", "ada goes", "bob comes", "bob goes", "ada asks", "bob asks", "told"])


@given(st.lists(MOMENTS, max_size=30))
def test_nobody_is_told_twice_of_answers_in_an_absence_and_only_of_what_came_in_it(
    moments: list[str],
) -> None:
    state = after(CREATED, BOT, ADA, BOB, subscribed("ada", "push_ada"), subscribed("bob", "push_bob"))
    pushed = {"ada": 0, "bob": 0}
    for number, moment in enumerate(moments):
        who, _, what = moment.partition(" ")
        if what == "comes":
            after(e.AttachmentOpened(by=who, participant=who, attachment=f"a_{who}"), state=state)
            pushed[who] = 0
        elif what == "goes":
            after(e.AttachmentClosed(by="hub", attachment=f"a_{who}"), state=state)
        elif what == "asks":
            after(*answered(who, number), state=state)
        for need in needs(state) if what == "" else ():
            for each in need.people:
                pushed[each] += 1
                assert not any(one.participant == each for one in state.attachments.values())
                assert f"push_{each}" in need.targets
            tell(state, need.about, *need.targets)
    assert max(pushed.values()) <= 1


COMINGS = st.sampled_from(["ada comes", "ada goes", "bob comes", "bob goes", "told", "told in vain"])


@given(st.lists(COMINGS, max_size=30))
def test_who_drops_the_names_that_it_has_seen_is_told_of_each_absence_once(moments: list[str]) -> None:
    state = after(CREATED, BOT, ADA, BOB, ASKED)
    seen = set[str]()
    knows = dict.fromkeys(("ada", "bob"), False)
    for moment in moments:
        who, _, what = moment.partition(" ")
        if what == "comes":
            after(e.AttachmentOpened(by=who, participant=who, attachment=f"a_{who}"), state=state)
            knows[who] = False
        elif what == "goes":
            after(e.AttachmentClosed(by="hub", attachment=f"a_{who}"), state=state)
        for need in needs(state) if who == "told" else ():
            repeat = all(knows[each] for each in need.people)
            assert (name(need) in seen) == repeat
            knows.update(dict.fromkeys(need.people, True))
            seen.add(name(need))
            tell(state, need.about, *(() if what else need.targets), reason="500", id=name(need))
        for need in needs(state):
            assert need.id in ("", *seen)
        if who == "told" and not state.attachments:
            assert all(knows.values())
