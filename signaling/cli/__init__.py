"""The `legato` command."""

from signaling.cli.root import main

__all__ = ["main"]
