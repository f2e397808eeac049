"""A peer that says what a call does not speak: application data inside its DTLS association."""

from __future__ import annotations

from media.rtc.dtls import Dtls, Role
from tests.support.call_peer import CallPeer


class TalkingDtls(Dtls):
    """An association that also carries data."""

    def say(self, data: bytes) -> list[bytes]:
        """The datagrams of one piece of data."""
        self._connection.send(data)
        return self._outgoing()


class TalkingPeer(CallPeer):
    """Made like any other; `say` is what it has beside."""

    def start(self, now: int = 0) -> list[bytes]:
        self.dtls = TalkingDtls(self.certificate, self.role, [self.hub_fingerprint])
        return self.dtls.start(now)

    def say(self, data: bytes) -> list[bytes]:
        """One piece of data, once the handshake is over."""
        assert self.role is Role.SERVER
        assert isinstance(self.dtls, TalkingDtls)
        return self.dtls.say(data)
