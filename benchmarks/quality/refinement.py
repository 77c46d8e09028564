"""Parts of the quality table that judge what the refiner found: weights, trigger groups, cards without text.

trigger_labels.jsonl holds what a person read off 200 cards: per card its groups, per group its phrases, each as
[where, begin, end] in characters: where is the number of a trained word, -1 the description, -2 and below the
version notes. It holds no texts; they lie in the development data.
"""
import hashlib
import json
import pathlib

import measures

HERE = pathlib.Path(__file__).resolve().parent
COLD_CARDS = 100
CONSTANT = 0.9  # a weight for everybody: the floor


def listed(stylus, encoder=False):
    """{id: card as `catalog list` shows it}, of everything."""
    out, _ = stylus.run(["--json", "catalog", "list", "--limit", "0"], encoder)
    return {card["id"]: card for card in json.loads(out)["adapters"]}


def spread(errors):
    return measures.interval(errors, measures.mean)


def add_errors(table, name, errors, floor_errors):
    near = [float(error <= 0.1 + 1e-9) for error in errors]
    table.add(f"{name}, mean error", measures.mean(errors), len(errors), spread(errors),
              floor=measures.mean(floor_errors))
    table.add(f"{name}, within 0.1", measures.mean(near), len(near), spread(near),
              floor=measures.mean(float(error <= 0.1 + 1e-9) for error in floor_errors))


def measure_weights(stylus, data, table):
    """The card's weight against the median of what its own example prompts use, which were not imported."""
    seen = {f"civitai:{card['id']}": card["observed_weights"]["median"] for card in data.cards
            if (card["observed_weights"] or {}).get("n", 0) >= 3}
    cards = listed(stylus)
    errors = {name: abs(cards[name]["weight"] - median) for name, median in seen.items()}
    floor = {name: abs(CONSTANT - median) for name, median in seen.items()}
    add_errors(table, "weights", list(errors.values()), list(floor.values()))
    read = [name for name in seen if cards[name]["weight_source"] == "card"]
    add_errors(table, "weights, card says a number", [errors[n] for n in read], [floor[n] for n in read])
    # The one fitted number is the constant for cards that say nothing: chosen on four fifths, judged on the rest.
    silent = sorted(set(seen) - set(read))
    folds = [[n for n in silent if int(hashlib.sha256(n.encode()).hexdigest(), 16) % 5 == fold] for fold in range(5)]
    judged = []
    for fold in folds:
        rest = [seen[n] for n in silent if n not in set(fold)]
        best = max((step / 20 for step in range(10, 25)),
                   key=lambda c: (sum(abs(c - m) <= 0.1 + 1e-9 for m in rest), -sum(abs(c - m) for m in rest)))
        judged += [abs(best - seen[n]) for n in fold]
    add_errors(table, "weights, card is silent, five folds", judged, [floor[n] for n in silent])


def normal(text):
    return " ".join(text.lower().replace("_", " ").replace("\\", "").split())


def labelled_groups(card, groups):
    def text(where, begin, end):
        source = (card["trained_words"][where] if where >= 0 else card["description_text"] if where == -1
                  else card["version_notes"][-2 - where])
        return normal(source[begin:end])
    return {frozenset(text(*span) for span in group) for group in groups}


def measure_triggers(stylus, data, table, labels):
    cards = {card["id"]: card for card in data.cards}
    right, found, wanted = 0, 0, 0
    for line in labels.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        gold = labelled_groups(cards[label["id"]], label["groups"])
        out, _ = stylus.run(["--json", "catalog", "show", f"civitai:{label['id']}"], encoder=False)
        got = {frozenset(map(normal, group["phrases"])) for group in json.loads(out)["trigger_groups"]}
        right, found, wanted = right + len(gold & got), found + len(got), wanted + len(gold)
    name = "triggers" if labels.stem == "trigger_labels" else labels.stem.replace("_", " ")
    table.add(f"{name}, precision", right / max(found, 1), found)
    table.add(f"{name}, recall", right / max(wanted, 1), wanted)


def stripped(card, how):
    """A card as a newcomer has it: without a text, or as a bare file with nothing but its name and pictures."""
    card = {**card, "observed_weights": None}
    if how != "as it is":
        card.update(description_text="", version_notes=[])
    if how == "bare file":
        card.update(tags=[], name=pathlib.PurePath((card["file_names"] or [card["name"]])[0]).stem)
    return card


def measure_cold(make_stylus, data, table, write_lines):
    """Keywords that 100 cards serve, with and without those cards' texts; example prompts are imported here."""
    gold = {name for names in data.gold.values() for name in names}
    cold = set(sorted(gold, key=lambda name: hashlib.sha256(f"cold {name}".encode()).hexdigest())[:COLD_CARDS])
    pairs = [(keyword, name) for keyword in data.gold for name in sorted(data.gold[keyword] & cold)]
    for how in ("as it is", "no text", "bare file"):
        stylus = make_stylus("cold " + how)
        path = stylus.folder / "cards.jsonl"
        write_lines(path, (stripped(card, how if f"civitai:{card['id']}" in cold else "as it is")
                           for card in data.cards))
        stylus.run(["import", str(path)], accept=range(16))
        ranked = stylus.search({keyword: keyword for keyword, _ in pairs}, 150)
        places = [measures.first_hit(ranked[keyword], {name}) for keyword, name in pairs]
        for k in (10, 50):
            table.add(f"cold start, {how}, hit@{k}", measures.hit_rate(places, k), len(places),
                      measures.interval(places, lambda drawn, k=k: measures.hit_rate(drawn, k)),
                      floor=k / len(data.filtered))


def ablated(card, field):
    """The card without one of its fields."""
    empty = {"title": {"name": "-"}, "tags": {"tags": []}, "triggers": {"trained_words": []},
             "description": {"description_text": "", "version_notes": []}, "nothing": {},
             "example prompts": {"example_prompts": [], "observed_weights": None}}
    return {**card, **empty[field]}
