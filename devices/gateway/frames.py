"""From bytes to frames, whatever the net made of them: split, joined, behind garbage, never ending."""

from collections.abc import Callable, Iterator
from typing import Final

Cut = Callable[[bytearray], tuple[int, int]]
SLICE: Final = 2048  # bytes looked at in one go, so that nonsense costs a bounded time


class Cutter:
    """Keeps what is not yet a frame, at most `longest` bytes, and counts what was none."""

    __slots__ = ("_cut", "buffer", "garbage")

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self.buffer = bytearray()
        self.garbage = 0  # bytes thrown away since the last whole frame

    def feed(self, data: bytes, longest: int) -> Iterator[bytes]:
        """Every frame that is whole now."""
        for at in range(0, len(data), SLICE):
            self.buffer += data[at : at + SLICE]
            yield from self._whole()
            while len(self.buffer) > longest:  # whatever began there never ends
                del self.buffer[:1]
                self.garbage += 1
                yield from self._whole()

    def _whole(self) -> Iterator[bytes]:
        while self.buffer:
            start, end = self._cut(self.buffer)
            self.garbage += start
            if start == end:
                del self.buffer[:start]
                return
            frame = bytes(self.buffer[start:end])
            del self.buffer[:end]
            self.garbage = 0
            yield frame


def by_length(
    data: bytearray,
    starts: Iterator[int],
    extent: Callable[[bytearray, int], int | None],
    sound: Callable[[bytearray], bool],
    held: int,
) -> tuple[int, int]:
    """Cut frames that tell their length. `extent` answers the end, 0 for no frame, None for not yet to be said.

    A frame with a wrong sum is a frame, unless a sound one stands inside what it claims; one that is not whole waits,
    unless a sound one stands behind it: then its beginning was garbage. `held` is what a beginning may look like at the
    end of the data.
    """
    waiting = doubtful = None
    for start in starts:
        if doubtful and start >= doubtful[1]:
            break
        end = extent(data, start)
        if end is None or end > len(data):
            waiting = start if waiting is None else waiting
        elif end and sound(data[start:end]):
            return start, end
        elif end and waiting is None and doubtful is None:
            doubtful = start, end
    if doubtful:
        return doubtful
    rest = len(data) - held if waiting is None else waiting
    return rest, rest
