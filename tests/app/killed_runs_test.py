#!/usr/bin/env python3
"""kill -9 at random moments of an import or a refinement: the catalogue always opens, passes its integrity check, and
ends as if nothing had happened.

Usage: killed_runs_test.py import|refine STYLUS ENCODERS_DIR [KILLS=200] [CARDS=400]
"""
import json
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

VERB, STYLUS, ENCODERS = sys.argv[1:4]
KILLS = int(sys.argv[4]) if len(sys.argv) > 4 else 200
CARDS = int(sys.argv[5]) if len(sys.argv) > 5 else 400
WORDS = ("ink wash lantern tower bus night rain harbour fox paper glass copper moss violet storm sail brick clock "
         "meadow robot tea mountain river neon coat crown feather ship castle train piano snow lamp tiger").split()


def write_cards(path: pathlib.Path) -> None:
    rng = random.Random(7)
    with path.open("w", encoding="utf-8") as out:
        for i in range(CARDS):
            words = [rng.choice(WORDS) for _ in range(60)]
            card = {"id": i + 1, "name": " ".join(words[:3]), "base_model": ["SD 1.5"], "nsfw": False,
                    "tags": words[3:7], "trained_words": [words[7] + str(i)], "description_text": " ".join(words[8:]),
                    "example_prompts": [", ".join(words[i % 20:i % 20 + 9]) for i in range(3)]}
            out.write(json.dumps(card) + "\n")


def prepare(home: pathlib.Path, cards: pathlib.Path) -> None:
    """What a run starts from: nothing, or cards that no refiner has seen."""
    if VERB == "refine":
        raw = cards.parent / "raw"
        if not raw.exists():
            subprocess.run([STYLUS, "import", str(cards), "--home", str(raw), "--quiet", "--no-encode"], check=True)
        shutil.copytree(raw, home)


def command(home: pathlib.Path, cards: pathlib.Path) -> list[str]:
    encoder = pathlib.Path(ENCODERS) / "use-multilingual-v3"
    chosen = ["--encoder", str(encoder)] if (encoder / "encoder.json").exists() else ["--no-encoder"]
    return [STYLUS, VERB, *([str(cards)] if VERB == "import" else []), "--home", str(home), "--quiet", *chosen]


def content(home: pathlib.Path) -> str:
    """Every row of every table, in key order."""
    with sqlite3.connect(home / "catalog.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        tables = [r[0] for r in db.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND sql NOT LIKE 'CREATE VIRTUAL%' "
            "AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%\\_fts\\_%' ESCAPE '\\' ORDER BY name")]
        return "\n".join(f"{t}:{row!r}" for t in tables for row in sorted(map(repr, db.execute(f"SELECT * FROM {t}"))))


def main() -> int:
    rng = random.Random(11)
    with tempfile.TemporaryDirectory(prefix="stylus-kill-") as folder:
        root = pathlib.Path(folder)
        cards = root / "cards.jsonl"
        write_cards(cards)
        prepare(root / "calm", cards)
        start = time.monotonic()
        subprocess.run(command(root / "calm", cards), check=True)
        whole = time.monotonic() - start
        wanted = content(root / "calm")

        killed, finished, home, round_number = 0, 0, root / "home0", 0
        prepare(home, cards)
        while killed < KILLS:
            process = subprocess.Popen(command(home, cards))
            time.sleep(rng.uniform(0, whole * 0.5))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
                if (home / "catalog.db").exists():
                    content(home)  # opens and passes its check
            else:
                assert process.returncode == 0, process.returncode
                finished += 1
                assert content(home) == wanted, f"{home} differs after {killed} kills"
                round_number += 1
                home = root / f"home{round_number}"
                prepare(home, cards)
        subprocess.run(command(home, cards), check=True)
        assert content(home) == wanted
    print(f"{killed} kills over {finished + 1} runs of {VERB} over {CARDS} cards ({whole:.1f} s undisturbed): all equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
