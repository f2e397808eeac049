"""A target of one's own: notes in a file who is wanted, for a program of yours to act on.

legato serve --targets examples/targets.toml
"""

import asyncio
import json
import os
from pathlib import Path

from hub.node.notifying import Notification

FILE = Path(os.environ.get("WANTED", "wanted.jsonl"))


class Journal:
    """One line for each notification, however often the hub tries."""

    async def tell(self, notification: Notification) -> str:
        """Taken ("") when it stands in the file; anything else is tried again."""
        return await asyncio.to_thread(self._noted, notification)

    def _noted(self, notification: Notification) -> str:
        lines = FILE.read_text().splitlines() if FILE.exists() else []
        if not any(json.loads(line)["id"] == notification.id for line in lines):
            note = {"id": notification.id, "session": notification.session, "notice": notification.notice}
            with FILE.open("a") as file:
                file.write(json.dumps(note) + "\n")
        return ""
