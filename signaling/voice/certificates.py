"""The hub's DTLS certificates at one port: that of new calls, and the one before it, which tickets may pin yet."""

from __future__ import annotations

from typing import Final

from media.rtc.certificate import DtlsCertificate

PIN_SIZE: Final = 8


class HubCertificates:
    """`current` is that of new calls; calls that stand keep theirs."""

    def __init__(self, current: DtlsCertificate, former: DtlsCertificate | None = None) -> None:
        self.current = current
        self._former = former

    def turn(self, to: DtlsCertificate) -> None:
        """New calls get `to` from now on."""
        self._former, self.current = self.current, to

    def pinned(self, pin: bytes) -> DtlsCertificate | None:
        """The one whose `pin_of` this is, if it is still here."""
        return next((one for one in (self.current, self._former) if one and pin_of(one) == pin), None)


def pin_of(certificate: DtlsCertificate) -> bytes:
    """The first bytes of its fingerprint."""
    return bytes.fromhex(certificate.fingerprint.replace(":", ""))[:PIN_SIZE]
