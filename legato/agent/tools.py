"""Tools: functions that an agent may call, described for models by their signatures."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

import msgspec

from legato.client.running import fitted
from legato.session.vocabulary import Runs

CLAIM_S: Final = 60.0

ToolFunction = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A call, as a policy sees it."""

    name: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """`idempotent`: may be done again with the same key after a crash. `approval`: the role that says yes first.
    `in_doubt`: the role that says whether it was done, if nobody else knows (nobody: ""). `runs`: who does it, the
    agent (""), a client or the hub, which has `claim_s` to begin; then the function only says what it is like. `allow`:
    where it is true nobody is asked; who is has `approval_s` (0: ten minutes)."""

    name: str
    function: ToolFunction
    description: str
    parameters: dict[str, Any]
    idempotent: bool = False
    approval: str = ""
    in_doubt: str = ""
    runs: Runs = ""
    claim_s: float = CLAIM_S
    allow: Callable[[Proposed], bool] | None = None
    approval_s: float = 0.0

    def policy(self, arguments: dict[str, Any]) -> str:
        """The name of the policy by which nobody need be asked, or ""."""
        if self.allow is None or not self.allow(Proposed(self.name, arguments)):
            return ""
        name = getattr(self.allow, "__name__", "policy")
        return name if name.isidentifier() else "policy"

    def convert(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments as the function's annotations want them. Raises `msgspec.ValidationError`."""
        return fitted(self.function, arguments)

    def returned(self, result: Any) -> Any:
        """The result of who ran it as the function's annotation wants it. Raises `msgspec.ValidationError`."""
        return msgspec.convert(result, get_type_hints(self.function).get("return", Any), strict=False)


def describe(
    function: ToolFunction,
    *,
    idempotent: bool,
    approval: str,
    in_doubt: str = "",
    runs: Runs = "",
    claim_s: float = CLAIM_S,
    allow: Callable[[Proposed], bool] | None = None,
    approval_s: float = 0.0,
) -> Tool:
    """The tool that `function` is: name and description from itself, parameters (JSON Schema) from its annotations."""
    hints = get_type_hints(function)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        properties[name] = msgspec.json.schema(hints.get(name, Any))
        if parameter.default is inspect.Parameter.empty:
            required.append(name)
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    about = inspect.getdoc(function) or ""
    return Tool(
        function.__name__,
        function,
        about,
        schema,
        idempotent,
        approval,
        in_doubt,
        runs,
        claim_s,
        allow,
        approval_s,
    )
