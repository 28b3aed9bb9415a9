"""What a phone's camera sees of a printed sheet: the sheet's own drawing, held askew in poor light, as a film."""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

WIDE, HIGH, RATE = 640, 480, 10
A4: Final = (595, 842)  # points
BLOCK: Final = re.compile(rb"([\d.]+) ([\d.]+) ([\d.]+) (-?[\d.]+) re f")
STREAM: Final = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def seen_by_a_camera(pdf: bytes) -> Image.Image:
    """The blocks of the sheet's drawing in a frame of the camera; its text does not matter to a reader of codes."""
    drawing = next(text for text in map(_unpacked, STREAM.findall(pdf)) if BLOCK.search(text))
    page = Image.new("L", (A4[0] * 2, A4[1] * 2), 235)
    pen = ImageDraw.Draw(page)
    for x, y, wide, high in (map(float, block) for block in BLOCK.findall(drawing)):
        low, top = sorted((A4[1] - y, A4[1] - y - high))
        pen.rectangle((x * 2, low * 2, (x + wide) * 2, top * 2), fill=25)
    held = page.rotate(4, expand=True, fillcolor=120).resize((round(HIGH * 0.8), HIGH * 11 // 10))
    frame = Image.new("L", (WIDE, HIGH), 90)
    frame.paste(held, ((WIDE - held.width) // 2, -20))
    return ImageEnhance.Brightness(frame.filter(ImageFilter.GaussianBlur(0.7))).enhance(0.8)


def shoot(film: Path, scenes: Sequence[tuple[Image.Image, int]]) -> None:
    """A film (y4m, 4:2:0, without colour) of scenes, each for so many frames; the camera shows it again and again."""
    grey = bytes([128]) * (WIDE * HIGH // 2)
    with film.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDE} H{HIGH} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for picture, frames in scenes:
            out.write((b"FRAME\n" + picture.tobytes() + grey) * frames)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""
