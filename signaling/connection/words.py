"""The commonest envelope, read at a glance: one more delta of an open message.

Words come by the hundred, and reading one as strictly as anything else costs a tenth of what a node does for it. What
is written exactly as clients write it can hide nothing: no key twice, no escape, no depth, no number that is too
large. Anything else is read in full.
"""

from __future__ import annotations

import re
from typing import Final

from legato.session.commands import GrowMessage
from legato.wire.strict import MAX_BYTES

_COUNT: Final = rb"(0|[1-9][0-9]{0,14})"
_WORDS: Final = re.compile(
    rb'\{"type":"do","seq":' + _COUNT + rb',"commands":\['
    rb'(\{"type":"grow_message","message":"([A-Za-z0-9_.@:+-]{1,64})","index":' + _COUNT + rb","
    rb'"text":"([^"\\\x00-\x1f]*)"\})\]\}'
)

Words = tuple[int, bytes, GrowMessage]
"""The sequence, the batch as it was sent, and its command."""


def read_words(raw: bytes) -> Words | None:
    """What the envelope says, if it is such a one and well-formed."""
    found = _WORDS.fullmatch(raw)
    if found is None or len(raw) > MAX_BYTES:
        return None
    sequence, command, message, index, text = found.groups()
    try:
        said = text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    grown = GrowMessage(message=message.decode("ascii"), index=int(index), text=said)
    return int(sequence), b"[%b]" % command, grown
