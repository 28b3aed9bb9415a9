"""Careful reading of binary frames: every step is checked against the end, and a frame that is too short says so."""

from datetime import UTC, datetime

from devices.signals import BadPayload


class Frame:
    """Bytes, read from the front; big-endian unless said otherwise."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    @property
    def left(self) -> int:
        return len(self.content) - self.at

    def take(self, count: int) -> bytes:
        if count < 0 or count > self.left:
            raise BadPayload(f"cut off: {count} bytes wanted at {self.at}, {self.left} there")
        self.at += count
        return self.content[self.at - count : self.at]

    def rest(self) -> bytes:
        return self.take(self.left)

    def peek(self) -> int:
        if not self.left:
            raise BadPayload("cut off")
        return self.content[self.at]

    def u(self, count: int, *, little: bool = False) -> int:
        return int.from_bytes(self.take(count), "little" if little else "big")

    def i(self, count: int, *, little: bool = False) -> int:
        return int.from_bytes(self.take(count), "little" if little else "big", signed=True)

    def bcd(self, count: int) -> str:
        """Two decimal digits in each byte."""
        digits = self.take(count).hex()
        if not digits.isdecimal():
            raise BadPayload(f"no decimal digits: {digits}")
        return digits


def date_time(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    """A device's own clock, or None where its day does not exist; a year of two digits is of this century."""
    try:
        return datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def digits_time(digits: str) -> datetime | None:
    """yymmddhhmmss."""
    pairs = [int(digits[at : at + 2]) for at in range(0, 12, 2)] if len(digits) == 12 and digits.isdecimal() else None
    return date_time(*pairs) if pairs else None


def bit(value: int, number: int) -> bool:
    return bool(value >> number & 1)


def degrees(value: float, *, negative: bool) -> float:
    return round(-value if negative else value, 6)


def degrees_minutes(value: str, *, negative: bool) -> float:
    """dddmm.mmmm, as receivers write it."""
    try:
        number = float(value)
    except ValueError:
        raise BadPayload(f"no coordinate: {value[:20]!r}") from None
    whole = int(number / 100)
    if not 0 <= number <= 18000 or number - whole * 100 >= 60:
        raise BadPayload(f"no coordinate: {value[:20]!r}")
    return degrees(whole + (number - whole * 100) / 60, negative=negative)
