#!/usr/bin/env python3
"""How long `stylus plan` takes from process start to exit, over catalogues of three sizes.

Usage: cold_start.py [--binary build/release/stylus] [--encoder DIR] [--sizes 500,5000,20000] [--runs 21] [--cards FILE]

Data: the cards of FILE (the real ones beside the checkout if they are there, else the sample catalogue), repeated
under new ids and with a number in the name until there are enough. Each figure is a median over the runs, page cache
warm; the first run after the import, which may also build the index, is not counted.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "data" / "catalog" / "lora_catalog_sfw.jsonl"
PROMPT = "a lighthouse in a storm with a red boat, ukiyo-e print"


def write_cards(source: pathlib.Path, path: pathlib.Path, count: int) -> None:
    cards = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
    with path.open("w", encoding="utf-8") as out:
        for i in range(count):
            card = dict(cards[i % len(cards)], id=f"bench:{i}")
            card.pop("files", None)
            card.pop("example_prompts", None)
            if i >= len(cards):
                card["name"] = f"{card.get('name', '')} {i}"
            out.write(json.dumps(card, ensure_ascii=False) + "\n")


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build" / "release" / "stylus"))
    parser.add_argument("--encoder", help="encoder folder; without it the installed default")
    parser.add_argument("--sizes", default="500,5000,20000")
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--cards", type=pathlib.Path, default=REAL if REAL.exists() else ROOT / "catalogs" / "sample" / "cards.jsonl")
    args = parser.parse_args()
    encoder = ["--encoder", args.encoder] if args.encoder else []
    print("| adapters | import, s | plan median, ms | plan worst, ms | --version median, ms |\n|---|---|---|---|---|")
    for size in map(int, args.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="stylus-cold-") as folder:
            cards = pathlib.Path(folder) / "cards.jsonl"
            write_cards(args.cards, cards, size)
            base = [args.binary, "--home", folder, "--quiet", *encoder]
            import_seconds = seconds([*base, "import", str(cards)])
            plan = [*base, "plan", "--json", PROMPT]
            seconds(plan)
            runs = [seconds(plan) * 1e3 for _ in range(args.runs)]
            empty = [seconds([args.binary, "--version"]) * 1e3 for _ in range(args.runs)]
            print(f"| {size:,} | {import_seconds:.1f} | {statistics.median(runs):.1f} | {max(runs):.1f} | {statistics.median(empty):.1f} |",
                  flush=True)


if __name__ == "__main__":
    main()
