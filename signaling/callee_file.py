"""The tools that a hub calls, as its operator names them in a file:

[[tool]]
name = "charge"                          # as the agent declares it, with runs="hub"
url = "https://pay.example/charge"
secret_env = "PAY_SECRET"                # or secret = "whsec_…"
idempotent = true                        # it does nothing twice under one Idempotency-Key
approval = "operator"                    # who says yes first, whatever the agent says
timeout_s = 30                           # what it has for a call
tenants = ["main"]                       # whose agents may name it; everybody's, if it is not said
private = false                          # true: http and private addresses, too
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from hub.node.registered import MOST_TOOLS, HubTool
from legato.session.limits import TEXTS
from legato.session.vocabulary import Role
from signaling.callees import Callee
from signaling.outside import AddressInvalid, check_url
from signaling.webhooks import SecretInvalid, read_secret

LONGEST_S: Final = 600
_KEYS: Final[Mapping[str, type]] = {
    "name": str,
    "url": str,
    "secret": str,
    "secret_env": str,
    "idempotent": bool,
    "approval": str,
    "timeout_s": int,
    "tenants": list,
    "private": bool,
}
_ROLES: Final[frozenset[str]] = frozenset(get_args(Role)) - {"agent", "observer"}


class CalleesInvalid(ValueError):
    """The file cannot be used; the text says why."""


def read_callees(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Callee, ...]:
    """The tools in a file. Raises `CalleesInvalid`."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("tool")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise CalleesInvalid(f"{path.name}: {problem}") from None
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise CalleesInvalid(f"{path.name}: each tool is a [[tool]]")
    if len(tables) > MOST_TOOLS:
        raise CalleesInvalid(f"there are {MOST_TOOLS} tools at most")
    found = tuple(_callee(each, environment) for each in tables)
    if len({each.tool.name for each in found}) < len(found):
        raise CalleesInvalid("two tools have one name")
    return found


def _callee(table: Mapping[str, Any], environment: Mapping[str, str]) -> Callee:
    name = table.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= TEXTS["name"]:
        raise CalleesInvalid("a tool has a name")
    if unknown := table.keys() - _KEYS.keys():
        raise CalleesInvalid(f"{name}: not known: {', '.join(sorted(unknown))}")
    for key, kind in _KEYS.items():
        if key in table and type(table[key]) is not kind:
            raise CalleesInvalid(f"{name}: {key} is not what it should be")
    url, private = table.get("url", ""), table.get("private", False)
    secret = table.get("secret", "") or environment.get(table.get("secret_env", ""), "")
    try:
        check_url(url, private=private)
        return Callee(_tool(name, table), url, read_secret(secret), private)
    except (AddressInvalid, SecretInvalid) as invalid:
        raise CalleesInvalid(f"{name}: {invalid}") from None


def _tool(name: str, table: Mapping[str, Any]) -> HubTool:
    approval, timeout_s = table.get("approval", ""), table.get("timeout_s", 30)
    tenants = table.get("tenants", [])
    if approval and approval not in _ROLES:
        raise CalleesInvalid(f"{name}: approval is one of {', '.join(sorted(_ROLES))}")
    if not 1 <= timeout_s <= LONGEST_S:
        raise CalleesInvalid(f"{name}: timeout_s is 1 to {LONGEST_S}")
    if not all(isinstance(each, str) for each in tenants):
        raise CalleesInvalid(f"{name}: tenants are names")
    return HubTool(
        name,
        idempotent=table.get("idempotent", False),
        approval=approval,
        run_ms=timeout_s * 1000,
        tenants=frozenset(tenants),
    )
