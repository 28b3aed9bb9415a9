"""What a protocol tells the gateway of one frame, what a connection remembers, and what a protocol module offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from devices.gateway.orders import Order


@dataclass(slots=True)
class Link:
    """What a connection remembers between two frames."""

    secret: Callable[[str, str], str] = lambda _purpose, _device: ""  # the same for all gateways, guessed by nobody
    device: str | None = None  # whom it has named itself as
    head: str = ""  # how its frames begin, in its protocol's own terms
    serial: int = 0  # of our own frames
    distrusted: str | None = None  # why nothing of it is believed
    sent: dict[str, int] = field(default_factory=dict)  # orders that wait for an answer, by what the answer will name

    def next_serial(self) -> int:
        self.serial = self.serial % 0xFFFF + 1
        return self.serial


@dataclass(frozen=True, slots=True)
class Said:
    """One frame, as far as the conversation is concerned; what it means is for the codec to say."""

    device: str | None = None  # whom it names; None: whoever has logged in
    login: bool = False
    keep: bool = True  # to be stored before it is answered
    reply: bytes = b""  # what the protocol answers
    number: str | None = None  # what a repeat of it has in common with it, and nothing else of the last minutes has
    answers: str | None = None  # the order it answers, as in `Link.sent`
    answer: str = ""  # in the device's words
    meta: Mapping[str, str] = field(default_factory=dict)  # what the codec needs beside the frame
    refused: str | None = None  # why it is not believed: stored, shown, ringing nowhere


class Wire(Protocol):
    """What a protocol's module offers."""

    NAME: str  # of the listener, in settings and addresses
    FAMILY: str  # the codec
    PORT: int  # where makers expect it, as a suggestion
    UDP: bool  # whether devices use that, too
    STAYS: bool  # devices keep their line: one without a line is out of reach
    LONGEST: int  # bytes of a frame that may still be one

    def cut(self, data: bytearray) -> tuple[int, int]:
        """Where the first whole frame begins and ends; what stands before is garbage. Equal: none is whole yet."""
        ...

    def read(self, frame: bytes, link: Link, now: datetime) -> Said:
        """Who speaks and what is to be answered; may note in the link what later frames need. Never raises."""
        ...

    def write(self, order: Order, link: Link, now: datetime) -> tuple[str, bytes] | None:
        """An order as a frame, and what its answer will name; None: not in this protocol."""
        ...


Known = Mapping[str, Wire]
