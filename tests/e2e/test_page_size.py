"""What a phone has to fetch before it can talk."""

from __future__ import annotations

import gzip

import pytest

from signaling.pages import page_folder

pytestmark = pytest.mark.e2e


def test_the_page_loads_in_less_than_100_kilobytes() -> None:
    built = [file for file in page_folder().rglob("*") if file.is_file() and not file.name.startswith(".")]
    files = [file for file in built if file.suffix != ".gz"]  # a browser fetches one of the two
    assert {"index.html", "icon.svg"} <= {file.name for file in files}
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 100_000
