"""Careful readers of what devices send as text and JSON: a clean value, None, or BadPayload; never a guess."""

import json
import math
from datetime import UTC, datetime
from typing import Any

from devices.signals import BadPayload

DEEPEST = 32
LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


def text(payload: bytes) -> str:
    """UTF-8 text that a database can hold."""
    try:
        found = payload.decode()
    except UnicodeDecodeError as error:
        raise BadPayload(f"not text: {error.reason} at byte {error.start}") from None
    if "\0" in found:
        raise BadPayload("a null character in the text")
    return found


def json_value(payload: bytes) -> Any:
    """JSON of modest depth, without NaN, infinities and lone surrogates, all of which a jsonb column refuses."""
    try:
        value = json.loads(text(payload), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadPayload):
            raise
        raise BadPayload(f"not JSON: {error}") from None
    _check(value, 0)
    return value


def json_object(payload: bytes) -> dict[str, Any]:
    value = json_value(payload)
    if not isinstance(value, dict):
        raise BadPayload("not a JSON object")
    return value


def _no_number(name: str) -> Any:
    raise BadPayload(f"{name} is no number")


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise BadPayload("JSON nested too deeply")
    match value:
        case str():
            if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
                raise BadPayload("a character no text may hold")
        case float() if not math.isfinite(value):
            raise BadPayload("a number out of range")
        case int() if abs(value) > 1e300:
            raise BadPayload("a number out of range")
        case dict():
            for key, inner in value.items():
                _check(key, depth)
                _check(inner, depth + 1)
        case list():
            for inner in value:
                _check(inner, depth + 1)


def number(value: Any) -> float | None:
    """A number, also where the maker sends it as text ("100.00"); a boolean is not one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return None
    if isinstance(value, int | float) and math.isfinite(value):
        return int(value) if value == int(value) else float(value)
    return None


def percent(value: Any) -> float | None:
    """A battery level; what lies outside 0 to 100 says nothing."""
    found = number(value)
    return found if found is not None and 0 <= found <= 100 else None


def moment(value: Any) -> datetime | None:
    """ISO 8601 with a zone, or seconds, milli- or microseconds of the epoch."""
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else None
        except (ValueError, OverflowError):
            pass
    seconds = number(value)
    if seconds is None or seconds < 0:
        return None
    while seconds > LATEST:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC)


def place(lat: Any, lon: Any) -> tuple[float, float] | tuple[None, None]:
    """Both coordinates or neither; 0/0 is a receiver without a fix, not the Gulf of Guinea."""
    north, east = number(lat), number(lon)
    if north is None or east is None or abs(north) > 90 or abs(east) > 180 or (north == 0 and east == 0):
        return None, None
    return north, east
