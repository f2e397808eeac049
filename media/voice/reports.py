"""What pages said last of how far they heard, and when: where their next call goes on."""

from __future__ import annotations

from dataclasses import replace

from media.voice.rest import Report


class Reports:
    """By participant. `now`: monotonic ms."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Report, int]] = {}

    def said(self, participant: str, report: Report, now: int) -> None:
        """The participant's page says so."""
        self._last[participant] = report, now

    def since(self, participant: str, now: int) -> int | None:
        """How many ms ago the participant's page said something; None: it never did."""
        return now - self._last[participant][1] if participant in self._last else None

    def now(
        self, participant: str, report: Report | None, now: int, *, moves: bool = False, ahead: bool = False
    ) -> Report | None:
        """How far the participant is: by `report`, which it gives as it comes back, or else by what it said last. How
        it wants to go on, it need not say again. `moves`: it comes on another device, which may have heard something
        longer ago. `ahead`: it does not come yet."""
        if participant not in self._last:
            return report
        last, at = self._last[participant]
        known = last.later(now - at)
        latest = report if report is not None and not (moves and known.ago < report.ago) else known
        latest = replace(latest, then=(report.then if report is not None else "") or known.then)
        if not ahead:
            self._last[participant] = latest, now
        return latest
