"""Photos of a visit: what may be sent, in which pieces, and for how long it is kept."""

from enum import StrEnum
from typing import Final

from app.errors import NotFound, Unreadable

LARGEST: Final = 4 * 1024 * 1024  # bytes; the phone makes a photo of some 300 kB
LEAST_PIECE: Final = 16 * 1024  # but for the last one
LARGEST_PIECE: Final = 512 * 1024
MOST: Final = 40  # of one caregiver at one visit
HASH: Final = r"^[0-9a-f]{64}$"


class PhotoKind(StrEnum):
    """What it shows."""

    WORK = "work"  # what was done, a task's evidence
    RECEIPT = "receipt"
    SIGNATURE = "signature"
    READING = "reading"  # the display of an instrument
    INCIDENT = "incident"
    OTHER = "other"


class PhotoType(StrEnum):
    """Formats that browsers show and nothing executes."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


COMPARED: Final = frozenset({PhotoKind.WORK, PhotoKind.OTHER})
"""What is held against other visits' photos: forms, displays and signatures look alike honestly."""


class NotAPhoto(Unreadable):
    """This is not what it says it is, or too large."""


class TooManyPhotos(Unreadable):
    """This visit has as many photos as it may have."""


class NoPhoto(NotFound):
    """There is no such photo."""


def looks_like(kind: PhotoType, first: bytes) -> bool:
    """Whether the first bytes are those of that format."""
    if kind is PhotoType.WEBP:
        return first[:4] == b"RIFF" and first[8:12] == b"WEBP"
    return first.startswith(b"\xff\xd8\xff" if kind is PhotoType.JPEG else b"\x89PNG\r\n\x1a\n")
