"""Parts of an answer: worked at at once, stopped with it or alone, and never spoken."""

from legato.session import commands as c
from legato.session.state import Message
from tests.session.talk import ADA, BOT, WORDS, Talk, types


def with_parts() -> Talk:
    talk = Talk().answering()
    talk.do(BOT, c.StartResponse(response="a", parent="r", title="flights"))
    talk.do(BOT, c.StartResponse(response="b", parent="r"))
    talk.do(BOT, c.StartResponse(response="aa", parent="a", title="seats"))
    return talk


def stopping(talk: Talk) -> set[str]:
    return {each.id for each in talk.state.responses.values() if each.cancel_requested}


def test_to_cancel_an_answer_is_to_cancel_all_its_parts() -> None:
    talk = with_parts()
    talk.do(ADA, c.CancelResponse(response="b"))
    assert stopping(talk) == {"b"}
    assert types(talk.do(ADA, c.CancelResponse(response="r"))) == ["cancel_requested"] * 3
    assert stopping(talk) == {"r", "a", "aa", "b"}


def test_a_part_is_cancelled_with_its_own_parts_and_no_others() -> None:
    talk = with_parts()
    talk.do(ADA, c.CancelResponse(response="a"))
    assert stopping(talk) == {"a", "aa"}
    assert talk.refused(BOT, c.StartResponse(response="late", parent="a")) == "already_ended"
    talk.do(BOT, c.EndResponse(response="a", outcome="cancelled"))
    assert talk.state.responses.keys() == {"r", "b"}


def test_what_is_written_in_a_part_stands_under_its_title() -> None:
    talk = with_parts()
    talk.do(BOT, c.StartMessage(message="ma", response="a"), c.StartMessage(message="mr", response="r"))
    talk.do(BOT, c.PostMessage(message="mb", parts=WORDS, response="b"))
    asides = {id: entry.aside for id, entry in talk.state.entries.items() if isinstance(entry, Message)}
    assert (asides["ma"], asides["mb"], asides["mr"], asides["m"]) == ("flights", "b", "", "")


def test_a_part_says_how_far_it_is_and_nobody_says_it_of_anothers() -> None:
    talk = with_parts()
    progress = c.ProgressResponse(response="a", text="asking", step=1, steps=3)
    assert not talk.do(BOT, progress).conditional
    part = talk.state.responses["a"]
    assert (part.title, part.text, part.step, part.steps) == ("flights", "asking", 1, 3)
    assert talk.refused(ADA, progress) == "not_allowed"
    assert talk.refused(BOT, c.ProgressResponse(response="a", text="x" * 201)) == "too_large"
    assert talk.refused(BOT, c.ProgressResponse(response="gone")) == "already_ended"


def test_what_a_part_starts_is_started_for_the_turn() -> None:
    talk = with_parts()
    talk.do(BOT, c.RequestTool(call="x", name="book", arguments="{}", response="aa", key="k"))
    talk.do(BOT, c.StartTool(call="x"))
    assert talk.state.turns["t"].started == ("k",)
    talk.do(BOT, c.RequestTool(call="y", name="book", arguments="{}", response="b", key="k"))
    assert talk.refused(BOT, c.StartTool(call="y")) == "already_exists"


def test_a_part_begins_in_a_pause_without_ending_it_and_answers_no_turn_of_its_own() -> None:
    talk = with_parts()
    talk.do(ADA, c.PauseResponse(response="r"))
    talk.do(BOT, c.StartResponse(response="c", parent="r"))
    assert talk.state.paused == "r"
    talk.do(ADA, c.PostMessage(message="t2", parts=WORDS))
    assert talk.refused(BOT, c.StartResponse(response="d", parent="r", turn="t2")) == "malformed"
