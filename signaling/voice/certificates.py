"""The hub's DTLS certificates at one port: that of new calls, and those before and after it, which tickets pin, too."""

from __future__ import annotations

from typing import Final

from media.rtc.certificate import DtlsCertificate

PIN_SIZE: Final = 8


class HubCertificates:
    """`current` is that of new calls; calls that stand keep theirs. `next` will be: None where that is not known."""

    def __init__(
        self,
        current: DtlsCertificate,
        former: DtlsCertificate | None = None,
        next: DtlsCertificate | None = None,
    ) -> None:
        self.current = current
        self.next = next
        self._former = former

    def turn(self, to: DtlsCertificate, next: DtlsCertificate | None = None) -> None:
        """New calls get `to` from now on, and after it is `next`'s turn."""
        self._former, self.current, self.next = self.current, to, next

    def pinned(self, pin: bytes) -> DtlsCertificate | None:
        """The one whose `pin_of` this is, if it is still here."""
        return next(
            (one for one in (self.current, self._former, self.next) if one and pin_of(one) == pin), None
        )


def pin_of(certificate: DtlsCertificate) -> bytes:
    """The first bytes of its fingerprint."""
    return bytes.fromhex(certificate.fingerprint.replace(":", ""))[:PIN_SIZE]
