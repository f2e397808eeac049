"""A scribe: it reads along beside whoever answers, writes down what is said, and never answers itself.

export LEGATO_TICKET=$(legato ticket --agent scribe)
python examples/scribe.py ws://127.0.0.1:7070    # in sessions with the labels {"agent": …, "listeners": "scribe"}
"""

import sys

import legato
from legato.session.events import Event, MessageEnded, MessagePosted, ToolRequested

scribe = legato.Agent("scribe", listens=True)


@scribe.on_event  # each event once and in order, over lost connections too
async def note(session: legato.Engagement, event: Event) -> None:
    if isinstance(event, MessagePosted | MessageEnded):
        entry = session.session.state.entries.get(event.message)
        words = "".join(part.text for part in getattr(entry, "parts", ()))
        print(f"{getattr(entry, 'by', '')}: {words}", flush=True)
    elif isinstance(event, ToolRequested):
        print(f"{event.by} calls {event.name}({event.arguments})", flush=True)


scribe.run(sys.argv[1])
