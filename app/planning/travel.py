"""Travel times between all places of a day at once: the sums of `places.rules.travel_seconds`, for many pairs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.places.rules import DETOUR, EARTH_M, METRES_PER_SECOND, SHORT_M, Mode, Place


def seconds(places: Sequence[Place], mode: Mode, *, door_minutes: int) -> NDArray[np.int64]:
    """Seconds from each place to each other, door to door."""
    lat = np.radians([p.lat for p in places])
    lon = np.radians([p.lon for p in places])
    h = np.sin((lat[:, None] - lat) / 2) ** 2
    h += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    line = 2 * EARTH_M * np.arcsin(np.sqrt(np.clip(h, 0, 1)))
    way = line * DETOUR + SHORT_M * 0.25 * np.exp(-line / SHORT_M)
    times: NDArray[np.int64] = np.rint(way / METRES_PER_SECOND[mode]).astype(np.int64) + door_minutes * 60
    times[line < 1] = 0
    return times
