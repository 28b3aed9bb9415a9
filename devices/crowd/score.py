"""What became of the crowd's words, one row for each way of speaking."""

import resource
import sys
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Score:
    """Events are counted once, however often they are sent; seconds run from the first sending to the answer."""

    devices: int = 0
    connections: int = 0
    returned: int = 0  # connections that were lost and came back
    events: int = 0
    sent: int = 0  # with duplicates and repeats
    repeated: int = 0
    acknowledged: int = 0
    beats: int = 0
    beats_answered: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Never acknowledged, to the end of the run."""
        return self.events - self.acknowledged

    def percentile(self, share: float) -> float | None:
        """Seconds within which this share of the acknowledged events was answered."""
        known = sorted(self.seconds)
        return known[min(len(known) - 1, int(share * len(known)))] if known else None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the simulator itself took: processor seconds and the most memory it held, in MB."""

    processor: float
    memory: float

    @classmethod
    def since(cls, started: float) -> "Cost":
        """`started` is a `time.process_time()`."""
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return cls(time.process_time() - started, most / (1024 * 1024 if sys.platform == "darwin" else 1024))
