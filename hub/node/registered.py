"""The tools that a hub calls, as its operator registered them: an agent names one, and the operator's policy holds.

An agent never says where a call goes. Whatever it says of how a registered tool may be done, what the operator says is
put in its place before anything is decided, so it stands in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from legato.session.commands import Command, Refusal, RequestTool

MOST_TOOLS: Final = 256


@dataclass(frozen=True, slots=True)
class HubTool:
    """`idempotent`: its callee does nothing twice under one key. `approval`: the role whose yes the operator wants
    first. `run_ms`: what its callee has for a call. `tenants`: whose agents may name it (none: everybody's)."""

    name: str
    idempotent: bool = False
    approval: str = ""
    run_ms: int = 30_000
    tenants: frozenset[str] = frozenset()


Registered = Mapping[str, HubTool]


def as_registered(commands: Sequence[Command], tools: Registered, tenant: str) -> Sequence[Command] | Refusal:
    """The commands with the operator's policy in what asks for a tool of the hub; `not_found` for one that is not
    registered. They are given back as they are where none does."""
    if not any(type(each) is RequestTool and each.runs == "hub" for each in commands):
        return commands
    found: list[Command] = []
    for each in commands:
        if isinstance(each, RequestTool) and each.runs == "hub":
            tool = tools.get(each.name)
            if tool is None or (tool.tenants and tenant not in tool.tenants):
                return Refusal("not_found", "this hub has no such tool", "name")
            found.append(_as_said(each, tool))
        else:
            found.append(each)
    return found


def _as_said(asked: RequestTool, tool: HubTool) -> RequestTool:
    said = replace(asked, idempotent=tool.idempotent, run_ms=tool.run_ms)
    return replace(said, approval=tool.approval, policy="") if tool.approval else said
