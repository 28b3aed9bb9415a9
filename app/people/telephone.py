"""A telephone number in one form, however it was written: mobile, landline, with +86, area code or extension."""

import re
import unicodedata
from typing import Final

EXTENSION: Final = re.compile(r"(?:\s*(?:转|分机|ext\.?|x|,|;ext=)\s*|(?<=\d{7})-)\d{1,6}$", re.IGNORECASE)
MOBILE: Final = re.compile(r"0?(1[3-9]\d{9})")
SERVICE: Final = re.compile(r"[48]00\d{7}|1\d{2,4}|9\d{4,5}|12\d{3}")  # 400 numbers, 120, 12349, 96120


def normal(phone: str, *, area_code: str = "") -> str:
    """Digits that are equal when the telephone is the same one; the extension, which no switchboard shows, is left out.

    A landline without its area code gets the given one (`0546`); numbers of other countries begin with `00`.
    """
    without = EXTENSION.sub("", unicodedata.normalize("NFKC", phone).strip())  # １３８ from a Chinese keyboard
    digits = re.sub(r"[^0-9]", "", without)
    if without.startswith("+"):
        digits = "00" + digits
    if digits.startswith("0086"):
        return _with_trunk(digits[4:])
    if digits.startswith("00"):
        return digits
    if digits.startswith("86") and len(digits) in (12, 13):
        return _with_trunk(digits[2:])
    if found := MOBILE.fullmatch(digits):
        return found[1]
    if SERVICE.fullmatch(digits) or digits.startswith("0"):
        return digits
    if area_code and len(digits) in (7, 8):
        return area_code + digits
    return _with_trunk(digits) if len(digits) in (10, 11) else digits


def _with_trunk(digits: str) -> str:
    """A number within China as it is dialled there: landlines begin with 0."""
    if MOBILE.fullmatch(digits) or SERVICE.fullmatch(digits) or digits.startswith("0"):
        return digits.removeprefix("0") if MOBILE.fullmatch(digits) else digits
    return "0" + digits if len(digits) >= 10 else digits
