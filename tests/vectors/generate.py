"""Write the vectors that pin our machines: `python -m tests.vectors.generate`.

What happens is chosen here by hand; what comes of it is computed by the Python machines, and read by a person when it
changes. `tests/session/test_vectors.py` finds vectors that are out of date.

- `fold/NAME.json`: `{name, events, states}`: after the event at offset N the state is `states[N]`, for all N listed.
- `audience/NAME.json`: `{name, events, audiences}`: who is there and attends after the event at offset N.
- `compaction/NAME.json`: `{name, events, compacted}`: `compacted[K]` is what the events after the first K become.
- `errands/NAME.json`: `{name, states, cases}`: what a client has to do that runs `tools` and is `running` these calls,
  by the state of that number.
- `cursor/NAME.json`: `{name, epoch, delivered, most, steps}`: each step is `{do, …}` and what it returns: `deliver`
  (offsets), `want`, and afterwards `delivered` and `stage`.
- `outbox/NAME.json`: `{name, steps}`: each step is `{do, …}` and its `answer`; batches are written `[seq, raw]`.
- `unacked/NAME.json`: `{name, steps}` likewise; runs are written `[media time, frames in hex]`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.vectors.audience_cases import audience_vectors
from tests.vectors.client_tools_cases import errands_vectors
from tests.vectors.compaction_cases import compaction_vectors
from tests.vectors.cursor_cases import cursor_vectors
from tests.vectors.fold_cases import fold_vectors
from tests.vectors.outbox_cases import outbox_vectors
from tests.vectors.unacked_cases import unacked_vectors

HERE: Final = Path(__file__).parent


def vectors() -> Iterator[tuple[Path, str]]:
    """Every file with its text."""
    kinds = {
        "fold": fold_vectors(),
        "audience": audience_vectors(),
        "compaction": compaction_vectors(),
        "cursor": cursor_vectors(),
        "errands": errands_vectors(),
        "outbox": outbox_vectors(),
        "unacked": unacked_vectors(),
    }
    for kind, found in kinds.items():
        for vector in found:
            yield HERE / kind / f"{vector['name']}.json", written(vector)


def written(vector: dict[str, Any]) -> str:
    """One line for each event, state or step, so that a change is seen as one."""
    lines = []
    for key, value in vector.items():
        if isinstance(value, list):
            body = ",\n    ".join(json.dumps(each, ensure_ascii=False) for each in value)
            lines.append(f"  {json.dumps(key)}: [\n    {body}\n  ]")
        elif isinstance(value, dict):
            body = ",\n    ".join(
                f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()
            )
            lines.append(f"  {json.dumps(key)}: {{\n    {body}\n  }}")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write them all, and remove what is no vector any more."""
    kept = set()
    for path, text in vectors():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        kept.add(path)
    for kind in ("audience", "fold", "compaction", "cursor", "errands", "outbox", "unacked"):
        for path in sorted((HERE / kind).glob("*.json")):
            if path not in kept:
                path.unlink()


if __name__ == "__main__":
    main()
