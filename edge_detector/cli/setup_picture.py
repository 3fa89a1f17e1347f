"""Shows a picture: in the terminal, two pixels a character, or as a file where the terminal has no colours."""

from __future__ import annotations

from pathlib import Path

import cv2
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from edge_detector.app.setup_find import jpeg
from edge_detector.core import picture
from edge_detector.core.types import Frame

#: More adds nothing to the question whether it is the right camera.
WIDTH = 72
#: So that the question below the picture is on the screen with it.
LINES_LEFT = 6
UPPER_HALF = "\N{UPPER HALF BLOCK}"


def show(console: Console, frame: Frame, folder: Path, name: str) -> None:
    """Show what a camera sees; a file goes into `folder`."""
    path = folder / f"{name}.jpg"
    path.write_bytes(jpeg(frame))
    if console.color_system is not None and console.is_terminal:
        console.print(blocks(frame, columns=min(WIDTH, console.width), lines=max(4, console.height - LINES_LEFT)))
    console.print(f"The picture as a file, until this ends: {path.as_uri()}")


def blocks(frame: Frame, *, columns: int, lines: int) -> Text:
    """The picture as half blocks: the upper pixel in front, the lower one behind."""
    width, height = picture.size(frame.image)
    scale = min(columns / width, 2 * lines / height)
    size = max(1, round(width * scale)), max(2, round(height * scale / 2) * 2)
    small = cv2.resize(picture.shown(frame), size, interpolation=cv2.INTER_AREA)
    text = Text()
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append(UPPER_HALF, Style(color=_colour(above), bgcolor=_colour(below)))
        text.append("\n")
    return text


def _colour(bgr: list[int]) -> Color:
    blue, green, red = bgr
    return Color.from_rgb(red, green, blue)
