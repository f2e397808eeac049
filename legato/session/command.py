"""What every command has. `commands` lists them all."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from legato.session.vocabulary import snake


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=snake):
    """What every command has: a type."""

    plain: ClassVar[bool] = False

    @property
    def type(self) -> str:
        """The command's name on the wire, in snake case."""
        return str(self.__struct_config__.tag)


class PlainCommand(Command, frozen=True, kw_only=True):
    plain: ClassVar[bool] = True
