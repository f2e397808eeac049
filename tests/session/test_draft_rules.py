"""What an agent suggests to the person who answers in its place, and what becomes of it."""

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.limits import DRAFT_TEXT
from legato.session.parts import Part
from tests.session.talk import ADA, ALL, BOT, OPERATOR, WORDS, ZOMBIE, Talk, types

SUE = Actor("sue", "supervisor", ALL)
OFFER = c.OfferDraft(draft="d", text="hello", turn="t")


def taken_over() -> Talk:
    talk = Talk()
    talk.put([e.ParticipantJoined(by="sue", participant="sue", role="supervisor")])
    talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
    talk.do(OPERATOR, c.TakeOver())
    return talk


def drafts(talk: Talk) -> list[str]:
    return [each.id for each in talk.state.drafts]


def test_an_agent_drafts_while_a_person_answers_and_it_is_no_message() -> None:
    talk = taken_over()
    entries = dict(talk.state.entries)
    offered = talk.do(BOT, OFFER)
    assert (types(offered), offered.rights, offered.conditional) == (
        ["reply_drafted"],
        {"worker:bot": 1},
        False,
    )
    (draft,) = talk.state.drafts
    assert (draft.id, draft.by, draft.text, draft.turn) == ("d", "p_bot", "hello", "t")
    assert (talk.state.entries, len(talk.state.waiting_turns())) == (entries, 1)


def test_nobody_drafts_but_an_agents_own_worker_and_not_while_the_agent_answers() -> None:
    assert Talk().refused(BOT, OFFER) == "wrong_order"
    talk = taken_over()
    assert talk.refused(ZOMBIE, OFFER) == "stale_token"
    assert [talk.refused(each, OFFER) for each in (ADA, OPERATOR)] == ["not_allowed"] * 2
    assert talk.refused(BOT, c.OfferDraft(draft="", text="x")) == "malformed"
    assert talk.refused(BOT, c.OfferDraft(draft="d", text=" ")) == "malformed"
    assert talk.do(BOT, c.OfferDraft(draft="d", text="x" * DRAFT_TEXT))
    assert talk.refused(BOT, c.OfferDraft(draft="e", text="x" * (DRAFT_TEXT + 1))) == "too_large"
    assert talk.refused(BOT, c.OfferDraft(draft="d", text="again")) == "already_exists"


def test_an_agent_that_only_listens_may_draft() -> None:
    talk = Talk()
    talk.do(OPERATOR, c.LabelSession(labels={"listeners": "scribe"}))
    scribe = Actor("p_scribe", "agent", ALL, worker="w2")
    talk.put([e.ParticipantJoined(by="scribe", participant="scribe", role="agent")])
    talk.do(scribe, c.AcceptSession(right="worker:scribe", worker="w2", listens=True))
    talk.do(OPERATOR, c.TakeOver())
    assert types(talk.do(scribe, OFFER)) == ["reply_drafted"]
    assert talk.refused(scribe, c.PostMessage(message="m", parts=WORDS)) == "not_allowed"


def test_what_is_sent_says_whose_draft_it_was_and_whether_the_words_are_still_the_agents() -> None:
    talk = taken_over()
    talk.do(BOT, OFFER)
    talk.do(BOT, c.OfferDraft(draft="e", text="hello"))
    sent = talk.do(OPERATOR, c.PostMessage(message="m", parts=WORDS, draft="d"))
    assert types(sent) == ["draft_used", "response_started", "message_posted", "response_ended"]
    assert sent.rights == {"responder": 2}
    used = sent.events[0]
    assert isinstance(used, e.DraftUsed)
    assert (used.by, used.draft, used.drafter, used.message, used.edited) == (
        "olga",
        "d",
        "p_bot",
        "m",
        False,
    )
    changed = c.PostMessage(message="m2", parts=[Part("text", "hello, Ada")], draft="e")
    (used, *_) = talk.do(OPERATOR, changed).events
    assert isinstance(used, e.DraftUsed)
    assert used.edited
    assert drafts(talk) == []


def test_a_draft_is_used_or_dismissed_once_and_by_who_answers() -> None:
    talk = taken_over()
    talk.do(BOT, OFFER)
    send = c.PostMessage(message="m", parts=WORDS, draft="d")
    for each in (ADA, BOT, SUE):
        assert talk.refused(each, send) == "not_allowed"
        assert talk.refused(each, c.DismissDraft(draft="d")) == "not_allowed"
    dismissed = talk.do(OPERATOR, c.DismissDraft(draft="d"))
    assert (types(dismissed), dismissed.rights) == (["draft_dismissed"], {"responder": 2})
    assert talk.refused(OPERATOR, c.DismissDraft(draft="d")) == "not_found"
    assert talk.refused(OPERATOR, send) == "not_found"


def test_drafts_go_to_the_next_person_and_end_when_the_agent_answers_again() -> None:
    talk = taken_over()
    for name in "abcd":
        talk.do(BOT, c.OfferDraft(draft=name, text="hello"))
    assert drafts(talk) == ["b", "c", "d"], "the newest"
    talk.do(SUE, c.TakeOver())
    assert drafts(talk) == ["b", "c", "d"]
    talk.do(SUE, c.HandBack())
    assert drafts(talk) == []
    talk.put([e.ReplyDrafted(by="p_bot", draft="late", text="hello")])
    assert drafts(talk) == [], "one that crossed the hand-back is nobody's"


def test_who_has_no_budget_drafts_nothing() -> None:
    talk = taken_over()
    talk.do(OPERATOR, c.LabelSession(labels={"budget_tokens": "1"}))
    talk.do(BOT, c.ReportUsage(tokens_in=1))
    assert talk.refused(BOT, OFFER) == "budget_exhausted"
