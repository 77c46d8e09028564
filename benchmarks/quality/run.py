#!/usr/bin/env python3
"""Runs the real stylus binary on the development data and prints the table of quality figures.

    benchmarks/quality/run.py                    all of it (some minutes on two cores)
    benchmarks/quality/run.py --sample 500       plans and people's prompts on 500 of them
    benchmarks/quality/run.py --only search      one part: search, languages, plans, people, weights, triggers, cold
    benchmarks/quality/run.py --fields           what each field of the cards contributes to search
    benchmarks/quality/run.py --check            exit status 1 if a figure is below its bar

The data lie in ../shared/data/catalog beside the checkout (--data); their texts may not be shipped.
The catalogue is imported WITHOUT example prompts and the weights seen in them: the same pictures
are where the people's prompts come from. Everything happens in a fresh temporary STYLUS_HOME.
"""
import argparse
import hashlib
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import measures
import refinement

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PARTS = ["search", "languages", "plans", "people", "weights", "triggers", "cold"]
SIZES = [1, 3, 10, 50, 150]


# --- data ---------------------------------------------------------------------------------------


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def origin(number):
    return f"civitai:{number}"


def in_filter(card):
    """The filter of the reference figures: no characters, no celebrities, made for SD 1.5."""
    tags = {tag.lower() for tag in card["tags"]}
    return not tags & {"character", "celebrity"} and "SD 1.5" in card["base_model"]


def sample_of(rows, limit, key):
    """The same `limit` rows every time, in the order of a hash; all of them when limit is 0."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(key(row).encode()).hexdigest())
    return ordered[:limit] if limit else rows


class Data:
    """The development data, with ids as stylus writes them."""

    def __init__(self, folder):
        self.cards = read_lines(folder / "lora_catalog_sfw.jsonl")
        self.filtered = {origin(card["id"]) for card in self.cards if in_filter(card)}
        relevant = json.loads((folder / "stylus_keyword_qrels_sfw.json").read_text(encoding="utf-8"))
        gold = {keyword: {origin(i) for i in ids} & self.filtered for keyword, ids in relevant.items()}
        self.gold = {keyword: gold[keyword] for keyword in sorted(gold) if gold[keyword]}
        self.prompts = [
            {"id": str(number), "set": row["set"], "prompt": row["caption"],
             "keywords": {text: [origin(i) for i in ids] for text, ids in row["keywords"].items()}}
            for number, row in enumerate(read_lines(folder / "stylus_prompt_keyword_adapters.jsonl"))]
        self.people = self._people(folder / "human_compositions.jsonl")

    def _people(self, path):
        """Prompts written for one adapter that we have and that is made for SD 1.5, each pair once."""
        cards = {card["id"]: card for card in self.cards}
        seen, rows = set(), []
        for row in read_lines(path):
            card = cards.get(row["loras"][0]["id"]) if row["n_loras"] == 1 and row["n_resolved"] == 1 else None
            pair = card and (row["prompt"], card["id"])
            if card and {"SD 1.4", "SD 1.5"} & set(card["base_model"]) and pair not in seen:
                seen.add(pair)
                rows.append({"id": str(len(rows)), "prompt": row["prompt"], "gold": origin(card["id"]),
                             "triggers": card["trained_words"]})
        return rows

    def write_catalogue(self, path):
        write_lines(path, ({**card, "example_prompts": [], "observed_weights": None} for card in self.cards))


# --- the binary ---------------------------------------------------------------------------------


class Stylus:
    """The binary with a home of its own."""

    def __init__(self, binary, encoder, folder):
        self.folder = folder
        self.command = [str(binary), "--home", str(folder / "home"), "--quiet"]
        self.encoder = ["--encoder", str(encoder)] if encoder else []

    def run(self, arguments, encoder=True, accept=(0,)):
        command = self.command + (self.encoder if encoder else ["--no-encoder"]) + arguments
        start = time.monotonic()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode not in accept:
            sys.exit(f"{' '.join(command)}\nended with status {done.returncode}:\n{done.stderr[-2000:]}")
        return done.stdout, time.monotonic() - start

    def batch(self, verb, option, rows, arguments, encoder=True):
        """Runs a batch form; returns {id: answer}."""
        asked, answered = self.folder / "in.jsonl", self.folder / "out.jsonl"
        write_lines(asked, rows)
        answered.unlink(missing_ok=True)
        _, seconds = self.run([verb, option, str(asked), "--output", str(answered)] + arguments, encoder)
        answers = {row["id"]: row for row in read_lines(answered)}
        failed = [row for row in answers.values() if "error" in row]
        if failed or len(answers) != len(rows):
            sys.exit(f"{verb}: {len(answers)} answers to {len(rows)} questions, {len(failed)} errors: {failed[:2]}")
        say(f"{verb}: {len(rows)} in {seconds:.1f} s ({1000 * seconds / max(len(rows), 1):.1f} ms each)")
        return answers

    def search(self, queries, k, *arguments, encoder=True):
        """queries: {id: text} -> {id: [adapter id, best first]}"""
        rows = [{"id": name, "query": text} for name, text in queries.items()]
        answers = self.batch("search", "--queries", rows, ["-k", str(k), *arguments], encoder)
        return {name: [result["id"] for result in answer["results"]] for name, answer in answers.items()}

    def plans(self, prompts):
        rows = [{"id": name, "prompt": text} for name, text in prompts.items()]
        return self.batch("plan", "--prompts", rows, [])


def say(message):
    print(message, file=sys.stderr, flush=True)


def picks_of(plan):
    """[(adapter id, text of the first keyword that it serves)]"""
    return [(adapter["id"], plan["keywords"][adapter["keywords"][0]]["text"] if adapter["keywords"] else "")
            for adapter in plan["adapters"]]


# --- the parts of the table ---------------------------------------------------------------------


def random_hit_rate(golds, cards, k):
    """What k cards drawn at random would reach."""
    return measures.mean(1 - math.comb(cards - len(gold), k) / math.comb(cards, k) for gold in golds)


def measure_search(stylus, data, table):
    queries = {keyword: keyword for keyword in data.gold}
    for title, encoder in (("search", True), ("search, words only,", False)):
        ranked = stylus.search(queries, SIZES[-1], encoder=encoder)
        places = [measures.first_hit(ranked[keyword], data.gold[keyword]) for keyword in data.gold]
        for k in SIZES:
            table.add(f"{title} hit@{k}", measures.hit_rate(places, k), len(places),
                      measures.interval(places, lambda drawn, k=k: measures.hit_rate(drawn, k)),
                      floor=random_hit_rate(data.gold.values(), len(data.filtered), k))
        table.add(f"{title} MRR", measures.reciprocal_rank(places), len(places),
                  measures.interval(places, measures.reciprocal_rank))


def measure_languages(stylus, data, table):
    translations = json.loads((HERE / "translations.json").read_text(encoding="utf-8"))
    words = translations["keywords"]
    queries = {f"{language}/{keyword}": words[keyword][language]
               for keyword in words for language in translations["languages"]}
    queries.update({f"English/{keyword}": keyword for keyword in words})
    ranked = stylus.search(queries, 10)
    rates = {}
    for language in ["English", *translations["languages"]]:
        places = [measures.first_hit(ranked[f"{language}/{keyword}"], data.gold[keyword]) for keyword in words]
        rates[language] = measures.hit_rate(places, 10)
        table.add(f"languages, {language}, hit@10", rates[language], len(places))
    table.add("languages, mean hit@10", measures.mean(rates[name] for name in translations["languages"]),
              len(words) * len(translations["languages"]),
              floor=random_hit_rate([data.gold[keyword] for keyword in words], len(data.filtered), 10))


def measure_plans(stylus, data, table, sample):
    solvable = [row for row in data.prompts
                if any(set(ids) & data.filtered for ids in row["keywords"].values())]
    with_keywords = [row for row in data.prompts if row["keywords"]]
    solvable = sample_of(solvable, sample, lambda row: row["prompt"])
    asked = sample_of(with_keywords, sample, lambda row: row["prompt"])
    plans = stylus.plans({row["id"]: row["prompt"] for row in [*asked, *solvable]})
    scores = [measures.prompt_score(picks_of(plans[row["id"]]), row["keywords"], data.filtered)
              for row in solvable]
    for name, key in (("strict F1", "strict"), ("lenient F1", "lenient"), ("any hit", "any_hit"),
                      ("picks", "picks")):
        values = [score[key] for score in scores]
        table.add(f"plans, {name}", measures.mean(values), len(values), measures.interval(values, measures.mean))
    for name, label in (("coco", "COCO"), ("parti", "Parti")):
        measure_keywords([row for row in asked if row["set"] == name], plans, table, label)
    measure_coverage(asked, plans, table)


def measure_keywords(rows, plans, table, label):
    exact, words = [], {"both": 0, "all": 0}
    for row in rows:
        found = [keyword["text"] for keyword in plans[row["id"]]["keywords"]]
        exact.append(measures.keyword_agreement(found, row["keywords"]))
        both, total = measures.shared_words(found, row["keywords"])
        words["both"] += both
        words["all"] += total
    table.add(f"keywords, {label}, Jaccard", measures.mean(exact), len(exact),
              measures.interval(exact, measures.mean))
    table.add(f"keywords, {label}, word F1", 2 * words["both"] / max(words["all"], 1), len(exact))


def measure_coverage(rows, plans, table):
    """Covered or not, for those keywords of the reference that stylus found too."""
    positive, negative, right = [], [], []
    for row in rows:
        gold = {" ".join(measures.tokens(text)): bool(ids) for text, ids in row["keywords"].items()}
        for keyword in plans[row["id"]]["keywords"]:
            covered = gold.get(" ".join(measures.tokens(keyword["text"])))
            if covered is not None:
                (positive if covered else negative).append(keyword["confidence"])
                right.append(float(covered == (keyword["decision"] == "covered")))
    share = len(positive) / max(len(right), 1)
    table.add("coverage accuracy", measures.mean(right), len(right), floor=max(share, 1 - share))
    table.add("coverage AUC", measures.area_under_curve(positive, negative), len(right), floor=0.5)


def measure_people(stylus, data, table, sample):
    rows = sample_of(data.people, sample or 2000, lambda row: row["prompt"] + row["gold"])
    without = {row["id"]: measures.without_phrases(row["prompt"], row["triggers"]) for row in rows}
    for name, queries in (("people's prompts", {row["id"]: row["prompt"] for row in rows}),
                          ("people's prompts without triggers", without)):
        ranked = stylus.search(queries, 10, "--allow-people")
        places = [measures.first_hit(ranked[row["id"]], {row["gold"]}) for row in rows]
        table.add(f"{name}, hit@10", measures.hit_rate(places, 10), len(places),
                  measures.interval(places, lambda drawn: measures.hit_rate(drawn, 10)),
                  floor=random_hit_rate([{1}], len(data.cards), 10))
    plans = stylus.plans({row["id"]: row["prompt"] for row in rows})
    picked = [float(row["gold"] in {identifier for identifier, _ in picks_of(plans[row["id"]])}) for row in rows]
    table.add("people's prompts, picked by the plan", measures.mean(picked), len(picked),
              measures.interval(picked, measures.mean))
    table.add("people's prompts, picks", measures.mean(len(plans[row["id"]]["adapters"]) for row in rows), len(rows))


# --- the table ----------------------------------------------------------------------------------


class Table:
    COLUMNS = ["measure", "stylus", "95 %", "bar", "recipe", "floor", "ceiling", "n"]

    def __init__(self):
        self.known = json.loads((HERE / "bars.json").read_text(encoding="utf-8"))["measures"]
        self.rows = []

    def add(self, name, value, n, between=None, floor=None):
        row = {"measure": name, "value": round(value, 4), "n": n, **self.known.get(name, {})}
        if between:
            row["interval"] = [round(end, 4) for end in between]
        if floor is not None:
            row["floor"] = round(floor, 4)
        self.rows.append(row)

    def failures(self):
        return [row for row in self.rows if "bar" in row
                and (row["value"] > row["bar"] if row.get("at_most") else row["value"] < row["bar"])]

    def markdown(self):
        number = lambda value: "" if value is None else f"{value:.3f}"
        lines = ["| " + " | ".join(self.COLUMNS) + " |", "|---" * len(self.COLUMNS) + "|"]
        for row in self.rows:
            between = "–".join(number(end) for end in row.get("interval", []))
            bar = "" if "bar" not in row else ("≤ " if row.get("at_most") else "≥ ") + f"{row['bar']:g}"
            low = "**" if row in self.failures() else ""
            cells = [row["measure"], low + number(row["value"]) + low, between, bar, number(row.get("recipe")),
                     number(row.get("floor")), number(row.get("ceiling")), str(row["n"])]
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/stylus")
    parser.add_argument("--encoder", type=pathlib.Path, metavar="DIR", help="encoder folder, or the installed default")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data/catalog", metavar="DIR")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--sample", type=int, default=0, metavar="N",
                        help="at most N prompts a part; 0 = all plans and 2000 people's prompts")
    parser.add_argument("--fields", action="store_true", help="search without one field of the cards after the other")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a figure misses its bar")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="keep home and answers in this folder")
    options = parser.parse_args()
    for path, what in ((options.binary, "binary; build it with tools/setup"), (options.data, "development data")):
        if not path.exists():
            sys.exit(f"quality: there is no {what}: {path}")
    return options


def measure(options, folder):
    data, table = Data(options.data), Table()
    say(f"{len(data.cards)} cards, {len(data.filtered)} in the filter, {len(data.gold)} keywords, "
        f"{len(data.prompts)} prompts, {len(data.people)} prompts of people")
    stylus = Stylus(options.binary.resolve(), options.encoder and options.encoder.resolve(), folder)
    cards = folder / "cards.jsonl"
    data.write_catalogue(cards)
    out, seconds = stylus.run(["--json", "import", str(cards)], accept=range(16))
    report = json.loads(out)
    say(f"import: {report['seen']} cards in {seconds:.1f} s, {report['adapters']} adapters, "
        f"{len(report['refused'])} refused, {report['texts_encoded']} texts encoded")
    if "search" in options.only:
        measure_search(stylus, data, table)
    if "languages" in options.only:
        measure_languages(stylus, data, table)
    if "plans" in options.only:
        measure_plans(stylus, data, table, options.sample)
    if "people" in options.only:
        measure_people(stylus, data, table, options.sample)
    if "weights" in options.only:
        refinement.measure_weights(stylus, data, table)
    if "triggers" in options.only:
        for labels in sorted(HERE.glob("trigger_labels*.jsonl")):
            refinement.measure_triggers(stylus, data, table, labels)
    if "cold" in options.only:
        refinement.measure_cold(lambda name: fresh(options, folder, name), data, table, write_lines)
    return table


def fresh(options, folder, name):
    """The binary with another empty home."""
    home = folder / name.replace(" ", "-")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return Stylus(options.binary.resolve(), options.encoder and options.encoder.resolve(), home)


def measure_fields(options, folder):
    """The search part again and again, each time without one field of the cards (with example prompts otherwise)."""
    data, table = Data(options.data), Table()
    for field in ("nothing", "title", "tags", "triggers", "description", "example prompts"):
        stylus = fresh(options, folder, "without " + field)
        path = stylus.folder / "cards.jsonl"
        write_lines(path, (refinement.ablated(card, field) for card in data.cards))
        stylus.run(["import", str(path)], accept=range(16))
        ranked = stylus.search({keyword: keyword for keyword in data.gold}, SIZES[-1])
        places = [measures.first_hit(ranked[keyword], data.gold[keyword]) for keyword in data.gold]
        for k in (1, 10, 150):
            table.add(f"without {field}, hit@{k}", measures.hit_rate(places, k), len(places))
        table.add(f"without {field}, MRR", measures.reciprocal_rank(places), len(places))
    return table


def main():
    options = read_options()
    folder = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="stylus-quality-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        table = (measure_fields if options.fields else measure)(options, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(table.markdown())
    if options.json:
        options.json.write_text(json.dumps(table.rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    failures = table.failures()
    for row in failures:
        print(f"below its bar: {row['measure']} is {row['value']:.3f}, expected "
              f"{'at most' if row.get('at_most') else 'at least'} {row['bar']:g}")
    return 1 if options.check and failures else 0


if __name__ == "__main__":
    sys.exit(main())
