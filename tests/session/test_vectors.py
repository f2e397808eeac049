"""The vectors are what the machines do, and hold every kind of event."""

import json

from legato.session.events import BY_TYPE
from tests.vectors.generate import HERE, vectors


def test_the_vectors_are_up_to_date() -> None:
    expected = dict(vectors())
    there = {
        path
        for kind in ("audience", "fold", "compaction", "cursor", "errands", "outbox", "unacked")
        for path in (HERE / kind).glob("*.json")
    }
    assert there == expected.keys()
    stale = [path.name for path, text in expected.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "write them anew: python -m tests.vectors.generate"


def test_the_vectors_of_the_fold_hold_every_kind_of_event() -> None:
    found = {
        event["type"]
        for path in (HERE / "fold").glob("*.json")
        for event in json.loads(path.read_text(encoding="utf-8"))["events"]
    }
    assert found == BY_TYPE.keys() | {"later"}
