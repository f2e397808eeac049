"""Finding the call of an audio packet that comes from an unknown address, and how often that may be tried.

The SSRC is readable by whoever sees the packets, so a match proves nothing: only decrypting does, and that
costs. Tries are budgeted per source host (ports are free to invent) and per call (hosts can be forged).
"""

from collections import OrderedDict

from signaling.ice.paths import Limits


class Allowance:
    """A bucket of tries: `rate` at once, refilled at `rate` per second."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: int, now: int) -> None:
        self._rate = rate
        self._left = rate * 1000
        self._at = now

    def take(self, now: int) -> bool:
        """Use one try, if there is one."""
        self._left = min(self._rate * 1000, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1000:
            return False
        self._left -= 1000
        return True


class Trials:
    """The SSRCs that calls claimed, and the budgets."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._calls: dict[int, list[str]] = {}
        self._claims: dict[str, list[int]] = {}
        self._per_call: dict[str, Allowance] = {}
        self._per_source: OrderedDict[str, Allowance] = OrderedDict()

    def claim(self, key: str, ssrc: int) -> None:
        """A call's stream has this SSRC. A call keeps its last few, an SSRC its first few claimants."""
        claims = self._claims.setdefault(key, [])
        calls = self._calls.get(ssrc, [])
        if ssrc in claims or len(calls) >= self._limits.calls_per_ssrc:
            return
        if len(claims) >= self._limits.ssrcs_per_call:
            self._withdraw(key, claims.pop(0))
        self._calls.setdefault(ssrc, []).append(key)
        claims.append(ssrc)

    def release(self, key: str) -> None:
        """The call is over."""
        for ssrc in self._claims.pop(key, []):
            self._withdraw(key, ssrc)
        self._per_call.pop(key, None)

    def admit(self, ssrc: int, host: str, now: int) -> list[str] | None:
        """The calls whose keys may be tried on a packet; None if no call claims the SSRC."""
        keys = self._calls.get(ssrc)
        if keys is None:
            return None
        if not self._source(host, now).take(now):
            return []
        return [key for key in keys if self._call(key, now).take(now)]

    def _call(self, key: str, now: int) -> Allowance:
        allowance = self._per_call.get(key)
        if allowance is None:
            allowance = self._per_call[key] = Allowance(self._limits.trials_per_call, now)
        return allowance

    def _source(self, host: str, now: int) -> Allowance:
        allowance = self._per_source.get(host)
        if allowance is None:
            if len(self._per_source) >= self._limits.sources:
                self._per_source.popitem(last=False)
            allowance = self._per_source[host] = Allowance(self._limits.trials_per_source, now)
        return allowance

    def _withdraw(self, key: str, ssrc: int) -> None:
        calls = self._calls[ssrc]
        calls.remove(key)
        if not calls:
            del self._calls[ssrc]
