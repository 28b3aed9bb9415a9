"""One cooling of a search, and when another one is worth more than the rest of it.

Some plans hold a search though they are far from the best: whoever falls into one early never leaves it, however hot.
"""

from __future__ import annotations

from dataclasses import dataclass

FROZEN = 0.25  # of the time without a lower cost, and with as much left


@dataclass(slots=True)
class Descent:
    """`began` and `lowered` are shares of the whole time; `lowest` is the least cost since it began."""

    lowest: int
    began: float = 0.0
    lowered: float = 0.0

    def stuck(self, lowest: int, share: float) -> bool:
        """Tells it the least cost by now; whether to begin anew."""
        if lowest < self.lowest:
            self.lowest, self.lowered = lowest, share
            return False
        return share - self.lowered > FROZEN < 1 - share

    def cooled(self, share: float) -> float:
        """How far it is, from 0 to 1."""
        return (share - self.began) / (1 - self.began)
