"""How a Chinese name may be typed: every reading of every character, in full and by initials."""

from collections.abc import Iterator
from itertools import islice, product
from typing import Final

from pypinyin import Style, pinyin

MOST_READINGS: Final = 64  # of one name; 单解查 has that many, people have far fewer


def readings(name: str) -> list[str]:
    """Full spellings, lower case, no spaces, the usual one first. Characters are read one by one: surnames are odd."""
    by_character = [list(_of(character)) for character in name if not character.isspace()]
    return list(dict.fromkeys("".join(parts) for parts in islice(product(*by_character), MOST_READINGS)))


def initials(name: str) -> list[str]:
    """First letters of every reading."""
    by_character = [list(dict.fromkeys(r[:1] for r in _of(c))) for c in name if not c.isspace()]
    return list(dict.fromkeys("".join(parts) for parts in islice(product(*by_character), MOST_READINGS)))


def searchable(name: str) -> list[str]:
    """What a search finds a name by: all beginnings of all spellings. The first is the usual spelling, to sort by."""
    if not name.strip():
        return []
    spelled = readings(name)
    beginnings = {text[:end] for text in (*spelled, *initials(name)) for end in range(1, len(text) + 1)}
    return [spelled[0], *sorted(beginnings - {spelled[0]})]


def _of(character: str) -> Iterator[str]:
    for reading in pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=True)[0]:
        lower = reading.lower()
        yield from (lower.replace("ü", v) for v in ("v", "u", "yu")) if "ü" in lower else (lower,)
