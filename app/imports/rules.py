"""The life of an import, the columns a file may have, and what can be wrong with a cell."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice
from typing import Any, Final

from app.errors import IllegalMove

LONGEST_SHOWN: Final = 60  # characters of a bad value
EXCEL_DAY_0: Final = date(1899, 12, 30)
EXCEL_DAYS: Final = range(2101, 80_000)  # 1905 to 2119; below, a bare number is rather a year
HEAD_WITHIN: Final = 10  # rows: a title or a note may stand above the headings
NARROW: Final = str.maketrans({chr(wide): chr(wide - 0xFEE0) for wide in (  # 全角 digits, letters and signs of numbers
    *range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), *map(ord, "．－／＋：＝"),
)} | dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff")))  # fmt: skip


class ImportState(StrEnum):
    """Where an import stands."""

    RECEIVED = "received"  # uploaded; being checked
    CHECKED = "checked"  # read through; nothing is changed yet
    CONFIRMED = "confirmed"  # to be applied
    APPLIED = "applied"
    UNDONE = "undone"
    DISCARDED = "discarded"  # by hand, or because the file is none


class ImportEvent(StrEnum):
    """What happens to an import."""

    CHECK = "check"
    CONFIRM = "confirm"
    APPLY = "apply"
    FAIL = "fail"  # the world has changed since it was checked
    UNDO = "undo"
    DISCARD = "discard"


MOVES: Final[dict[tuple[ImportState, ImportEvent], ImportState]] = {
    (ImportState.RECEIVED, ImportEvent.CHECK): ImportState.CHECKED,
    (ImportState.RECEIVED, ImportEvent.DISCARD): ImportState.DISCARDED,
    (ImportState.CHECKED, ImportEvent.CONFIRM): ImportState.CONFIRMED,
    (ImportState.CHECKED, ImportEvent.DISCARD): ImportState.DISCARDED,
    (ImportState.CONFIRMED, ImportEvent.APPLY): ImportState.APPLIED,
    (ImportState.CONFIRMED, ImportEvent.FAIL): ImportState.CHECKED,
    (ImportState.APPLIED, ImportEvent.UNDO): ImportState.UNDONE,
}
BY_HAND: Final = (ImportEvent.CONFIRM, ImportEvent.UNDO, ImportEvent.DISCARD)


class Mode(StrEnum):
    """What becomes of a file with bad rows."""

    WHOLE = "whole"  # all rows or none
    SKIP_BAD = "skip_bad"


class ProblemCode(StrEnum):
    """What is wrong with a cell."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    BAD_CHARACTERS = "bad_characters"
    FORMULA = "formula"
    ROUNDED = "rounded"
    NO_DATE = "no_date"
    IN_THE_FUTURE = "in_the_future"
    NO_NUMBER = "no_number"
    UNKNOWN_CHOICE = "unknown_choice"
    TWICE = "twice"
    TAKEN = "taken"
    OTHER_MODEL = "other_model"
    NOT_IN_STOCK = "not_in_stock"
    UNKNOWN_HOME = "unknown_home"
    UNKNOWN_ELDER = "unknown_elder"
    OTHER_HOME = "other_home"
    NO_COLUMN = "no_column"
    UNKNOWN_COLUMN = "unknown_column"
    NO_TABLE = "no_table"
    BAD_ID_NUMBER = "bad_id_number"
    OTHER_BIRTH = "other_birth"
    ON_RECORD = "on_record"
    UNKNOWN_DIVISION = "unknown_division"
    BAD_PHONE = "bad_phone"
    UNKNOWN_WORD = "unknown_word"
    UNKNOWN_CODE = "unknown_code"
    NO_AMOUNT = "no_amount"
    OTHER_PRICE = "other_price"
    BEFORE_START = "before_start"
    ON_LIST = "on_list"
    OTHER_RESULT = "other_result"
    OTHER_LEVEL = "other_level"
    UNKNOWN_PROVIDER = "unknown_provider"
    PHONE_TAKEN = "phone_taken"
    EXPIRED = "expired"
    NO_SHIFTS = "no_shifts"


SAYS: Final[Mapping[ProblemCode, str]] = {
    ProblemCode.MISSING: "It is empty and must not be: fill it in.",
    ProblemCode.TOO_LONG: "It is longer than {most} characters: shorten it.",
    ProblemCode.BAD_CHARACTERS: "It may hold {allowed} only: correct it.",
    ProblemCode.FORMULA: "It is a formula: paste the value instead.",
    ProblemCode.ROUNDED: "Excel has rounded this long number: format the column as text and enter it again.",
    ProblemCode.NO_DATE: "It is no date: write 2026-11-22.",
    ProblemCode.IN_THE_FUTURE: "It is after today: correct the date.",
    ProblemCode.NO_NUMBER: "It is no whole number: correct it.",
    ProblemCode.UNKNOWN_CHOICE: "There is no such {what}: choose one from the list.",
    ProblemCode.TWICE: "It stands in row {row} already: keep one of the two.",
    ProblemCode.TAKEN: "Another device ({who}) has it: correct it, or free it there first.",
    ProblemCode.OTHER_MODEL: "It is registered as {model}: correct the model, or register the device anew.",
    ProblemCode.NOT_IN_STOCK: "It is {state}: only what is in stock can be put into a home here.",
    ProblemCode.UNKNOWN_HOME: "There is no such home in your area: look its number up on the elder's page.",
    ProblemCode.UNKNOWN_ELDER: "Nobody in your area has this ID number: register the elder first.",
    ProblemCode.OTHER_HOME: "The elder lives in home {home}: correct one of the two.",
    ProblemCode.NO_COLUMN: "The column {name} is missing: use the template.",
    ProblemCode.UNKNOWN_COLUMN: "Nobody knows this column: it is not read.",
    ProblemCode.NO_TABLE: "{why}",
    ProblemCode.BAD_ID_NUMBER: "It is no valid ID number ({why}): correct it.",
    ProblemCode.OTHER_BIRTH: "The ID number says {born}: correct one of the two.",
    ProblemCode.ON_RECORD: "Somebody with this ID number is on record under another name: correct it.",
    ProblemCode.UNKNOWN_DIVISION: "There is no such community in your district: take its 12 digits from the list.",
    ProblemCode.BAD_PHONE: "It is no telephone number: correct it.",
    ProblemCode.UNKNOWN_WORD: "It must be one of {allowed}.",
    ProblemCode.UNKNOWN_CODE: "There is no such code: take it from the catalogue.",
    ProblemCode.NO_AMOUNT: "It is no amount in yuan with at most two decimals: correct it.",
    ProblemCode.OTHER_PRICE: "Another price begins on that day: let this one begin on another.",
    ProblemCode.ON_LIST: "The elder stands on this list in these days already: correct the days.",
    ProblemCode.OTHER_RESULT: "Another result ({level}) of this scale and day is on record: correct one of the two.",
    ProblemCode.OTHER_LEVEL: "The national scale stands for itself ({level}): leave this empty or write the same.",
    ProblemCode.UNKNOWN_PROVIDER: "There is no such provider in your district: write its name as it is registered.",
    ProblemCode.PHONE_TAKEN: "{who} is on record with this telephone: correct it, or the name.",
    ProblemCode.EXPIRED: "It has expired: enter the new one, or leave the certificate out.",
    ProblemCode.NO_SHIFTS: "These are no hours of work: write 08:00-11:30、13:30-17:30.",
    ProblemCode.BEFORE_START: "It is before the first day: correct one of the two.",
}


class BadCell(ValueError):
    """What is wrong with one cell."""

    def __init__(self, code: ProblemCode, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True)
class Problem:
    """One bad cell: where it is, what stands there, what is wrong."""

    row: int
    column: str
    value: str
    code: ProblemCode
    facts: Mapping[str, Any] = field(default_factory=dict)

    def says(self) -> str:
        """In words, with what to do."""
        return SAYS[self.code].format(**self.facts)


@dataclass(frozen=True)
class Column:
    """A column of a file: how it may be headed, how a cell is read, what the template says of it."""

    name: str
    headings: tuple[str, ...]  # the first is the template's
    read: Callable[[Any], Any]  # raises BadCell
    about: str
    example: str = ""
    required: bool = False
    sensitive: bool = False  # shown masked where it is bad
    width: int = 18
    words: Callable[[], Sequence[str]] | None = None  # for the drop-down


@dataclass
class Row:
    """A row that was read: what it says, and what is wrong with it."""

    number: int
    values: dict[str, Any]
    raw: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    def bad(self, column: Column, code: ProblemCode, **facts: Any) -> None:
        """Something is wrong with a cell of it."""
        value = shown(self.raw.get(column.name))
        said = f"{value[:3]}****{value[-2:]}" if column.sensitive and value else value
        self.problems.append(Problem(self.number, column.headings[0], said, code, facts))


def after(state: ImportState, event: ImportEvent) -> ImportState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"An import that is {state} cannot {event}.", state=state) from None


def possible(state: ImportState) -> list[ImportEvent]:
    """The buttons a screen may show."""
    return [event for (source, event) in MOVES if source == state and event in BY_HAND]


def shown(value: Any) -> str:
    """A bad value as the list shows it."""
    return "" if value is None else str(value)[:LONGEST_SHOWN]


def read(rows: Iterable[tuple[int, Sequence[Any]]], columns: Sequence[Column]) -> Iterator[Row]:
    """Rows with their cells read. One of the first names the columns; without a needed one the only row says so."""
    numbered = iter(rows)
    by_heading = {_key(heading): column for column in columns for heading in column.headings}
    above = list(islice(numbered, HEAD_WITHIN)) or [(1, ())]
    known = [sum(_key(cell) in by_heading for cell in cells) for _, cells in above]
    at = known.index(max(known))
    number, names = above[at]
    found = [by_heading.get(_key(cell)) for cell in names]
    numbered = chain(above[at + 1 :], numbered)
    head = Row(1, {}, {})
    head.problems += [
        Problem(number, shown(cell), shown(cell), ProblemCode.UNKNOWN_COLUMN)
        for cell, column in zip(names, found, strict=True)
        if cell is not None and column is None
    ]
    missing = [column for column in columns if column.required and column not in found]
    head.problems += [
        Problem(number, column.headings[0], "", ProblemCode.NO_COLUMN, {"name": column.headings[0]})
        for column in missing
    ]
    yield head
    for number, cells in numbered if not missing else ():
        raw = {column.name: cell for column, cell in zip(found, cells, strict=False) if column is not None}
        if any(cell is not None for cell in raw.values()):
            yield _row(number, raw, columns)


def _row(number: int, raw: dict[str, Any], columns: Sequence[Column]) -> Row:
    row = Row(number, {}, raw)
    for column in columns:
        cell = raw.get(column.name)
        if isinstance(cell, str):
            cell = cell.translate(NARROW).strip() or None
        try:
            if cell is None:
                if column.required:
                    raise BadCell(ProblemCode.MISSING)
                continue
            if isinstance(cell, str) and cell.startswith("="):
                raise BadCell(ProblemCode.FORMULA)
            row.values[column.name] = column.read(cell)
        except BadCell as bad:
            row.bad(column, bad.code, **bad.facts)
    return row


def is_example(row: Row, columns: Sequence[Column]) -> bool:
    """Whether it is the template's own second row, left as it was."""
    said = {name: str(cell) for name, cell in row.raw.items() if cell is not None}
    return said == {column.name: column.example for column in columns if column.example}


def _key(heading: Any) -> str:
    return re.sub(r"[\s*＊（）()_/-]", "", str(heading or "")).lower()


# -- how cells are read ------------------------------------------------------------------------------------------------


def text(most: int = 80, pattern: str = "", allowed: str = "") -> Callable[[Any], str]:
    """A text of at most so many characters, all of it as the pattern says."""
    shape = re.compile(pattern) if pattern else None

    def take(cell: Any) -> str:
        if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 10**15:
            raise BadCell(ProblemCode.ROUNDED)
        said = str(cell).strip()
        if len(said) > most:
            raise BadCell(ProblemCode.TOO_LONG, most=most)
        if shape and not shape.fullmatch(said) or not said.isprintable():
            raise BadCell(ProblemCode.BAD_CHARACTERS, allowed=allowed or "printable characters")
        return said

    return take


def any_day(cell: Any) -> date:
    """A day from 1900 on, ahead or not, in any of the forms `day` reads."""
    found = _day(cell)
    if found is None or not 1900 <= found.year <= 2100:
        raise BadCell(ProblemCode.NO_DATE)
    return found


def one_of(words: Mapping[str, Any]) -> Callable[[Any], Any]:
    """One of the words, in any case; raises BadCell with all of them."""
    known = {word.lower(): value for word, value in words.items()}

    def take(cell: Any) -> Any:
        try:
            return known[str(cell).strip().lower()]
        except KeyError:
            allowed = "、".join(word for word in words if not word.isascii())
            raise BadCell(ProblemCode.UNKNOWN_WORD, allowed=allowed) from None

    return take


def several(words: Mapping[str, Any]) -> Callable[[Any], list[Any]]:
    """Some of the words, parted by 、 , ; or a space."""
    one = one_of(words)

    def take(cell: Any) -> list[Any]:
        return [one(word) for word in re.split(r"[、，,;；\s]+", str(cell).strip()) if word]

    return take


def yuan(cell: Any) -> int:
    """Cents of an amount in yuan; never a rounded one."""
    said = str(cell).strip().removeprefix("¥").removesuffix("元").replace(",", "").strip()
    if not re.fullmatch(r"\d{1,7}(\.\d{1,2})?", said):
        raise BadCell(ProblemCode.NO_AMOUNT)
    whole, _, part = said.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def day(today: Callable[[], date]) -> Callable[[Any], date]:
    """A day that is not in the future: a date cell, Excel's number, or 2026-11-22, 2026/11/22, 2026年11月22日."""

    def take(cell: Any) -> date:
        found = _day(cell)
        if found is None or found.year < 2000:
            raise BadCell(ProblemCode.NO_DATE)
        if found > today():
            raise BadCell(ProblemCode.IN_THE_FUTURE)
        return found

    return take


def _day(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    try:
        said = str(cell).strip()
        if re.fullmatch(r"\d{4,5}", said) and not isinstance(cell, bool):
            return EXCEL_DAY_0 + timedelta(days=int(said)) if int(said) in EXCEL_DAYS else None
        parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?( 0?0:00(:00)?)?", said)
        parts = parts or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", said)
        return date(int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
    except (ValueError, OverflowError):
        return None


def whole_number(cell: Any) -> int:
    """A whole number above zero."""
    said = str(cell).strip()
    if not re.fullmatch(r"[1-9]\d{0,17}", said):
        raise BadCell(ProblemCode.NO_NUMBER)
    return int(said)
