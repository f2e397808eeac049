"""`legato ticket`: what is asked for is what the ticket says, or there is none."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from legato.session.tickets import ANY_SESSION, Ticket
from signaling.cli.tickets import signer_here, ticket

DAY_S: Final = 86_400


def asked(data: Path, *words: str) -> Result:
    return CliRunner().invoke(ticket, [*words, "--data", str(data)])


def made(data: Path, *words: str) -> Ticket:
    """The ticket, as the hub with that data reads it."""
    told = asked(data, *words)
    assert told.exit_code == 0, told.output
    return asyncio.run(signer_here(data, {})).verify(told.output.strip(), int(time.time()))


def test_an_agents_ticket_is_for_the_tenant_and_the_days_that_were_asked_for(tmp_path: Path) -> None:
    usual = made(tmp_path, "--agent", "concierge")
    assert (usual.tenant, usual.participant, usual.session) == ("main", "p_concierge", ANY_SESSION)
    assert (usual.role, usual.name, usual.expires - usual.issued) == ("agent", "concierge", 30 * DAY_S)
    other = made(tmp_path, "--agent", "concierge", "--tenant", "tulips", "--days", "1")
    assert (other.tenant, other.participant, other.session) == ("tulips", "p_concierge", ANY_SESSION)
    assert (other.role, other.expires - other.issued) == ("agent", DAY_S)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--session", "s_1"),
        ("--participant", "p_ada"),
        ("--role", "user"),
        ("--name", "Ada"),
        ("--capability", "read"),
        ("--skill", "billing"),
    ],
)
def test_what_no_worker_can_have_is_refused_beside_agent_with_what_to_say_instead(
    tmp_path: Path, option: str, value: str
) -> None:
    told = asked(tmp_path, "--agent", "concierge", option, value)
    assert told.exit_code == 2
    assert f"{option} does not go with --agent" in told.output
    assert "--role agent --participant p_concierge" in told.output


def test_what_is_said_instead_makes_an_agents_ticket_for_one_session(tmp_path: Path) -> None:
    words = ("--role", "agent", "--participant", "p_concierge", "--session", "s_1", "--capability", "read")
    narrow = made(tmp_path, *words)
    assert (narrow.role, narrow.participant, narrow.session) == ("agent", "p_concierge", "s_1")
    assert narrow.capabilities == {"read"}


def test_a_ticket_of_somebody_else_is_good_for_a_day_or_as_long_as_was_asked_for(tmp_path: Path) -> None:
    for days, words in ((1, ()), (7, ("--days", "7"))):
        ada = made(tmp_path, "--session", "s_1", *words)
        assert ada.expires - ada.issued == days * DAY_S


def test_where_no_keys_can_be_kept_there_is_no_ticket_and_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words in (("--role", "supervisor"), ("--agent", "concierge")):
        told = asked(tmp_path / "file" / "data", *words)
        assert told.exit_code == 1
        assert "file/data/keys (Not a directory): choose another data folder" in told.output
        assert told.output.count("\n") == 1
