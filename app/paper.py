"""Printed sheets: PDF with an embedded Chinese font, page numbers and a foot. The same content gives the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from fpdf import FPDF

FAMILY: Final = "NotoSansSC"
MARGIN: Final = 15.0  # mm
INK, GREY, LINE, SUNK = (28, 33, 40), (92, 101, 112), (205, 211, 218), (243, 245, 247)


class NoFont(RuntimeError):
    """The font is not where the built pages lie: build them (`make demo` does), or install the wheel."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its width in mm, and whether its figures stand on the right."""

    heading: str
    width: float
    right: bool = False


class Paper(FPDF):
    """A4 sheets; sizes are in points, lengths in millimetres."""

    def __init__(self, title: str, *, font: Path, at: datetime, foot: str, landscape: bool = False) -> None:
        super().__init__(orientation="landscape" if landscape else "portrait", format="A4")
        if not font.is_file():
            raise NoFont(f"There is no font at {font}.")
        self.foot = foot
        self.add_font(FAMILY, fname=font)
        self.set_font(FAMILY, size=10)
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, margin=20)
        self.set_title(title)
        self.set_creator("银铃 Yinling")
        self.set_creation_date(at)  # of the content, not of the printing: printed twice, it is the same file
        self.set_lang("zh-CN")
        self.add_page()

    def footer(self) -> None:
        """第 1 页 共 3 页, and what the sheet is known by."""
        self.set_y(-14)
        self.set_font(FAMILY, size=8)
        self.set_text_color(*GREY)
        self.cell(self.epw - 40, 5, self.foot)
        self.cell(40, 5, f"第 {self.page_no()} 页 共 {{nb}} 页", align="R")
        self.set_text_color(*INK)

    def say(self, text: str, size: float = 10, *, grey: bool = False, gap: float = 0) -> None:
        """A paragraph, with lines 1.4 times as high as its letters."""
        self.set_font(FAMILY, size=size)
        self.set_text_color(*(GREY if grey else INK))
        self.multi_cell(0, size * 0.3528 * 1.4, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_text_color(*INK)
        self.ln(gap)

    def pairs(self, lines: Sequence[tuple[str, str]], size: float = 10) -> None:
        """What something is, and what it is worth, in two columns."""
        height = size * 0.3528 * 1.6
        self.set_font(FAMILY, size=size)
        for name, value in lines:
            self.set_text_color(*GREY)
            self.cell(self.epw * 0.55, height, name, border="B")
            self.set_text_color(*INK)
            self.cell(self.epw * 0.45, height, value, border="B", align="R", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def entry(self, name: str, value: str, below: str, size: float) -> None:
        """What something is and what it is worth, in ink; a line smaller below it; then the rule."""
        height = size * 0.3528 * 1.6
        self.set_font(FAMILY, size=size)
        self.cell(self.epw * 0.7, height, name)
        self.cell(self.epw * 0.3, height, value, align="R", new_x="LMARGIN", new_y="NEXT")
        self.say(below, size - 1, grey=True)
        self.set_draw_color(*LINE)
        self.line(self.l_margin, self.get_y() + 1, self.w - self.r_margin, self.get_y() + 1)
        self.ln(2)

    def code(self, rows: Sequence[bytes], side: float) -> None:
        """A QR code of so many mm, its quiet zone included, in the middle of the sheet."""
        size, left, top = side / len(rows), (self.w - side) / 2, self.get_y()
        self.set_fill_color(0)
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    self.rect(left + x * size, top + y * size, size * 1.02, size * 1.02, style="F")
        self.set_y(top + side + 4)

    def listing(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], size: float = 8) -> None:
        """Rows under headings that come again on every page; what is too long for its column is cut."""
        height = size * 0.3528 * 1.75
        self.set_draw_color(*LINE)
        self._headings(columns, height, size)
        for row in rows:
            if self.will_page_break(height):
                self.add_page()
                self._headings(columns, height, size)
            for column, text in zip(columns, row, strict=True):
                said = self._cut(text, column.width)
                self.cell(column.width, height, said, border="B", align="R" if column.right else "L")
            self.ln(height)
        self.ln(3)

    def whole(self) -> bytes:
        """The file."""
        return bytes(self.output())

    def _headings(self, columns: Sequence[Column], height: float, size: float) -> None:
        self.set_font(FAMILY, size=size)
        self.set_fill_color(*SUNK)
        for column in columns:
            self.cell(
                column.width, height, column.heading, border="B", align="R" if column.right else "L", fill=True
            )  # fmt: skip
        self.ln(height)

    def _cut(self, text: str, width: float) -> str:
        while text and self.get_string_width(text) > width - 2:
            text = text[:-2] + "…" if text.endswith("…") else text[:-1] + "…"
            if text == "…":
                break
        return text
