"""Where calls are taken follows from where the hub listens, and from the addresses that are shown."""

from __future__ import annotations

import pytest

from signaling.options import Options


@pytest.mark.parametrize(
    ("host", "shown", "bound", "advertised"),
    [
        ("127.0.0.1", (), "127.0.0.1", ("127.0.0.1",)),
        ("localhost", (), "127.0.0.1", ("127.0.0.1",)),
        ("::1", (), "::1", ("::1",)),
        ("127.0.0.1", ("127.0.0.1",), "127.0.0.1", ("127.0.0.1",)),
        ("127.0.0.1", ("192.0.2.7",), "0.0.0.0", ("192.0.2.7",)),
        ("192.0.2.7", (), "192.0.2.7", ("192.0.2.7",)),
        ("0.0.0.0", (), "0.0.0.0", ()),
        ("hub.example", (), "0.0.0.0", ()),
    ],
)
def test_calls_come_to_an_address_that_their_callers_reach(
    host: str, shown: tuple[str, ...], bound: str, advertised: tuple[str, ...]
) -> None:
    options = Options(host=host, media_addresses=shown).voice_options
    assert (options.host, options.advertise) == (bound, advertised)
