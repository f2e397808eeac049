"""What a ticket says, and what it can never say."""

import dataclasses
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.session.commands import KINDS as COMMANDS
from legato.session.events import Role
from legato.session.proof_key import ProofKey
from legato.session.tickets import (
    ANY_SESSION,
    CAPABILITIES,
    CEILINGS,
    DEFAULTS,
    LEEWAY_S,
    LIFE_S,
    MOST_LIFE_S,
    MOST_ONCE_S,
    NEEDS,
    ROLES,
    Ticket,
    TicketInvalid,
    check_grant,
    check_time,
    claims_of,
    new_ticket,
    ticket_from,
)

NOW = 1_795_244_400
KEY = ProofKey("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")


def ticket(**changes: Any) -> Ticket:
    fields: dict[str, Any] = {
        "kind": "access",
        "id": "j_1",
        "now": NOW,
        "tenant": "main",
        "session": "s_1",
        "participant": "p_ada",
        "role": "user",
    }
    return new_ticket(**{**fields, **changes})


def resume(**changes: Any) -> Ticket:
    return ticket(**{"kind": "resume", "attachment": "a_1", "key": KEY, **changes})


tickets = st.builds(
    new_ticket,
    kind=st.sampled_from(["access", "invite", "resume"]),
    id=st.just("j_1"),
    now=st.integers(0, 2**40),
    tenant=st.sampled_from(["main", "shop"]),
    session=st.sampled_from(["s_1", "s_2"]),
    participant=st.sampled_from(["p_ada", "ann@example.org"]),
    role=st.sampled_from(sorted(ROLES)),
    life=st.integers(1, 600),
    name=st.sampled_from(["", "Ada", "Ödön", "王"]),
    attachment=st.just("a_1"),
    key=st.just(KEY),
    skills=st.none() | st.sets(st.sampled_from(["billing", "sales"])).map(frozenset),
)


@given(tickets)
def test_what_a_ticket_says_survives_its_claims(given_ticket: Ticket) -> None:
    assert ticket_from(given_ticket.kind, claims_of(given_ticket)) == given_ticket


def test_every_role_has_defaults_below_its_ceiling() -> None:
    assert set(DEFAULTS) == set(CEILINGS) == ROLES == set(get_args(Role))
    for role in get_args(Role):
        assert "read" in DEFAULTS[role]
        assert DEFAULTS[role] <= CEILINGS[role] <= CAPABILITIES


def test_every_command_needs_a_capability_that_exists() -> None:
    assert set(NEEDS) == {str(kind.__struct_config__.tag) for kind in COMMANDS}
    assert set(NEEDS.values()) <= CAPABILITIES


@pytest.mark.parametrize(
    ("role", "capability"),
    [
        ("user", "takeover"),
        ("user", "work"),
        ("user", "erase"),
        ("user", "mint"),
        ("user", "monitor"),
        ("agent", "takeover"),
        ("agent", "approve"),
        ("agent", "mint"),
        ("agent", "erase"),
        ("operator", "work"),
        ("supervisor", "work"),
        ("observer", "publish"),
        ("observer", "invite"),
    ],
)
def test_no_role_rises_above_its_ceiling(role: Role, capability: str) -> None:
    with pytest.raises(TicketInvalid) as caught:
        ticket(role=role, session="s_1", capabilities=DEFAULTS[role] | {capability})
    assert caught.value.detail == "cap_above_role"


def test_what_a_ticket_does_not_say_its_holder_may_not_do() -> None:
    mute = ticket(capabilities=frozenset({"read"}))
    assert mute.allows("read")
    assert not mute.allows("publish")
    assert not mute.allows_command("post_message")
    assert mute.allows_command("change_modality")
    nothing = ticket(capabilities=frozenset())
    assert not any(nothing.allows_command(command) for command in NEEDS)


def test_a_command_that_is_unknown_is_allowed_to_nobody() -> None:
    best = ticket(role="supervisor", capabilities=CEILINGS["supervisor"])
    assert not best.allows_command("rewrite_history")
    assert not best.allows_command("")


def test_only_agents_may_work() -> None:
    assert {role for role in get_args(Role) if "work" in CEILINGS[role]} == {"agent"}


def test_a_ticket_covers_its_own_session_and_tenant_only() -> None:
    assert ticket().covers("main", "s_1")
    assert not ticket().covers("main", "s_2")
    assert not ticket().covers("shop", "s_1")
    everywhere = ticket(role="operator", session=ANY_SESSION)
    assert everywhere.covers("main", "s_2")
    assert not everywhere.covers("shop", "s_2")


@pytest.mark.parametrize("kind", ["access", "resume", "invite"])
def test_a_ticket_lives_as_long_as_its_kind(kind: str) -> None:
    made = ticket(kind=kind, attachment="a_1", key=KEY)
    assert made.expires - NOW == LIFE_S[made.kind]
    assert {"access": 600, "resume": 30 * 86_400, "invite": 86_400}[kind] == LIFE_S[made.kind]


@pytest.mark.parametrize("kind", ["access", "resume", "invite"])
def test_no_ticket_lives_longer_than_its_kind_may(kind: Any) -> None:
    most = MOST_LIFE_S[kind]
    assert ticket(kind=kind, attachment="a_1", key=KEY, life=most).expires == NOW + most
    with pytest.raises(TicketInvalid) as caught:
        ticket(kind=kind, attachment="a_1", key=KEY, life=most + 1)
    assert caught.value.detail == "exp_too_late"


def test_a_long_life_cannot_hide_behind_a_late_issue() -> None:
    with pytest.raises(TicketInvalid):
        dataclasses.replace(ticket(), not_before=NOW - 3_600)
    with pytest.raises(TicketInvalid):
        dataclasses.replace(ticket(), issued=NOW - 3_600)


def test_a_ticket_that_ends_before_it_begins_is_none() -> None:
    with pytest.raises(TicketInvalid) as caught:
        dataclasses.replace(ticket(), not_before=NOW + 600)
    assert caught.value.detail == "exp"
    with pytest.raises(TicketInvalid) as caught:
        dataclasses.replace(ticket(), issued=NOW + 600)
    assert caught.value.detail == "exp"


@pytest.mark.parametrize("claim", ["iat", "nbf", "exp"])
def test_true_is_no_time(claim: str) -> None:
    claims = {**claims_of(ticket(now=0, life=1)), claim: claim == "exp"}
    with pytest.raises(TicketInvalid) as caught:
        ticket_from("access", claims)
    assert caught.value.detail == claim


@pytest.mark.parametrize(
    ("now", "detail"),
    [
        (NOW - LEEWAY_S - 1, "iat_in_future"),
        (NOW - LEEWAY_S, None),
        (NOW, None),
        (NOW + 600 + LEEWAY_S - 1, None),
        (NOW + 600 + LEEWAY_S, "expired"),
    ],
)
def test_two_clocks_may_differ_by_the_leeway_and_no_more(now: int, detail: str | None) -> None:
    if detail is None:
        check_time(ticket(), now)
        return
    with pytest.raises(TicketInvalid) as caught:
        check_time(ticket(), now)
    assert caught.value.detail == detail


def test_a_ticket_is_not_good_before_its_time() -> None:
    later = dataclasses.replace(ticket(), not_before=NOW + 100)
    check_time(later, NOW + 100 - LEEWAY_S)
    with pytest.raises(TicketInvalid) as caught:
        check_time(later, NOW + 99 - LEEWAY_S)
    assert caught.value.detail == "nbf_in_future"


@pytest.mark.parametrize(
    ("detail", "changes"),
    [
        ("kind", {"kind": "forever"}),
        ("rol", {"role": "admin"}),
        ("ten", {"tenant": "Main"}),
        ("ten", {"tenant": ""}),
        ("ten", {"tenant": "main\n"}),
        ("ses", {"session": ""}),
        ("ses", {"session": "../s_1"}),
        ("ses", {"session": "s_1\0"}),
        ("ses", {"session": "ѕ_1"}),
        ("sub", {"participant": ""}),
        ("sub", {"participant": "p ada"}),
        ("jti", {"id": ""}),
        ("jti", {"id": "x" * 65}),
        ("nam", {"name": "x" * 65}),
        ("nam", {"name": "Ada\n"}),
        ("nam", {"name": "Ada\u202egpj.exe"}),
        ("nam", {"name": "\ud800"}),
        ("nam", {"name": "Ada\u2028"}),
        ("ski", {"skills": frozenset({""})}),
        ("ski", {"skills": frozenset({"x" * 65})}),
        ("ski", {"skills": frozenset({"billing,sales"})}),
        ("ski", {"skills": frozenset(map(str, range(33)))}),
        ("att", {"attachment": "a 1"}),
        ("iat", {"now": -1}),
        ("exp", {"life": 0}),
        ("ses", {"session": ANY_SESSION}),
        ("ses", {"session": ANY_SESSION, "role": "observer"}),
        ("ses", {"session": ANY_SESSION, "role": "agent", "kind": "resume", "attachment": "a", "key": KEY}),
        ("att", {"kind": "resume", "key": KEY}),
        ("cnf", {"kind": "resume", "attachment": "a_1"}),
    ],
)
def test_an_impossible_ticket_cannot_be_made(detail: str, changes: dict[str, Any]) -> None:
    with pytest.raises(TicketInvalid) as caught:
        ticket(**changes)
    assert caught.value.detail == detail


def test_only_an_invite_for_one_session_is_good_once_and_for_an_hour_at_most() -> None:
    invite = ticket(kind="invite", life=MOST_ONCE_S)
    assert dataclasses.replace(invite, once=True).once
    for detail, other in (
        ("one", ticket(life=60)),
        ("one", ticket(kind="invite", life=60, role="agent", session=ANY_SESSION)),
        ("exp_too_late", ticket(kind="invite", life=MOST_ONCE_S + 1)),
    ):
        with pytest.raises(TicketInvalid) as caught:
            dataclasses.replace(other, once=True)
        assert caught.value.detail == detail


def test_what_a_ticket_came_of_is_passed_on_and_said() -> None:
    first = ticket(id="j_first")
    assert first.root == "j_first"
    second = dataclasses.replace(ticket(id="j_second"), origin=first.root)
    assert second.root == "j_first"
    assert ticket_from("access", claims_of(second)) == second
    once = dataclasses.replace(ticket(kind="invite", life=60), once=True)
    assert ticket_from("invite", claims_of(once)) == once


def test_a_capability_is_said_once() -> None:
    claims = claims_of(ticket())
    with pytest.raises(TicketInvalid) as caught:
        ticket_from("access", {**claims, "cap": [*claims["cap"], claims["cap"][0]]})
    assert caught.value.detail == "cap"


def test_a_key_must_be_the_one_of_its_thumbprint() -> None:
    with pytest.raises(TicketInvalid):
        dataclasses.replace(resume(), thumbprint="A" * 43)


@pytest.mark.parametrize(
    ("detail", "parent", "child"),
    [
        (None, ticket(), resume()),
        (None, resume(), ticket()),
        (None, ticket(), ticket(kind="invite", capabilities=frozenset({"read"}), participant="p_ada+bob")),
        (None, ticket(participant="p_ada+bob"), ticket(kind="invite", participant="p_ada+bob+cy")),
        *(
            ("grant_participant", ticket(), ticket(kind="invite", participant=another))
            for another in ("p_bob", "p_olga", "p_concierge", "p_adam", "p_bob+p_ada", "p_ad", "p_ada.bob")
        ),
        ("grant_participant", ticket(participant="p_ada+bob"), ticket(kind="invite")),
        (None, ticket(), ticket(kind="invite", role="observer", capabilities=frozenset({"read"}))),
        (
            None,
            ticket(role="operator", session="*", capabilities=frozenset({"mint"})),
            ticket(session="s_9", participant="p_new"),
        ),
        (
            None,
            ticket(role="operator", session="*", capabilities=frozenset({"mint"})),
            ticket(role="agent", session="*", participant="p_bot"),
        ),
        ("grant_tenant", ticket(), resume(tenant="shop")),
        ("grant_session", ticket(), resume(session="s_2")),
        (
            "grant_session",
            ticket(role="operator"),
            ticket(role="operator", session=ANY_SESSION),
        ),
        ("grant_capabilities", ticket(capabilities=frozenset({"read"})), resume()),
        ("grant_other", ticket(), resume(participant="p_bob")),
        ("grant_skills", ticket(skills=frozenset({"billing"})), resume()),
        ("grant_skills", ticket(skills=frozenset()), resume(skills=frozenset({"billing"}))),
        (
            "grant_other",
            ticket(),
            resume(role="observer", capabilities=frozenset({"read"})),
        ),
        (
            "grant_invite",
            ticket(capabilities=frozenset({"read"})),
            ticket(kind="invite", capabilities=frozenset({"read"})),
        ),
        (
            "grant_role",
            ticket(),
            ticket(kind="invite", role="operator", capabilities=frozenset({"read"})),
        ),
        (
            "grant_capabilities",
            ticket(),
            ticket(kind="invite", role="operator"),
        ),
        (
            "grant_mint",
            ticket(role="operator", capabilities=frozenset({"mint"})),
            ticket(role="operator", capabilities=frozenset({"mint"})),
        ),
        (
            "grant_session",
            ticket(role="operator", capabilities=frozenset({"mint"})),
            ticket(session="s_2"),
        ),
    ],
)
def test_nobody_gives_more_than_they_have(detail: str | None, parent: Ticket, child: Ticket) -> None:
    if detail is None:
        check_grant(parent, child)
        return
    with pytest.raises(TicketInvalid) as caught:
        check_grant(parent, child)
    assert caught.value.detail == detail


@given(tickets, tickets)
def test_without_mint_a_grant_never_adds_a_capability(parent: Ticket, child: Ticket) -> None:
    try:
        check_grant(parent, child)
    except TicketInvalid:
        return
    assert child.capabilities <= parent.capabilities
    assert (child.tenant, child.session) == (parent.tenant, parent.session)


@pytest.mark.parametrize("claim", ["billing", ["billing", "billing"], [1], {"billing": 1}])
def test_a_ticket_whose_skills_are_no_list_of_them_is_none(claim: object) -> None:
    with pytest.raises(TicketInvalid) as caught:
        ticket_from("access", {**claims_of(ticket()), "ski": claim})
    assert caught.value.detail == "ski"
