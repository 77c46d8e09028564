#!/usr/bin/env python3
"""Checks that rooms include only the rooms below them, and that torch stays behind its wall.

Usage: check_rooms.py [SOURCE_DIR]. Prints each forbidden include and exits 1 if there is one.
"""
import pathlib
import re
import sys

# Room -> rooms it may include, bottom up. Keep in step with docs/rooms.md.
ALLOWED = {
    "support": set(),
    "pages": {"support"},
    "weights": {"support"},
    "chat": {"support"},
    "catalog": {"support", "weights"},
    "encoder": {"support", "weights"},
    "retriever": {"support", "catalog"},
    "composer": {"support", "chat", "catalog", "retriever", "encoder"},
    "refiner": {"support", "chat", "catalog", "encoder"},
    "dialects": {"support", "composer"},
    "nn": {"support", "weights"},
    "generator": {"support", "weights", "nn", "composer"},
    "render": {"support", "weights", "nn", "generator", "composer"},
    "evaluator": {"support", "pages", "weights", "chat", "catalog", "composer", "nn", "generator"},
    "app": {"support", "pages", "weights", "chat", "catalog", "encoder", "retriever", "composer", "refiner", "dialects",
            "evaluator"},
}
# Rooms of which another room may see the named header only.
ONLY_HEADER = {
    ("composer", "encoder"): "encoder/encoder.h",
    ("refiner", "encoder"): "encoder/encoder.h",
    ("dialects", "composer"): "composer/plan.h",
    ("generator", "composer"): "composer/plan.h",
    ("render", "composer"): "composer/plan.h",
    ("evaluator", "composer"): "composer/plan.h",
    ("evaluator", "catalog"): "catalog/database.h",  # its run database; the adapters' tables stay the catalogue's own
    ("evaluator", "generator"): "generator/clip_tokenizer.h",
}
# Third-party headers that belong to one room.
OWNED = {r"<faiss/": {"retriever"}, r"<sqlite3\.h>": {"catalog"}, r"<(torch|ATen|c10)/": {"nn", "generator", "render", "evaluator"},
         r"<CLI/": {"app"}, r"<spdlog/": {"app"}, r"<boost/": {"chat"}, r"<sentencepiece": {"evaluator"}}


# Folders of a room that have torch inside; the rest of that room has none, and neither includes them.
TORCH_FOLDERS = {"evaluator": "evaluator/towers"}


def torch_folder_problem(root, path, included) -> str | None:
    """Why a header may not stand in this file of a room whose torch is behind an inner wall."""
    relative = path.relative_to(root).as_posix()
    folder = TORCH_FOLDERS.get(relative.split("/")[0])
    inside = folder is not None and relative.startswith(folder + "/")
    behind = [f for f in TORCH_FOLDERS.values() if included.startswith(f + "/")]
    if behind and not inside:
        return f"only files of {behind[0]} may include {included}"
    if folder is not None and not inside and included.split("/")[0] in {"nn", "generator"}:
        return f"only {folder} may include {included}"
    return None


def problems_of(root: pathlib.Path) -> list[str]:
    problems = []
    for room, allowed in ALLOWED.items():
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in {".h", ".cpp"}:
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                where = f"{path.relative_to(root)}:{number}"
                own = re.match(r'\s*#\s*include "([^"]+)"', line)
                if own:
                    other = own[1].split("/")[0]
                    if other not in ALLOWED:
                        problems.append(f"{where}: includes '{own[1]}', which is no room's header; write it from the root")
                    elif other != room and other not in allowed:
                        problems.append(f"{where}: {room} may not include {other}")
                    elif reason := torch_folder_problem(root, path, own[1]):
                        problems.append(f"{where}: {reason}")
                    elif ONLY_HEADER.get((room, other), own[1]) != own[1]:
                        problems.append(f"{where}: {room} may include only {ONLY_HEADER[(room, other)]} of {other}")
                if room in TORCH_FOLDERS and re.match(r"\s*#\s*include <(torch|ATen|c10)/", line) \
                        and not path.relative_to(root).as_posix().startswith(TORCH_FOLDERS[room] + "/"):
                    problems.append(f"{where}: torch belongs to {TORCH_FOLDERS[room]}")
                for pattern, owners in OWNED.items():
                    if re.match(r"\s*#\s*include " + pattern, line) and room not in owners:
                        problems.append(f"{where}: {line.strip()} belongs to {sorted(owners) or 'no room yet'}")
    order = list(ALLOWED)
    for room, allowed in ALLOWED.items():
        for other in allowed:
            if order.index(other) >= order.index(room):
                problems.append(f"ALLOWED: {room} -> {other} points upwards")
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    problems = problems_of(root)
    print("\n".join(problems) if problems else f"{len(ALLOWED)} rooms, no forbidden include")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
