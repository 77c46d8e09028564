"""Builds the data set from npm packages of emoji drawings: needs npm (for `npm pack`) and rsvg-convert.

    python fetch.py FOLDER      writes FOLDER/concepts.jsonl and FOLDER/png64/STYLE/CONCEPT.png, 64 x 64 on white

A concept is an emoji that the five complete styles all draw. Then `python data.py png FOLDER` packs the result.
"""

import json
import re
import subprocess
import sys
import tarfile
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STYLES = {
    "fluent-emoji-flat": "1.2.6",
    "fluent-emoji": "1.2.7",
    "fluent-emoji-high-contrast": "1.2.6",
    "noto": "1.2.9",
    "noto-v1": "1.2.5",
    "twemoji": "1.2.5",
    "openmoji": "1.2.29",
    "emojione": "1.2.3",
    "fxemoji": "1.2.2",
}
COMPLETE = ["fluent-emoji-flat", "fluent-emoji-high-contrast", "noto", "twemoji", "openmoji"]
NAMES, KEYWORDS = "unicode-emoji-json@0.9.0", "emojilib@4.0.3"


def package_files(package: str, folder: Path, wanted: list[str]) -> list[dict]:
    """The named JSON files of an npm package, which is packed into `folder` unless it is there."""
    scope_free = package.lstrip("@").replace("/", "-")
    name, version = scope_free.rsplit("@", 1)
    archive = folder / f"{name}-{version}.tgz"
    if not archive.exists():
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(archive) as files:
        return [json.load(files.extractfile(f"package/{path}")) for path in wanted]


def slug(name: str) -> str:
    """The icon name that most sets give an emoji: "woman’s boot" is womans-boot, "keycap: *" is keycap-asterisk."""
    plain = unicodedata.normalize("NFD", name.lower().replace("*", "asterisk").replace("#", "hash"))
    return re.sub("[^a-z0-9]+", "-", re.sub("[’“”\u0300-\u036f]", "", plain)).strip("-")


def svg(icons: dict, name: str) -> str:
    icon = icons["icons"][name]
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
    )


def find_concepts(archives: Path, sets: dict[str, dict]) -> list[dict]:
    """Every emoji whose name all complete sets know, in alphabetical order."""
    names = package_files(NAMES, archives, ["data-by-emoji.json"])[0]
    keywords = package_files(KEYWORDS, archives, ["dist/emoji-en-US.json"])[0]
    concepts = []
    for emoji, facts in names.items():
        name = slug(facts["name"])
        if not all(name in sets[style]["icons"] for style in COMPLETE):
            continue
        bare = emoji.replace("\ufe0f", "")
        concepts.append(
            {
                "concept": name,
                "code": "-".join(f"{ord(letter):04x}" for letter in bare),
                "emoji": bare,
                "name": facts["name"],
                "group": facts["group"],
                "keywords": keywords.get(emoji, []),
                "styles": [style for style in STYLES if name in sets[style]["icons"]],
            }
        )
    return sorted(concepts, key=lambda concept: concept["concept"])


def render(drawing: str, path: Path) -> bool:
    """Whether rsvg-convert could draw it; a drawing that it refuses is left out of the data."""
    if path.exists():
        return True
    draft = path.with_suffix(".draft")
    command = ["rsvg-convert", "-w", "64", "-h", "64", "-b", "white", "-o", str(draft)]
    done = subprocess.run(command, input=drawing.encode(), stderr=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        draft.replace(path)
    return done.returncode == 0


def build(folder: Path) -> None:
    archives = folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    sets = {
        style: package_files(f"@iconify-json/{style}@{version}", archives, ["icons.json"])[0]
        for style, version in STYLES.items()
    }
    concepts = find_concepts(archives, sets)
    for style in STYLES:
        (folder / "png64" / style).mkdir(parents=True, exist_ok=True)

    def draw(concept: dict) -> None:
        concept["styles"] = [
            style
            for style in concept["styles"]
            if render(svg(sets[style], concept["concept"]), folder / "png64" / style / f"{concept['concept']}.png")
        ]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(draw, concepts))
    lines = [json.dumps(concept, ensure_ascii=False) + "\n" for concept in concepts]
    (folder / "concepts.jsonl").write_text("".join(lines), encoding="utf-8")
    print(f"{len(concepts)} concepts, {sum(len(concept['styles']) for concept in concepts)} pictures in {folder}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build(Path(sys.argv[1]))
