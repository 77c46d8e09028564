#!/usr/bin/env python3
"""Search beside its peers, on the same vectors, texts and keywords: one table with ratios.

Ours does more per call (three vectors an adapter, BM25F, their fusion, features of the whole filtered set) than any
peer (one vector each, or words alone); the table says what each line answers. `recall` is the share of the exact
answer's first ten; for a filter, of the exact filtered answer.

Usage: python3 -m venv V && V/bin/pip install numpy faiss-cpu==1.15.1 usearch==2.26.6
       V/bin/python benchmarks/peers/search_peers.py --bench build/test/benchmarks/retriever_search_bench
         [--adapters 100000] [--percent 100] [--keywords 8] [--threads 2]
"""
import argparse
import json
import pathlib
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy as np
from usearch.index import Index

DIM = 512
K = 10


def median_ms(call, batches, repeats=5):
    """Median wall time of one batch, and the answers of the first round."""
    answers, times = [], []
    for repeat in range(repeats):
        for batch in batches:
            start = time.perf_counter()
            answer = call(batch)
            times.append((time.perf_counter() - start) * 1e3)
            if repeat == 0:
                answers.extend(answer)
    return statistics.median(times), answers


def recall(answers, exact):
    hits = sum(len(set(map(int, a)) & set(map(int, b))) for a, b in zip(answers, exact))
    return hits / sum(len(b) for b in exact)


def ours(bench, adapters, percent, keywords):
    name = f"rank/adapters:{adapters}/percent:{percent}/keywords:{keywords}/"
    command = [bench, f"--benchmark_filter={re.escape(name)}", "--benchmark_format=json", "--benchmark_min_time=1"]
    if adapters == 1_000_000:
        command.append("--million")
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    run = report["benchmarks"][0]
    return run["real_time"], run["same10"]


def vector_peers(vectors, batches, allowed, exact):
    selector = None if allowed is None else faiss.IDSelectorBatch(allowed)
    flat = faiss.IndexFlatIP(DIM)
    flat.add(vectors)
    flat_options = faiss.SearchParameters(sel=selector) if selector else None
    yield "FAISS Flat (float32)", *median_ms(lambda q: flat.search(q, K, params=flat_options)[1], batches)

    hnsw = faiss.IndexHNSWFlat(DIM, 32, faiss.METRIC_INNER_PRODUCT)
    hnsw.hnsw.efConstruction = 40
    hnsw.add(vectors)
    hnsw_options = faiss.SearchParametersHNSW(efSearch=64, sel=selector) if selector else \
        faiss.SearchParametersHNSW(efSearch=64)
    yield "FAISS HNSW32, efSearch 64", *median_ms(lambda q: hnsw.search(q, K, params=hnsw_options)[1], batches)

    lists = int(len(vectors) ** 0.5)
    quantizer = faiss.IndexFlatIP(DIM)
    ivf = faiss.IndexIVFFlat(quantizer, DIM, lists, faiss.METRIC_INNER_PRODUCT)
    ivf.train(vectors[: 40 * lists])
    ivf.add(vectors)
    ivf_options = faiss.SearchParametersIVF(nprobe=16, sel=selector) if selector else \
        faiss.SearchParametersIVF(nprobe=16)
    yield f"FAISS IVF{lists}, nprobe 16", *median_ms(lambda q: ivf.search(q, K, params=ivf_options)[1], batches)

    if allowed is None:  # its Python interface takes no filter
        index = Index(ndim=DIM, metric="ip", dtype="f16")
        index.add(np.arange(len(vectors)), vectors)
        yield "usearch HNSW (float16)", *median_ms(lambda q: [m.keys for m in batch_of(index.search(q, K))], batches)


def batch_of(matches):
    return [matches[i] for i in range(len(matches))] if matches.keys.ndim == 2 else [matches]


def full_text_peer(folder, queries, keywords, allowed):
    """SQLite FTS5 with the same field weights; words of a keyword joined by OR, as BM25F sees them."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE card USING fts5(title, tags, triggers, description, tokenize='porter unicode61')")
    with open(folder / "texts.txt", encoding="utf-8") as lines:
        base.executemany("INSERT INTO card(rowid, title, tags, triggers, description) VALUES (?, ?, ?, ?, ?)",
                         ((i, *line.rstrip("\n").split("\t")) for i, line in enumerate(lines)))
    only = ""
    if allowed is not None:
        base.execute("CREATE TABLE allowed(id INTEGER PRIMARY KEY)")
        base.executemany("INSERT INTO allowed VALUES (?)", ((int(i),) for i in allowed))
        only = " AND rowid IN (SELECT id FROM allowed)"
    sql = f"SELECT rowid FROM card WHERE card MATCH ?{only} ORDER BY bm25(card, 3, 2, 1, 0.5) LIMIT {K}"

    def search(batch):
        return [[row[0] for row in base.execute(sql, (" OR ".join(q.split()),))] for q in batch]

    return median_ms(search, [queries[i:i + keywords] for i in range(0, len(queries), keywords)], repeats=2)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--adapters", type=int, default=100_000)
    parser.add_argument("--percent", type=int, default=100, choices=[1, 10, 100])
    parser.add_argument("--keywords", type=int, default=8, choices=[1, 8])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    faiss.omp_set_num_threads(options.threads)

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([options.bench, "--export", name, str(options.adapters)], check=True)
        vectors = np.fromfile(folder / "vectors.f32", dtype=np.float32).reshape(-1, DIM)
        queries = np.fromfile(folder / "queries.f32", dtype=np.float32).reshape(-1, DIM)
        texts = (folder / "queries.txt").read_text(encoding="utf-8").splitlines()
        batches = [queries[i:i + options.keywords] for i in range(0, len(queries), options.keywords)]
        allowed = None
        if options.percent < 100:
            chosen = np.random.default_rng(7).random(len(vectors)) * 100 < options.percent
            allowed = np.flatnonzero(chosen).astype(np.int64)
        scores = queries @ (vectors if allowed is None else vectors[allowed]).T
        exact = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        exact = exact if allowed is None else allowed[exact]

        our_ms, same = ours(options.bench, options.adapters, options.percent, options.keywords)
        rows = [("stylus: 3 vectors + BM25F, fused", our_ms, f"{same:.3f} (same first ten)")]
        for label, ms, answers in vector_peers(vectors, batches, allowed, exact):
            rows.append((label + ": 1 vector", ms, f"{recall(answers, exact):.3f}"))
        rows.append(("SQLite FTS5: words", full_text_peer(folder, texts, options.keywords, allowed), "-"))

    print(f"{options.adapters:,} adapters, {options.percent} % allowed, {options.keywords} keywords a call, "
          f"{options.threads} threads; median ms a call\n")
    print("| what | ms | x ours | recall@10 |\n|---|---|---|---|")
    for label, ms, quality in rows:
        print(f"| {label} | {ms:.2f} | {ms / our_ms:.2f} | {quality} |")


if __name__ == "__main__":
    main()
