"""Which STUN transactions a call has seen, so that a replayed check moves nothing.

Transaction ids are random and a call may live for days, so remembering each exactly has no bound, and
forgetting the old ones would let an old recording move the call. A filter that never forgets and errs
only towards "seen" has both: bounded memory, and a replay is *always* recognised. The price is that now
and then a fresh check is taken for a replay; the peer's next check, or its next audio packet, heals it.
"""

import hashlib
import struct
from typing import Final

_BITS: Final = 1 << 15
_IDS_PER_SLICE: Final = 3000
_MAX_SLICES: Final = 16
_PROBES: Final = struct.Struct("!4H")


class TransactionMemory:
    """Bloom filters, 4 kB each, grown one by one as a call ages: 64 kB at most.

    Each holds 3 000 ids at less than 1 % of false "seen" (two hours of a browser's checks); after
    48 000 ids everything counts as seen, and the call moves by audio only.
    """

    __slots__ = ("_count", "_slices")

    def __init__(self) -> None:
        self._slices: list[bytearray] = []
        self._count = 0

    def add(self, transaction: bytes) -> bool:
        """Remember a transaction; whether it is certain that it was never added before."""
        probes = [
            p & (_BITS - 1) for p in _PROBES.unpack(hashlib.blake2b(transaction, digest_size=8).digest())
        ]
        if any(all(part[p >> 3] & (1 << (p & 7)) for p in probes) for part in self._slices):
            return False
        if self._count == _IDS_PER_SLICE * len(self._slices):
            if len(self._slices) == _MAX_SLICES:
                return False
            self._slices.append(bytearray(_BITS // 8))
        self._count += 1
        for p in probes:
            self._slices[-1][p >> 3] |= 1 << (p & 7)
        return True
