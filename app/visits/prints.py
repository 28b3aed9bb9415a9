"""What a photo looks like, in 64 bits: two photos of the same thing differ in few of them, however they were packed.

The perceptual hash (pHash) of Zauner, 2010: the picture at 32 × 32 grey points, its cosine transform, of which the
8 × 8 lowest frequencies each say whether they lie above the median. Pillow reads pictures here alone; numpy is there
already, and the library that would save these lines brings scipy and wavelets along.
"""

import warnings
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image

SIDE: Final = 32
LOW: Final = 8
LARGEST: Final = 50_000_000  # points; a phone's photo has some twelve million
SCREEN: Final = (1.95, 2.4)  # long side to short: 18:9 to 21:9; cameras give 4:3 and 16:9, panoramas are longer
FLAT: Final = 6.0  # grey levels of deviation below which a picture shows nothing: a covered lens, a white wall
EXIF: Final = 0x8769
MAKE: Final = 0x010F
ORIGINAL: Final = 0x9003
WAVES: Final = np.cos(np.pi / SIDE * np.outer(np.arange(SIDE), np.arange(SIDE) + 0.5))


@dataclass(frozen=True)
class Seen:
    """The bits of a picture as a signed number, none where it shows nothing; the camera's own local time, if kept."""

    bits: int | None
    shot_at: datetime | None = None
    screen: bool = False  # shaped like a phone's screen, and no camera has signed it


def look(body: bytes) -> Seen:
    """What can be read of a photo; nothing of what is none or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata: the phone's maker will not hear of it
            with Image.open(BytesIO(body), formats=("JPEG", "PNG", "WEBP")) as picture:
                if picture.width * picture.height > LARGEST:
                    return Seen(None)
                said = picture.getexif()
                shot_at = _shot_at(said.get_ifd(EXIF).get(ORIGINAL))
                shape = max(picture.size) / max(min(picture.size), 1)
                screen = shot_at is None and not said.get(MAKE) and SCREEN[0] <= shape <= SCREEN[1]
                picture.draft("L", (8 * SIDE, 8 * SIDE))  # a JPEG need not be unpacked whole
                small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, Image.DecompressionBombError):
        return Seen(None)
    return Seen(_bits(np.asarray(small, dtype=np.float64)), shot_at, screen)


def _bits(grey: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int | None:
    if grey.std() < FLAT:
        return None
    low = (WAVES @ grey @ WAVES.T)[:LOW, :LOW].ravel()
    above = low > np.median(low[1:])  # without the first: it is only how bright the picture is
    return int.from_bytes(np.packbits(above).tobytes(), "big", signed=True)


def _shot_at(said: object) -> datetime | None:
    try:
        return datetime.strptime(str(said).strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  the camera says no zone
    except ValueError:
        return None
