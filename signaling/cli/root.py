"""The command and its verbs. Each verb's module is brought only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

VERBS: Final = {
    "serve": ("signaling.cli.serving", "serve_command"),
    "demo": ("signaling.cli.serving", "demo"),
    "node": ("signaling.cli.serving", "node"),
    "ticket": ("signaling.cli.tickets", "ticket"),
    "sessions": ("signaling.cli.watching", "sessions"),
    "tail": ("signaling.cli.watching", "tail"),
    "usage": ("signaling.cli.spending", "usage"),
    "export": ("signaling.cli.keeping", "export"),
    "audit": ("signaling.cli.auditing", "audit"),
    "verify": ("signaling.cli.keeping", "verify"),
    "erase": ("signaling.cli.keeping", "erase"),
    "bench": ("signaling.cli.benching", "bench"),
    "doctor": ("signaling.cli.doctoring", "doctor"),
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in VERBS if name != "node"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module, command = VERBS[name]
        found: Any = getattr(import_module(module), command)
        assert isinstance(found, click.Command)
        return found


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "LEGATO"},
    epilog="Begin with `legato demo`. Each verb has a --help of its own; each option may come from the "
    "environment, as LEGATO_VERB_OPTION.",
)
@click.version_option(package_name="legato", prog_name="legato")
def main() -> None:
    """Durable sessions between AI agents and people: voice, text and tool calls that never drop."""
