#!/usr/bin/env python3
"""Paints the picture at the top of the README with the program itself.

    tools/quickstart "a penguin, line art"        (once: builds, imports the adapters)
    python3 -m pip install pillow==12.0.0         (only this script needs it)
    tools/readme_picture.py docs/pictures/mini.png

For each prompt: the embedded model alone, the same seeds with the adapters that the plan chose, and
the plan. The seeds are the first ones; no picture is picked by hand.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROMPTS = ["a penguin, glossy 3d", "a golden trumpet", "a lion, twemoji look"]
PICTURES = 2  # of each kind in a row
SIDE, GAP, MARGIN, PLAN = 128, 8, 16, 340  # pixels; PLAN is the width of the right column
FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")
INK, DIM, GREEN = "#1e222a", "#6b7280", "#2f7d32"


def font(name, size):
    return ImageFont.truetype(str(FONTS / name), size)


def paint(stylus, home, prompt, folder, *options):
    """(pictures, plan) of one prompt; each picture by a run of its own, so that it has all adapters of the plan."""
    output = pathlib.Path(folder) / "out.png"
    plan = pathlib.Path(folder) / "plan.json"
    pictures = []
    for seed in range(1, PICTURES + 1):
        subprocess.run([str(stylus), "generate", prompt, "--seed", str(seed), "--model", "mini", "-o", str(output),
                        "--save-plan", str(plan), "--home", str(home), "--quiet", *options],
                       check=True, stdout=subprocess.DEVNULL)
        pictures.append(Image.open(output).convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST))
    return pictures, json.loads(plan.read_text())


def plan_lines(plan):
    """[(text, colour)]: each choice with its reasons, then the keywords that got no adapter."""
    lines, without = [], []
    for number, keyword in enumerate(plan["keywords"]):
        chosen = [a for a in plan["adapters"] if number in a["keywords"]]
        if not chosen:
            without.append(keyword["text"])
        for adapter in chosen:
            lines.append((f"{keyword['text']}: {adapter['name']}, weight {adapter['weight']:g}", GREEN))
            evidence = [e for pick in keyword["picks"] if pick["id"] == adapter["id"] for e in pick["evidence"]]
            lines.append(("because of its " + ", ".join(dict.fromkeys(e["field"] for e in evidence)), DIM))
    return lines + ([("no adapter for " + ", ".join(without), DIM)] if without else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--stylus", type=pathlib.Path, default=ROOT / "build/release/stylus")
    parser.add_argument("--home", type=pathlib.Path, default=os.environ.get("STYLUS_HOME", ROOT / "build/demo-home"))
    parser.add_argument("prompts", nargs="*", default=PROMPTS)
    arguments = parser.parse_args()

    title, text, small = font("DejaVuSans-Bold.ttf", 17), font("DejaVuSans.ttf", 15), font("DejaVuSans.ttf", 13)
    block = PICTURES * (SIDE + GAP)
    row = SIDE + 44
    width = MARGIN * 2 + block * 2 + 24 + PLAN
    sheet = Image.new("RGB", (width, MARGIN * 2 + 28 + row * len(arguments.prompts)), "white")
    draw = ImageDraw.Draw(sheet)
    columns = [MARGIN, MARGIN + block + 12, MARGIN + 2 * block + 24]
    for x, heading in zip(columns, ("mini alone", "with the chosen adapters", "the plan")):
        draw.text((x, MARGIN), heading, fill=DIM, font=text)
    for number, prompt in enumerate(arguments.prompts):
        y = MARGIN + 28 + number * row
        draw.text((MARGIN, y), prompt, fill=INK, font=title)
        with tempfile.TemporaryDirectory() as folder:
            alone, _ = paint(arguments.stylus, arguments.home, prompt, folder, "--no-adapters")
            chosen, plan = paint(arguments.stylus, arguments.home, prompt, folder)
        for x, pictures in zip(columns, (alone, chosen)):
            for i, picture in enumerate(pictures):
                sheet.paste(picture, (x + i * (SIDE + GAP), y + 28))
        for i, (line, colour) in enumerate(plan_lines(plan)):
            draw.text((columns[2], y + 32 + 22 * i), line, fill=colour, font=small if colour == DIM else text)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(200, dither=Image.Dither.NONE).save(arguments.output, optimize=True)
    size = arguments.output.stat().st_size
    print(f"{arguments.output}: {sheet.width} x {sheet.height}, {size / 1000:.0f} kB")
    return 0 if size < 300_000 else 1


if __name__ == "__main__":
    sys.exit(main())
