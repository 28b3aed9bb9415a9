"""Spreadsheets as rows of plain values: XLSX and CSV in, with bounded memory and nothing carried out; XLSX out."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 60
MOST_UNPACKED: Final = 150_000_000  # bytes of a workbook's parts
MOST_PARTS: Final = 200
HEAD: Final = 4096  # where bytes that are no text would stand
PIECE: Final = 1 << 20
Value = str | int | float | bool | datetime | date | None


class BadSheet(ValueError):
    """A file that is no table we read: a word for it, and the text that says why and what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Listed:
    """A column of a template: its heading, width, and the words it may hold."""

    heading: str
    width: int
    required: bool = False
    words: Sequence[str] = ()


def rows(content: bytes) -> Iterator[tuple[int, list[Value]]]:
    """Number (from 1) and values of each row of the first sheet; raises BadSheet, also while it goes."""
    source = _workbook(content) if content[:4] == b"PK\x03\x04" else _text(content)
    for number, row in enumerate(source, 1):
        if number > MOST_ROWS + 1:
            raise BadSheet("rows", f"More than {MOST_ROWS} rows: split the file.")
        yield number, row


def _workbook(content: bytes) -> Iterator[list[Value]]:
    _check_parts(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        raise BadSheet("no_workbook", "This is no Excel workbook (.xlsx); save it as one, or as CSV.") from error
    try:
        if not book.worksheets:
            raise BadSheet("no_sheet", "The workbook has no sheet.")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file claims of its size counts for nothing
        for row in sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True):
            yield [_plain(value) for value in row]
    except (KeyError, ValueError, TypeError, SyntaxError, OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        if isinstance(error, BadSheet):
            raise
        raise BadSheet("damaged", "The workbook is damaged; open it in Excel and save it again.") from error
    finally:
        book.close()


def _check_parts(content: bytes) -> None:
    """A small file may unpack into a huge one, and a document type into anything."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise BadSheet("unpacked", "The workbook is too large when unpacked: split it, and leave out pictures.")
            for part in parts:
                if _has_document_type(archive, part):
                    raise BadSheet(
                        "document_type", "The workbook holds a document type, which no spreadsheet program writes."
                    )
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise BadSheet("locked", "The workbook is damaged or locked with a password.") from error


def _has_document_type(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Before the first element, behind comments of any length, in any coding of two bytes a sign too."""
    tail = b""
    with archive.open(part) as opened:
        while piece := opened.read(PIECE):
            seen = tail + piece.replace(b"\0", b"")
            if b"<!DOCTYPE" in seen.upper():
                return True
            tail = seen[-16:]
    return False


def _text(content: bytes) -> Iterator[list[Value]]:
    """CSV as Excel writes it in China (GB 18030) or anywhere else (UTF-8)."""
    if b"\0" in content[:HEAD]:
        raise BadSheet("no_table", "This is neither an Excel workbook (.xlsx) nor CSV.")
    try:
        said = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            said = content.decode("gb18030")
        except UnicodeDecodeError:
            raise BadSheet("coding", "The text is neither UTF-8 nor GB 18030; save it as CSV UTF-8.") from None
    head = said.partition("\n")[0]
    try:
        for row in csv.reader(io.StringIO(said, newline=""), delimiter=max(",;\t", key=head.count)):
            yield [_plain(value) for value in row[:MOST_COLUMNS]]
    except csv.Error as error:
        raise BadSheet("csv", f"The CSV cannot be read: {error}.") from None


def _plain(value: Any) -> Value:
    if isinstance(value, str):
        return value.replace("\0", "").strip() or None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | float | bool | datetime | date) else None if value is None else str(value)


def template(title: str, columns: Sequence[Listed], example: Sequence[Value], about: Sequence[Sequence[str]]) -> bytes:
    """A workbook to fill in: headings with drop-downs, one example, and a second sheet that explains."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    sheet.append([column.heading for column in columns])
    sheet.append(list(example))
    sheet.freeze_panes = "A2"
    notes, lists = book.create_sheet("说明"), book.create_sheet("选项")
    lists.sheet_state = "hidden"
    for index, column in enumerate(columns, 1):
        cell, letter = sheet.cell(1, index), get_column_letter(index)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="B4532A" if column.required else "4A5568")
        sheet.cell(2, index).font = Font(italic=True, color="718096")
        sheet.column_dimensions[letter].width = column.width
        for row in range(2, 502):
            sheet.cell(row, index).number_format = "@"  # Excel would turn long numbers into 8.9E+18
        if column.words:
            for row, word in enumerate(column.words, 1):
                lists.cell(row, index, word)
            choice = DataValidation(
                "list", formula1=f"'选项'!${letter}$1:${letter}${len(column.words)}", allow_blank=True
            )
            choice.showErrorMessage = False  # ours say more
            sheet.add_data_validation(choice)
            choice.add(f"{letter}2:{letter}{MOST_ROWS}")
    for line in about:
        notes.append(list(line))
    for letter, width in zip("ABCD", (18, 10, 70, 30), strict=True):
        notes.column_dimensions[letter].width = width
    for cell in notes[1]:
        cell.font = Font(bold=True)
    for line_ in notes.iter_rows(min_row=2):
        for cell in line_:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def book(pages: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Value]]]], *, fractions: str = "") -> bytes:
    """A workbook: title, headings and rows of each sheet; how fractions look, such as `0.00`."""
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, headings, lines in pages:
        sheet = made.create_sheet(title[:31])
        sheet.append(list(headings))
        widths = [2 * len(heading) for heading in headings]
        for line in lines:
            sheet.append([_inert(value) for value in line])
            for n, value in enumerate(line, 1):
                if fractions and isinstance(value, float):
                    sheet.cell(sheet.max_row, n).number_format = fractions
            widths = [
                max(width, *(_width(value) for value in line[n : n + 1])) if n < len(line) else width
                for n, width in enumerate(widths)
            ]
        sheet.freeze_panes = "A2"
        for index in range(1, len(headings) + 1):
            sheet.cell(1, index).font = Font(bold=True)
            sheet.column_dimensions[get_column_letter(index)].width = min(max(10, widths[index - 1] + 1), 40)
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


def _width(value: Value) -> int:
    """In letters of Latin width; a Chinese character takes two."""
    return sum(1 + (ord(letter) > 0x2E7F) for letter in str(value))


def comma_separated(headings: Sequence[str], lines: Sequence[Sequence[Value]]) -> bytes:
    """UTF-8 with the mark by which Excel knows it."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(headings)
    writer.writerows([_inert(value) for value in line] for line in lines)
    return written.getvalue().encode("utf-8-sig")


def _inert(value: Value) -> Value:
    """What a spreadsheet program would take for a formula stays a word; times are told without their zone."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
