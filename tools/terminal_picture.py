#!/usr/bin/env python3
"""Draws what a command prints on a terminal as an SVG picture, for the README.

Usage: terminal_picture.py OUT.svg TITLE COMMAND...
Runs COMMAND on a pseudo terminal of 110 columns and knows the few colours that stylus uses.
"""
import fcntl
import html
import os
import pty
import re
import struct
import sys
import termios
import unicodedata

COLUMNS = 110
CELL_W, CELL_H, MARGIN, BAR = 8.4, 19, 16, 30
INK = {"": "#d8dee9", "1": "#ffffff", "2": "#8a93a5", "31": "#e06c75", "32": "#98c379", "33": "#e5c07b", "36": "#56c8d8"}


def run_on_terminal(command: list[str]) -> str:
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", COLUMNS=str(COLUMNS))
        os.environ.pop("NO_COLOR", None)
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    output = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.waitpid(pid, 0)
    return output.decode("utf-8", "replace").replace("\r", "")


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def draw(title: str, text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    w = COLUMNS * CELL_W + 2 * MARGIN
    h = BAR + len(lines) * CELL_H + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h:.0f}" width="{w:.0f}" height="{h:.0f}">',
           f'<rect width="{w:.0f}" height="{h:.0f}" rx="8" fill="#1e222a"/>',
           *(f'<circle cx="{20 + 18 * i}" cy="16" r="5.5" fill="{c}"/>' for i, c in enumerate(("#e06c75", "#e5c07b", "#98c379"))),
           f'<text x="{w / 2:.0f}" y="20" fill="#8a93a5" font-family="sans-serif" font-size="12" text-anchor="middle">{html.escape(title)}</text>',
           '<g font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">']
    for row, line in enumerate(lines):
        column, colour = 0, ""
        y = BAR + MARGIN + row * CELL_H + 10
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
            if code:
                colour = "" if code[1] in ("", "0") else code[1]
            else:
                bold = ' font-weight="bold"' if colour == "1" else ""
                for words in re.finditer(r"\S+(?: \S+)*", part):
                    x = MARGIN + (column + width(part[:words.start()])) * CELL_W
                    out.append(f'<text x="{x:.1f}" y="{y}" textLength="{width(words[0]) * CELL_W:.1f}" '
                               f'fill="{INK.get(colour, INK[""])}"{bold}>{html.escape(words[0])}</text>')
                column += width(part)
    out.append("</g></svg>\n")
    return "\n".join(out)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    picture = draw(sys.argv[2], "\x1b[32m$\x1b[0m \x1b[1m" + sys.argv[2] + "\x1b[0m\n" + run_on_terminal(sys.argv[3:]))
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write(picture)
