"""Of all devices of a participant one speaks and one plays; one command moves them; of claims at once one wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from legato.session import commands as c
from legato.session import limits
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.decisions import decide_batch
from legato.session.events import Medium
from legato.session.modality_rules import owner, switched
from legato.session.presence_rules import attached, closed, left, log_reopened
from legato.session.state import State
from tests.session.talk import ADA, ALL, BOT, Talk, types

VOICE: tuple[Medium, ...] = ("text", "audio")
TEXT: tuple[Medium, ...] = ("text",)
TAB, PHONE = ADA, Actor("ada", "user", ALL, attachment="phone")
MIC, EAR = "microphone:ada", "playout:ada"
MEDIA = st.sampled_from([TEXT, VOICE, ("audio",), ()])


def here(*devices: str) -> Talk:
    """A session in which Ada is attached with these."""
    talk = Talk()
    for device in devices:
        talk.put(attached(talk.state, "ada", device, 7))
    return talk


def speak(takes: tuple[Medium, ...] = VOICE, gives: tuple[Medium, ...] = VOICE) -> c.ChangeModality:
    return c.ChangeModality(takes=takes, gives=gives)


def owners(state: State) -> tuple[str, str]:
    return owner(state, MIC), owner(state, EAR)


def test_who_turns_to_voice_gets_the_microphone_and_the_playout() -> None:
    talk = here("tab")
    decided = talk.do(TAB, speak())
    assert types(decided) == ["right_granted", "right_granted", "modality_changed"]
    assert decided.conditional
    assert decided.raises == {MIC: 1, EAR: 1}
    assert owners(talk.state) == ("tab", "tab")


def test_who_turns_to_text_gives_both_back() -> None:
    talk = here("tab")
    talk.do(TAB, speak())
    assert types(talk.do(TAB, speak(TEXT, TEXT))) == ["right_released", "right_released", "modality_changed"]
    assert owners(talk.state) == ("", "")


def test_one_command_moves_the_voice_and_the_other_device_goes_on_in_text() -> None:
    talk = here("tab", "phone")
    talk.do(TAB, speak())
    decided = talk.do(PHONE, speak())
    assert decided.events[0].type == "modality_changed"
    assert owners(talk.state) == ("phone", "phone")
    tab = talk.state.attachments["tab"]
    assert (tab.takes, tab.gives) == (TEXT, TEXT)


def test_the_phone_in_the_ear_and_the_microphone_of_the_laptop() -> None:
    talk = here("tab", "phone")
    talk.do(TAB, speak(TEXT, VOICE))
    talk.do(PHONE, speak(VOICE, TEXT))
    assert owners(talk.state) == ("tab", "phone")


def test_somebody_elses_voice_is_left_alone() -> None:
    talk = here("tab")
    talk.put(attached(talk.state, "olga", "desk", 7))
    talk.do(TAB, speak())
    talk.do(Actor("olga", "operator", ALL, attachment="desk"), speak())
    assert owners(talk.state) == ("tab", "tab")
    assert owner(talk.state, "microphone:olga") == "desk"
    assert talk.state.attachments["tab"].takes == talk.state.attachments["tab"].gives == VOICE


def test_who_saw_an_older_number_is_refused_and_told_the_newer() -> None:
    talk = here("tab", "phone")
    talk.do(TAB, c.ChangeModality(takes=VOICE, gives=VOICE, microphone=0, playout=0))
    late = talk.ask(PHONE, c.ChangeModality(takes=VOICE, gives=VOICE, microphone=0, playout=0))
    assert isinstance(late, Refusal)
    assert (late.reason, late.field, late.expected) == ("stale_token", "playout", 1)
    talk.do(PHONE, c.ChangeModality(takes=VOICE, gives=VOICE, microphone=1, playout=1))
    assert owners(talk.state) == ("phone", "phone")


def test_a_device_that_opens_takes_only_what_is_free() -> None:
    talk = Talk()
    talk.put(attached(talk.state, "ada", "tab", 7, takes=VOICE, gives=VOICE))
    talk.put(attached(talk.state, "ada", "phone", 7, takes=VOICE, gives=("audio",)))
    assert owners(talk.state) == ("tab", "tab")
    phone = talk.state.attachments["phone"]
    assert (phone.takes, phone.gives) == (TEXT, TEXT)


def test_what_a_closed_device_owned_is_free() -> None:
    talk = here("tab", "phone")
    talk.do(TAB, speak())
    assert types(talk.put(closed(talk.state, "tab"))) == [
        "attachment_closed", "right_released", "right_released",
    ]  # fmt: skip
    assert owners(talk.state) == ("", "")


def test_who_leaves_gives_it_back() -> None:
    talk = here("tab")
    talk.do(TAB, speak())
    talk.put(left(talk.state, "ada", "ada"))
    assert owners(talk.state) == ("", "")


def test_a_right_to_sound_given_back_by_name_ends_nothing_but_sound() -> None:
    talk = here("tab")
    talk.do(TAB, speak())
    talk.do(TAB, c.ReleaseRight(right=MIC, token=1))
    tab = talk.state.attachments["tab"]
    assert (tab.takes, tab.gives) == (VOICE, TEXT)
    assert owners(talk.state) == ("", "tab")


def test_after_a_lost_tail_the_voice_can_be_taken_again() -> None:
    talk = here("tab", "phone")
    talk.do(TAB, speak())
    talk.put(log_reopened("e", 9, 9))
    assert types(closed(talk.state, "tab")) == ["attachment_closed"]
    talk.do(PHONE, speak())
    assert owners(talk.state) == ("phone", "phone")
    assert "audio" not in talk.state.attachments["tab"].takes


def test_voices_do_not_use_up_the_rights_of_agents() -> None:
    talk = Talk()
    refused = None
    for number in range(limits.SOUND_RIGHTS):
        who = f"p{number}"
        talk.put(attached(talk.state, who, who, 7))
        made = switched(talk.state, who, VOICE, VOICE)
        refused = refused or (made if isinstance(made, Refusal) else None)
        talk.put([] if isinstance(made, Refusal) else made)
        talk.put(closed(talk.state, who))
    assert refused is not None
    assert refused.reason == "too_large"
    talk.do(Actor("p_aide", "agent", ALL, worker="w9"), c.AcceptSession(right="worker:aide", worker="w9"))


@pytest.mark.parametrize("field", ["takes", "gives"])
def test_a_medium_twice_makes_no_sense(field: str) -> None:
    assert here("tab").refused(TAB, replace(speak(), **{field: ("audio", "audio")})) == "malformed"


ACTS = st.one_of(
    st.tuples(st.just("switch"), st.sampled_from(["a", "b", "c"]), MEDIA, MEDIA),
    st.tuples(st.just("open"), st.sampled_from(["a", "b", "c"]), MEDIA, MEDIA),
    st.tuples(st.sampled_from(["close", "reopen", "leave"]), st.sampled_from(["a", "b", "c"]), MEDIA, MEDIA),
)


@given(st.lists(ACTS, max_size=30))
def test_at_any_offset_one_device_at_most_speaks_and_one_plays(
    acts: list[tuple[str, str, tuple[Medium, ...], tuple[Medium, ...]]],
) -> None:
    talk = Talk()
    for act, device, takes, gives in acts:
        if act == "switch":
            made = decide_batch(
                talk.state, Actor("ada", "user", ALL, attachment=device), [speak(takes, gives)]
            )
            talk.put([] if isinstance(made, Refusal) else list(made.events))
        elif act == "open":
            talk.put(attached(talk.state, "ada", device, 7, takes=takes, gives=gives))
        elif act == "close":
            talk.put(closed(talk.state, device))
        elif act == "reopen":
            talk.put(log_reopened("e", 1, 1))
        _one_voice(talk.state)


def _one_voice(state: State) -> None:
    mine = [each for each in state.attachments.values() if each.participant == "ada"]
    plays = [each.id for each in mine if "audio" in each.takes]
    speaks = [each.id for each in mine if "audio" in each.gives]
    assert len(plays) <= 1
    assert len(speaks) <= 1
    held = [name for name in (MIC, EAR) if owner(state, name)]
    assert (not held) or set(plays) | set(speaks) >= {owner(state, name) for name in held}


def test_an_agent_takes_no_part_in_it() -> None:
    talk = here("tab")
    assert talk.refused(BOT, speak()) == "resume_first"
