"""The parts of aiortc that a call is made of, and the check that they are the ones it was made for.

aiortc's peer connection, ICE agent, RTP receiver and sender are not used. What is used is not all public
there, so its version is pinned exactly, and a hub with another one refuses to start.
"""

from typing import Final

import aiortc
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_PROFILES,
    SRTPProtectionProfile,
)

AIORTC_VERSION: Final = "1.16.0"

PROFILES: Final[tuple[SRTPProtectionProfile, ...]] = tuple(
    p for p in (SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80) if p in SRTP_PROFILES
)
"""The protection that calls may have, best first (no 32-bit tags, no null cipher)."""

__all__ = ["PROFILES", "SRTPProtectionProfile", "WrongPart", "check_parts"]


class WrongPart(Exception):
    """aiortc is not the version whose parts this hub was made for."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"this hub needs aiortc {expected} exactly, found {found}: pip install aiortc=={expected}"
        )
        self.expected = expected
        self.found = found


def check_parts(found: str = aiortc.__version__) -> None:
    """Raise WrongPart unless aiortc is exactly the pinned version."""
    if found != AIORTC_VERSION:
        raise WrongPart(AIORTC_VERSION, found)
