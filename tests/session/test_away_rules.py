"""Telling those who are away: what there is to tell, when it is tried, and when it is over."""

from hypothesis import given
from hypothesis import strategies as st

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import Actor
from legato.session.away_rules import PAUSES_MS, RESULT_MS, WEBHOOK, attempted, needs
from legato.session.compaction import AnyEvent
from legato.session.deadlines import earliest
from legato.session.fold import evolve, fold
from legato.session.parts import Part
from legato.session.state import KEPT, State
from tests.session.happenings import LOGS, at
from tests.session.talk import ADA as ADA_ACTS
from tests.session.talk import ALL, OPERATOR, Talk
from tests.session.talk import BOT as BOT_ACTS

CREATED = e.SessionCreated(by="hub", labels={"notify": "webhook"})
BOT = e.ParticipantJoined(by="hub", participant="p_bot", role="agent")
ADA = e.ParticipantJoined(by="hub", participant="ada", role="user")
HERE = e.AttachmentOpened(by="ada", participant="ada", attachment="a_1")
GONE = e.AttachmentClosed(by="hub", attachment="a_1")
ASKED = e.ToolRequested(by="p_bot", call="c_1", name="refund", arguments="{}", approval="user")


def answer(message: str) -> e.Event:
    return e.MessagePosted(by="p_bot", message=message, parts=[Part("text", "done")])


def after(*events: AnyEvent, state: State | None = None, time: int = 1_000) -> State:
    state = State() if state is None else state
    for event in events:
        evolve(state, at(event, state.offset + 1, time))
    return state


def wanted(state: State) -> list[tuple[str, str]]:
    return [(need.about, need.notice) for need in needs(state)]


def test_nobody_is_told_while_somebody_is_there_or_where_nobody_asked_for_it() -> None:
    away = (BOT, ADA, HERE, ASKED, GONE, answer("m_1"))
    assert wanted(after(CREATED, BOT, ADA, HERE, ASKED, answer("m_1"))) == []
    assert wanted(after(e.SessionCreated(by="hub"), *away)) == []
    assert wanted(after(CREATED, e.SessionLabelled(by="hub", labels={"notify": "none"}), *away)) == []
    assert wanted(after(CREATED, *away)) == [("c_1", "approval"), ("m_1", "answer")]
    assert wanted(after(CREATED, *away, e.SessionEnded(by="hub"))) == []


def test_a_page_that_is_hidden_sees_nothing_and_begins_anew_when_it_is_seen() -> None:
    def turned(attentive: bool) -> e.Event:
        return e.AttentionChanged(by="ada", attachment="a_1", attentive=attentive)

    state = after(CREATED, BOT, ADA, HERE, answer("m_1"), turned(False), answer("m_2"), ASKED)
    assert wanted(state) == [("m_2", "answer"), ("c_1", "approval")]
    assert wanted(after(turned(True), state=state)) == []
    assert wanted(after(turned(False), GONE, state=state)) == [("c_1", "approval")]


def test_who_listens_in_keeps_nobody_from_being_told_but_of_what_they_may_decide() -> None:
    olga = e.ParticipantJoined(by="hub", participant="olga", role="operator")
    desk = e.AttachmentOpened(by="olga", participant="olga", attachment="a_2")
    listens = e.StanceChanged(by="olga", participant="olga", stance="monitor")
    asked = e.ToolRequested(by="p_bot", call="c_2", name="refund", arguments="{}", approval="operator")
    state = after(CREATED, BOT, ADA, HERE, olga, desk, listens, GONE, ASKED, asked, answer("m_1"))
    assert wanted(state) == [("c_1", "approval"), ("m_1", "answer")]
    gone = e.AttachmentClosed(by="hub", attachment="a_2")
    assert wanted(after(gone, state=state)) == [("c_1", "approval"), ("c_2", "approval"), ("m_1", "answer")]
    state = after(
        CREATED, BOT, ADA, HERE, olga, GONE, e.AttachmentOpened(by="ada", participant="ada", attachment="a_3")
    )
    hidden = e.AttentionChanged(by="ada", attachment="a_3", attentive=False)
    assert wanted(after(hidden, ASKED, state=state)) == [("c_1", "approval")]


def test_an_answer_that_somebody_saw_is_not_told_and_of_those_unseen_the_first_is() -> None:
    state = after(CREATED, BOT, ADA, HERE, answer("m_1"), GONE)
    assert wanted(state) == []
    assert wanted(after(answer("m_2"), answer("m_3"), state=state)) == [("m_2", "answer")]
    told = e.NotificationAttempted(by="hub", about="m_2", notice="answer", sent=True)
    later = [answer(f"m_{number}") for number in range(4, 4 + KEPT)]
    assert wanted(after(told, *later, state=state)) == []
    assert "m_2" not in state.entries
    assert wanted(after(HERE, GONE, answer("m_99"), state=state)) == [("m_99", "answer")]


def test_what_people_say_themselves_and_what_failed_is_no_answer() -> None:
    state = after(CREATED, BOT, ADA, HERE, GONE)
    said = e.MessagePosted(by="ada", message="m_1", parts=[Part("text", "hello?")])
    cut = (
        e.MessageStarted(by="p_bot", message="m_2"),
        e.MessageGrown(by="p_bot", message="m_2", index=0, text="I am af"),
        e.MessageEnded(by="p_bot", message="m_2", outcome="failed"),
    )
    assert wanted(after(said, *cut, state=state)) == []


def test_what_was_written_in_a_part_of_an_answer_is_none() -> None:
    state = after(CREATED, BOT, ADA, HERE, GONE, e.ResponseStarted(by="p_bot", response="r"))
    part = e.ResponseStarted(by="p_bot", response="p", parent="r", title="flights")
    found = e.MessagePosted(by="p_bot", message="m_1", parts=[Part("text", "found")], response="p")
    assert wanted(after(part, found, state=state)) == []
    assert wanted(after(answer("m_2"), state=state)) == [("m_2", "answer")]


def test_agents_who_come_and_go_change_nothing() -> None:
    there = e.AttachmentOpened(by="p_bot", participant="p_bot", attachment="a_bot")
    state = after(CREATED, BOT, ADA, there, HERE, GONE, answer("m_1"))
    assert wanted(state) == [("m_1", "answer")]
    assert wanted(after(e.AttachmentClosed(by="hub", attachment="a_bot"), state=state)) == [("m_1", "answer")]
    assert wanted(after(there, state=state)) == [("m_1", "answer")]


def test_an_approval_is_told_until_somebody_decides() -> None:
    state = after(CREATED, BOT, ADA, HERE, GONE, ASKED)
    assert wanted(state) == [("c_1", "approval")]
    assert wanted(after(e.ToolDecided(by="ada", call="c_1", approved=True), state=state)) == []


def test_it_is_tried_again_with_growing_pauses_and_then_given_up() -> None:
    state = after(CREATED, BOT, ADA, HERE, GONE, ASKED)
    now, pauses = 1_000, []
    while events := attempted(state, "c_1", [], "unreachable"):
        after(*events, state=state, time=now)
        if (need := next(iter(needs(state)), None)) is not None:
            pauses.append(need.at - now)
            now = need.at
    assert tuple(pauses) == PAUSES_MS
    assert state.notified["c_1"].over
    assert state.notified["c_1"].tries == len(PAUSES_MS) + 1


def test_after_it_was_sent_nothing_is_written_down_any_more() -> None:
    state = after(CREATED, BOT, ADA, HERE, GONE, ASKED)
    (sent,) = attempted(state, "c_1", [WEBHOOK], "")
    after(sent, state=state)
    assert attempted(state, "c_1", [WEBHOOK], "") == []
    assert attempted(state, "nothing", [WEBHOOK], "") == []


def subscribed(who: str, name: str) -> e.Event:
    return e.PushSubscribed(by=who, participant=who, subscription=name, sealed="c2VhbGVk")


def targets(state: State) -> list[tuple[str, ...]]:
    return [need.targets for need in needs(state)]


def test_who_subscribed_is_told_without_any_label_and_an_approval_only_who_may_decide() -> None:
    olga = e.ParticipantJoined(by="hub", participant="olga", role="operator")
    people = (e.SessionCreated(by="hub"), BOT, ADA, olga, HERE)
    state = after(
        *people, subscribed("ada", "push_a"), subscribed("olga", "push_o"), GONE, ASKED, answer("m_1")
    )
    assert targets(state) == [("push_a",), ("push_a", "push_o")]
    assert targets(after(e.ParticipantLeft(by="ada", participant="ada"), state=state)) == [("push_o",)]


def test_who_took_it_is_not_told_again_when_others_are() -> None:
    state = after(
        CREATED, BOT, ADA, HERE, subscribed("ada", "push_a"), subscribed("ada", "push_b"), GONE, ASKED
    )
    assert targets(state) == [("webhook", "push_a", "push_b")]
    tried = attempted(state, "c_1", ["push_a"], "status 503")
    assert targets(after(*tried, state=state)) == [("webhook", "push_b")]
    assert not state.notified["c_1"].over
    tried = attempted(state, "c_1", ["push_b", "webhook"], "")
    assert targets(after(*tried, state=state)) == []
    assert state.notified["c_1"].reached == ("push_a", "webhook", "push_b")


def test_a_browser_that_is_gone_is_forgotten_and_nothing_waits_for_it() -> None:
    state = after(e.SessionCreated(by="hub"), BOT, ADA, HERE, subscribed("ada", "push_a"), GONE, ASKED)
    alone = attempted(state, "c_1", [], "", lost=["push_a", "push_unknown"])
    assert [each.type for each in alone] == ["push_unsubscribed"]
    assert (needs(after(*alone, state=state)), state.pushes, state.notified) == ([], {}, {})
    later = attempted(after(HERE, state=state), "c_1", [], "", lost=["push_a"])
    assert later == [], "it was forgotten already"


def test_browsers_subscribe_by_what_the_hub_gave_and_of_one_person_the_newest_count() -> None:
    talk = Talk()
    for number in range(limits.PUSHES_EACH + 1):
        talk.do(ADA_ACTS, c.SubscribePush(subscription=f"push_{number}", sealed="c2VhbGVk"))
    assert list(talk.state.pushes) == [f"push_{number}" for number in range(1, limits.PUSHES_EACH + 1)]
    again = talk.do(ADA_ACTS, c.SubscribePush(subscription="push_1", sealed="YWdhaW4="))
    assert [each.type for each in again.events] == ["push_subscribed"]
    assert talk.state.pushes["push_1"].sealed == "YWdhaW4="
    assert talk.refused(OPERATOR, c.SubscribePush(subscription="push_1", sealed="eA==")) == "already_exists"
    assert talk.refused(OPERATOR, c.UnsubscribePush(subscription="push_1")) == "not_found"
    assert talk.refused(BOT_ACTS, c.SubscribePush(subscription="push_9", sealed="eA==")) == "not_allowed"
    assert talk.refused(ADA_ACTS, c.SubscribePush(subscription="webhook", sealed="eA==")) == "malformed"
    assert talk.refused(ADA_ACTS, c.SubscribePush(subscription="push_9", sealed="")) == "malformed"
    assert talk.refused(ADA_ACTS, c.SubscribePush(subscription="push_9", sealed="x" * 3_001)) == "too_large"
    talk.do(ADA_ACTS, c.UnsubscribePush(subscription="push_1"))
    assert "push_1" not in talk.state.pushes


def test_a_session_tells_only_so_many_browsers() -> None:
    talk = Talk()
    for number in range(limits.PUSHES // limits.PUSHES_EACH):
        who = f"p_{number}"
        talk.put([e.ParticipantJoined(by=who, participant=who, role="user")])
        for each in range(limits.PUSHES_EACH):
            one = c.SubscribePush(subscription=f"push_{number}_{each}", sealed="eA==")
            talk.do(Actor(who, "user", ALL), one)
    assert talk.refused(ADA_ACTS, c.SubscribePush(subscription="push_more", sealed="eA==")) == "too_large"
    talk.do(Actor("p_0", "user", ALL), c.SubscribePush(subscription="push_newer", sealed="eA=="))
    assert len(talk.state.pushes) == limits.PUSHES


@given(LOGS, st.integers(0, 20))
def test_whatever_happened_tries_come_to_an_end(log: list[AnyEvent], sent_at: int) -> None:
    state = after(e.SessionLabelled(by="hub", labels={"notify": "webhook"}), state=fold(log))
    for number in range(200):
        waiting = needs(state)
        if not waiting:
            break
        assert earliest(state) is not None
        now = max(state.time, waiting[0].at)
        took = waiting[0].targets if number == sent_at else waiting[0].targets[: number % 2]
        events = attempted(state, waiting[0].about, took, "")
        assert len(events) == 1
        after(*events, state=state, time=now)
    assert needs(state) == []


def labelled(targets: str, notify: str = "") -> e.Event:
    return e.SessionCreated(
        by="hub", labels={"notify_targets": targets} | ({"notify": notify} if notify else {})
    )


def test_each_target_of_its_own_name_is_told_and_tried_apart() -> None:
    state = after(labelled("crm sms"), BOT, ADA, HERE, ASKED, GONE)
    assert [(need.target, need.targets) for need in needs(state)] == [("crm", ("crm",)), ("sms", ("sms",))]
    after(*attempted(state, "c_1", ["crm"], "", target="crm"), state=state)
    (need,) = needs(state)
    assert (need.target, need.at) == ("sms", 1_000), "what became of the other's try changes nothing for it"
    after(*attempted(state, "c_1", [], "unreachable", target="sms"), state=state)
    (need,) = needs(state)
    assert need.at == 1_000 + PAUSES_MS[0]
    assert attempted(state, "c_1", ["crm"], "", target="crm") == []


def test_a_target_is_told_only_of_its_kinds_and_of_no_more_than_one_answer_an_absence() -> None:
    state = after(
        labelled("crm:approval sms:answer all:answer+approval"), BOT, ADA, HERE, ASKED, GONE, answer("m_1")
    )
    assert {(need.target, need.about) for need in needs(state)} == {
        ("crm", "c_1"), ("all", "c_1"), ("sms", "m_1"), ("all", "m_1"),
    }  # fmt: skip
    after(*attempted(state, "m_1", ["sms"], "", target="sms"), answer("m_2"), state=state)
    assert {(need.target, need.about) for need in needs(state) if need.notice == "answer"} == {("all", "m_1")}


def test_nobody_is_told_by_a_name_that_is_none_or_where_the_session_wants_none() -> None:
    assert wanted(after(labelled("a/b :approval"), BOT, ADA, HERE, ASKED, GONE)) == []
    assert wanted(after(labelled("crm", "none"), BOT, ADA, HERE, ASKED, GONE)) == []
    many = " ".join(f"t{number}" for number in range(12))
    assert len(needs(after(labelled(many), BOT, ADA, HERE, ASKED, GONE))) == 8


def ended(call: str, outcome: e.Outcome) -> list[e.Event]:
    asked = e.ToolRequested(by="p_bot", call=call, name="look", arguments="{}")
    return [asked, e.ToolStarted(by="p_bot", call=call), e.ToolEnded(by="p_bot", call=call, outcome=outcome)]


def test_a_result_or_a_failure_is_told_once_an_absence_where_no_answer_comes() -> None:
    state = after(CREATED, BOT, ADA, HERE, *ended("c_0", "finished"), GONE, *ended("c_2", "cancelled"))
    assert wanted(after(*ended("c_3", "interrupted"), state=state)) == []
    assert wanted(after(*ended("c_4", "failed"), *ended("c_5", "finished"), state=state)) == [
        ("c_4", "result")
    ]
    assert earliest(state) == 1_000 + RESULT_MS
    answered = after(answer("m_1"), state=state.copy())
    assert wanted(answered) == [("m_1", "answer")]
    after(*attempted(state, "c_4", [WEBHOOK], ""), *ended("c_6", "finished"), state=state)
    assert wanted(state) == []
    assert wanted(after(HERE, GONE, *ended("c_7", "finished"), state=state)) == [("c_7", "result")]
