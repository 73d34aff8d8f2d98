#!/usr/bin/env python3
"""Draws docs/demo.svg: a real run of the demo, as a terminal shows it.

    cargo build --release && python3 docs/demo.py

The demo runs in tmux (which must be installed), some sentences are typed, and the screen is drawn after the last one.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import time
import unicodedata
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Iterator

# What is typed, and for how many seconds the rover is watched then.
SESSION = [("turn the light green, look left and go to the window", 6.0), ("drive 40 metres ahead", 0.5), ("say good morning", 0.8)]
PATIENCE = 60.0

CELL = (8.4, 17.0)
MARGIN = 12.0
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
BACKGROUND, FOREGROUND = "#11151c", "#c8ced8"
COLORS = [
    "#2a303b", "#e0575b", "#7fbf6a", "#d9b44a", "#5b8de0", "#b678d6", "#4fb8c4", "#c8ced8",
    "#5d6675", "#ff7b80", "#a3e08c", "#ffd86b", "#84b1ff", "#d9a0f5", "#7fe0ea", "#ffffff",
]  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a character looks."""

    fg: str = FOREGROUND
    bg: str = BACKGROUND
    bold: bool = False
    reverse: bool = False

    def ink(self) -> str:
        return self.bg if self.reverse else self.fg

    def paper(self) -> str:
        return self.fg if self.reverse else self.bg


def indexed(number: int) -> str:
    """A colour of the palette of 256."""
    if number < 16:
        return COLORS[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    parts = [(number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6]
    return "#" + "".join(f"{0 if part == 0 else 55 + 40 * part:02x}" for part in parts)


def styled(style: Style, codes: list[int]) -> Style:
    """The style after an SGR sequence."""
    rest = iter(codes or [0])
    for code in rest:
        if code == 0:
            style = Style()
        elif code in (1, 22):
            style = replace(style, bold=code == 1)
        elif code in (7, 27):
            style = replace(style, reverse=code == 7)
        elif code in (38, 48):
            form = next(rest, 5)
            color = indexed(next(rest, 0)) if form == 5 else "#" + "".join(f"{next(rest, 0):02x}" for _ in range(3))
            style = replace(style, fg=color) if code == 38 else replace(style, bg=color)
        elif code in (39, 49):
            style = replace(style, fg=FOREGROUND) if code == 39 else replace(style, bg=BACKGROUND)
        elif 30 <= code % 100 < 38 or 90 <= code <= 107:
            bright = 8 if code >= 90 else 0
            color = COLORS[code % 10 + bright]
            style = replace(style, bg=color) if code // 10 in (4, 10) else replace(style, fg=color)
        elif 40 <= code < 48:
            style = replace(style, bg=COLORS[code - 40])
    return style


def cells(line: str, style: Style) -> tuple[list[tuple[int, str, Style]], Style]:
    """Characters of a line with their columns and styles, and the style at its end."""
    found, column = [], 0
    for sequence, char in re.findall(r"\x1b\[([0-9;:]*)m|([^\x1b])", line):
        if not char:
            style = styled(style, [int(code or 0) for code in re.split("[;:]", sequence)] if sequence else [])
            continue
        found.append((column, char, style))
        column += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return found, style


def runs(line: list[tuple[int, str, Style]]) -> Iterator[tuple[int, str, Style]]:
    """Neighbours of one style together."""
    start, text, style = 0, "", Style()
    for column, char, its in line:
        if text and (its != style or column != start + len(text)):
            yield start, text, style
            text = ""
        if not text:
            start, style = column, its
        text += char
    if text:
        yield start, text, style


def braille(x: float, y: float, char: str, color: str) -> str:
    """Dots of a braille character as squares, so that they look the same in every font."""
    bits, (width, height), path = ord(char) - 0x2800, CELL, ""
    for bit, (column, row) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
        if bits >> bit & 1:
            left, top = x + (column + 0.5) * width / 2 - 0.9, y + (row + 0.5) * height / 4 - 0.9
            path += f"M{left:.1f} {top:.1f}h1.8v1.8h-1.8z"
    return f'<path d="{path}" fill="{color}"/>' if path else ""


def svg(screen: str, columns: int, lines: int) -> str:
    """The screen as a picture."""
    width, height = columns * CELL[0] + 2 * MARGIN, lines * CELL[1] + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}" font-size="14">',
        "<title>The Qwark demo in a terminal</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    style = Style()
    for row, line in enumerate(screen.split("\n")[:lines]):
        characters, style = cells(line, style)
        top = MARGIN + row * CELL[1]
        for column, text, its in runs(characters):
            left, length = MARGIN + column * CELL[0], len(text) * CELL[0]
            if its.paper() != BACKGROUND:
                out.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{length:.1f}" height="{CELL[1]}" fill="{its.paper()}"/>')
            for n, char in enumerate(text):
                if 0x2800 <= ord(char) < 0x2900:
                    out.append(braille(left + n * CELL[0], top, char, its.ink()))
            for word in re.finditer(r"[^\s\u2800-\u28ff]+", text):
                at, wide = left + word.start() * CELL[0], len(word[0]) * CELL[0]
                weight = ' font-weight="bold"' if its.bold else ""
                out.append(
                    f'<text x="{at:.1f}" y="{top + 13:.1f}" textLength="{wide:.1f}" lengthAdjust="spacingAndGlyphs"'
                    f' fill="{its.ink()}"{weight}>{escape(word[0])}</text>'
                )
    return "\n".join(filter(None, out)) + "\n</svg>\n"


class Tmux:
    """A terminal that can be looked at."""

    def __init__(self, command: str, columns: int, lines: int) -> None:
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines), command)

    @staticmethod
    def run(*words: str) -> str:
        return subprocess.run(["tmux", "-L", "qwark-demo", *words], check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        return self.run("capture-pane", "-e", "-p")

    def wait(self, wanted: str) -> None:
        end = time.monotonic() + PATIENCE
        while wanted not in self.screen():
            if time.monotonic() > end:
                raise SystemExit(f"`{wanted}` does not come on the screen")
            time.sleep(0.1)

    def type(self, text: str) -> None:
        self.run("send-keys", "-l", text)
        self.run("send-keys", "Enter")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/qwark demo", help="what is run [%(default)s]")
    parser.add_argument("--size", default="100x30", help="columns and lines [%(default)s]")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("demo.svg"), help="the picture [%(default)s]")
    args = parser.parse_args()
    columns, lines = (int(number) for number in args.size.split("x"))
    tmux = Tmux(args.program, columns, lines)
    try:
        tmux.wait("ARMED")
        for sentence, seconds in SESSION:
            tmux.type(sentence)
            time.sleep(seconds)
        picture = svg(tmux.screen(), columns, lines)
    finally:
        tmux.run("kill-server")
    args.out.write_text(picture, encoding="utf-8")
    print(f"{args.out}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
